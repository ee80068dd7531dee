"""A chargeback of money that came when another payment had paid: what was bought with that one stays as it is."""

from __future__ import annotations

from datetime import datetime

import pytest

from hutong.flows import dispute, payment_received, refund
from hutong.kernel.money import Money
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import PLATFORM, AccountKind
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import UnitState
from hutong.pay.payments import queries as payments
from hutong.pay.payments import services
from hutong.pay.payments.types import (
    DisputeReport,
    DisputeStatus,
    PaymentReport,
    PaymentView,
    RefundReport,
    ReportStatus,
)
from hutong.visit.vouchers import queries as vouchers
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db
PRICE = 1990


def paid_twice(shop: Scene, at: datetime) -> tuple[PaymentView, str]:
    """The payment whose money came when another one had paid, and the refund that is to send it back."""
    placed = shop.order()
    late = payments.payment_for_order(placed.order_ref)
    assert late is not None
    payment_received.record(report=PaymentReport(late.ref, ReportStatus.FAILED), at=at)
    paid = services.create_payment(order_ref=placed.order_ref, provider="sandbox", amount=placed.total, at=at)
    news = [PaymentReport(one, ReportStatus.DONE, placed.total, f"prv_{one}") for one in (paid.ref, late.ref)]
    assert payment_received.record(report=news[0], at=at) == "paid"
    recorded = services.record_report(report=news[1], at=at)
    order = orders.order_facts(placed.order_ref)
    assert order is not None
    outcome, back = payment_received._money_arrived(order, recorded.payment, placed.total, at)
    assert (outcome, back is None) == ("returned", False)
    return late, back or ""


def tell(payment: PaymentView, status: DisputeStatus, at: datetime) -> str:
    report = DisputeReport(
        provider_ref=f"dp_{payment.ref}",
        payment_ref=payment.ref,
        payment_provider_ref="",
        amount=payment.amount,
        fee=Money(0, "EUR"),
        reason="duplicate",
        status=status,
    )
    return dispute.record(provider="sandbox", report=report, at=at)


@pytest.mark.parametrize(
    ("sent", "afterwards", "losses"),
    [
        (ReportStatus.DONE, None, -PRICE),
        (ReportStatus.FAILED, None, 0),
        (None, ReportStatus.DONE, -PRICE),
        (None, ReportStatus.FAILED, 0),
    ],
)
def test_what_another_payment_paid_for_is_used_all_the_same(
    at: datetime, sent: ReportStatus | None, afterwards: ReportStatus | None, losses: int
) -> None:
    shop = scene(at=at)
    late, back = paid_twice(shop, at)
    if sent:
        refund.finish(report=RefundReport(back, sent, "prv"), at=at)
    assert tell(late, DisputeStatus.NEEDS_RESPONSE, at) == "opened"
    (unit,) = orders.units_of(late.order_ref)
    assert tell(late, DisputeStatus.LOST, at) == "lost"
    assert orders.units_of(late.order_ref)[0].state is UnitState.SOLD
    if afterwards:
        refund.finish(report=RefundReport(back, afterwards, "prv"), at=at)
    assert [
        balance(kind, owner, "EUR").minor
        for kind, owner in (
            (AccountKind.DISPUTED, "sandbox"),
            (AccountKind.SUSPENSE, "sandbox"),
            (AccountKind.LOSSES, PLATFORM),
            (AccountKind.UNREDEEMED, unit.merchant_ref),
        )
    ] == [0, 0, losses, PRICE]
    assert payments.open_refunds() == []


def test_its_vouchers_do_not_wait_for_the_bank(at: datetime) -> None:
    shop = scene(at=at)
    late, _back = paid_twice(shop, at)
    tell(late, DisputeStatus.NEEDS_RESPONSE, at)
    (voucher,) = vouchers.vouchers_of_order(late.order_ref, at=at)
    assert shop.scan(voucher.code).uses_left == 0


def test_what_another_payment_paid_for_is_refunded_meanwhile(at: datetime) -> None:
    shop = scene(at=at)
    late, _back = paid_twice(shop, at)
    tell(late, DisputeStatus.NEEDS_RESPONSE, at)
    asked = refund._request(late.order_ref, None, "", shop.shopper, False, at)
    assert (asked.payment_ref != late.ref, asked.amount.minor) == (True, PRICE)
