"""Figure 11: 30 % of all calls time out after the effect; nobody pays or is paid back twice, and all is resolved."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from hutong.flows import refund
from hutong.kernel import clock
from hutong.kernel.rows import scalar
from hutong.pay.payments.providers import registry
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderUnavailable
from hutong.pay.payments.providers.protocol import Provider
from hutong.pay.payments.types import PaymentView
from tests.factories.loop import Scene
from tests.fakes.providers.each import Each, every_simulator, offered
from tests.faults.figures import Measured
from tests.faults.losing import TIMEOUT_S, Losing
from tests.faults.many_orders import THREADS, at_once, buyer, janitor, kept, ordered, require_resolved, start

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("lost-answers")]

SHORT, LONG, CONTROL = 12, 1_250, 4
UNPAID, GIVEN_BACK = 0.2, 0.4
TRIES = 3
# Whose every question is lost is asked daily: after this time a chance of one in ten million is left.
HOURS = 24 * 9

Lose = Callable[..., Losing]


@pytest.fixture(scope="module")
def simulators() -> Iterator[dict[str, Each]]:
    """With clients that give up soon."""
    with every_simulator(timeout_s=TIMEOUT_S) as made:
        yield made


@pytest.fixture
def lose(each: Each, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Lose:
    """From now on the provider's answers are lost."""

    def begin(**given: Any) -> Losing:
        settings.HUTONG_PAYMENT_TIMEOUT_S = TIMEOUT_S
        losing = Losing(each, registry.provider(each.name), seed=11, **given)
        offered(replace(each, client=cast(Provider, losing)), settings, monkeypatch)
        return losing

    return begin


def pay(losing: Losing, one: tuple[str, PaymentView], *, pays: bool = True) -> None:
    """The shopper tries until there is an answer, and pays whatever the provider was asked for."""
    order_ref, payment = one
    for _try in range(TRIES):
        try:
            start(order_ref)
            break
        except (OutcomeUnknown, ProviderUnavailable):
            continue  # the shopper tries again, with the same order
    for ref in losing.refs[payment.ref]:
        losing.each.open(ref)
        if pays:
            losing.each.pay(ref)


def run(losing: Losing, shop: Scene, count: int, *, hands: int) -> str:
    """Let `count` orders be paid and some of them be given back, with all that is lost; what was measured."""
    made, draw = ordered(shop, count), random.Random(11)
    unpaid = {ref for ref, _ in draw.sample(made, int(count * UNPAID))}
    given_back = [one for one in made if one[0] not in unpaid][: int(count * GIVEN_BACK)]
    at_once(lambda one: pay(losing, one, pays=one[0] not in unpaid), made)
    # No notification comes at all.
    janitor(hours=HOURS, hands=hands)
    later = clock.now() + timedelta(hours=HOURS)

    def give_back(one: tuple[str, PaymentView]) -> None:
        by = buyer(one[0])
        refund.refund(order_ref=one[0], unit_refs=None, reason="", by=by, as_operator=False, at=later)

    at_once(give_back, given_back)
    janitor(since=later, hours=HOURS, hands=hands)
    assert set(losing.lost) == {"start", "query", "close", "refund", "query_refund"}
    assert dict(losing.refs) == {payment.ref: [payment.ref] for _ref, payment in made}
    paid = require_resolved(losing.each, made)
    assert paid == count - len(unpaid)
    assert scalar("SELECT count(*) FROM payments_refund") == len(given_back)
    return (
        f"0 double charges in {count:,} orders, {paid:,} paid, {len(given_back):,} given back, "
        f"{losing.lost.total():,} lost, all resolved"
    )


def test_lost_answers(lose: Lose, shop: Scene, measured: Measured) -> None:
    losing = lose()
    measured(11, f"lost answers at {losing.each.name}", run(losing, shop, SHORT, hands=1))


@pytest.mark.long
def test_lost_answers_of_many_orders(lose: Lose, shop: Scene, measured: Measured) -> None:
    losing = lose()
    measured(11, f"lost answers at {losing.each.name}", run(losing, shop, LONG, hands=THREADS))


@pytest.mark.unbalanced
def test_control_a_new_key_at_each_try_charges_twice(lose: Lose, shop: Scene) -> None:
    """The same shoppers and the same judge; only that a second try is another payment to the provider."""
    losing, made = lose(new_keys=True), ordered(shop, CONTROL)
    at_once(lambda one: pay(losing, one), made)
    came = kept(losing.each, {ref: losing.refs[payment.ref] for ref, payment in made})
    price = made[0][1].amount.minor
    assert max(came.values()) >= 2 * price
