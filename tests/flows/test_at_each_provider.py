"""What may go wrong between us and a provider, at each of them: late money, lost answers, webhooks in any order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from hutong.flows import checkout, expire_orders, payment_received, refund
from hutong.kernel import clock
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import AccountKind
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState
from hutong.pay.payments import queries as payments
from hutong.pay.payments.models import Payment
from hutong.pay.payments.providers.errors import OutcomeUnknown
from hutong.pay.payments.types import PaymentState, PaymentView, RefundState
from hutong.town.catalog.models import Offer
from hutong.town.regions.models import Region
from hutong.visit.vouchers import queries as vouchers
from tests.factories import people
from tests.factories.loop import Scene, scene
from tests.fakes.providers.each import Each, every_simulator, of_sandbox, offered
from tests.fakes.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
PROVIDERS = ("sandbox", "stripe", "wechat", "alipay")
OVER = checkout.TIME_TO_PAY


@pytest.fixture(scope="module")
def simulators() -> Iterator[dict[str, Each]]:
    with every_simulator() as made:
        yield made


@pytest.fixture(params=PROVIDERS)
def each(
    request: pytest.FixtureRequest,
    simulators: dict[str, Each],
    sandbox: Sandbox,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Each:
    """The provider under test, the only one at checkout."""
    found = of_sandbox(sandbox) if request.param == "sandbox" else simulators[request.param]
    offered(found, settings, monkeypatch)
    return found


@pytest.fixture
def shop(each: Each) -> Scene:
    """A shop that sells one thing, in the provider's currency; its clock is the provider's."""
    made = scene(at=clock.now(), capacity=1)
    Region.objects.update(currency=each.unit)
    Offer.objects.update(unit=each.unit)
    return made


def pay_for(shop: Scene, order_ref: str) -> None:
    checkout.pay(
        order_ref=order_ref,
        person=shop.shopper,
        return_url="http://127.0.0.1:8000/",
        language="en",
        at=shop.at,
    )


def started(each: Each, shop: Scene) -> PaymentView:
    """An order whose shopper is on the provider's page."""
    order_ref = shop.order().order_ref
    pay_for(shop, order_ref)
    payment = seen(order_ref)
    each.open(payment.ref)
    return payment


def seen(order_ref: str) -> PaymentView:
    payment = payments.payment_for_order(order_ref)
    assert payment is not None
    return payment


def state_of(order_ref: str) -> OrderState:
    order = orders.order_facts(order_ref)
    assert order is not None
    return order.state


def bring(each: Each, ref: str) -> str:
    """The newest webhook about a ref arrives; what came of it."""
    headers, body = each.hooks(ref)[-1]
    return payment_received.receive(provider=each.name, headers=headers, body=body, at=clock.now())


def test_an_unpaid_order_is_closed_and_late_money_honoured(each: Each, shop: Scene) -> None:
    payment = started(each, shop)
    assert expire_orders.expire(order_ref=payment.order_ref, at=shop.at + OVER)
    assert (state_of(payment.order_ref), seen(payment.order_ref).state) == (
        OrderState.EXPIRED,
        PaymentState.CLOSED,
    )
    each.pay(payment.ref)
    assert each.captured(payment.ref) == 0
    # Late all the same, as providers may: the thing is still free.
    each.pay(payment.ref, late=True)
    assert bring(each, payment.ref) == "paid_late"
    assert state_of(payment.order_ref) is OrderState.PAID
    assert len(vouchers.vouchers_of_order(payment.order_ref, at=shop.at)) == 1
    assert (each.captured(payment.ref), each.refunded(payment.ref)) == (1990, 0)


@pytest.mark.parametrize("opened", [True, False])
def test_a_close_that_did_not_arrive_is_sent_again(each: Each, shop: Scene, opened: bool) -> None:
    order_ref = shop.order().order_ref
    pay_for(shop, order_ref)
    payment = seen(order_ref)
    if opened:
        each.open(payment.ref)
    each.fault("error_before", "close")
    expire_orders.expire(order_ref=order_ref, at=shop.at + OVER)
    assert (state_of(order_ref), seen(order_ref).state) == (OrderState.EXPIRED, PaymentState.UNKNOWN)
    payment_received.ask_unknown(at=shop.at + OVER + timedelta(seconds=5))
    assert seen(order_ref).state is PaymentState.CLOSED
    if opened:  # else the time that its page says is what ends it
        each.pay(payment.ref)
        assert each.captured(payment.ref) == 0


def test_the_janitor_closes_nothing_that_can_still_be_paid(each: Each, shop: Scene) -> None:
    payment = started(each, shop)
    payment_received.ask_unknown(at=shop.at + timedelta(minutes=10))
    assert seen(payment.order_ref).state is PaymentState.PENDING
    each.pay(payment.ref)
    assert each.captured(payment.ref) == 1990


