"""Webhooks: kept once, however often they come; forged ones leave nothing behind."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.kernel.money import Money
from hutong.pay.payments import queries, services
from hutong.pay.payments.models import WebhookInbox
from hutong.pay.payments.providers.errors import SignatureInvalid, WebhookMalformed
from hutong.pay.payments.types import Outcome, PaymentState, ReportStatus
from tests.concurrency.forgetting import forgetting
from tests.factories.payments import RETURN_URL, paid_webhook, payment, signed_webhook
from tests.fakes.sandbox import SECRET, Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _secret(settings: Any) -> None:
    settings.HUTONG_SANDBOX_SECRET = SECRET


def receive(headers: dict[str, str], body: bytes, at: datetime) -> Outcome:
    """What the flow does with a webhook, without what follows in other rooms."""
    received = services.receive_webhook(provider="sandbox", headers=headers, body=body, at=at)
    if not received.first:
        return Outcome(received.outcome)
    assert received.event.payment is not None
    recorded = services.record_report(report=received.event.payment, at=at)
    services.mark_processed(inbox_id=received.inbox_id, outcome=recorded.outcome, at=at)
    return recorded.outcome


def test_the_sandbox_tells_us_that_it_was_paid(sandbox: Sandbox) -> None:
    at = clock.now()
    made = payment(at=at)
    services.start(payment_ref=made.ref, return_url=RETURN_URL, at=at)
    sandbox.pay(made.ref)
    hook = sandbox.listener.wait_for(made.ref)[0]
    assert receive(hook.headers, hook.body, clock.now()) is Outcome.RECORDED
    assert bytes(WebhookInbox.objects.get().body) == hook.body


def test_a_webhook_faster_than_our_own_reply(at: datetime) -> None:
    made = payment(at=at)
    headers, body = paid_webhook(made, secret=SECRET, at=at)
    assert receive(headers, body, at) is Outcome.RECORDED
    found = queries.payment_by_ref(made.ref)
    assert found is not None
    assert found.state is PaymentState.CAPTURED


def test_copies_get_the_same_answer_and_have_their_effect_once(at: datetime) -> None:
    made = payment(at=at)
    headers, body = paid_webhook(made, secret=SECRET, at=at)
    answers = [receive(headers, body, at + timedelta(seconds=copy)) for copy in range(5)]
    assert answers == [Outcome.RECORDED] * 5
    assert WebhookInbox.objects.count() == 1
    found = queries.payment_by_ref(made.ref)
    assert found is not None
    assert found.captured_at == at


def at_once(copies: int, headers: dict[str, str], body: bytes, at: datetime) -> list[Outcome]:
    """As many copies are all kept before any of them has its effect; what came of each."""
    barrier = threading.Barrier(copies, timeout=30)

    def one(_copy: int) -> Outcome:
        try:
            connection.ensure_connection()
            barrier.wait()
            received = services.receive_webhook(provider="sandbox", headers=headers, body=body, at=at)
            assert received.first
            assert received.event.payment is not None
            barrier.wait()
            recorded = services.record_report(report=received.event.payment, at=at)
            services.mark_processed(inbox_id=received.inbox_id, outcome=recorded.outcome, at=at)
            return recorded.outcome
        finally:
            connection.close()

    with ThreadPoolExecutor(copies) as pool:
        return list(pool.map(one, range(copies)))


@pytest.mark.django_db(transaction=True)
def test_32_copies_at_the_same_moment_have_their_effect_once(at: datetime) -> None:
    made = payment(at=at)
    outcomes = at_once(32, *paid_webhook(made, secret=SECRET, at=at), at)
    assert sorted(outcomes) == [Outcome.RECORDED, *[Outcome.REPEATED] * 31]
    assert WebhookInbox.objects.count() == 1
    found = queries.payment_by_ref(made.ref)
    assert found is not None
    assert found.captured == 1990


@pytest.mark.django_db(transaction=True)
def test_control_copies_that_find_it_unpaid_each_have_the_effect(at: datetime) -> None:
    """The payment forgets that it was captured: nothing else tells the copies that they come late."""
    hook = paid_webhook(payment(at=at), secret=SECRET, at=at)
    with forgetting("payments_payment"):
        assert at_once(4, *hook, at) == [Outcome.RECORDED] * 4


def test_a_crash_between_keeping_and_processing_leaves_it_to_the_next_copy(at: datetime) -> None:
    made = payment(at=at)
    headers, body = paid_webhook(made, secret=SECRET, at=at)
    services.receive_webhook(provider="sandbox", headers=headers, body=body, at=at)
    assert [problem.code for problem in queries.problems(at + timedelta(hours=2))] == ["webhook_unprocessed"]
    assert receive(headers, body, at) is Outcome.RECORDED
    assert queries.problems(at + timedelta(hours=2)) == []


def test_what_was_left_behind_is_read_again_as_at_the_moment_it_came(at: datetime) -> None:
    made = payment(at=at)
    headers, body = paid_webhook(made, secret=SECRET, at=at)
    services.receive_webhook(provider="sandbox", headers=headers, body=body, at=at)
    assert services.left_behind(at=at + timedelta(seconds=59)) == []
    (inbox_id,) = services.left_behind(at=at + timedelta(days=3))
    again = services.read_again(inbox_id=inbox_id)
    assert again is not None
    provider, received = again
    assert (provider, received.first) == ("sandbox", True)
    assert received.event.payment is not None
    assert received.event.payment.payment_ref == made.ref
    services.mark_processed(inbox_id=inbox_id, outcome="recorded", at=at)
    assert services.read_again(inbox_id=inbox_id) is None


def test_one_that_cannot_be_checked_any_more_is_not_believed(at: datetime) -> None:
    headers, body = paid_webhook(payment(at=at), secret=SECRET, at=at)
    services.receive_webhook(provider="sandbox", headers=headers, body=body, at=at)
    WebhookInbox.objects.update(headers={})
    (inbox_id,) = services.left_behind(at=at + timedelta(hours=1))
    with pytest.raises(SignatureInvalid):
        services.read_again(inbox_id=inbox_id)


def test_marking_twice_is_seen(at: datetime) -> None:
    headers, body = paid_webhook(payment(at=at), secret=SECRET, at=at)
    kept = services.receive_webhook(provider="sandbox", headers=headers, body=body, at=at)
    marks = [services.mark_processed(inbox_id=kept.inbox_id, outcome="x", at=at) for _ in range(2)]
    assert marks == [True, False]


@pytest.mark.parametrize("money", [Money(1, "EUR"), Money(1990, "USD"), Money(199000, "EUR")])
def test_signed_news_of_the_wrong_money_is_a_mismatch(at: datetime, money: Money) -> None:
    made = payment(at=at)
    headers, body = paid_webhook(made, secret=SECRET, at=at, money=money)
    assert receive(headers, body, at) is Outcome.MISMATCH


def refused(headers: dict[str, str], body: bytes, at: datetime) -> None:
    with pytest.raises(SignatureInvalid) as caught:
        services.receive_webhook(provider="sandbox", headers=headers, body=body, at=at)
    assert caught.value.status == 401
    assert not WebhookInbox.objects.exists()


@pytest.mark.parametrize("seconds", [-100_000, -301, 301, 100_000])
def test_a_replay_from_another_time_is_refused(at: datetime, seconds: int) -> None:
    headers, body = paid_webhook(payment(at=at), secret=SECRET, at=at + timedelta(seconds=seconds))
    refused(headers, body, at)


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_clock_that_is_off_a_little_is_forgiven(at: datetime, seconds: int) -> None:
    headers, body = paid_webhook(payment(at=at), secret=SECRET, at=at + timedelta(seconds=seconds))
    assert receive(headers, body, at) is Outcome.RECORDED


def test_another_secret_is_refused(at: datetime) -> None:
    headers, body = paid_webhook(payment(at=at), secret="some other secret of this kind", at=at)
    refused(headers, body, at)


JUNK = ["", " ", ",", "v1", "v1,", "v1,,", "v1,####", "v2,AAAA", "ü", "\ud800", "\x00", "-1", "1e9", "NaN"]
JUNK += ["9" * 400, "٣٤", "v1," + "A" * 10_000, "²", "1780304400.5"]


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("junk", JUNK)
def test_junk_headers_are_refused_and_nothing_else(at: datetime, name: str, junk: str) -> None:
    headers, body = paid_webhook(payment(at=at), secret=SECRET, at=at)
    refused({**headers, name: junk}, body, at)
    del headers[name]
    refused(headers, body, at)


def test_header_names_come_in_any_case(at: datetime) -> None:
    headers, body = paid_webhook(payment(at=at), secret=SECRET, at=at)
    assert receive({name.title(): value for name, value in headers.items()}, body, at) is Outcome.RECORDED


def test_one_good_signature_among_several_is_enough(at: datetime) -> None:
    """A provider that changes its key signs with the old and the new one for a while."""
    headers, body = paid_webhook(payment(at=at), secret=SECRET, at=at)
    headers["webhook-signature"] = f"v1,AAAA {headers['webhook-signature']}"
    assert receive(headers, body, at) is Outcome.RECORDED


def test_500_mutations_none_accepted_none_a_crash(at: datetime) -> None:
    chance = random.Random(20260601)
    made = payment(at=at)
    good, good_body = paid_webhook(made, secret=SECRET, at=at)
    for _ in range(500):
        headers, body = dict(good), bytearray(good_body)
        where = chance.choice([*headers, "body"])
        if where == "body":
            place = chance.randrange(len(body))
            body[place : place + chance.randrange(2)] = bytes([chance.randrange(256)])
        else:
            text = list(headers[where])
            text[chance.randrange(len(text))] = chr(chance.choice([0, 32, 44, 48, 65, 255, 0x4E2D]))
            headers[where] = "".join(text)
        if (headers, bytes(body)) != (good, good_body):
            refused(headers, bytes(body), at)


SHAPES: list[dict[str, Any]] = [
    {},
    {"status": "paid"},
    {"reference": "pay_1", "status": "paid", "id": "x", "captured": "1990", "captured_currency": "EUR"},
    {"reference": "pay_1", "status": "paid", "id": "x", "captured": 19.9, "captured_currency": "EUR"},
    {"reference": "pay_1", "status": "no such", "id": "x"},
]


@pytest.mark.parametrize("data", SHAPES)
def test_signed_nonsense_is_malformed(at: datetime, data: dict[str, Any]) -> None:
    headers, body = signed_webhook(data, kind="payment.paid", secret=SECRET, at=at)
    with pytest.raises(WebhookMalformed):
        services.receive_webhook(provider="sandbox", headers=headers, body=body, at=at)
    assert not WebhookInbox.objects.exists()


def test_an_unknown_kind_is_malformed(at: datetime) -> None:
    headers, body = signed_webhook({}, kind="customer.created", secret=SECRET, at=at)
    with pytest.raises(WebhookMalformed):
        services.receive_webhook(provider="sandbox", headers=headers, body=body, at=at)


def test_too_large_a_body_and_an_unknown_provider_are_domain_errors(at: datetime) -> None:
    for provider, body, status in (("sandbox", b"x" * 70_000, 413), ("nobody", b"{}", 404)):
        with pytest.raises(DomainError) as caught:
            services.receive_webhook(provider=provider, headers={}, body=body, at=at)
        assert caught.value.status == status


def test_the_sandbox_tries_again_until_we_answer(sandbox: Sandbox) -> None:
    at = clock.now()
    made = payment(at=at)
    services.start(payment_ref=made.ref, return_url=RETURN_URL, at=at)
    sandbox.listener.statuses += [500, 503]
    sandbox.pay(made.ref)
    hooks = sandbox.listener.wait_for(made.ref, count=3)
    assert len({hook.headers["webhook-id"] for hook in hooks}) == 1
    assert len({hook.body for hook in hooks}) == 1


def test_faults_of_webhooks_duplicated_delayed_lost(sandbox: Sandbox) -> None:
    at = clock.now()
    doubled, delayed, lost = (payment(at=at) for _ in range(3))
    for made in (doubled, delayed, lost):
        services.start(payment_ref=made.ref, return_url=RETURN_URL, at=at)
    sandbox.fault("duplicate_webhook", reference=doubled.ref, value=4)
    sandbox.fault("delay_webhook", reference=delayed.ref, value=0.4)
    sandbox.fault("lose_webhook", reference=lost.ref)
    for made in (delayed, lost, doubled):
        sandbox.pay(made.ref)
    hooks = sandbox.listener.wait_for(doubled.ref, count=4)
    assert {receive(hook.headers, hook.body, clock.now()) for hook in hooks} == {Outcome.RECORDED}
    assert sandbox.listener.about(delayed.ref) == []
    sandbox.listener.wait_for(delayed.ref)
    assert sandbox.listener.about(lost.ref) == []
    assert services.ask(payment_ref=lost.ref, at=at).status is ReportStatus.DONE
