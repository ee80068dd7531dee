"""Figure 4: 64 refunds of 60 % at one moment, at each provider: one is sent, and the provider's own books agree."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from hutong.flows import payment_received, refund
from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.payments import queries as payments
from hutong.pay.payments import services
from hutong.pay.payments.types import PaymentView, RefundState
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.services import UnitsNotRefundable
from tests.concurrency.forgetting import WHO_HAS_IT, forgetting
from tests.concurrency.race import all_at_once
from tests.factories.loop import Scene
from tests.fakes.providers.each import Each
from tests.faults.figures import Measured
from tests.faults.many_orders import start

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("refunds")]

RACERS = 64
BOUGHT, BACK, PRICE = 5, 3, 1990


def paid(each: Each, shop: Scene) -> PaymentView:
    """An order of five, paid at the provider."""
    order_ref = shop.order(quantity=BOUGHT, at=clock.now()).order_ref
    start(order_ref)
    payment = payments.payment_for_order(order_ref)
    assert payment is not None
    each.open(payment.ref)
    each.pay(payment.ref)
    payment_received.look(order_ref=order_ref, at=clock.now())
    return payment


def by_shopper(shop: Scene, order_ref: str) -> Callable[[int], str]:
    """Give any three of the five back; the refund, or nothing. Of any two such refunds one has a unit of the other."""
    units = [
        use.unit_ref for one in vouchers.vouchers_of_order(order_ref, at=clock.now()) for use in one.uses
    ]

    def give_back(number: int) -> str:
        try:
            return refund.refund(
                order_ref=order_ref,
                unit_refs=random.Random(number).sample(units, BACK),
                reason="",
                by=shop.shopper,
                as_operator=False,
                at=clock.now(),
            ).ref
        except UnitsNotRefundable:
            return ""

    return give_back


def straight(payment: PaymentView) -> Callable[[int], str]:
    """Ask for 60 % of the payment alone, whatever was bought with it; the refund, or nothing."""

    def give_back(_number: int) -> str:
        amount, at = Money(BACK * PRICE, payment.amount.unit), clock.now()
        try:
            made = services.request_refund(
                payment_ref=payment.ref, amount=amount, unit_refs=[], reason="", at=at
            )
        except services.RefundTooLarge:
            return ""
        services.record_refund(report=services.send_refund(refund_ref=made.ref, at=at), at=at)
        return made.ref

    return give_back


def require_one(each: Each, payment: PaymentView, granted: list[str]) -> None:
    """One was granted and sent; the provider has sent what we say, and no more."""
    (ref,) = [ref for ref in granted if ref]
    (made,) = payments.refunds_of_order(payment.order_ref)
    assert (made.ref, made.state, made.amount.minor) == (ref, RefundState.DONE, BACK * PRICE)
    assert each.refunded(payment.ref) == BACK * PRICE


@pytest.mark.figure
def test_one_of_64_refunds_of_60_percent_is_sent(each: Each, shop: Scene, measured: Measured) -> None:
    payment = paid(each, shop)
    require_one(each, payment, all_at_once(RACERS, by_shopper(shop, payment.order_ref)))
    measured(4, f"refunds of 60 % at {each.name}", f"1 of {RACERS} granted, {each.name}'s books agree")


@pytest.mark.unbalanced  # Money went back, and nobody took what was bought with it.
def test_one_of_64_refunds_is_sent_where_the_payment_alone_guards(each: Each, shop: Scene) -> None:
    payment = paid(each, shop)
    require_one(each, payment, all_at_once(RACERS, straight(payment)))


@pytest.mark.unbalanced
@pytest.mark.parametrize("each", ["sandbox"], indirect=True)
@pytest.mark.parametrize("whole", [True, False])
def test_control_without_the_guards_many_are_granted(each: Each, shop: Scene, *, whole: bool) -> None:
    """Nobody remembers what was given back. The provider alone still refuses to send more than it took."""
    payment = paid(each, shop)
    with forgetting(*WHO_HAS_IT, "stock_hold", "stock_stock", "payments_payment"):
        granted = all_at_once(4, by_shopper(shop, payment.order_ref) if whole else straight(payment))
    with pytest.raises(ValueError, match="too many values"):
        require_one(each, payment, granted)
    states = [made.state for made in payments.refunds_of_order(payment.order_ref)]
    assert sorted(states) == [RefundState.DONE, *[RefundState.FAILED] * 3]
