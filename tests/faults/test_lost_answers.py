"""Figure 11: of 30 % of all calls the answer is lost after the effect; nobody pays twice, and all of it is resolved."""

from __future__ import annotations

import random
import threading

import pytest

from hutong.pay.payments import queries as payments
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderUnavailable
from hutong.pay.payments.types import PaymentView
from tests.factories.loop import Scene
from tests.fakes.providers.each import Each
from tests.faults.figures import Measured
from tests.faults.many_orders import at_once, janitor, ordered, require_resolved, start

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("lost-answers")]

SHORT, LONG = 15, 1_250
LOST, UNPAID = 0.3, 0.2
TRIES = 3


def run(each: Each, shop: Scene, count: int) -> tuple[int, int]:
    """How many of `count` orders are paid in the end, and how many answers were lost."""
    draw, guard, lost = random.Random(11), threading.Lock(), [0]
    made = ordered(shop, count)

    def call(name: str) -> None:
        with guard:
            if draw.random() < LOST:
                lost[0] += 1
                each.fault("error_after", name)

    def pay(one: tuple[str, PaymentView]) -> None:
        order_ref, payment = one
        for _try in range(TRIES):
            call("start")
            try:
                start(order_ref)
                break
            except (OutcomeUnknown, ProviderUnavailable):
                continue  # the shopper tries again, with the same order
        known = payments.payment_by_ref(payment.ref)
        assert known is not None
        each.open(payment.ref)
        with guard:
            pays = draw.random() >= UNPAID
        if pays:
            each.pay(payment.ref)

    at_once(pay, made)
    # No notification comes at all, and the janitor's own calls are lost as often.
    for name in ("query", "close"):
        for _number in range(int(count * LOST)):
            each.fault("error_after", name)
            lost[0] += 1
    janitor()
    return require_resolved(each, made), lost[0]


def test_lost_answers(each: Each, shop: Scene, measured: Measured) -> None:
    paid, lost = run(each, shop, SHORT)
    assert 0 < paid < SHORT
    measured(
        11, f"lost answers at {each.name}", f"0 double charges in {SHORT} orders, {lost} lost, all resolved"
    )


@pytest.mark.long
def test_lost_answers_of_many_orders(each: Each, shop: Scene, measured: Measured) -> None:
    paid, lost = run(each, shop, LONG)
    measured(
        11,
        f"lost answers at {each.name}",
        f"0 double charges in {LONG:,} orders, {paid:,} paid, {lost:,} lost, all resolved",
    )
