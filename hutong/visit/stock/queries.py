"""Reads of stock."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from hutong.kernel.rows import rows, values
from hutong.visit.stock.models import Hold, PersonLimit
from hutong.visit.stock.types import HoldState, HoldView, StockProblem, StockView


def stock_of(offer_refs: Collection[str]) -> dict[str, StockView]:
    """The counters of these offers by offer; an offer that is missing is unlimited. One statement."""
    found = rows(
        "SELECT offer_ref, capacity, held, sold, elsewhere FROM stock_stock WHERE offer_ref = ANY (%s::text[])",
        [list(offer_refs)],
    )
    return {counted["offer_ref"]: StockView(**counted) for counted in found}


def taken_by(person_ref: str, offer_ref: str) -> int:
    """How many of an offer a person has taken, as far as the offer limits it."""
    limit = PersonLimit.objects.filter(person_ref=person_ref, offer_ref=offer_ref).first()
    return limit.taken if limit else 0


def everything_about(person_ref: str) -> dict[str, list[dict[str, Any]]]:
    """All rows of this app about a person, by model: for the person's own file."""
    return {
        "stock.Hold": values(
            Hold.objects.filter(person_ref=person_ref),
            *(
                "order_ref",
                "offer_ref",
                "quantity",
                "returned",
                "state",
                "created_at",
                "expires_at",
                "ended_at",
            ),
        ),
        "stock.PersonLimit": values(PersonLimit.objects.filter(person_ref=person_ref), "offer_ref", "taken"),
    }


def holds_of(order_ref: str) -> list[HoldView]:
    """The holds of an order, by offer."""
    return [hold_view(hold) for hold in Hold.objects.filter(order_ref=order_ref).order_by("offer_ref")]


def expired_orders(at: datetime, limit: int = 200) -> list[str]:
    """Orders whose holds have run out and were not ended yet, the oldest first: the janitor's work."""
    found = Hold.objects.filter(state=HoldState.HELD.value, expires_at__lte=at).order_by("expires_at", "pk")
    return list(dict.fromkeys(found.values_list("order_ref", flat=True)[:limit]))


def hold_view(hold: Hold) -> HoldView:
    """A hold as a value."""
    return HoldView(
        order_ref=hold.order_ref,
        offer_ref=hold.offer_ref,
        person_ref=hold.person_ref,
        quantity=hold.quantity,
        state=HoldState(hold.state),
        expires_at=hold.expires_at,
    )


# Both sides are added again from the holds, also where one of them has no row.
_COUNTERS_OFF = """
WITH counted AS (
  SELECT offer_ref,
    coalesce(sum(quantity) FILTER (WHERE state = 'held'), 0) AS held,
    coalesce(sum(quantity - returned) FILTER (WHERE state = 'confirmed'), 0) AS sold
  FROM stock_hold WHERE counted GROUP BY offer_ref
)
SELECT offer_ref, s.held AS held, coalesce(c.held, 0) AS held_again,
  s.sold AS sold, coalesce(c.sold, 0) AS sold_again
FROM stock_stock s FULL JOIN counted c USING (offer_ref)
WHERE s.held IS DISTINCT FROM coalesce(c.held, 0) OR s.sold IS DISTINCT FROM coalesce(c.sold, 0)
"""
_LIMITS_OFF = """
WITH counted AS (
  SELECT person_ref, offer_ref, sum(quantity - returned) AS taken
  FROM stock_hold WHERE limited AND state <> 'released' GROUP BY person_ref, offer_ref
)
SELECT person_ref, offer_ref, l.taken AS taken, coalesce(c.taken, 0) AS taken_again
FROM stock_personlimit l FULL JOIN counted c USING (person_ref, offer_ref)
WHERE l.taken IS DISTINCT FROM coalesce(c.taken, 0)
"""


def problems() -> list[StockProblem]:
    """Every counter that differs from the holds behind it. Two statements; empty when all is well."""
    found = [
        StockProblem(
            ref=row["offer_ref"],
            what=f"held {row['held']}, holds say {row['held_again']}; "
            f"sold {row['sold']}, holds say {row['sold_again']}",
        )
        for row in rows(_COUNTERS_OFF)
    ]
    return found + [
        StockProblem(
            ref=row["offer_ref"],
            what=f"{row['person_ref']} took {row['taken']}, holds say {row['taken_again']}",
        )
        for row in rows(_LIMITS_OFF)
    ]
