"""A provider that hangs costs the clock one timeout: whoever pays with another one does not wait for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from hutong.flows import jobs, payment_received
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState, PlacedOrder
from hutong.pay.payments import queries as payments
from hutong.pay.payments import services
from hutong.pay.payments.models import Payment
from hutong.pay.payments.providers import patience
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderUnavailable
from hutong.pay.payments.services.asking import LEASE
from hutong.pay.payments.types import PaymentState
from tests.factories import people
from tests.factories.loop import Scene, scene
from tests.factories.payments import RETURN_URL
from tests.fakes.hanging import Hanging, hanging
from tests.fakes.providers.server import running
from tests.fakes.providers.stripe.simulator import StripeSimulator
from tests.fakes.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
OVER = timedelta(minutes=16)


@dataclass
class Town:
    """A shop whose shoppers pay with the sandbox, which hangs, or with Stripe, which is well."""

    shop: Scene
    settings: Any
    stripe: StripeSimulator
    hung: Hanging
    sandbox_url: str

    def order(self, provider: str, *, second: int) -> PlacedOrder:
        """Somebody goes to pay, so many seconds after the shop's moment."""
        at = self.shop.at + timedelta(seconds=second)
        self.settings.HUTONG_PROVIDERS = [provider, *({"sandbox", "stripe"} - {provider})]
        self.settings.HUTONG_SANDBOX_URL = self.sandbox_url
        placed = self.shop.order(by=people.person(), at=at)
        services.start(payment_ref=payment_of(placed).public_id, return_url=RETURN_URL, at=at)
        self.settings.HUTONG_SANDBOX_URL = self.hung.url
        return placed


@pytest.fixture
def town(at: datetime, sandbox: Sandbox, settings: Any) -> Iterator[Town]:
    stripe = StripeSimulator()
    with running(stripe), hanging() as hung:
        settings.HUTONG_PROVIDER_KEYS = {
            "stripe": {
                "secret_key": stripe.secret_key,
                "webhook_secrets": stripe.webhook_secrets,
                "url": stripe.url,
            }
        }
        yield Town(scene(at=at, capacity=9), settings, stripe, hung, sandbox.url)


@pytest.fixture
def impatient(town: Town, settings: Any) -> Callable[[], None]:
    """From now on an answer is waited for half a second; whoever is well answers in time."""

    def be() -> None:
        settings.HUTONG_PAYMENT_TIMEOUT_S = 0.5

    return be


def payment_of(placed: PlacedOrder) -> Payment:
    (view,) = payments.payments_of_order(placed.order_ref)
    return Payment.objects.get(public_id=view.ref)


def state_of(placed: PlacedOrder) -> OrderState:
    facts = orders.order_facts(placed.order_ref)
    assert facts is not None
    return facts.state


def test_orders_end_also_while_a_provider_hangs(town: Town, impatient: Callable[[], None]) -> None:
    theirs = [town.order("sandbox", second=second) for second in range(3)]
    well = town.order("stripe", second=3)
    impatient()
    for placed in (*theirs, well):
        Payment.objects.filter(order_ref=placed.order_ref).update(ask_at=town.shop.at + timedelta(days=1))
    over = town.shop.at + OVER
    jobs.tick(at=over)
    assert {state_of(placed) for placed in (*theirs, well)} == {OrderState.EXPIRED}
    assert payment_of(well).state == PaymentState.CLOSED
    assert town.hung.asked() == 1
    # Those it was not asked about are the first of the next round, which is over as soon.
    due = Payment.objects.filter(provider="sandbox", ask_at__lte=over, asked=0)
    assert due.count() == 2
    jobs.tick(at=over + timedelta(seconds=2))
    assert town.hung.asked() == 1
    assert due.count() == 1
    # It is well again: nobody can pay any of them.
    town.settings.HUTONG_SANDBOX_URL = town.sandbox_url
    for seconds in (10, 30, 100):
        jobs.tick(at=over + timedelta(seconds=seconds))
    assert {payment_of(placed).state for placed in theirs} == {PaymentState.CLOSED}


def test_outcomes_are_recorded_also_while_a_provider_hangs(town: Town, impatient: Callable[[], None]) -> None:
    theirs = [town.order("sandbox", second=second) for second in range(3)]
    paid = town.order("stripe", second=3)
    town.stripe.pay(payment_of(paid).public_id)
    impatient()
    jobs.tick(at=town.shop.at + timedelta(minutes=1))
    assert state_of(paid) is OrderState.PAID
    assert town.hung.asked() == 1
    assert [payment_of(placed).asked for placed in theirs] == [1, 0, 0]


class Died(BaseException):
    """The process is gone."""


def test_who_dies_between_two_answers_loses_neither(town: Town) -> None:
    paid = [town.order("stripe", second=second) for second in range(2)]
    for placed in paid:
        Payment.objects.filter(order_ref=placed.order_ref).update(asked=9)  # the next turn is in a day
        town.stripe.pay(payment_of(placed).public_id)
    locked = []

    def dies(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if "orders_order" in sql and "FOR UPDATE" in sql:
            locked.append(sql)
            if len(locked) == 2:
                raise Died
        return execute(sql, params, many, context)

    asked_at = town.shop.at + timedelta(minutes=1)
    with pytest.raises(Died), connection.execute_wrapper(dies):
        payment_received.ask_unknown(at=asked_at)
    assert [state_of(placed) for placed in paid] == [OrderState.PAID, OrderState.AWAITING_PAYMENT]
    assert payment_received.ask_unknown(at=asked_at + LEASE) == 1
    assert state_of(paid[1]) is OrderState.PAID


def test_what_has_not_ended_waits_for_its_turn(town: Town) -> None:
    waits = payment_of(town.order("stripe", second=0))
    Payment.objects.filter(pk=waits.pk).update(asked=9)
    at = town.shop.at + timedelta(minutes=1)
    payment_received.ask_unknown(at=at)
    waits.refresh_from_db()
    assert (waits.asked, waits.ask_at) == (10, at + timedelta(days=1))


def test_a_provider_that_is_slow_is_asked_for_one_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(0, 99, 6))  # every answer takes six, of the ten that one is waited for
    monkeypatch.setattr(patience, "monotonic", lambda: next(seconds))
    with patience.one_round():
        for _question in range(2):
            assert patience.not_now() == frozenset()
            with patience.calling("sandbox"):
                pass
        assert patience.not_now() == {"sandbox"}
        with patience.calling("sandbox"):
            pass  # who has but one question may still ask it
        patience.next_step()
        assert patience.not_now() == frozenset(), "who asks about something else has time of their own"
    assert patience.not_now() == frozenset()


@pytest.mark.parametrize("trouble", [OutcomeUnknown, ProviderUnavailable])
def test_a_provider_that_did_not_answer_is_not_called_again_in_this_round(
    trouble: type[Exception],
) -> None:
    for _round in range(2):
        with patience.one_round():
            with pytest.raises(trouble), patience.calling("sandbox"):
                raise trouble
            patience.next_step()
            with pytest.raises(patience.ProviderSilent), patience.calling("sandbox"):
                raise AssertionError("it was called again")
    for _question in range(2):
        with pytest.raises(trouble), patience.calling("sandbox"):
            raise trouble
