"""What was right when a deal was handed in is looked at again when it is approved: days pass while it waits."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hutong.flows.offers.body import missing
from hutong.kernel import clock
from hutong.kernel.errors import Conflict

# What a day that passes may bring; the merchant's form has the same words.
_WORDS: dict[str, Callable[[], str]] = {
    "ends_past": lambda: _("A last day of sale that has not passed"),
    "never_usable": lambda: _("A day and an hour at which it can be used: now there is none"),
    "campaign_past": lambda: _("A last day to reach the number of buyers that has not passed"),
}


class OfferOutOfDate(Conflict):
    """A deal cannot be approved any more as it was handed in; `missing` are the codes of `body.missing`."""

    code = "offer_out_of_date"
    message = gettext_lazy(
        "This cannot be approved as it stands today. Refuse it, so that the shop changes it. What is missing: %(what)s."
    )


def check_again(body: Mapping[str, Any], *, zone: str, at: datetime) -> None:
    """Pass what a deal of this zone would say if it was approved at `at`. Raises `OfferOutOfDate`."""
    found = missing(body, today=clock.local(at, zone).date(), zone=zone)
    if found:
        words = dict.fromkeys(
            _WORDS[code]() if code in _WORDS else _("Something that its form asks for") for code in found
        )
        raise OfferOutOfDate(missing=found, what=_(", ").join(words))
