"""Reads of groups. Each question is one statement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hutong.kernel.ids import new_id
from hutong.kernel.money import Money
from hutong.kernel.rows import row, rows, scalar, values
from hutong.pay.groups.models import Place
from hutong.pay.groups.rules import from_json
from hutong.pay.groups.types import GroupKind, GroupState, GroupView, Member, PlaceState, PlaceView, Terms

_GROUP = """
    g.id AS group_id, g.public_id AS ref, g.kind, g.state AS group_state, g.offer_ref, m.public_id AS merchant_ref, g.size,
    g.price, g.unit, g.taken, g.paid, g.filled, g.fill, g.opened_at, g.deadline, g.ended_at
"""
_GROUPS = f"SELECT {_GROUP} FROM groups_group g JOIN merchants_merchant m ON m.id = g.merchant_id"  # noqa: S608
# Plan: groups_group_by_offer for each offer, one row a side.
_STANDING = f"""
SELECT asked.ref AS asked, t.id AS terms_id, t.said::text AS said, t.unit AS terms_unit, c.*
FROM unnest(%(offer_refs)s::text[]) AS asked (ref)
LEFT JOIN LATERAL (SELECT * FROM groups_groupterms t WHERE t.offer_ref = asked.ref ORDER BY t.since DESC LIMIT 1) t ON TRUE
LEFT JOIN LATERAL (
    SELECT {_GROUP} FROM groups_group g JOIN merchants_merchant m ON m.id = g.merchant_id
    WHERE g.offer_ref = asked.ref AND g.kind = 'campaign' AND g.deadline > %(at)s AND g.state <> 'failed'
    ORDER BY g.id LIMIT 1) c ON TRUE
WHERE t.id IS NOT NULL OR c.group_id IS NOT NULL
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Standing:
    """What an offer promises to who buys together now, and the campaign that is under way, which keeps its terms."""

    terms_id: int
    terms: Terms
    campaign: GroupView | None

    @property
    def is_campaign(self) -> bool:
        """Whether nothing of it is sold but in a campaign."""
        return self.campaign is not None or self.terms.kind is GroupKind.CAMPAIGN


def new_ref() -> str:
    """A ref for a group that a statement makes."""
    return new_id("grp")


def standing(offer_refs: Iterable[str], at: datetime) -> dict[str, Standing]:
    """How these offers stand to groups at `at`; those that never had any are left out."""
    found = rows(_STANDING, {"offer_refs": list(offer_refs), "at": at})
    return {
        entry["asked"]: Standing(
            terms_id=entry["terms_id"],
            terms=from_json(json.loads(entry["said"] or "{}"), unit=entry["terms_unit"] or ""),
            campaign=_view(entry) if entry["group_id"] else None,
        )
        for entry in found
    }


def terms_of(offer_ref: str, *, unit: str) -> Terms:
    """What an offer sold in `unit` promises now to who buys together."""
    said = scalar(
        "SELECT said::text FROM groups_groupterms WHERE offer_ref = %s ORDER BY since DESC LIMIT 1",
        [offer_ref],
    )
    return from_json(json.loads(said or "{}"), unit=unit)


def group_by_ref(group_ref: str) -> GroupView | None:
    """One group; None when there is none."""
    found = row(f"{_GROUPS} WHERE g.public_id = %s", [group_ref])
    return _view(found) if found else None


def open_groups(offer_ref: str, at: datetime, *, limit: int = 5) -> list[GroupView]:
    """Groups of an offer that somebody paid for and that have a free place, those with the fewest missing first."""
    found = rows(
        f"""{_GROUPS} WHERE g.offer_ref = %s AND g.kind = 'group' AND g.state = 'open' AND g.deadline > %s
            AND g.paid > 0 AND g.taken < g.size ORDER BY g.size - g.paid, g.deadline LIMIT %s::int4""",
        [offer_ref, at, limit],
    )
    return [_view(entry) for entry in found]


def groups_of_offer(offer_ref: str, *, limit: int = 100) -> list[GroupView]:
    """Groups of an offer that anybody paid for, the newest first: for its shop."""
    found = rows(
        f"{_GROUPS} WHERE g.offer_ref = %s AND (g.paid > 0 OR g.taken > 0) ORDER BY g.id DESC LIMIT %s::int4",
        [offer_ref, limit],
    )
    return [_view(entry) for entry in found]


def members(group_ref: str, *, limit: int = 50) -> list[Member]:
    """Who holds a place, in the order they came, a letter of each name."""
    found = rows(
        """SELECT p.public_id AS person_ref, upper(left(p.name, 1)) AS initial, c.state <> 'held' AS paid, c.opened
           FROM groups_group g JOIN groups_place c ON c.group_id = g.id JOIN people_person p ON p.id = c.person_id
           WHERE g.public_id = %s AND c.state IN ('held', 'paid', 'kept') ORDER BY c.id LIMIT %s::int4""",
        [group_ref, limit],
    )
    return [Member(**entry) for entry in found]


def is_in(group_ref: str, person_id: int) -> bool:
    """Whether a person has a place in a group, or what it became."""
    return (
        Place.objects.filter(group__public_id=group_ref, person_id=person_id)
        .exclude(
            state__in=[state.value for state in (PlaceState.FREED, PlaceState.LEFT, PlaceState.REFUNDED)]
        )
        .exists()
    )


