"""Contradictions on the page of bills: shown while they wait, and settled with a word."""

from __future__ import annotations

from typing import Any

import pytest

from hutong.kernel import clock
from hutong.pay.payments import queries
from hutong.pay.payments.models import WebhookInbox
from tests.factories import people
from tests.factories.payments import paid_webhook
from tests.web.operator.test_without_bill import PAGE, text
from tests.web.visitors import shop, visitor

pytestmark = pytest.mark.django_db


def test_a_contradiction_waits_on_the_page_of_bills(settings: Any) -> None:
    order_ref = shop().scene.bought()[0].order_ref
    payment, now = queries.payment_for_order(order_ref), clock.now()
    assert payment is not None
    headers, body = paid_webhook(payment, secret=settings.HUTONG_SANDBOX_SECRET, at=now)
    WebhookInbox.objects.create(
        provider="sandbox",
        event_id="evt_1",
        headers=headers,
        body=body,
        received_at=now,
        processed_at=now,
        outcome="conflict",
    )
    browser = visitor(people.operator())
    page = text(browser.get(PAGE))
    assert "Contradictions" in page
    assert f"/operator/orders/{order_ref}/" in page
    url, said = f"{PAGE}contradictions/", {"provider": "sandbox", "event_id": "evt_1"}
    assert "Please say what came of it." in text(browser.post(url, said, follow=True))
    assert "There is no such contradiction" in text(browser.post(url, {}, follow=True))
    page = text(browser.post(url, {**said, "reason": "Looked it up"}, follow=True))
    assert "The log keeps your words" in page
    assert "Contradictions" not in page
    again = text(browser.post(url, {**said, "reason": "Looked it up"}, follow=True))
    assert "There is no such contradiction" in again
    assert visitor(people.person()).post(url, said).status_code in (302, 403, 404)
