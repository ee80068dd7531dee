"""What the database keeps about bills by itself, whatever is written to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from hutong.pay.payments.models import BankIn, BilledAmount, BillingDifference, FetchedBill, WithoutBill

pytestmark = pytest.mark.django_db


def bill(at: datetime) -> FetchedBill:
    return FetchedBill.objects.create(
        provider="sandbox", on=at.date(), fetched_at=at, lines=1, matched=0, digest=""
    )


def amount(made: FetchedBill, **changed: Any) -> BilledAmount:
    fields = {"unit": "EUR", "lines": 5, "ours": 3, "booked": 2, "fees_kept": 0, "fees_back": 0}
    return BilledAmount.objects.create(bill=made, **{**fields, **changed})


def difference(made: FetchedBill, **changed: Any) -> BillingDifference:
    return BillingDifference.objects.create(bill=made, **{"kind": "missing_here", **changed})


def bank_in(at: datetime, **changed: Any) -> BankIn:
    fields = {"provider": "stripe", "amount": 5, "unit": "EUR", "on": at.date(), "entry": "e1", "by": "per_1"}
    return BankIn.objects.create(**{**fields, "at": at, **changed})


def without_bill(at: datetime, **changed: Any) -> WithoutBill:
    fields = {"provider": "stripe", "first_on": at.date(), "last_on": at.date(), "reason": "gone"}
    return WithoutBill.objects.create(**{**fields, "asked_by": "per_1", "asked_at": at, **changed})


def wrongs(at: datetime, made: FetchedBill) -> Iterator[tuple[str, Callable[[], object]]]:
    """What may not be stored, by the name of what refuses it."""
    yield "payments_billed_amount_once", lambda: amount(made)
    yield "payments_billed_amount_explained", lambda: amount(made, unit="SEK", ours=4)
    for column in ("fees_kept", "fees_back"):
        fees = {column: -1}
        yield "payments_billed_fees_positive", lambda fees=fees: amount(made, unit="SEK", **fees)  # type: ignore[misc]
    yield "payments_difference_kind", lambda: difference(made, kind="strange")
    yield "payments_difference_explanation", lambda: difference(made, explanation="strange")
    yield "payments_difference_explained", lambda: difference(made, closed_at=at)
    for said in ("promised", "written_off", "noted"):
        yield "payments_difference_explained", lambda said=said: difference(made, explanation=said)  # type: ignore[misc]
    yield (
        "payments_difference_two_people",
        lambda: difference(
            made, explanation="written_off", note="x", explained_by="per_1", confirmed_by="per_1"
        ),
    )
    for side in ("ours", "theirs"):
        for half in ({f"{side}_minor": 1}, {f"{side}_unit": "EUR"}):
            yield f"payments_difference_{side}", lambda half=half: difference(made, **half)  # type: ignore[misc]
    yield "payments_bank_in_amount", lambda: bank_in(at, entry="e2", amount=0)
    yield "payments_bank_in_once", lambda: bank_in(at, entry="e2", provider_ref="po_1")
    yield "payments_bankin_entry", lambda: bank_in(at, provider_ref="po_2")
    yield "payments_bill_once", lambda: bill(at)
    yield from wrong_words(at)


def wrong_words(at: datetime) -> Iterator[tuple[str, Callable[[], object]]]:
    """What nobody may say of days without a bill."""
    yield "payments_without_bill_days", lambda: without_bill(at, last_on=at.date() - timedelta(days=1))
    yield "payments_without_bill_reason", lambda: without_bill(at, reason="")
    decided = {"decided_by": "per_2", "decided_at": at}
    for fields in (
        {"state": "strange", **decided},
        {"state": "waiting", **decided},
        {"state": "agreed"},
        {"state": "agreed", "decided_by": "per_2"},
        {"state": "declined", "decided_at": at},
        {"state": "declined", **decided, "decided_at": at - timedelta(days=1)},
    ):
        yield "payments_without_bill_decided", lambda fields=fields: without_bill(at, **fields)  # type: ignore[misc]
    for state in ("agreed", "taken_back"):
        alone = {"state": state, "decided_by": "per_1", "decided_at": at}
        yield "payments_without_bill_two_people", lambda alone=alone: without_bill(at, **alone)  # type: ignore[misc]


def test_the_database_keeps_what_bills_promise(at: datetime) -> None:
    made = bill(at)
    amount(made)
    difference(made)
    bank_in(at, provider_ref="po_1")
    without_bill(at)
    for name, write in wrongs(at, made):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            write()
