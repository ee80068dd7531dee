"""Pure decisions of groups: which terms make sense, and how they are written down."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from hutong.kernel.clock import day_bounds
from hutong.kernel.money import Money
from hutong.pay.groups.types import GroupState, PlaceState, PriceStep, Terms

MOST_STEPS = 4
MOST_SIZE = 50
MOST_HOURS = 7 * 24
MOST_BUYERS = 100_000
PATIENCE = timedelta(minutes=5)
"""So long after its deadline a group waits for places whose payment is being called off."""

PLACE_MOVES: dict[PlaceState, frozenset[PlaceState]] = {
    PlaceState.HELD: frozenset({PlaceState.PAID, PlaceState.FREED}),
    # Money that comes after the time to pay takes the place again where it is free.
    PlaceState.FREED: frozenset({PlaceState.HELD}),
    PlaceState.PAID: frozenset({PlaceState.KEPT, PlaceState.LEFT, PlaceState.REFUNDED}),
    PlaceState.KEPT: frozenset(),
    PlaceState.LEFT: frozenset(),
    PlaceState.REFUNDED: frozenset(),
}
LIVE_PLACES = (PlaceState.HELD, PlaceState.PAID)
"""Of these a person has one in a group."""


def faults(terms: Terms, *, price: Money, today: date | None = None) -> list[str]:
    """What of the terms makes no sense for an offer sold at `price`, as stable codes; empty when all is well."""
    found = []
    if terms.steps and terms.minimum:
        found.append("group_or_campaign")
    if terms.steps:
        found += _wrong_steps(terms, price)
    if terms.minimum:
        if not 2 <= terms.minimum <= MOST_BUYERS:
            found.append("campaign_minimum")
        if terms.last_on is None or (today is not None and terms.last_on < today):
            found.append("campaign_past")
    return found


def _wrong_steps(terms: Terms, price: Money) -> list[str]:
    found = []
    sizes = [step.size for step in terms.steps]
    prices = [step.price.minor for step in terms.steps]
    if len(sizes) > MOST_STEPS or any(not 2 <= size <= MOST_SIZE for size in sizes):
        found.append("group_size")
    if any(step.price.unit != price.unit or step.price.minor <= 0 for step in terms.steps):
        found.append("group_price")
    elif prices and max(prices) >= price.minor:
        found.append("group_price_not_below")
    if any(later <= earlier for earlier, later in itertools.pairwise(sizes)) or any(
        later >= earlier for earlier, later in itertools.pairwise(prices)
    ):
        found.append("group_steps")
    if not 1 <= terms.hours <= MOST_HOURS:
        found.append("group_hours")
    if terms.fill and not 0 < terms.fill < min(sizes):
        found.append("group_fill")
    return found


def to_json(terms: Terms) -> dict[str, Any]:
    """The terms as plain values; {} where nothing is offered."""
    if terms.minimum:
        return {"minimum": terms.minimum, "last_on": terms.last_on.isoformat() if terms.last_on else ""}
    if terms.steps:
        return {
            "steps": [[step.size, step.price.minor] for step in terms.steps],
            "hours": terms.hours,
            "fill": terms.fill,
        }
    return {}


def from_json(stored: Mapping[str, Any], *, unit: str) -> Terms:
    """What `to_json` wrote, of an offer sold in `unit`."""
    if stored.get("minimum"):
        last_on = stored.get("last_on")
        return Terms(minimum=stored["minimum"], last_on=date.fromisoformat(last_on) if last_on else None)
    return Terms(
        steps=tuple(PriceStep(size, Money(minor, unit)) for size, minor in stored.get("steps", ())),
        hours=stored.get("hours", 24),
        fill=stored.get("fill", 0),
    )


def deadline(terms: Terms, *, zone: str, opened_at: datetime, sale_ends_at: datetime | None) -> datetime:
    """When a group that is opened now ends: with its time, or with the campaign's last day, and never after the sale."""
    end = (
        day_bounds(terms.last_on, zone)[1]
        if terms.last_on is not None
        else opened_at + timedelta(hours=terms.hours)
    )
    return min(end, sale_ends_at) if sale_ends_at else end


def ends_as(*, paid: int, size: int, fill: int) -> tuple[GroupState, int]:
    """What becomes of a group at its deadline, and how many places the platform fills. Nobody is alone in a group."""
    missing = size - paid
    if missing <= 0:
        return GroupState.FULL, 0
    if paid and missing <= fill:
        return GroupState.FULL, missing
    return GroupState.FAILED, 0
