"""A dispute that is told many times at one moment, while its vouchers are scanned: it counts once, and nothing is both."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from hutong.flows import dispute
from hutong.kernel.money import Money
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import PLATFORM, AccountKind
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import UnitState
from hutong.pay.payments import queries as payments
from hutong.pay.payments.models import Dispute, Payment
from hutong.pay.payments.types import DisputeReport, DisputeStatus
from hutong.visit.vouchers.services import VoucherBlocked, VoucherRefunded
from tests.concurrency.race import WAIT_S, all_at_once, constraint_dropped
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db(transaction=True)
COPIES, UNITS = 6, 6


def report(order_ref: str, status: DisputeStatus) -> DisputeReport:
    payment = payments.payment_for_order(order_ref)
    assert payment is not None
    return DisputeReport(
        provider_ref="dp_1",
        payment_ref=payment.ref,
        payment_provider_ref="",
        amount=payment.amount,
        fee=Money(1500, "EUR"),
        reason="fraudulent",
        status=status,
    )


def balance_of(shop: Scene, kind: AccountKind, owner: str = "") -> int:
    return balance(kind, owner or shop.merchant.public_id, "EUR").minor


def test_copies_of_the_news_and_scans_at_once(at: datetime) -> None:
    shop = scene(at=at)
    made = shop.bought(quantity=UNITS)
    order_ref = made[0].order_ref

    def act(number: int) -> str:
        if number < COPIES:
            status = DisputeStatus.LOST if number % 2 else DisputeStatus.NEEDS_RESPONSE
            return dispute.record(provider="sandbox", report=report(order_ref, status), at=at)
        try:
            shop.scan(made[number - COPIES].code, at=at + timedelta(seconds=1))
        except (VoucherBlocked, VoucherRefunded):
            return "refused"
        return "served"

    said = all_at_once(COPIES + UNITS, act)
    # Whoever told of the end first: it may have been the one that opened it, too.
    assert said.count("lost") == 1
    (ended,) = payments.disputes_of_order(order_ref)
    units = orders.units_of(order_ref)
    served = said.count("served")
    assert {unit.state for unit in units} == {UnitState.REFUNDED}
    assert ended.from_merchant.minor == served * 1990
    assert ended.from_unredeemed.minor == (UNITS - served) * 1990
    assert balance_of(shop, AccountKind.PAYABLE) == 0
    assert balance_of(shop, AccountKind.UNREDEEMED) == 0
    assert balance_of(shop, AccountKind.DISPUTED, "sandbox") == 0
    assert balance_of(shop, AccountKind.CLEARING, "sandbox") == 1500
    assert balance_of(shop, AccountKind.PROVIDER_FEES, PLATFORM) == -1500


@pytest.mark.unbalanced  # its disputes are made by hand, twice
def test_control_looking_before_writing_makes_two(at: datetime) -> None:
    shop = scene(at=at)
    order_ref = shop.bought()[0].order_ref
    payment = payments.payment_for_order(order_ref)
    assert payment is not None
    looked = threading.Barrier(2, timeout=WAIT_S)

    def naive(_number: int) -> bool:
        known = Dispute.objects.filter(provider="sandbox", provider_ref="dp_1").exists()
        looked.wait()
        if known:
            return False
        Dispute.objects.create(
            payment=Payment.objects.get(public_id=payment.ref),
            provider="sandbox",
            provider_ref="dp_1",
            order_ref=order_ref,
            merchant_ref="",
            amount=1990,
            unit="EUR",
            borne_by="merchant",
            opened_at=at,
        )
        return True

    with constraint_dropped("payments_dispute", "payments_dispute_once"):
        assert all_at_once(2, naive) == [True, True]
        assert Dispute.objects.count() == 2
