"""The promise that the price shown is the price charged."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict
from hutong.pay.pricing.types import Quote


class PriceChanged(Conflict):
    """The price is not the one the shopper was shown; nothing was ordered."""

    code = "price_changed"
    message = _("The price has changed since you opened this page. Please look at it again before you pay.")


def require_shown_price(*, quote: Quote, shown_hash: str) -> None:
    """Raise PriceChanged unless `shown_hash` is the hash of the quote that would be charged now.

    Any difference counts, also one in the shopper's favour: they agree to a price, not to a bound.
    """
    if quote.hash != shown_hash:
        raise PriceChanged(hash=quote.hash, total=quote.total.minor, unit=quote.unit)
