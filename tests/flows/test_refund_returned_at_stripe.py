"""A refund that Stripe says came back, through the inbox and on its bill; and news of it in the wrong order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hutong.flows import checkout, payment_received, reconcile, refund
from hutong.kernel import clock
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import AccountKind
from hutong.pay.payments import queries
from hutong.pay.payments.providers.stripe.client import StripeProvider
from hutong.pay.payments.types import PaymentView, RefundState, RefundView
from tests.factories import people
from tests.factories.loop import Scene, scene
from tests.fakes.providers.each import of_simulator, offered
from tests.fakes.providers.server import running
from tests.fakes.providers.stripe import StripeSimulator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stripe(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[StripeSimulator]:
    """Stripe, the only one at checkout. The test brings its webhooks."""
    with running(StripeSimulator()) as simulator:
        assert isinstance(simulator, StripeSimulator)
        client = StripeProvider(
            url=simulator.url,
            secret_key=simulator.secret_key,
            webhook_secrets=simulator.webhook_secrets,
            timeout_s=10.0,
        )
        offered(of_simulator(simulator, client, "EUR"), settings, monkeypatch)
        yield simulator


@pytest.fixture
def shop(stripe: StripeSimulator) -> Scene:
    """A shop whose clock is Stripe's."""
    return scene(at=clock.now())


def bought(shop: Scene, stripe: StripeSimulator) -> PaymentView:
    """An order that was paid at Stripe."""
    order_ref = shop.order().order_ref
    checkout.pay(
        order_ref=order_ref,
        person=shop.shopper,
        return_url="http://127.0.0.1:8000/",
        language="en",
        at=shop.at,
    )
    payment = queries.payment_for_order(order_ref)
    assert payment is not None
    stripe.pay(payment.ref)
    payment_received.look(order_ref=order_ref, at=clock.now())
    return payment


def given_back(shop: Scene, payment: PaymentView) -> RefundView:
    return refund.refund(
        order_ref=payment.order_ref,
        unit_refs=None,
        reason="",
        by=shop.shopper,
        as_operator=False,
        at=clock.now(),
    )


def bring(stripe: StripeSimulator, ref: str, number: int = -1) -> str:
    """A webhook about a refund arrives; what came of it."""
    headers, body = stripe.about(ref)[number]
    return payment_received.receive(provider="stripe", headers=headers, body=body, at=clock.now())


def state_of(ref: str) -> RefundState:
    found = queries.refund_by_ref(ref)
    assert found is not None
    return found.state


def clearing() -> int:
    return balance(AccountKind.CLEARING, "stripe", "EUR").minor


def test_it_fails_after_it_succeeded_and_is_sent_again(shop: Scene, stripe: StripeSimulator) -> None:
    payment = bought(shop, stripe)
    asked = given_back(shop, payment)
    assert (asked.state, clearing()) == (RefundState.DONE, 0)
    stripe.return_refund(asked.ref)
    assert [bring(stripe, asked.ref) for _copy in range(2)] == ["recorded", "recorded"]
    assert (state_of(asked.ref), clearing()) == (RefundState.FAILED, -1990)
    assert queries.problems(clock.now()) == []
    again = refund.resend(refund_ref=asked.ref, by=people.operator(), at=clock.now())
    assert (again.state, clearing()) == (RefundState.DONE, 0)
    bill = reconcile.of_day(provider="stripe", on=clock.now().date(), at=clock.now())
    assert (bill.open, bill.matched, bill.lines) == (0, 4, 4)
    assert queries.open_differences() == []


def test_that_it_was_sent_may_be_told_after_it_failed(shop: Scene, stripe: StripeSimulator) -> None:
    payment = bought(shop, stripe)
    stripe.faults.ask("error_after", call="refund")
    asked = given_back(shop, payment)
    assert asked.state is RefundState.UNKNOWN
    stripe.return_refund(asked.ref)
    assert bring(stripe, asked.ref) == "recorded"
    assert bring(stripe, asked.ref, 0) == "stale", "the provider was asked which of both holds"
    assert state_of(asked.ref) is RefundState.FAILED
    assert queries.problems(clock.now()) == []
