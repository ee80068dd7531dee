"""An operator edits a merchant's contents and prices on its behalf: begun with a reason, ended, and on record.

While it lasts, every entry of the log says for whom it was done (`kernel.audit.acting_for`). What acting may do
is `town.merchants.rules.ACTING_RIGHTS`: never people, money, redemptions or customers.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.flows import tell
from hutong.kernel import audit
from hutong.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hutong.kernel.text import clean
from hutong.town.merchants import queries as merchants
from hutong.town.people.models import Person

LASTS = timedelta(minutes=60)
MAX_REASON = 300


class ActingReasonMissing(Invalid):
    """The merchant reads why somebody acted for it."""

    code = "acting_reason_missing"
    message = _("Please say why you act for this merchant. It will read it.")


class NoStoreToActIn(Conflict):
    """A merchant without a store has no desk to stand at."""

    code = "no_store_to_act_in"
    message = _("This merchant has no store yet, so there is nothing to edit for it.")


def start(*, merchant_ref: str, reason: str, by: Person, at: datetime) -> datetime:
    """Begin to act for a merchant; until when it lasts.

    Raises `Forbidden`, `NotFound`, `ActingReasonMissing`, `NoStoreToActIn`.
    """
    if not by.is_operator:
        raise Forbidden
    if merchants.merchant_by_ref(merchant_ref) is None:
        raise NotFound
    why = clean(reason, limit=MAX_REASON)
    if not why:
        raise ActingReasonMissing
    if not merchants.stores_of_merchant(merchant_ref):
        raise NoStoreToActIn
    with transaction.atomic(), audit.acting_for(merchant_ref):
        audit.record(
            action="acting.started",
            subject=merchant_ref,
            by=by.public_id,
            at=at,
            merchant=merchant_ref,
            reason=why,
        )
        tell.acting_started(merchant_ref=merchant_ref, reason=why, by=by, at=at)
    return at + LASTS


def stop(*, merchant_ref: str, by: Person, at: datetime, timed_out: bool = False) -> None:
    """End to act for a merchant, by the button or because the time was over."""
    with transaction.atomic(), audit.acting_for(merchant_ref):
        audit.record(
            action="acting.timed_out" if timed_out else "acting.stopped",
            subject=merchant_ref,
            by=by.public_id,
            at=at,
            merchant=merchant_ref,
        )
