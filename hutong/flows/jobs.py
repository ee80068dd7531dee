"""The jobs by name: what the outbox may ask for, and what the clock asks for. Each calls one flow."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from hutong.flows import (
    books,
    dispute,
    erase_person,
    expire_orders,
    gift_cards,
    index_search,
    payment_received,
    payout_drafts,
    pictures,
    reconcile,
    remember,
    tell,
    transfers,
    watch,
)
from hutong.flows.notify import deliver, fan_out
from hutong.kernel import budget, clock, outbox
from hutong.kernel.errors import TooMany
from hutong.know.customers.types import VisitKind
from hutong.pay.payments.types import BillView
from hutong.town.merchants import services as merchants
from hutong.town.people import services as people
from hutong.town.pictures.types import Collected
from hutong.town.regions.queries import default_region

CONCURRENCY = 4
TICK_S = 2.0
COLLECT_EVERY_S = 24 * 60 * 60
BOOKS_EVERY_S = 15 * 60
NIGHT_FROM = 3
CLEAR_OUT_EVERY_S = 60 * 60
BILLS_EVERY_S = 60 * 60


def _remember_visit(*, voucher_ref: str = "", **visit: Any) -> None:
    """Both follow from one row, since redeeming has statements to spare for none more."""
    remember.visit(**visit)
    if voucher_ref and visit["kind"] == VisitKind.REDEMPTION.value:
        tell.redeemed(
            voucher_ref=voucher_ref,
            redemption_ref=visit["redemption_ref"],
            person_ref=visit["person_ref"],
            store_ref=visit["store_ref"],
            titles=visit["titles"],
            at=datetime.fromisoformat(visit["happened_at"]),
        )


def _index_offer(*, offer_ref: str) -> None:
    index_search.index_offer(offer_ref=offer_ref, at=clock.now())


def _count_sold(*, offer_ref: str) -> None:
    index_search.count_sold(offer_ref)


def _index_store(*, store_ref: str) -> None:
    index_search.index_store(store_ref=store_ref, at=clock.now())


def _index_region(*, region_ref: str) -> None:
    index_search.index_region(region_ref=region_ref, at=clock.now())


HANDLERS: dict[str, Callable[..., None]] = {
    "remember_purchase": remember.purchase,
    "remember_visit": _remember_visit,
    "count_sold": _count_sold,
    "index_offer": _index_offer,
    "index_store": _index_store,
    "index_region": _index_region,
    "tell_order_paid": tell.order_paid,
    "tell_extended": tell.extended,
    "notify": fan_out,
    "deliver_notification": deliver,
}


def register(app: Any) -> None:
    """Tell Procrastinate every job; called once Django is ready. A job that fails is tried again, later each time."""
    from procrastinate import RetryStrategy  # Django is only now ready for Procrastinate's models.

    retry = RetryStrategy(max_attempts=10, exponential_wait=3)
    for name, handler in HANDLERS.items():
        app.task(name=name, retry=retry, pass_context=False)(_closing(handler))


def _closing(handler: Callable[..., None]) -> Callable[..., None]:
    """Give the thread's database connection back after each job."""

    def run(**payload: Any) -> None:
        from django.db import connection  # Loaded with the models, which are not there while this module is.

        try:
            handler(**payload)
        finally:
            connection.close()

    return run


def tick(*, at: datetime) -> None:
    """What time alone brings: orders end, unknown outcomes are asked about, vouchers and offers end, books are added up.

    Safe to run in several workers at once.
    """
    expire_orders.run(at=at)
    gift_cards.lapse_due(at=at)
    payment_received.ask_unknown(at=at)
    expire_orders.expire_vouchers(at=at)
    index_search.index_stale(at=at)
    erase_person.run_due(at=at)
    clear_out(at=at)
    collect_pictures(at=at)
    check_all_books(at=at)
    check_books(at=at)
    fetch_bills(at=at)
    payout_drafts.run(at=at)
    transfers.run(at=at)
    dispute.run(at=at)
    watch.run(at=at)


def clear_out(*, at: datetime) -> bool:
    """Remove what nobody needs any more, once in `CLEAR_OUT_EVERY_S` however many workers there are."""
    try:
        budget.spend("clear out", limit=1, window_s=CLEAR_OUT_EVERY_S, at=at)
    except TooMany:
        return False  # another tick did it less than an hour ago
    people.purge(at=at)
    merchants.forget_old_documents(at=at)
    budget.sweep(at=at)
    return True


def collect_pictures(*, at: datetime) -> Collected | None:
    """Delete the files of pictures that nobody needs, once a day however many workers there are; None when done."""
    try:
        budget.spend("collect pictures", limit=1, window_s=COLLECT_EVERY_S, at=at)
    except TooMany:
        return None  # another tick did it today
    return pictures.collect(at=at)


def check_books(*, at: datetime) -> tuple[str, ...]:
    """Add up what is new in the books, once in `BOOKS_EVERY_S` however many workers there are; what does not hold."""
    try:
        budget.spend("books check", limit=1, window_s=BOOKS_EVERY_S, at=at)
    except TooMany:
        return ()  # another tick did it less than a quarter of an hour ago
    return _add_up(at=at, whole=False)


def check_all_books(*, at: datetime) -> tuple[str, ...]:
    """Add all of the books up, once a day from `NIGHT_FROM` on by the site's zone; what does not hold."""
    region = default_region()
    here = at.astimezone(ZoneInfo(region.zone if region else settings.TIME_ZONE))
    if here.hour < NIGHT_FROM:
        return ()
    try:
        budget.spend(f"books check of {here:%Y-%m-%d}", limit=1, window_s=COLLECT_EVERY_S, at=at)
    except TooMany:
        return ()  # another tick did it today
    return _add_up(at=at, whole=True)


def _add_up(*, at: datetime, whole: bool) -> tuple[str, ...]:
    """Problems go to the log as errors, and operators are told."""
    found = books.check(at=at, since_checkpoint=not whole, move_checkpoint=True)
    for problem in found.problems:
        logging.getLogger("hutong.books").error(problem)
    watch.tell_of_books(problems=found.problems, at=at)
    return found.problems


def fetch_bills(*, at: datetime) -> list[BillView]:
    """Fetch the bills that providers have made meanwhile, once in `BILLS_EVERY_S` however many workers there are."""
    try:
        budget.spend("fetch bills", limit=1, window_s=BILLS_EVERY_S, at=at)
    except TooMany:
        return []  # another tick did it less than an hour ago
    found = reconcile.run(at=at)
    watch.tell_of_bills(at=at)
    watch.tell_of_late_bills(late=reconcile.late(at=at), at=at)
    return found


def drain() -> int:
    """Run all waiting jobs here and now, for tests and for seeding; how many there were."""
    return outbox.drain(HANDLERS)
