"""What the clock asks for goes on past the one thing that fails: that is logged, told to operators, and tried again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, Error, OperationalError, connection, transaction

from hutong.flows import expire_orders, jobs, payment_received, transfers
from hutong.flows.alarms import isolated
from hutong.kernel.money import Money
from hutong.kernel.rows import execute, scalar
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState, PlacedOrder
from hutong.pay.payments import queries as payments
from hutong.pay.payments import services
from hutong.pay.payments.models import Payment, Transfer, WebhookInbox
from hutong.pay.payments.types import TransferRequest
from hutong.town.notifications.models import Notification
from tests.factories import people
from tests.factories.loop import Scene, scene
from tests.factories.payments import RETURN_URL, paid_webhook
from tests.fakes.providers.server import running
from tests.fakes.providers.stripe.simulator import StripeSimulator
from tests.fakes.sandbox import Sandbox, free_port

pytestmark = [pytest.mark.django_db(transaction=True)]
OVER = timedelta(minutes=16)


def state_of(placed: PlacedOrder) -> OrderState:
    facts = orders.order_facts(placed.order_ref)
    assert facts is not None
    return facts.state


@contextmanager
def stock_lost(shop: Scene) -> Iterator[None]:
    """The shop's stock no longer knows what is held: nothing of it can be given back or sold."""
    where = "WHERE offer_ref = %s"
    held = scalar(f"SELECT held FROM stock_stock {where}", [shop.offer.public_id])
    execute(f"UPDATE stock_stock SET held = 0 {where}", [shop.offer.public_id])
    yield
    execute(f"UPDATE stock_stock SET held = %s {where}", [held, shop.offer.public_id])


@pytest.fixture
def told() -> Callable[[], list[str]]:
    """What an operator was told of that fails, so far."""
    operator = people.operator()

    def read() -> list[str]:
        jobs.drain()
        found = Notification.objects.filter(kind="clock_trouble", person=operator).order_by("pk")
        return [one.params["what"] for one in found]

    return read


@pytest.fixture
def two(at: datetime) -> tuple[Scene, PlacedOrder, Scene, PlacedOrder]:
    """Two shops with an order each; the first one is older."""
    first, second = scene(at=at, capacity=3), scene(at=at, capacity=3)
    return first, first.order(), second, second.order(at=at + timedelta(seconds=1))


Told = Callable[[], list[str]]
Two = tuple[Scene, PlacedOrder, Scene, PlacedOrder]


