"""Stripe's own library against our simulator and our signatures: if it agrees, we have the protocol right."""

from __future__ import annotations

import json
from typing import Any

import pytest
import stripe

from hutong.kernel import clock, ids
from hutong.pay.payments.providers.stripe.client import StripeProvider
from hutong.pay.payments.types import ReportStatus
from tests.fakes.providers.stripe import StripeSimulator
from tests.pay.payments.contract import PRICE, request_for


@pytest.fixture
def theirs(simulator: StripeSimulator) -> stripe.StripeClient:
    return stripe.StripeClient(
        simulator.secret_key, base_addresses={"api": simulator.url}, max_network_retries=0
    )


@pytest.fixture
def ours(simulator: StripeSimulator) -> StripeProvider:
    return StripeProvider(
        url=simulator.url,
        secret_key=simulator.secret_key,
        webhook_secrets=simulator.webhook_secrets,
        timeout_s=10,
    )


def session_for(payment_ref: str) -> Any:
    return {
        "mode": "payment",
        "client_reference_id": payment_ref,
        "metadata": {"payment_ref": payment_ref},
        "payment_intent_data": {"metadata": {"payment_ref": payment_ref}},
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "eur",
                    "unit_amount": PRICE.minor,
                    "product_data": {"name": "Two coffees"},
                },
            }
        ],
        "success_url": "http://127.0.0.1:8000/back",
        "cancel_url": "http://127.0.0.1:8000/back",
    }


def test_what_their_client_starts_ours_reads_and_refunds_the_other_way_round(
    simulator: StripeSimulator, theirs: stripe.StripeClient, ours: StripeProvider
) -> None:
    payment_ref = ids.new_id("pay")
    options: Any = {"idempotency_key": ids.new_id("att")}
    session = theirs.v1.checkout.sessions.create(session_for(payment_ref), options)
    again = theirs.v1.checkout.sessions.create(session_for(payment_ref), options)
    assert (again.id, again.url) == (session.id, session.url)
    simulator.pay(payment_ref)
    report = ours.query(payment_ref=payment_ref, provider_ref=session.id)
    assert (report.status, report.captured) == (ReportStatus.DONE, PRICE)
    paid = theirs.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert isinstance(paid.payment_intent, stripe.PaymentIntent)
    refund_ref = ids.new_id("rfd")
    refund = theirs.v1.refunds.create(
        {
            "payment_intent": paid.payment_intent.id,
            "amount": 600,
            "metadata": {"refund_ref": refund_ref, "payment_ref": payment_ref},
        }
    )
    assert (
        ours.query_refund(refund_ref=refund_ref, payment_ref=payment_ref, provider_ref=refund.id).status
        is ReportStatus.DONE
    )
    lines = ours.fetch_bill(on=clock.now().date()).lines
    assert [line.amount.minor for line in lines if line.payment_ref == payment_ref] == [1990, 600]


def test_what_our_client_starts_theirs_reads_and_closes(
    theirs: stripe.StripeClient, ours: StripeProvider
) -> None:
    payment_ref = ids.new_id("pay")
    provider_ref = ours.start(request_for(payment_ref, PRICE)).provider_ref
    session = theirs.v1.checkout.sessions.retrieve(provider_ref)
    assert (session.client_reference_id, session.amount_total, session.status) == (payment_ref, 1990, "open")
    assert theirs.v1.checkout.sessions.expire(provider_ref).status == "expired"
    report = ours.query(payment_ref=payment_ref, provider_ref=provider_ref)
    assert report.status is ReportStatus.CLOSED


def test_their_client_follows_our_pages(simulator: StripeSimulator, theirs: stripe.StripeClient) -> None:
    refs = [theirs.v1.checkout.sessions.create(session_for(ids.new_id("pay"))).id for _number in range(5)]
    listed = theirs.v1.checkout.sessions.list({"limit": 2}).auto_paging_iter()
    assert [session.id for session in listed][:5] == refs[::-1]


def test_errors_are_those_their_client_knows(simulator: StripeSimulator, theirs: stripe.StripeClient) -> None:
    wrong = stripe.StripeClient("sk_test_wrong", base_addresses={"api": simulator.url}, max_network_retries=0)
    with pytest.raises(stripe.AuthenticationError):
        wrong.v1.refunds.list()
    key: Any = {"idempotency_key": ids.new_id("att")}
    theirs.v1.checkout.sessions.create(session_for(ids.new_id("pay")), key)
    with pytest.raises(stripe.IdempotencyError):
        theirs.v1.checkout.sessions.create(session_for(ids.new_id("pay")), key)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        theirs.v1.checkout.sessions.retrieve("cs_test_nothing")
    assert refused.value.code == "resource_missing"


def test_their_library_accepts_the_simulators_signature(
    simulator: StripeSimulator, ours: StripeProvider
) -> None:
    payment_ref = ids.new_id("pay")
    ours.start(request_for(payment_ref, PRICE))
    simulator.pay(payment_ref)
    headers, body = simulator.about(payment_ref)[-1]
    event = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], simulator.webhook_secrets[0])
    assert event.type == "checkout.session.completed"
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body + b" ", headers["Stripe-Signature"], simulator.webhook_secrets[0])


def test_our_parser_accepts_their_librarys_signature(
    simulator: StripeSimulator, ours: StripeProvider
) -> None:
    payment_ref = ids.new_id("pay")
    ours.start(request_for(payment_ref, PRICE))
    simulator.pay(payment_ref)
    body = simulator.about(payment_ref)[-1][1].decode()
    at = clock.now()
    signature = stripe.WebhookSignature._compute_signature(
        f"{int(at.timestamp())}.{body}", simulator.webhook_secrets[0]
    )
    headers = {"Stripe-Signature": f"t={int(at.timestamp())},v1={signature}"}
    event = ours.parse_webhook(headers=headers, body=body.encode(), at=at)
    assert event.event_id == json.loads(body)["id"]
