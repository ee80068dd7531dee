"""The jobs by name: what the outbox may ask for, and what the clock asks for. Each calls one flow."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from hutong.attract.saved import services as saved
from hutong.flows import (
    books,
    check_reviews,
    discounts,
    dispute,
    erase_person,
    expire_orders,
    gift_cards,
    index_search,
    own_words,
    payment_received,
    payout_drafts,
    pictures,
    place_stores,
    points,
    reconcile,
    redeem_by_phone,
    refund,
    remember,
    tell,
    transfers,
    watch,
    write_review,
)
from hutong.flows.alarms import isolated
from hutong.flows.groups import places, settle
from hutong.flows.notify import deliver, fan_out
from hutong.kernel import budget, clock, outbox
from hutong.kernel.errors import TooMany
from hutong.know.customers.types import VisitKind
from hutong.pay.payments.providers.patience import next_step, one_round
from hutong.pay.payments.types import BillView
from hutong.town.merchants import services as merchants
from hutong.town.people import services as people
from hutong.town.pictures.types import Collected
from hutong.town.regions.queries import default_region
from hutong.visit.vouchers.services import requests as voucher_requests

CONCURRENCY = 4
TICK_S = 2.0
COLLECT_EVERY_S = 24 * 60 * 60
BOOKS_EVERY_S = 15 * 60
NIGHT_FROM = 3
CLEAR_OUT_EVERY_S = 60 * 60
COUNT_SHOPS_EVERY_S = 60 * 60
BILLS_EVERY_S = 60 * 60


def _remember_visit(*, voucher_ref: str = "", order_ref: str = "", **visit: Any) -> None:
    """All of it follows from one row, since redeeming has statements to spare for none more."""
    remember.visit(**visit)
    if order_ref:
        points.follow(order_ref=order_ref, at=datetime.fromisoformat(visit["happened_at"]))
        write_review.recheck(order_ref=order_ref, reason=visit["kind"], happened_at=visit["happened_at"])
    if voucher_ref and visit["kind"] == VisitKind.REDEMPTION.value:
        tell.redeemed(
            voucher_ref=voucher_ref,
            redemption_ref=visit["redemption_ref"],
            person_ref=visit["person_ref"],
            store_ref=visit["store_ref"],
            titles=visit["titles"],
            at=datetime.fromisoformat(visit["happened_at"]),
        )


def _order_paid(*, order_ref: str) -> None:
    """Both follow from one row. Each is done once, however often this runs."""
    discounts.give_for_order(order_ref=order_ref, at=clock.now())
    tell.order_paid(order_ref=order_ref)


def _give_for_order(*, order_ref: str) -> None:
    discounts.give_for_order(order_ref=order_ref, at=clock.now())


def _follow_points(*, order_ref: str, happened_at: str) -> None:
    points.follow(order_ref=order_ref, at=datetime.fromisoformat(happened_at))


def _refund_expired(*, order_ref: str, unit_refs: list[str]) -> None:
    refund.refund_expired(order_ref=order_ref, unit_refs=unit_refs, at=clock.now())


def _settle_group_order(*, order_ref: str) -> None:
    settle.settle(order_ref=order_ref, at=clock.now())


def _index_offer(*, offer_ref: str) -> None:
    index_search.index_offer(offer_ref=offer_ref, at=clock.now())


def _index_offers(*, offer_refs: list[str]) -> None:
    index_search.index_offers(offer_refs, at=clock.now())


def _count_sold(*, offer_ref: str) -> None:
    index_search.count_sold(offer_ref)


def _count_sold_of(*, offer_refs: list[str]) -> None:
    index_search.count_sold_of(offer_refs)


def _index_store(*, store_ref: str) -> None:
    index_search.index_store(store_ref=store_ref, at=clock.now())


def _index_stores(*, store_refs: list[str]) -> None:
    index_search.index_stores(store_refs, at=clock.now())


def _index_region(*, region_ref: str) -> None:
    index_search.index_region(region_ref=region_ref, at=clock.now())


def _place_region(*, region_ref: str) -> None:
    place_stores.place_region(region_ref, at=clock.now())


def _index_next(*, after_id: int) -> None:
    index_search.index_next(after_id=after_id, at=clock.now())


def _recount_terms(*, kind: str) -> None:
    index_search.recount(kind)


def _index_own_words(*, words_ref: str, change: int, after_id: int, done: int) -> None:
    own_words.follow(words_ref=words_ref, change=change, after_id=after_id, done=done, at=clock.now())


# Changes that come close together are taken in one job, so that search is up to date within a second of many.
TOGETHER = {
    "count_sold": outbox.Together("count_sold_of", one="offer_ref", many="offer_refs"),
    "index_offer": outbox.Together("index_offers", one="offer_ref", many="offer_refs"),
    "index_store": outbox.Together("index_stores", one="store_ref", many="store_refs"),
}
HANDLERS: dict[str, Callable[..., None]] = {
    "remember_purchase": remember.purchase,
    "remember_visit": _remember_visit,
    "count_sold": _count_sold,
    "count_sold_of": _count_sold_of,
    "index_offer": _index_offer,
    "index_offers": _index_offers,
    "index_store": _index_store,
    "index_stores": _index_stores,
    "index_offer_alone": _index_offer,
    "index_store_alone": _index_store,
    "index_next": _index_next,
    "index_region": _index_region,
    "recount_terms": _recount_terms,
    "refund_expired": _refund_expired,
    places.JOB: _settle_group_order,
    "tell_order_paid": _order_paid,
    "give_for_order": _give_for_order,
    "tell_extended": tell.extended,
    "tell_gift_opened": tell.gift_opened,
    redeem_by_phone.JOB: redeem_by_phone.tell_asked,
    place_stores.JOB: _place_region,
    points.JOB: _follow_points,
    own_words.JOB: _index_own_words,
    "notify": fan_out,
    "deliver_notification": deliver,
    transfers.JOB: transfers.run_now,
    write_review.JOB: write_review.recheck,
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

    Safe to run in several workers at once. A step that fails keeps no other from being taken (`alarms.isolated`), and a
    provider that does not answer is waited for once (`patience.one_round`).
    """
    with one_round():
        for name, step in _STEPS.items():
            next_step()
            with isolated(name, at=at):
                step(at=at)


