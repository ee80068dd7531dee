"""Batches of payouts that nobody has to begin: made in the morning as the site wants, and approved by people as ever."""

import logging
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from hutong.flows.notify import money, notify
from hutong.flows.payouts import currencies, site_terms
from hutong.kernel import budget
from hutong.kernel.errors import TooMany
from hutong.pay.settlement import services
from hutong.pay.settlement.types import BatchView
from hutong.town.notifications.types import Kind
from hutong.town.regions.queries import default_region

PLATFORM = "platform"
MORNING = 6
DAILY, WEEKLY = "daily", "weekly"
AGAIN_AFTER_S = 10 * 60
"""After an error a currency is tried again."""
_DAY_S = 24 * 60 * 60
_log = logging.getLogger("hutong.payouts")


def run(*, at: datetime) -> list[BatchView]:
    """A draft of all that is due in each currency, once on each day that `HUTONG_PAYOUT_DRAFTS` names; those made now.

    From six o'clock on by the site's zone, however many workers there are; weekly means on Mondays. Where nobody is due
    there is none. Operators are told of each, since it waits for them. One that fails is logged, keeps no other currency
    from its draft, and is tried again that day.
    """
    region = default_region()
    here = at.astimezone(ZoneInfo(region.zone if region else settings.TIME_ZONE))
    wanted = settings.HUTONG_PAYOUT_DRAFTS
    if here.hour < MORNING or not (wanted == DAILY or (wanted == WEEKLY and here.isoweekday() == 1)):
        return []
    made = []
    for unit in currencies():
        try:
            made += _draft(unit, on=here.date(), at=at)
        except TooMany:
            continue  # another tick did it today, or has just failed to
        except Exception:  # whatever it is, it is one currency's: the rest of the tick is not to wait for it
            _log.exception("no payouts could be drafted in %s; tried again in %s s", unit, AGAIN_AFTER_S)
    return made


def _draft(unit: str, *, on: date, at: datetime) -> list[BatchView]:
    """The draft of a currency, unless nobody is due. The day's only one is spent with it, or neither is."""
    once = f"payout drafts of {on} in {unit}"
    budget.check(once, limit=1, window_s=_DAY_S, at=at)
    budget.spend(f"try of {once}", limit=1, window_s=AGAIN_AFTER_S, at=at)
    with transaction.atomic():
        budget.spend(once, limit=1, window_s=_DAY_S, at=at)
        try:
            batch, _waiting = services.make_batch(unit=unit, on=on, site=site_terms(), by=PLATFORM, at=at)
        except services.NothingToPay:
            _log.info("nobody is due in %s", unit)
            return []
        _tell(batch, at)
        return [batch]


def _tell(batch: BatchView, at: datetime) -> None:
    notify(
        Kind.PAYOUTS_DRAFTED,
        at=at,
        subject_ref=batch.ref,
        params={"amount": money(batch.total), "count": batch.payouts, "batch_ref": batch.ref},
        once=batch.ref,
    )