def test_money_after_the_close_goes_back_when_it_is_sold(each: Each, shop: Scene) -> None:
    payment = started(each, shop)
    expire_orders.expire(order_ref=payment.order_ref, at=shop.at + OVER)
    shop.order(at=shop.at + OVER, by=people.person())
    each.pay(payment.ref, late=True)
    assert bring(each, payment.ref) == "returned"
    assert bring(each, payment.ref) == "returned"
    assert state_of(payment.order_ref) is OrderState.EXPIRED
    assert vouchers.vouchers_of_order(payment.order_ref, at=shop.at) == []
    assert each.refunded(payment.ref) == 1990
    (back,) = payments.refunds_of_order(payment.order_ref)
    assert back.state is RefundState.DONE
    assert balance(AccountKind.SUSPENSE, each.name, each.unit).minor == 0
    assert balance(AccountKind.CLEARING, each.name, each.unit).minor == 0


def test_lost_answers_are_found_out(each: Each, shop: Scene) -> None:
    """The call had its effect and its answer is lost: of a start, then of a refund, then of a close."""
    order_ref = shop.order().order_ref
    each.fault("error_after", "start")
    with pytest.raises(OutcomeUnknown):
        pay_for(shop, order_ref)
    payment = seen(order_ref)
    assert payment.state is PaymentState.UNKNOWN
    each.open(payment.ref)
    payment_received.ask_unknown(at=shop.at + timedelta(seconds=4))
    assert seen(order_ref).state is PaymentState.UNKNOWN
    payment_received.ask_unknown(at=shop.at + timedelta(seconds=6))
    assert seen(order_ref).state is PaymentState.PENDING
    each.pay(payment.ref)
    assert payment_received.ask_unknown(at=shop.at + timedelta(seconds=60)) == 1
    assert (state_of(order_ref), each.captured(payment.ref)) == (OrderState.PAID, 1990)

    each.fault("error_after", "refund")
    asked = refund.refund(
        order_ref=order_ref, unit_refs=None, reason="", by=shop.shopper, as_operator=False, at=shop.at
    )
    assert asked.state is RefundState.UNKNOWN
    assert payment_received.ask_unknown(at=shop.at + timedelta(seconds=6)) == 1
    done = payments.refund_by_ref(asked.ref)
    assert done is not None
    assert (done.state, each.refunded(payment.ref)) == (RefundState.DONE, 1990)
    assert payment_received.ask_unknown(at=shop.at + timedelta(days=2)) == 0
    assert balance(AccountKind.CLEARING, each.name, each.unit).minor == 0

    unpaid = started(each, shop)
    each.fault("error_after", "close")
    assert expire_orders.expire(order_ref=unpaid.order_ref, at=shop.at + OVER)
    payment_received.ask_unknown(at=shop.at + OVER + timedelta(seconds=6))
    assert (seen(unpaid.order_ref).state, state_of(unpaid.order_ref)) == (
        PaymentState.CLOSED,
        OrderState.EXPIRED,
    )


def test_a_provider_that_says_nothing_is_asked_later_each_time(each: Each, shop: Scene) -> None:
    payment = started(each, shop)
    waits = [5, 15, 60, 5 * 60, 60 * 60, 24 * 60 * 60, 24 * 60 * 60]
    moment = shop.at
    for asked, wait_s in enumerate(waits):
        each.fault("error_before", "query")
        early = moment + timedelta(seconds=wait_s - 1)
        payment_received.ask_unknown(at=early)
        assert Payment.objects.get(public_id=payment.ref).asked == asked, "it was asked too early"
        moment += timedelta(seconds=wait_s)
        payment_received.ask_unknown(at=moment)
        assert Payment.objects.get(public_id=payment.ref).asked == asked + 1
    assert seen(payment.order_ref).state is PaymentState.PENDING
    each.pay(payment.ref)
    assert payment_received.ask_unknown(at=moment + timedelta(days=1)) == 1
    assert state_of(payment.order_ref) is OrderState.PAID


def test_webhooks_in_any_order_and_number_have_their_effect_once(each: Each, shop: Scene) -> None:
    """Eight payments, each with one to four copies of its webhook, shuffled; one comes before our own reply, one never."""
    dice = random.Random(7)
    from_now = scene(at=shop.at)
    Region.objects.update(currency=each.unit)
    Offer.objects.update(unit=each.unit)
    made: list[PaymentView] = []
    for number in range(8):
        order_ref = from_now.order(by=from_now.shopper).order_ref
        if number == 0:
            each.fault("error_after", "start")
            with pytest.raises(OutcomeUnknown):
                pay_for(from_now, order_ref)
        else:
            pay_for(from_now, order_ref)
        made.append(seen(order_ref))
        each.open(made[-1].ref)
        each.pay(made[-1].ref)
    copies = [
        hook
        for payment in made[:-1]
        for hook in each.hooks(payment.ref)
        for _copy in range(dice.randint(1, 4))
    ]
    dice.shuffle(copies)
    said = [
        payment_received.receive(provider=each.name, headers=headers, body=body, at=clock.now())
        for headers, body in copies
    ]
    assert set(said) <= {"paid", "repeated", "stale"}
    assert state_of(made[-1].order_ref) is OrderState.AWAITING_PAYMENT
    payment_received.ask_unknown(at=from_now.at + timedelta(seconds=30))
    assert {state_of(payment.order_ref) for payment in made} == {OrderState.PAID}
    assert [len(vouchers.vouchers_of_order(payment.order_ref, at=shop.at)) for payment in made] == [1] * 8
    assert sum(each.captured(payment.ref) for payment in made) == 8 * 1990
    assert balance(AccountKind.CLEARING, each.name, each.unit).minor == -8 * 1990
