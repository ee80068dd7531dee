"""What the database keeps about disputes by itself, whatever is written to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from hutong.pay.payments.models import Dispute, DisputeEvidence, Payment
from tests.factories import payments

pytestmark = [pytest.mark.django_db, pytest.mark.unbalanced("its disputes are made by hand")]


def dispute(at: datetime, payment: Payment, **changed: Any) -> Dispute:
    fields = {
        "provider": "sandbox",
        "provider_ref": "dp_1",
        "amount": 5,
        "unit": "EUR",
        "borne_by": "merchant",
    }
    refs = {"order_ref": payment.order_ref, "merchant_ref": "mer_1", "opened_at": at}
    return Dispute.objects.create(payment=payment, **{**fields, **refs, **changed})


def evidence(at: datetime, made: Dispute, **changed: Any) -> DisputeEvidence:
    return DisputeEvidence.objects.create(dispute=made, **{"by_ref": "per_1", "at": at, **changed})


def wrongs(at: datetime, made: Dispute) -> Iterator[tuple[str, Callable[[], object]]]:
    """What may not be stored, by the name of what refuses it."""

    def another(**changed: Any) -> Callable[[], object]:
        return lambda: dispute(at, made.payment, **{"provider_ref": "dp_2", **changed})

    lost = {"status": "lost", "closed_at": at}
    yield "payments_dispute_once", another(provider_ref="dp_1")
    yield "payments_dispute_amounts", another(amount=0)
    yield "payments_dispute_amounts", another(fee=-1)
    yield "payments_dispute_fee_unit", another(fee=1)
    yield "payments_dispute_words", another(status="strange")
    yield "payments_dispute_words", another(borne_by="nobody")
    yield "payments_dispute_closed_at", another(closed_at=at)
    yield "payments_dispute_closed_at", another(status="won")
    yield "payments_dispute_borne", another(**lost, from_platform=4)
    yield "payments_dispute_borne", another(from_platform=5)
    yield "payments_dispute_shares", another(**lost, from_platform=6, from_merchant=-1)
    for content in ({}, {"text": "x", "content": b"x"}, {"content": b"x"}, {"file_name": "x"}):
        yield "payments_evidence_text_or_file", lambda content=content: evidence(at, made, **content)  # type: ignore[misc]
    yield "payments_disputed", lambda: Payment.objects.filter(pk=made.payment_id).update(disputed=-1)


def test_the_database_keeps_what_disputes_promise(at: datetime) -> None:
    payment = Payment.objects.get(public_id=payments.captured_payment(at=at).ref)
    made = dispute(at, payment)
    evidence(at, made, text="words")
    evidence(at, made, file_name="a.pdf", content=b"%PDF-")
    for name, write in wrongs(at, made):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            write()
