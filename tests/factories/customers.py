"""Consents and visits for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from hutong.kernel.money import Money
from hutong.know.customers import services
from hutong.know.customers.types import VisitKind
from hutong.town.merchants.models import Merchant
from hutong.town.people.models import Person

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)
_numbers = count(1)


def consent(person: Person, merchant: Merchant, *, at: datetime = NOON) -> None:
    """The person lets the merchant remember them."""
    services.grant_consent(
        person_ref=person.public_id, merchant_ref=merchant.public_id, source="a test", at=at
    )


def visit(
    person: Person,
    merchant: Merchant,
    *,
    ref: str | None = None,
    kind: VisitKind = VisitKind.REDEMPTION,
    amount: int = 1990,
    unit: str = "EUR",
    store_ref: str | None = None,
    title: str = "Lunch for two",
    at: datetime = NOON,
) -> bool:
    """Tell the merchant's memory of one event; whether it was remembered."""
    return services.record_visit(
        person_ref=person.public_id,
        merchant_ref=merchant.public_id,
        store_ref=store_ref,
        kind=kind,
        ref=ref or f"red_{next(_numbers)}",
        titles={"en": title},
        amount=Money(amount, unit),
        at=at,
    )
