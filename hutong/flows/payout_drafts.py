"""Batches of payouts that nobody has to begin: made in the morning as the site wants, and approved by people as ever."""

import logging
from datetime import datetime
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
_DAY_S = 24 * 60 * 60


def run(*, at: datetime) -> list[BatchView]:
    """A draft of all that is due in each currency, once on each day that `HUTONG_PAYOUT_DRAFTS` names; those made now.

    From six o'clock on by the site's zone, however many workers there are; weekly means on Mondays. Where nobody is due
    there is none. Operators are told of each, since it waits for them.
    """
    region = default_region()
    here = at.astimezone(ZoneInfo(region.zone if region else settings.TIME_ZONE))
    wanted = settings.HUTONG_PAYOUT_DRAFTS
    if here.hour < MORNING or not (wanted == DAILY or (wanted == WEEKLY and here.isoweekday() == 1)):
        return []
    try:
        budget.spend(f"payout drafts of {here:%Y-%m-%d}", limit=1, window_s=_DAY_S, at=at)
    except TooMany:
        return []  # another tick did it today
    made = []
    for unit in currencies():
        try:
            with transaction.atomic():
                batch, _waiting = services.make_batch(
                    unit=unit, on=here.date(), site=site_terms(), by=PLATFORM, at=at
                )
                _tell(batch, at)
            made.append(batch)
        except services.NothingToPay:
            logging.getLogger("hutong.payouts").info("nobody is due in %s", unit)
    return made


def _tell(batch: BatchView, at: datetime) -> None:
    notify(
        Kind.PAYOUTS_DRAFTED,
        at=at,
        subject_ref=batch.ref,
        params={"amount": money(batch.total), "count": batch.payouts, "batch_ref": batch.ref},
        once=batch.ref,
    )
