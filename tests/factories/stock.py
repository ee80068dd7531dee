"""Stock and holds for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from hutong.visit.stock import services
from hutong.visit.stock.types import Want

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)
_numbers = count(1)


def offer_ref() -> str:
    """The ref of an offer that exists for stock alone, another one each time."""
    return f"off_{next(_numbers)}"


def limited_offer(capacity: int | None) -> str:
    """An offer of which so many may be sold."""
    ref = offer_ref()
    services.set_capacity(offer_ref=ref, capacity=capacity, by="per_test", at=NOON)
    return ref


def hold(
    offer: str,
    *,
    order_ref: str | None = None,
    person_ref: str = "per_test",
    quantity: int = 1,
    limit: int | None = None,
    at: datetime = NOON,
) -> str:
    """Hold so many of one offer for an order; the order's ref."""
    ref = order_ref or f"ord_{next(_numbers)}"
    services.hold(
        order_ref=ref,
        person_ref=person_ref,
        wants=[Want(offer_ref=offer, quantity=quantity, per_person_limit=limit)],
        expires_at=at + timedelta(minutes=15),
        at=at,
    )
    return ref