def own_order(group_ref: str, person_id: int) -> str:
    """The order by which a person is in a group, or was when it failed; "" for none."""
    found = (
        Place.objects.filter(group__public_id=group_ref, person_id=person_id)
        .exclude(state__in=[PlaceState.FREED.value, PlaceState.LEFT.value])
        .order_by("-pk")
        .values_list("order_ref", flat=True)
        .first()
    )
    return found or ""


_PLACES = f"""
SELECT c.order_ref, c.state, {_GROUP} FROM groups_place c JOIN groups_group g ON g.id = c.group_id
JOIN merchants_merchant m ON m.id = g.merchant_id
"""  # noqa: S608


def place_of(order_ref: str) -> PlaceView | None:
    """The place of an order with its group; None for an order that was bought alone."""
    return places_of([order_ref]).get(order_ref)


def places_of(order_refs: Sequence[str]) -> dict[str, PlaceView]:
    """The places of these orders; those without are left out."""
    found = rows(f"{_PLACES} WHERE c.order_ref = ANY (%s::text[])", [list(order_refs)])
    return {entry["order_ref"]: _place(entry) for entry in found}


def waiting_of(person_id: int) -> list[PlaceView]:
    """A person's paid places of which nothing is made yet, the newest first."""
    found = rows(
        f"{_PLACES} WHERE c.person_id = %s::int8 AND c.state = 'paid' ORDER BY c.id DESC", [person_id]
    )
    return [_place(entry) for entry in found]


def failed_of(person_id: int) -> tuple[str, ...]:
    """The orders of a person that were paid in a group that failed, and went back."""
    found = Place.objects.filter(person_id=person_id, state=PlaceState.REFUNDED.value)
    return tuple(found.values_list("order_ref", flat=True))


def paid_orders(group_ref: str) -> tuple[str, ...]:
    """The orders of a group that are paid and wait, in the order they came."""
    found = rows(
        """SELECT c.order_ref FROM groups_place c JOIN groups_group g ON g.id = c.group_id
           WHERE g.public_id = %s AND c.state = 'paid' ORDER BY c.id""",
        [group_ref],
    )
    return tuple(entry["order_ref"] for entry in found)


def to_end(at: datetime, *, limit: int = 100) -> list[str]:
    """Open groups whose deadline is over. Index `groups_group_to_end`."""
    found = rows(
        """SELECT public_id FROM groups_group WHERE state = 'open' AND deadline <= %s::timestamptz
           ORDER BY deadline LIMIT %s::int4""",
        [at, limit],
    )
    return [entry["public_id"] for entry in found]


def left_over(ended_before: datetime, *, limit: int = 100) -> list[str]:
    """Orders that still wait although their group ended before that moment: their job died, or a dispute held them."""
    found = rows(
        """SELECT c.order_ref FROM groups_place c JOIN groups_group g ON g.id = c.group_id
           WHERE c.state = 'paid' AND g.ended_at <= %s::timestamptz ORDER BY c.id LIMIT %s::int4""",
        [ended_before, limit],
    )
    return [entry["order_ref"] for entry in found]


_PROBLEMS = """
WITH counted AS (
    SELECT group_id, count(*) FILTER (WHERE state IN ('held', 'paid')) AS taken,
        count(*) FILTER (WHERE state = 'paid') AS paid
    FROM groups_place GROUP BY group_id
)
SELECT g.public_id || ': ' || what AS what
FROM groups_group g LEFT JOIN counted c ON c.group_id = g.id CROSS JOIN LATERAL (VALUES
    (g.state = 'open' AND g.taken <> coalesce(c.taken, 0), 'taken is not the number of its places'),
    (g.state = 'open' AND g.paid <> coalesce(c.paid, 0), 'paid is not the number of its paid places'),
    (g.state = 'open' AND g.deadline <= %(hour_ago)s, 'its deadline was an hour ago and it has not ended')
) AS rule (broken, what)
WHERE broken ORDER BY g.id LIMIT 100
"""


def problems(hour_ago: datetime) -> list[str]:
    """Every group whose counters and places disagree, or that did not end; empty when all is well."""
    return [entry["what"] for entry in rows(_PROBLEMS, {"hour_ago": hour_ago})]


def everything_about(person_id: int) -> dict[str, list[dict[str, Any]]]:
    """What is kept about one person's groups, by model, for the person: the places, with the group each is in."""
    places = Place.objects.filter(person_id=person_id)
    fields = ("order_ref", "state", "opened", "taken_at", "group__public_id", "group__kind", "group__state")
    return {"groups.Place": values(places, *fields, "group__size", "group__deadline")}


def _place(entry: dict[str, Any]) -> PlaceView:
    return PlaceView(order_ref=entry["order_ref"], state=PlaceState(entry["state"]), group=_view(entry))


def _view(entry: dict[str, Any]) -> GroupView:
    return GroupView(
        group_id=entry["group_id"],
        ref=entry["ref"],
        kind=GroupKind(entry["kind"]),
        state=GroupState(entry["group_state"]),
        offer_ref=entry["offer_ref"],
        merchant_ref=entry["merchant_ref"],
        size=entry["size"],
        price=None if entry["price"] is None else Money(entry["price"], entry["unit"]),
        taken=entry["taken"],
        paid=entry["paid"],
        filled=entry["filled"],
        fill=entry["fill"],
        opened_at=entry["opened_at"],
        deadline=entry["deadline"],
        ended_at=entry["ended_at"],
    )
