"""A webhook that contradicts what is recorded: an operator looks at it, with a word, and the books tell of it no more."""

from __future__ import annotations

from datetime import datetime

import pytest

from hutong.flows import books, contradictions
from hutong.kernel import audit
from hutong.kernel.errors import Forbidden
from hutong.pay.payments import queries, services
from hutong.pay.payments.models import WebhookInbox
from tests.factories import people

pytestmark = pytest.mark.django_db


def kept(at: datetime, event_id: str = "evt_1", outcome: str = "conflict", provider: str = "sandbox") -> None:
    WebhookInbox.objects.create(
        provider=provider,
        event_id=event_id,
        body=b'{"amount": 1}',
        received_at=at,
        processed_at=at,
        outcome=outcome,
    )


def test_an_operator_looks_at_it_once_with_a_word(at: datetime) -> None:
    kept(at)
    kept(at, "evt_2", "repeated")
    (waiting,) = services.contradictions()
    assert (waiting.event_id, waiting.about, waiting.body) == ("evt_1", "", '{"amount": 1}')
    assert queries.waiting_for_operator()["bills"] == 1
    assert any("evt_1" in problem for problem in books.check(at=at, ask_providers=False).problems)
    operator = people.operator()
    with pytest.raises(Forbidden):
        contradictions.looked_at(provider="sandbox", event_id="evt_1", reason="x", by=people.person(), at=at)
    with pytest.raises(services.OutcomeMissing):
        contradictions.looked_at(provider="sandbox", event_id="evt_1", reason=" ", by=operator, at=at)
    assert len(services.contradictions()) == 1
    contradictions.looked_at(provider="sandbox", event_id="evt_1", reason="Sent by hand.", by=operator, at=at)
    assert (services.contradictions(), queries.waiting_for_operator()["bills"]) == ([], 0)
    assert books.check(at=at, ask_providers=False).problems == ()
    (entry,) = audit.search(subject="evt_1").entries
    assert (entry.action, entry.reason) == ("webhook.contradiction_looked_at", "Sent by hand.")
    for event_id in ("evt_1", "evt_2", "evt_3"):
        with pytest.raises(services.ContradictionNotFound):
            contradictions.looked_at(
                provider="sandbox", event_id=event_id, reason="again", by=operator, at=at
            )
    assert WebhookInbox.objects.get(event_id="evt_2").outcome == "repeated"


def test_the_others_wait_on(at: datetime) -> None:
    for event_id, provider in (("evt_1", "sandbox"), ("evt_2", "sandbox"), ("evt_1", "stripe")):
        kept(at, event_id, provider=provider)
    contradictions.looked_at(
        provider="sandbox", event_id="evt_1", reason="Sent by hand.", by=people.operator(), at=at
    )
    left = {(waiting.provider, waiting.event_id) for waiting in services.contradictions()}
    assert left == {("sandbox", "evt_2"), ("stripe", "evt_1")}