def clear_out(*, at: datetime) -> bool:
    """Remove what nobody needs any more, once in `CLEAR_OUT_EVERY_S` however many workers there are."""
    try:
        budget.spend("clear out", limit=1, window_s=CLEAR_OUT_EVERY_S, at=at)
    except TooMany:
        return False  # another tick did it less than an hour ago
    for name, clear in _CLEARED.items():
        with isolated(name, at=at):
            clear(at=at)
    return True


_CLEARED: dict[str, Callable[..., object]] = {
    "people.purge": people.purge,
    "merchants.forget_old_documents": merchants.forget_old_documents,
    "saved.clear_out": saved.clear_out,
    "voucher_requests.clear_out": voucher_requests.clear_out,
    "budget.sweep": budget.sweep,
}


def collect_pictures(*, at: datetime) -> Collected | None:
    """Delete the files of pictures that nobody needs, once a day however many workers there are; None when done."""
    try:
        budget.spend("collect pictures", limit=1, window_s=COLLECT_EVERY_S, at=at)
    except TooMany:
        return None  # another tick did it today
    return pictures.collect(at=at)


def count_shops(*, at: datetime) -> bool:
    """Count the shops of every region, once in `COUNT_SHOPS_EVERY_S` however many workers there are."""
    try:
        budget.spend("count shops", limit=1, window_s=COUNT_SHOPS_EVERY_S, at=at)
    except TooMany:
        return False  # another tick did it less than an hour ago
    place_stores.count_shops()
    return True


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
    found = []
    with isolated("fetch_bills", at=at):
        found = reconcile.run(at=at)
    # Days that lack a bill are told of also where fetching failed, which may be why.
    with isolated("tell_of_bills", at=at):
        watch.tell_of_bills(at=at)
        watch.tell_of_late_bills(late=reconcile.late(at=at), at=at)
    return found


_STEPS: dict[str, Callable[..., object]] = {
    "expire_orders": expire_orders.run,
    # After the orders: what was paid at the last moment counts.
    "groups": settle.run,
    "gift_cards": gift_cards.lapse_due,
    "ask_unknown": payment_received.ask_unknown,
    "expire_vouchers": expire_orders.expire_vouchers,
    "ask_again": expire_orders.ask_again,
    "points": points.expire,
    "index_stale": index_search.index_stale,
    "renew_hours": index_search.renew_hours,
    "recount_terms": index_search.recount_terms,
    "erase_person": erase_person.run_due,
    "clear_out": clear_out,
    "collect_pictures": collect_pictures,
    "count_shops": count_shops,
    "check_all_books": check_all_books,
    "check_books": check_books,
    "fetch_bills": fetch_bills,
    "payout_drafts": payout_drafts.run,
    "transfers": transfers.run,
    "disputes": dispute.run,
    "watch": watch.run,
    "check_reviews": check_reviews.run,
}


def drain() -> int:
    """Run all waiting jobs here and now, for tests and for seeding; how many there were."""
    return outbox.drain(HANDLERS)
