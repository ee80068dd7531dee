"""Money arrives: in time, late, twice, or the wrong amount. Each has its effect once."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from hutong.flows import books, expire_orders, jobs, payment_received, refund
from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.know.customers import queries as customers
from hutong.know.customers.types import Segment
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import AccountKind
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState
from hutong.pay.payments import queries as payments
from hutong.pay.payments import services
from hutong.pay.payments.types import PaymentReport, RefundState, ReportStatus
from hutong.visit.stock.queries import stock_of
from hutong.visit.vouchers import queries as vouchers
from tests.factories import people
from tests.factories.loop import Scene, scene
from tests.factories.payments import paid_webhook
from tests.fakes.sandbox import Sandbox

LATER = timedelta(minutes=16)


def state_of(order_ref: str) -> OrderState:
    facts = orders.order_facts(order_ref)
    assert facts is not None
    return facts.state


@pytest.mark.django_db
def test_paid_order_becomes_vouchers(at: datetime) -> None:
    shop = scene(at=at, capacity=5)
    placed = shop.order(quantity=2)
    assert shop.money_arrives(placed) == "paid"
    assert state_of(placed.order_ref) is OrderState.PAID
    assert len(vouchers.wallet(shop.shopper, at=at)) == 2
    stock = stock_of([shop.offer.public_id])[shop.offer.public_id]
    assert (stock.held, stock.sold) == (0, 2)
    merchant_ref = shop.merchant.public_id
    assert balance(AccountKind.UNREDEEMED, merchant_ref, "EUR") == Money(2 * 1990, "EUR")
    assert balance(AccountKind.CLEARING, "sandbox", "EUR") == Money(-2 * 1990, "EUR")


@pytest.mark.django_db
def test_the_same_news_again_changes_nothing(at: datetime) -> None:
    shop = scene(at=at)
    placed = shop.order()
    assert shop.money_arrives(placed) == "paid"
    assert shop.money_arrives(placed) == "repeated"
    assert len(vouchers.wallet(shop.shopper, at=at)) == 1


@pytest.mark.django_db
def test_shop_remembers_only_who_agreed(at: datetime) -> None:
    shop = scene(at=at)
    shop.bought(consent=True)
    other = people.person()
    placed = shop.order(by=other, consent=False)
    shop.money_arrives(placed)
    jobs.drain()
    remembered = customers.customer_list(shop.merchant.public_id, at=at, segment=Segment.BOUGHT)
    assert len(remembered.rows) == 1


def ended(shop: Scene, at: datetime) -> str:
    """An order of the last unit whose time is over; its payment was never started."""
    placed = shop.order()
    assert expire_orders.run(at=at + LATER) == 1
    assert state_of(placed.order_ref) is OrderState.EXPIRED
    return placed.order_ref


@pytest.mark.django_db(transaction=True)
def test_late_payment_is_honoured_while_the_thing_is_free(at: datetime, sandbox: Sandbox) -> None:
    shop = scene(at=at, capacity=1)
    placed = shop.order()
    expire_orders.run(at=at + LATER)
    assert stock_of([shop.offer.public_id])[shop.offer.public_id].left == 1
    assert shop.money_arrives(placed, at=at + LATER) == "paid_late"
    assert state_of(placed.order_ref) is OrderState.PAID
    assert stock_of([shop.offer.public_id])[shop.offer.public_id].left == 0
    assert len(vouchers.wallet(shop.shopper, at=at + LATER)) == 1


@pytest.mark.django_db(transaction=True)
def test_late_payment_goes_back_when_the_thing_is_gone(at: datetime, sandbox: Sandbox) -> None:
    shop = scene(at=at, capacity=1)
    placed = shop.order()
    expire_orders.run(at=at + LATER)
    second = shop.order(by=people.person(), at=at + LATER)
    assert shop.money_arrives(second, at=at + LATER) == "paid"
    assert shop.money_arrives(placed, at=at + LATER) == "returned"
    assert state_of(placed.order_ref) is OrderState.EXPIRED
    assert vouchers.wallet(shop.shopper, at=at + LATER) == []
    (sent,) = payments.refunds_of_order(placed.order_ref)
    assert sent.amount == placed.total
    assert balance(AccountKind.UNREDEEMED, shop.merchant.public_id, "EUR") == second.total


@pytest.mark.django_db(transaction=True)
def test_what_paid_the_order_is_what_is_refunded_whichever_payment_came_first(
    at: datetime, sandbox: Sandbox
) -> None:
    """The first payment was called off for another one, which paid; then its money came all the same."""
    shop = scene(at=at)
    placed = shop.order(quantity=2)
    first = payments.payment_for_order(placed.order_ref)
    assert first is not None
    services.close(payment_ref=first.ref, at=at)
    second = services.create_payment(
        order_ref=placed.order_ref, provider="sandbox", amount=placed.total, at=at
    )
    for payment, outcome in ((second, "paid"), (first, "returned")):
        said = PaymentReport(payment.ref, ReportStatus.DONE, payment.amount, provider_ref=payment.ref)
        assert payment_received.record(report=said, at=at) == outcome
    unit = orders.units_of(placed.order_ref)[0].unit_ref
    back = refund.refund(
        order_ref=placed.order_ref, unit_refs=[unit], reason="", by=shop.shopper, as_operator=False, at=at
    )
    assert (back.payment_ref, back.amount) == (second.ref, Money(1990, "EUR"))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("arrived", [Money(1, "EUR"), Money(199_000, "EUR"), Money(1990, "SEK")])
def test_wrong_money_is_kept_apart_and_sent_back(at: datetime, sandbox: Sandbox, arrived: Money) -> None:
    shop = scene(at=at)
    placed = shop.order()
    assert shop.money_arrives(placed, amount=arrived) == "mismatch"
    assert state_of(placed.order_ref) is OrderState.AWAITING_PAYMENT
    assert vouchers.wallet(shop.shopper, at=at) == []
    assert balance(AccountKind.SUSPENSE, "sandbox", arrived.unit) == arrived
    (sent,) = payments.refunds_of_order(placed.order_ref)
    assert (sent.amount, sent.from_suspense) == (arrived, True)


@pytest.mark.django_db(transaction=True)
def test_whole_way_through_the_sandbox(sandbox: Sandbox) -> None:
    """Start at the provider, pay on its page, its signed webhook, and its own books agree with ours."""
    from hutong.flows import checkout
    from hutong.pay.payments.services import reconcile

    at = clock.now()
    shop = scene(at=at)
    placed = shop.order()
    url = checkout.pay(
        order_ref=placed.order_ref,
        person=shop.shopper,
        return_url="http://127.0.0.1:8000/back",
        language="en",
        at=at,
    )
    assert url.startswith(sandbox.url)
    assert (
        checkout.pay(
            order_ref=placed.order_ref, person=shop.shopper, return_url="http://127.0.0.1:8000/back", language="en",
            at=at,
        )
        == url
    )  # fmt: skip
    payment = payments.payment_for_order(placed.order_ref)
    assert payment is not None
    sandbox.pay(payment.ref)
    (hook,) = sandbox.listener.wait_for(payment.ref)
    for outcome in ("paid", "paid"):
        received = payment_received.receive(
            provider="sandbox", headers=hook.headers, body=hook.body, at=clock.now()
        )
        assert received == outcome
    assert state_of(placed.order_ref) is OrderState.PAID
    assert [
        d for d in reconcile(provider="sandbox", at=clock.now(), grace_s=0) if d.payment_ref == payment.ref
    ] == []


@pytest.mark.django_db
def test_a_webhook_whose_taker_died_has_its_effect_all_the_same(at: datetime, settings: Any) -> None:
    """The provider got no answer and does not send it again: the janitor reads what was kept."""
    shop = scene(at=at)
    placed = shop.order(at=at)
    (made,) = payments.payments_of_order(placed.order_ref)
    headers, body = paid_webhook(made, secret=settings.HUTONG_SANDBOX_SECRET, at=at)
    services.receive_webhook(provider="sandbox", headers=headers, body=body, at=at)
    assert payment_received.take_left_behind(at=at) == 0
    later = at + timedelta(minutes=2)
    assert payment_received.take_left_behind(at=later) == 1
    assert state_of(placed.order_ref) is OrderState.PAID
    assert payment_received.take_left_behind(at=later) == 0
    assert payments.problems(at + timedelta(hours=2)) == []


@pytest.mark.django_db(transaction=True)
def test_failed_refund_is_seen(at: datetime, sandbox: Sandbox) -> None:
    """A provider that never heard of the payment refuses its refund: the books say where the money is."""
    shop = scene(at=at, capacity=1)
    placed = shop.order()
    expire_orders.run(at=at + LATER)
    shop.money_arrives(shop.order(by=people.person(), at=at + LATER), at=at + LATER)
    shop.money_arrives(placed, at=at + LATER)
    (sent,) = payments.refunds_of_order(placed.order_ref)
    assert sent.state in (RefundState.FAILED, RefundState.UNKNOWN)
    assert books.check(at=at, ask_providers=False).problems == ()