def test_an_order_that_cannot_end_keeps_no_other_from_it(
    two: Two, told: Told, at: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    broken, stays, _fine, ends = two
    with stock_lost(broken):
        assert expire_orders.run(at=at + OVER, limit=1) == 1
        assert (state_of(stays), state_of(ends)) == (OrderState.AWAITING_PAYMENT, OrderState.EXPIRED)
        what = f"expire_orders {stays.order_ref}"
        assert [record.getMessage().split(" failed")[0] for record in caplog.records] == [what]
        assert caplog.records[0].exc_info
        assert told() == [what]
        # Every two seconds it fails again, and nobody reads of it a thousand times.
        for seconds in (2, 4):
            assert expire_orders.run(at=at + OVER + timedelta(seconds=seconds), limit=1) == 0
        assert len(caplog.records) == 1
        expire_orders.run(at=at + OVER + timedelta(minutes=10), limit=1)
        assert len(caplog.records) == 2
        assert len(told()) == 1
        expire_orders.run(at=at + OVER + timedelta(days=1), limit=1)
        assert len(told()) == 2
    assert expire_orders.run(at=at + OVER) == 1
    assert state_of(stays) is OrderState.EXPIRED


def test_a_step_that_fails_keeps_no_other_from_being_taken(
    told: Told, at: datetime, sandbox: Sandbox
) -> None:
    operator, shop = people.operator(), scene(at=at)
    shop.order()
    Payment.objects.update(state="unknown", created_at=at)
    execute("ALTER TABLE ledger_lot RENAME TO ledger_lot_away")
    try:
        jobs.tick(at=at + timedelta(minutes=11))
    finally:
        execute("ALTER TABLE ledger_lot_away RENAME TO ledger_lot")
    jobs.drain()
    kinds = Notification.objects.filter(person=operator).order_by("pk").values_list("kind", flat=True)
    # The points are before it, and the check of the books, which reads them as well.
    assert list(kinds) == ["clock_trouble", "provider_trouble"]
    assert told() == ["points"]


def paid_unheard(shop: Scene, placed: PlacedOrder, sandbox: Sandbox, at: datetime) -> str:
    """The shopper paid, and the webhook was lost."""
    payment = payments.payment_for_order(placed.order_ref)
    assert payment is not None
    services.start(payment_ref=payment.ref, return_url=RETURN_URL, at=at)
    sandbox.fault("lose_webhook", reference=payment.ref)
    sandbox.pay(payment.ref)
    return payment.ref


def test_an_answer_that_cannot_be_recorded_takes_no_other_with_it(
    two: Two, told: Told, sandbox: Sandbox, at: datetime
) -> None:
    broken, stays, fine, paid = two
    first = paid_unheard(broken, stays, sandbox, at)
    paid_unheard(fine, paid, sandbox, at + timedelta(seconds=1))
    with stock_lost(broken):
        assert payment_received.ask_unknown(at=at + timedelta(seconds=10)) == 1
        assert (state_of(stays), state_of(paid)) == (OrderState.AWAITING_PAYMENT, OrderState.PAID)
        assert told() == [f"ask_unknown {first}"]
    # It has its next turn as if nobody had answered.
    assert payment_received.ask_unknown(at=at + timedelta(seconds=25)) == 1
    assert state_of(stays) is OrderState.PAID


def left_behind(*orders: PlacedOrder, secret: str, at: datetime) -> None:
    """Webhooks of their money that were kept, and whose taker died."""
    for placed in orders:
        made = payments.payment_for_order(placed.order_ref)
        assert made is not None
        headers, body = paid_webhook(made, secret=secret, at=at)
        services.receive_webhook(provider="sandbox", headers=headers, body=body, at=at)


def test_a_webhook_that_fails_keeps_no_other_from_its_effect(
    two: Two, told: Told, at: datetime, settings: Any
) -> None:
    broken, stays, _fine, paid = two
    left_behind(stays, paid, secret=settings.HUTONG_SANDBOX_SECRET, at=at)
    oldest = WebhookInbox.objects.earliest("pk")
    later = at + timedelta(minutes=2)
    with stock_lost(broken):
        assert payment_received.take_left_behind(at=later) == 1
        assert (state_of(stays), state_of(paid)) == (OrderState.AWAITING_PAYMENT, OrderState.PAID)
        assert told() == [f"webhooks {oldest.pk}"]
    assert payment_received.take_left_behind(at=later) == 1
    assert state_of(stays) is OrderState.PAID


def test_webhooks_that_cannot_be_read_any_more_keep_no_other_waiting(
    two: Two, at: datetime, settings: Any
) -> None:
    _broken, stays, _fine, paid = two
    left_behind(stays, paid, secret=settings.HUTONG_SANDBOX_SECRET, at=at)
    WebhookInbox.objects.filter(pk=WebhookInbox.objects.earliest("pk").pk).update(headers={})
    later = at + timedelta(minutes=2)
    assert payment_received.take_left_behind(at=later, limit=1) == 1
    assert (state_of(stays), state_of(paid)) == (OrderState.AWAITING_PAYMENT, OrderState.PAID)
    assert payment_received.take_left_behind(at=later, limit=1) == 0


def test_a_bill_that_cannot_be_fetched_keeps_no_other_from_coming(
    told: Told, at: datetime, settings: Any
) -> None:
    stripe = StripeSimulator()
    settings.HUTONG_SANDBOX_URL = "http://127.0.0.1:port"
    settings.HUTONG_PROVIDERS = ["sandbox", "stripe"]
    with running(stripe):
        settings.HUTONG_PROVIDER_KEYS = {
            "stripe": {
                "secret_key": stripe.secret_key,
                "webhook_secrets": stripe.webhook_secrets,
                "url": stripe.url,
            }
        }
        found = jobs.fetch_bills(at=at + timedelta(days=1))
    assert [bill.provider for bill in found] == ["stripe"]
    assert told() == ["fetch_bills sandbox"]


def test_a_payout_that_cannot_be_sent_keeps_no_other_from_its_turn(
    told: Told, at: datetime, settings: Any
) -> None:
    settings.HUTONG_PROVIDER_KEYS = {
        "alipay": {},
        "stripe": {"secret_key": "sk_x", "webhook_secrets": [], "url": f"http://127.0.0.1:{free_port()}"},
    }
    settings.HUTONG_PROVIDER_KEYS["stripe"]["connect"] = "1"
    for name in ("alipay", "stripe"):
        request = TransferRequest(f"pyt_{name}", Money(100, "EUR"), "acct_1", "Kahvila", "Payout")
        services.ask_for_transfer(provider=name, request=request, at=at)
    transfers.run(at=at)
    assert dict(Transfer.objects.values_list("provider", "tries")) == {"alipay": 0, "stripe": 1}
    assert told() == ["transfers pyt_alipay"]


def test_a_broken_statement_leaves_the_connection_to_whoever_comes_next(at: datetime) -> None:
    with isolated("a statement", at=at):
        execute("SELECT 1 / 0")
    with isolated("a transaction", at=at), transaction.atomic():
        people.operator()
        execute("SELECT 1 / 0")
    assert scalar("SELECT count(*) FROM people_person") == 0
    assert scalar("SELECT 1") == 1


def test_without_a_database_nothing_is_gone_on_with(at: datetime) -> None:
    with pytest.raises(OperationalError), isolated("a step", at=at):
        execute("SELECT pg_terminate_backend(pg_backend_pid())")
    connection.close()
    with pytest.raises(DatabaseError), transaction.atomic(), isolated("a step", at=at):
        execute("SELECT 1 / 0")


def test_who_cannot_be_told_keeps_nobody_from_work(at: datetime, caplog: pytest.LogCaptureFixture) -> None:
    execute("ALTER TABLE kernel_outboxrow RENAME TO kernel_outboxrow_away")
    try:
        with isolated("a step", "ord_1", at=at):
            raise Error("it is broken")
    finally:
        execute("ALTER TABLE kernel_outboxrow_away RENAME TO kernel_outboxrow")
    assert [record.getMessage().split(" failed")[0] for record in caplog.records] == [
        "a step ord_1",
        "operators were not told that a step ord_1",
    ]
