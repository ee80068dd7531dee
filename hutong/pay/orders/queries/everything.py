"""All that orders hold about one person, for the person's own file."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from hutong.kernel.rows import rows, values
from hutong.pay.orders.models import Line, Order, OrderEvent, Unit


def everything_about(person_id: int, person_ref: str) -> dict[str, list[dict[str, Any]]]:
    """All rows of this app about a person, by model: what they ordered, and what they did to others' orders."""
    mine = Order.objects.filter(person_id=person_id)
    return {
        "orders.Order": values(
            mine,
            *(
                "public_id",
                "merchant__public_id",
                "merchant__names",
                "store__public_id",
                "state",
                "total",
                "stored",
            ),
            *("refunded", "unit", "remember_consent", "created_at", "expires_at", "paid_at"),
        ),
        "orders.Line": values(
            Line.objects.filter(order__in=mine),
            *("order__public_id", "position", "offer_ref", "titles", "quantity", "list_total", "total"),
        ),
        "orders.Unit": values(
            Unit.objects.filter(order__in=mine),
            *("public_id", "order__public_id", "state", "list", "discount_merchant", "discount_platform"),
            *("paid", "paid_stored", "points", "points_unit", "tax", "unit", "used_at", "refunded_at"),
        ),
        "orders.OrderEvent": values(
            OrderEvent.objects.filter(Q(order__in=mine) | Q(by_ref=person_ref)),
            *("order__public_id", "event", "from_state", "to_state", "at"),
        ),
    }


def standing_of(person_id: int) -> list[tuple[str, str]]:
    """Every order of a person with its state, the oldest first; one statement."""
    found = rows(
        "SELECT public_id, state FROM orders_order WHERE person_id = %s::bigint ORDER BY id", [person_id]
    )
    return [(order["public_id"], order["state"]) for order in found]
