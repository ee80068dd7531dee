"""Chargebacks beside refunds: what a refund sent, could not send, or was about to send when the bank took the payment."""

from __future__ import annotations

from datetime import datetime

import pytest

from hutong.flows import jobs, refund
from hutong.kernel.money import Money
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import UnitState
from hutong.pay.payments import queries as payments
from hutong.pay.payments import services
from hutong.pay.payments.types import Bearer, DisputeStatus, RefundReport, ReportStatus
from hutong.town.notifications.models import Notification
from tests.factories.disputes import bought, in_books, one, report, tell
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(at: datetime) -> Scene:
    """A shop with one deal."""
    return scene(at=at)


def test_a_dispute_about_what_was_refunded_is_the_platforms_loss(shop: Scene, at: datetime) -> None:
    order_ref = bought(shop)
    asked = refund._request(order_ref, None, "", shop.shopper, False, at)
    refund.finish(report=RefundReport(asked.ref, ReportStatus.DONE, "prv"), at=at)
    tell(report(order_ref), at)
    tell(report(order_ref, DisputeStatus.LOST), at)
    assert in_books(shop)["losses"] == -1990
    assert one(order_ref).from_platform.minor == 1990


def test_what_a_refund_could_not_send_is_what_the_bank_took(shop: Scene, at: datetime) -> None:
    order_ref = bought(shop, quantity=2)
    asked = refund._request(order_ref, [orders.units_of(order_ref)[0].unit_ref], "", shop.shopper, False, at)
    refund.finish(report=RefundReport(asked.ref, ReportStatus.FAILED, None, "card closed"), at=at)
    tell(report(order_ref, fee=0), at)
    assert [waiting.ref for waiting in payments.open_refunds()] == [asked.ref]
    tell(report(order_ref, DisputeStatus.LOST, fee=0), at)
    ended = one(order_ref)
    assert (ended.from_unredeemed.minor, ended.from_platform.minor) == (3980, 0)
    assert (in_books(shop)["unredeemed"], in_books(shop)["losses"]) == (0, 0)
    assert payments.open_refunds() == []
    assert payments.waiting_for_operator()["refunds"] == 0
    known = payments.refund_by_ref(asked.ref)
    assert known is not None
    assert known.ended_by == ended.ref
    with pytest.raises(services.RefundNotFailed):
        services.request_again(refund_ref=asked.ref, at=at)


FAILED_FIRST = pytest.mark.parametrize("failed_first", [True, False], ids=["failed before", "failed after"])


def part_lost(
    shop: Scene, at: datetime, refunded: int, part: int, *, failed_first: bool
) -> tuple[str, list[str]]:
    """Two units are paid, `refunded` of them each by a refund that fails, and a bank takes `part`; the order and refunds."""
    order_ref, amount = bought(shop, quantity=2), Money(part, "EUR")
    units = [unit.unit_ref for unit in orders.units_of(order_ref)][:refunded]
    refs = [refund._request(order_ref, [unit], "", shop.shopper, False, at).ref for unit in units]

    def fail() -> None:
        for ref in refs:
            refund.finish(report=RefundReport(ref, ReportStatus.FAILED, None, "card closed"), at=at)

    if failed_first:
        fail()
    for status in (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.LOST):
        tell(report(order_ref, status, fee=0, amount=amount), at)
    if not failed_first:
        fail()
    return order_ref, refs


@FAILED_FIRST
def test_a_refund_of_what_the_bank_did_not_take_is_still_sent_again(
    shop: Scene, at: datetime, failed_first: bool
) -> None:
    _order, (failed,) = part_lost(shop, at, 1, 1990, failed_first=failed_first)
    assert [waiting.ref for waiting in payments.open_refunds()] == [failed]
    again = services.request_again(refund_ref=failed, at=at)
    refund.finish(report=RefundReport(again.ref, ReportStatus.DONE, "prv"), at=at)
    books = in_books(shop)
    assert books == dict.fromkeys(books, 0)


@FAILED_FIRST
def test_of_two_refunds_the_one_that_cannot_be_sent_any_more_is_ended(
    shop: Scene, at: datetime, failed_first: bool
) -> None:
    order_ref, (covered, owed) = part_lost(shop, at, 2, 1990, failed_first=failed_first)
    assert [waiting.ref for waiting in payments.open_refunds()] == [owed]
    known = payments.refund_by_ref(covered)
    assert known is not None
    assert known.ended_by == one(order_ref).ref
    again = services.request_again(refund_ref=owed, at=at)
    refund.finish(report=RefundReport(again.ref, ReportStatus.DONE, "prv"), at=at)
    books = in_books(shop)
    assert books == dict.fromkeys(books, 0)


@FAILED_FIRST
def test_a_refund_that_the_bank_covers_in_part_stays_open(
    shop: Scene, at: datetime, failed_first: bool
) -> None:
    _order, failed = part_lost(shop, at, 2, 1000, failed_first=failed_first)
    assert [waiting.ref for waiting in payments.open_refunds()] == failed


def test_a_refund_that_fails_after_its_payment_was_lost_waits_for_nobody(shop: Scene, at: datetime) -> None:
    order_ref = bought(shop, quantity=2)
    first, second = (unit.unit_ref for unit in orders.units_of(order_ref))
    asked = refund._request(order_ref, [first], "", shop.shopper, False, at)
    tell(report(order_ref, fee=0), at)
    tell(report(order_ref, DisputeStatus.LOST, fee=0), at)
    assert (one(order_ref).from_unredeemed.minor, one(order_ref).from_platform.minor) == (1990, 1990)
    failed = RefundReport(asked.ref, ReportStatus.FAILED, None, "charge disputed")
    assert [refund.finish(report=failed, at=at) for _copy in range(2)] == ["recorded", "repeated"]
    assert (one(order_ref).from_unredeemed.minor, one(order_ref).from_platform.minor) == (3980, 0)
    books = in_books(shop)
    assert books == dict.fromkeys(books, 0)
    assert payments.lost_units(order_ref) == {first, second}
    assert (payments.open_refunds(), payments.waiting_for_operator()["refunds"]) == ([], 0)
    jobs.drain()
    assert not Notification.objects.filter(kind="refund_failed").exists()


def test_a_refund_that_fails_is_still_owed_where_the_bank_took_what_was_used(
    shop: Scene, at: datetime
) -> None:
    order_ref = bought(shop, quantity=3, used=2)
    unused = next(unit.unit_ref for unit in orders.units_of(order_ref) if unit.state is UnitState.SOLD)
    asked = refund._request(order_ref, [unused], "", shop.shopper, False, at)
    used = Money(2 * 1990, "EUR")
    tell(report(order_ref, fee=0, amount=used), at)
    services.set_bearer(ref=one(order_ref).ref, borne_by=Bearer.PLATFORM)
    tell(report(order_ref, DisputeStatus.LOST, fee=0, amount=used), at)
    refund.finish(report=RefundReport(asked.ref, ReportStatus.FAILED, None, "card closed"), at=at)
    assert [waiting.ref for waiting in payments.open_refunds()] == [asked.ref]
    assert one(order_ref).from_platform == used
    again = services.request_again(refund_ref=asked.ref, at=at)
    assert refund.finish(report=RefundReport(again.ref, ReportStatus.DONE, "prv"), at=at) == "recorded"
