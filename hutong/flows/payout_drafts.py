"""Batches of payouts that nobody has to begin: made in the morning as the site wants, and approved by people as ever."""

import logging
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from hutong.flows import transfers
from hutong.flows.notify import money, notify
from hutong.flows.payouts import currencies, site_terms
from hutong.kernel import budget
from hutong.kernel.errors import TooMany
from hutong.pay.settlement import queries, services
from hutong.pay.settlement.types import BatchView
from hutong.town.notifications.types import Kind
from hutong.town.regions.queries import default_region

PLATFORM = "platform"
MORNING = 6
DAILY, WEEKLY = "daily", "weekly"
AGAIN_AFTER_S = 10 * 60
"""After an error a currency is tried again."""
_log = logging.getLogger("hutong.payouts")


def run(*, at: datetime) -> list[BatchView]:
    """A draft of all that is due in each currency, once for each day that `HUTONG_PAYOUT_DRAFTS` names; those made now.

    From six o'clock on by the site's zone, however many workers there are; weekly means on Mondays. The last of these
    mornings that passed unseen is made up for, once. Where nobody is due there is none. Operators are told of each, since
    it waits for them. One that fails is logged, keeps no other currency from its draft, and is tried again.
    """
    region = default_region()
    here = at.astimezone(ZoneInfo(region.zone if region else settings.TIME_ZONE))
    due_on = _due_on(here)
    if due_on is None:
        return []
    made = []
    for unit in currencies():
        if queries.is_drafted(unit=unit, on=due_on):
            continue
        try:
            made += _draft(unit, due_on=due_on, on=here.date(), at=at)
        except TooMany:
            continue  # it has just failed, or another worker is at it
        except Exception:  # whatever it is, it is one currency's: the rest of the tick is not to wait for it
            _log.exception("no payouts could be drafted in %s; tried again in %s s", unit, AGAIN_AFTER_S)
    return made


def _due_on(here: datetime) -> date | None:
    """The last day whose morning brought a draft; None where none ever does."""
    began = (here - timedelta(hours=MORNING)).date()
    if settings.HUTONG_PAYOUT_DRAFTS == DAILY:
        return began
    if settings.HUTONG_PAYOUT_DRAFTS == WEEKLY:
        return began - timedelta(days=began.weekday())
    return None


def _draft(unit: str, *, due_on: date, on: date, at: datetime) -> list[BatchView]:
    """The draft of a currency, unless nobody is due, or another worker made it meanwhile."""
    budget.spend(f"payout drafts of {due_on} in {unit}", limit=1, window_s=AGAIN_AFTER_S, at=at)
    with transaction.atomic():
        batch = services.draft_batch(
            unit=unit,
            due_on=due_on,
            on=on,
            site=site_terms(),
            by=PLATFORM,
            at=at,
            least=transfers.least(unit),
        )
        if batch is None:
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
