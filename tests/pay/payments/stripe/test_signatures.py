"""What Stripe did not sign is refused; what it did sign is read in any order."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hutong.kernel import clock, ids
from hutong.kernel.errors import DomainError
from hutong.kernel.money import Money
from hutong.pay.payments.providers.errors import SignatureInvalid, WebhookMalformed
from hutong.pay.payments.providers.stripe.client import StripeProvider
from hutong.pay.payments.types import Event, ReportStatus
from tests.fakes.providers.stripe import StripeSimulator
from tests.faults.figures import Measured
from tests.pay.payments.contract import PRICE, refund_of, request_for

Client = Callable[..., StripeProvider]
Hook = tuple[dict[str, str], bytes]
MUTATIONS = 500


@pytest.fixture
def hook(simulator: StripeSimulator, client: Client) -> Hook:
    """An event about a payment that was paid."""
    payment_ref = ids.new_id("pay")
    client().start(request_for(payment_ref, PRICE))
    simulator.pay(payment_ref)
    return simulator.about(payment_ref)[-1]


def parse(provider: StripeProvider, headers: dict[str, str], body: bytes) -> Event:
    return provider.parse_webhook(headers=headers, body=body, at=clock.now())


def test_a_secret_of_somebody_else_is_refused(client: Client, hook: Hook) -> None:
    with pytest.raises(SignatureInvalid):
        parse(client(webhook_secrets=["whsec_of_another_endpoint"]), *hook)


@pytest.mark.parametrize("secrets", [[], [""], ["  "]])
def test_without_a_secret_nothing_is_accepted(client: Client, secrets: list[str]) -> None:
    provider = client(webhook_secrets=secrets)
    for key in ("", " "):
        forger = StripeSimulator(webhook_secrets=[key])
        body = forger.event("refund.created", {})
        with pytest.raises(SignatureInvalid):
            parse(provider, forger.sign(body), body)


def test_a_rolled_secret_is_accepted_with_the_old_and_the_new_one(client: Client, hook: Hook) -> None:
    _headers, body = hook
    rolled = StripeSimulator(webhook_secrets=["whsec_old", "whsec_new"])
    headers = rolled.sign(body)
    assert headers["Stripe-Signature"].count("v1=") == 2
    for known in (["whsec_old"], ["whsec_new"], ["whsec_other", "whsec_new"]):
        assert parse(client(webhook_secrets=known), headers, body).payment is not None
    with pytest.raises(SignatureInvalid):
        parse(client(webhook_secrets=["whsec_older"]), headers, body)


@pytest.mark.parametrize(
    ("seconds", "taken"), [(0, True), (298, True), (-298, True), (303, False), (-303, False)]
)
def test_the_tolerance_is_300_seconds_to_both_sides(
    simulator: StripeSimulator, client: Client, hook: Hook, seconds: int, taken: bool
) -> None:
    _headers, body = hook
    at = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
    headers = simulator.sign(body, at=at - timedelta(seconds=seconds))
    if taken:
        assert client().parse_webhook(headers=headers, body=body, at=at).payment is not None
        return
    with pytest.raises(SignatureInvalid):
        client().parse_webhook(headers=headers, body=body, at=at)


def test_a_fresh_time_does_not_renew_an_old_signature(client: Client, hook: Hook) -> None:
    headers, body = hook
    signature = headers["Stripe-Signature"]
    sent_at = signature.partition(",")[0].removeprefix("t=")
    with pytest.raises(SignatureInvalid):
        parse(client(), {"Stripe-Signature": signature.replace(sent_at, str(int(sent_at) + 1))}, body)


def test_the_older_scheme_alone_is_not_enough(client: Client, hook: Hook) -> None:
    headers, body = hook
    parts = headers["Stripe-Signature"].split(",")
    v1 = next(part for part in parts if part.startswith("v1="))
    for forged in (parts[0], f"{parts[0]},{v1.replace('v1=', 'v0=')}", f"{parts[0]},v1=", f"{parts[0]},v1"):
        with pytest.raises(SignatureInvalid):
            parse(client(), {"Stripe-Signature": forged}, body)


@pytest.mark.parametrize(
    "values",
    [
        ["", "t=", "t=,v1=", "v1=abc", "t=é,v1=é", "t=²,v1=x", "t=-5,v1=x", "t=1e9,v1=x", "t=01,v1=x"],
        ["t=99999999999,v1=x", "t=1,t=2,v1=x", "=" * 50, "," * 500, "t=1" * 5_000, "\x00\x01", "t=٣,v1=x"],
    ],
)
def test_junk_in_the_header_is_refused(client: Client, hook: Hook, values: list[str]) -> None:
    for value in values:
        for name in ("Stripe-Signature", "stripe-signature"):
            with pytest.raises(SignatureInvalid):
                parse(client(), {name: value}, hook[1])
    with pytest.raises(SignatureInvalid):
        parse(client(), {}, hook[1])


@pytest.mark.figure
def test_500_mutations_are_never_accepted(client: Client, hook: Hook, measured: Measured) -> None:
    """Figure 10. Each changes the body or the signature; a change that leaves both as they were is none, and made anew."""
    headers, body = hook
    signature = headers["Stripe-Signature"].encode()
    draw = random.Random(10)
    provider, signed, tried = client(), signature.rpartition(b",v0=")[0], 0
    # The control: as it came, and without the older scheme, it is believed.
    for told in (signature, signed):
        assert parse(provider, {"Stripe-Signature": told.decode()}, body).payment is not None
    while tried < MUTATIONS:
        new_body, new_signature = body, signature
        if draw.random() < 0.5:
            new_body = _mutated(body, draw)
        else:
            new_signature = _mutated(signed, draw)
        if (new_body, new_signature) in ((body, signature), (body, signed)):
            continue
        tried += 1
        with pytest.raises(DomainError) as refused:
            parse(provider, {"Stripe-Signature": new_signature.decode("latin-1")}, new_body)
        assert refused.value.status < 500
    measured(10, "forged notifications at stripe", f"{tried} of {tried} changed ones refused, none a fault")


def _mutated(data: bytes, draw: random.Random) -> bytes:
    place = draw.randrange(len(data))
    kind = draw.randrange(4)
    if kind == 0:
        return data[:place] + bytes([data[place] ^ (1 << draw.randrange(8))]) + data[place + 1 :]
    if kind == 1:
        return data[:place] + data[place + 1 :]
    if kind == 2:
        return data[:place] + bytes([draw.randrange(256)]) + data[place:]
    return data[:place]


def test_what_is_signed_and_unreadable_is_malformed(simulator: StripeSimulator, client: Client) -> None:
    session = {
        "id": "cs_1",
        "status": "complete",
        "payment_status": "paid",
        "metadata": {"payment_ref": "pay_1"},
    }
    bodies = [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"[" * 5_000,
        simulator.event("checkout.session.completed", {}),
        simulator.event("checkout.session.completed", session),
        simulator.event("checkout.session.completed", {**session, "amount_total": 19.9, "currency": "eur"}),
        simulator.event("checkout.session.completed", {**session, "amount_total": True, "currency": "eur"}),
        simulator.event("checkout.session.completed", {**session, "amount_total": 1990, "currency": "euro"}),
        simulator.event(
            "checkout.session.completed", {**session, "status": "new", "payment_status": "unpaid"}
        ),
        simulator.event(
            "refund.updated", {"id": "re_1", "status": "gone", "metadata": {"refund_ref": "rfd_1"}}
        ),
    ]
    for body in bodies:
        with pytest.raises(WebhookMalformed):
            parse(client(), simulator.sign(body), body)


def test_what_is_about_nothing_of_ours_says_so(simulator: StripeSimulator, client: Client) -> None:
    """Another shop on the same account, a refund made by hand in the Dashboard, and another kind of event."""
    session = {"id": "cs_1", "status": "expired", "payment_status": "unpaid", "metadata": {}}
    refund = {"id": "re_1", "status": "succeeded", "metadata": {}}
    others: list[tuple[str, dict[str, Any]]] = [
        ("checkout.session.expired", session),
        ("refund.created", refund),
        ("customer.created", {"id": "cus_1"}),
    ]
    for kind, thing in others:
        body = simulator.event(kind, thing)
        event = parse(client(), simulator.sign(body), body)
        assert (event.payment, event.refund) == (None, None)
        assert event.event_id


def test_copies_of_an_event_have_one_id_and_other_events_others(
    simulator: StripeSimulator, client: Client, hook: Hook
) -> None:
    headers, body = hook
    later = simulator.sign(body, at=clock.now() + timedelta(seconds=60))
    first, copy = parse(client(), headers, body), parse(client(), later, body)
    assert (first.event_id, first.payment) == (copy.event_id, copy.payment)
    assert first.event_id != json.loads(simulator.event("refund.created", {}))["id"]


def test_the_webhook_says_what_money_really_came(simulator: StripeSimulator, client: Client) -> None:
    payment_ref = ids.new_id("pay")
    client().start(request_for(payment_ref, PRICE))
    simulator.pay(payment_ref, amount=1, unit="USD")
    event = parse(client(), *simulator.about(payment_ref)[-1])
    assert event.payment is not None
    assert (event.payment.status, event.payment.captured) == (ReportStatus.DONE, Money(1, "USD"))


def test_events_tell_of_money_that_takes_days(simulator: StripeSimulator, client: Client) -> None:
    told = []
    for end in (simulator.pay, simulator.decline):
        payment_ref = ids.new_id("pay")
        client().start(request_for(payment_ref, PRICE))
        simulator.complete_unpaid(payment_ref)
        end(payment_ref)
        reports = [parse(client(), *hook).payment for hook in simulator.about(payment_ref)]
        told.append([report.status for report in reports if report])
    assert told == [[ReportStatus.PENDING, ReportStatus.DONE], [ReportStatus.PENDING, ReportStatus.FAILED]]


def test_events_tell_of_a_refund_that_fails_late(simulator: StripeSimulator, client: Client) -> None:
    payment_ref = ids.new_id("pay")
    started = client().start(request_for(payment_ref, PRICE))
    simulator.pay(payment_ref)
    simulator.faults.ask("refund_pending", call="refund")
    request = refund_of(payment_ref, started.provider_ref, PRICE)
    assert client().refund(request).status is ReportStatus.PENDING
    simulator.end_refund(request.refund_ref, done=False)
    reports = [parse(client(), *hook).refund for hook in simulator.about(request.refund_ref)]
    assert [report.status for report in reports if report] == [ReportStatus.PENDING, ReportStatus.FAILED]
    asked = client().query_refund(refund_ref=request.refund_ref, payment_ref=payment_ref, provider_ref=None)
    assert (asked.status, asked.reason) == (ReportStatus.FAILED, "lost_or_stolen_card")
