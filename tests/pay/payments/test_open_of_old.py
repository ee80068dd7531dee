"""What an earlier version left open without a moment to ask about it is asked about after the upgrade."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest

from hutong.kernel.money import Money
from hutong.kernel.rows import execute
from hutong.pay.payments import services
from hutong.pay.payments.models import Payment, Refund
from hutong.pay.payments.types import PaymentState, RefundState
from tests.factories.janitor import ask_unknown
from tests.factories.payments import captured_payment, payment
from tests.fakes.sandbox import free_port

ASK: str = import_module("hutong.pay.payments.migrations.0014_ask_what_is_open").ASK


@pytest.mark.django_db(transaction=True)
@pytest.mark.unbalanced("leaves rows as an earlier version did")
def test_what_is_open_without_a_moment_is_asked_about(settings: Any, at: datetime) -> None:
    settings.HUTONG_SANDBOX_URL = f"http://127.0.0.1:{free_port()}"
    lost, paid, fresh = payment(at=at), captured_payment(at=at), payment(at=at)
    back = services.request_refund(
        payment_ref=paid.ref, amount=Money(100, "EUR"), unit_refs=[], reason="", at=at
    )
    Payment.objects.filter(public_id=lost.ref).update(state=PaymentState.UNKNOWN, ask_at=None)
    Refund.objects.filter(public_id=back.ref).update(state=RefundState.UNKNOWN, ask_at=None)
    later = at + timedelta(days=2)
    ask_unknown(at=later)
    assert Payment.objects.get(public_id=lost.ref).asked == 0
    execute(ASK)
    ask_unknown(at=later)
    soon = later + timedelta(seconds=15)
    asked = [
        *Payment.objects.filter(public_id=lost.ref).values_list("asked", "ask_at"),
        *Refund.objects.filter(public_id=back.ref).values_list("asked", "ask_at"),
    ]
    assert asked == [(1, soon), (1, soon)]
    untouched = Payment.objects.filter(public_id__in=[paid.ref, fresh.ref])
    assert not untouched.exclude(ask_at=None).exists()
