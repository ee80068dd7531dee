"""Figure 9: notifications come often, late, early, in any order or never; each payment has its effect once."""

from __future__ import annotations

import random

import pytest

from hutong.flows import payment_received
from hutong.kernel import clock
from hutong.pay.payments.providers.errors import OutcomeUnknown
from hutong.pay.payments.types import PaymentReport, PaymentView, ReportStatus
from tests.factories.loop import Scene
from tests.fakes.providers.each import Each
from tests.faults.figures import Measured
from tests.faults.many_orders import at_once, janitor, ordered, require_resolved, start

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("notifications")]

SHORT, LONG = 12, 1_000
BEFORE_OUR_REPLY, NEVER, UNPAID = 0.05, 0.01, 0.1


def run(each: Each, shop: Scene, count: int) -> tuple[int, int]:
    """Let `count` orders be paid and told of; how many are paid, and how many notifications came."""
    draw = random.Random(9)
    made = ordered(shop, count)
    # However few there are, there is one of each.
    early = {ref for ref, _ in draw.sample(made, max(1, int(count * BEFORE_OUR_REPLY)))}
    never = {ref for ref, _ in draw.sample(made, max(1, int(count * NEVER)))}
    unpaid = {ref for ref, _ in draw.sample(made, max(1, int(count * UNPAID)))}

    def pay(one: tuple[str, PaymentView]) -> None:
        order_ref, payment = one
        start(order_ref)
        each.open(payment.ref)
        if order_ref not in unpaid:
            each.pay(payment.ref)

    at_once(pay, [one for one in made if one[0] not in early])
    for order_ref, payment in made:
        if order_ref in early:
            # Our own call has its effect and its answer is lost: what the provider tells comes first.
            each.fault("error_after", "start")
            with pytest.raises(OutcomeUnknown):
                start(order_ref)
            each.open(payment.ref)
            if order_ref not in unpaid:
                each.pay(payment.ref)
    copies = [
        hook
        for order_ref, payment in made
        if order_ref not in never | unpaid
        for hook in each.hooks(payment.ref)
        for _copy in range(draw.randint(1, 10))
    ]
    draw.shuffle(copies)
    at_once(
        lambda hook: payment_received.receive(
            provider=each.name, headers=hook[0], body=hook[1], at=clock.now()
        ),
        copies,
    )
    janitor()
    paid = require_resolved(each, made)
    assert paid == count - len(unpaid)
    return paid, len(copies)


def test_notifications_in_any_order(each: Each, shop: Scene, measured: Measured) -> None:
    paid, copies = run(each, shop, SHORT)
    measured(9, f"notifications at {each.name}", f"{paid} of {paid} paid once, by {copies} copies")


@pytest.mark.long
def test_notifications_of_a_thousand_payments(each: Each, shop: Scene, measured: Measured) -> None:
    paid, copies = run(each, shop, LONG)
    measured(9, f"notifications at {each.name}", f"{paid:,} of {paid:,} paid once, by {copies:,} copies")


@pytest.mark.unbalanced
def test_control_an_order_that_nobody_paid_is_seen(each: Each, shop: Scene) -> None:
    """The judge is the provider: what we believe of money that it does not have is found."""
    made = ordered(shop, 2)
    (order_ref, payment), _other = made
    start(order_ref)
    each.open(payment.ref)
    report = PaymentReport(payment.ref, ReportStatus.DONE, payment.amount, None)
    assert payment_received.record(report=report, at=clock.now()) == "paid"
    janitor()
    with pytest.raises(AssertionError, match="judge"):
        require_resolved(each, made)
