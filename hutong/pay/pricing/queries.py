"""Reads of `pricing`: what lowers a cart's price, the coupons somebody holds, what a promotion cost and brought."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hutong.kernel import rows
from hutong.kernel.money import Money
from hutong.pay.pricing.models import Coupon as CouponRow
from hutong.pay.pricing.models import FirstUse, PersonCount, Use
from hutong.pay.pricing.rules import first_scope, rule_from_json
from hutong.pay.pricing.types import (
    Budget,
    Coupon,
    CouponState,
    CouponView,
    FirstPurchase,
    Issue,
    Lane,
    Promotion,
    PromotionReport,
    PromotionState,
    PromotionView,
)

_COLUMNS = """
p.id, p.public_id AS ref, coalesce(m.public_id, '') AS merchant_ref, p.lane, p.state, p.titles::text AS titles, p.unit,
p.rule::text AS rule, p.starts_at, p.ends_at, p.budget_amount, p.budget_count, p.used_amount, p.used_count, p.per_person,
p.issue, p.code, p.issue_minimum, p.issue_limit, p.issued, p.coupons_each, p.valid_days, p.made_at
"""
_FROM = "FROM pricing_promotion p LEFT JOIN merchants_merchant m ON m.id = p.merchant_id"

# Relies on pricing_promotion_by_merchant: what a shop runs, and what the platform does. A coupon of the person comes
# with its promotion; one without a coupon only if none is needed. What is used up, or was used by this person as often
# as it may be, is left out: it is not there for them any more.
_OFFERED = f"""
SELECT {_COLUMNS}, c.public_id AS coupon_ref, c.ends_at AS coupon_ends_at
{_FROM}
LEFT JOIN pricing_coupon c ON p.issue <> '' AND c.promotion_id = p.id AND c.person_id = %(person_id)s::int8
    AND c.state = 'ready' AND c.withdrawn_at IS NULL
LEFT JOIN pricing_personcount n ON p.per_person IS NOT NULL AND n.promotion_id = p.id
    AND n.person_id = %(person_id)s::int8
WHERE p.state = 'live' AND (m.public_id = %(merchant_ref)s OR p.merchant_id IS NULL)
    AND (p.issue = '' AND p.starts_at <= %(at)s::timestamptz AND (p.ends_at IS NULL OR p.ends_at > %(at)s::timestamptz)
        OR c.id IS NOT NULL)
    AND (p.budget_count IS NULL OR p.used_count < p.budget_count)
    AND (p.budget_amount IS NULL OR p.used_amount < p.budget_amount AND p.unit = %(unit)s)
    AND (p.per_person IS NULL OR coalesce(n.used, 0) < p.per_person)
ORDER BY p.id, c.id
"""


@dataclass(frozen=True, slots=True)
class Offered:
    """What may lower the price of a cart: promotions for everybody, the coupons of one person, and of both what is left
    of the budget that limits their amount, by the promotion's ref."""

    promotions: tuple[Promotion, ...]
    coupons: tuple[Coupon, ...]
    left: Mapping[str, Money]


def offered(*, merchant_ref: str, person_id: int | None, unit: str, at: datetime) -> Offered:
    """What a shop and the platform offer at `at` on a cart of this shop, and the coupons this person has. One statement."""
    found = rows.rows(
        _OFFERED, {"merchant_ref": merchant_ref, "person_id": person_id or 0, "unit": unit, "at": at}
    )
    promotions, coupons, left = [], [], {}
    for row in found:
        rule = _rule(row)
        if row["budget_amount"] is not None:
            left[rule.ref] = Money(row["budget_amount"] - row["used_amount"], unit)
        if row["coupon_ref"]:
            coupons.append(Coupon(row["coupon_ref"], rule, row["coupon_ends_at"]))
        else:
            promotions.append(rule)
    return Offered(tuple(promotions), tuple(coupons), left)


def first_taken(person_id: int, merchant_ref: str) -> tuple[bool, bool]:
    """Whether an order of a person, one that waits for its money included, has what is for a first purchase in this shop,
    and of all. One statement."""
    found = FirstUse.objects.filter(person_id=person_id).values_list("scope", flat=True)
    scopes = set(found.filter(scope__in=[first_scope(first, merchant_ref) for first in FirstPurchase]))
    return merchant_ref in scopes, FirstPurchase.ON_PLATFORM.value in scopes


def promotion_by_ref(ref: str) -> PromotionView | None:
    """One promotion, or None. One statement."""
    found = rows.row(f"SELECT {_COLUMNS} {_FROM} WHERE p.public_id = %s", [ref])
    return _view(found) if found else None


def promotions_of(merchant_ref: str) -> list[PromotionView]:
    """All promotions of a shop, or with "" of the platform, the newest first. One statement."""
    condition = "m.public_id = %s" if merchant_ref else "p.merchant_id IS NULL AND %s = ''"
    found = rows.rows(f"SELECT {_COLUMNS} {_FROM} WHERE {condition} ORDER BY p.id DESC", [merchant_ref])
    return [_view(row) for row in found]


def promotion_by_code(code_folded: str) -> PromotionView | None:
    """The promotion of a code that was typed, whatever its state. One statement."""
    found = rows.row(f"SELECT {_COLUMNS} {_FROM} WHERE p.code_folded = %s", [code_folded])
    return _view(found) if found else None


def given_for(issue: Issue, *, at: datetime, merchant_ref: str = "") -> list[PromotionView]:
    """Live promotions whose coupons come in this way at `at`: the platform's, and those of a shop. One statement."""
    return [
        _view(row)
        for row in rows.rows(
            f"""SELECT {_COLUMNS} {_FROM}
            WHERE p.state = 'live' AND p.issue = %(issue)s AND (p.merchant_id IS NULL OR m.public_id = %(merchant_ref)s)
                AND p.starts_at <= %(at)s AND (p.ends_at IS NULL OR p.ends_at > %(at)s)
                AND (p.issue_limit IS NULL OR p.issued < p.issue_limit)
            ORDER BY p.id DESC""",
            {"issue": issue.value, "merchant_ref": merchant_ref, "at": at},
        )
    ]


def on_show(*, merchant_ref: str, person_id: int | None, at: datetime) -> list[PromotionView]:
    """What a shop's pages show: promotions for everybody, and coupons to take that this person did not take as often as
    one may. With "" the platform's alone. One statement."""
    return [
        _view(row)
        for row in rows.rows(
            f"""SELECT {_COLUMNS} {_FROM}
            LEFT JOIN pricing_personcount n ON n.promotion_id = p.id AND n.person_id = %(person_id)s::int8
            WHERE p.state = 'live' AND p.issue IN ('', 'claim')
                AND (p.merchant_id IS NULL OR m.public_id = %(merchant_ref)s)
                AND p.starts_at <= %(at)s AND (p.ends_at IS NULL OR p.ends_at > %(at)s)
                AND (p.issue_limit IS NULL OR p.issued < p.issue_limit)
                AND (p.issue = '' OR coalesce(n.issued, 0) < p.coupons_each)
                AND (p.per_person IS NULL OR coalesce(n.used, 0) < p.per_person)
                AND (p.budget_count IS NULL OR p.used_count < p.budget_count)
                AND (p.budget_amount IS NULL OR p.used_amount < p.budget_amount)
            ORDER BY p.merchant_id NULLS LAST, p.id DESC LIMIT 20""",
            {"merchant_ref": merchant_ref, "person_id": person_id or 0, "at": at},
        )
    ]


def coupons_of(person_id: int, *, limit: int = 100) -> list[CouponView]:
    """The coupons of a person, those that are ready first, then the newest. One statement."""
    found = rows.rows(
        f"""SELECT {_COLUMNS}, c.public_id AS coupon_ref, c.ends_at AS coupon_ends_at, c.state AS coupon_state, c.source,
            c.issued_at, c.order_ref, c.used_at, c.withdrawn_at
        {_FROM} JOIN pricing_coupon c ON c.promotion_id = p.id
        WHERE c.person_id = %s::int8 ORDER BY c.state <> 'ready' OR c.withdrawn_at IS NOT NULL, c.id DESC LIMIT %s::int4""",
        [person_id, limit],
    )
    return [
        CouponView(
            coupon=Coupon(row["coupon_ref"], _rule(row), row["coupon_ends_at"]),
            state=CouponState(row["coupon_state"]),
            promotion_state=PromotionState(row["state"]),
            merchant_ref=row["merchant_ref"],
            source=Issue(row["source"]),
            issued_at=row["issued_at"],
            ends_at=min((each for each in (row["coupon_ends_at"], row["ends_at"]) if each), default=None),
            order_ref=row["order_ref"],
            used_at=row["used_at"],
            withdrawn_at=row["withdrawn_at"],
        )
        for row in found
    ]


def reports(promotion_ids: Iterable[int], *, unit: str) -> dict[int, PromotionReport]:
    """What each promotion cost and brought so far, in `unit`. One statement."""
    found = rows.rows(
        """
        SELECT p.id, c.issued, c.withdrawn, c.used_all_the_same,
            count(*) FILTER (WHERE u.state = 'used') AS used, count(*) FILTER (WHERE u.state = 'returned') AS returned,
            count(DISTINCT u.person_id) FILTER (WHERE u.state = 'used') AS people,
            coalesce(sum(u.amount - u.returned_amount) FILTER (WHERE u.state = 'used'), 0)::int8 AS cost,
            coalesce(sum(u.order_total - u.order_returned) FILTER (WHERE u.state = 'used'), 0)::int8 AS brought
        FROM pricing_promotion p LEFT JOIN pricing_use u ON u.promotion_id = p.id AND u.unit = %(unit)s
        CROSS JOIN LATERAL (
            SELECT count(*) AS issued, count(*) FILTER (WHERE withdrawn_at IS NOT NULL AND state <> 'used') AS withdrawn,
                count(*) FILTER (WHERE withdrawn_at IS NOT NULL AND state = 'used') AS used_all_the_same
            FROM pricing_coupon WHERE promotion_id = p.id) c
        WHERE p.id = ANY (%(ids)s::int8[]) GROUP BY p.id, c.issued, c.withdrawn, c.used_all_the_same
        """,
        {"ids": list(promotion_ids), "unit": unit},
    )
    return {
        row["id"]: PromotionReport(
            issued=row["issued"],
            withdrawn=row["withdrawn"],
            used_all_the_same=row["used_all_the_same"],
            used=row["used"],
            returned=row["returned"],
            people=row["people"],
            cost=Money(row["cost"], unit),
            brought=Money(row["brought"], unit),
        )
        for row in found
    }


def used_by_day(promotion_id: int, *, zone: str) -> list[tuple[Any, int, int]]:
    """For each day with paid orders it counts in: the day in `zone`, how many, and what it took off. One statement."""
    return [
        (row["day"], row["used"], row["cost"])
        for row in rows.rows(
            """SELECT (at AT TIME ZONE %(zone)s)::date AS day, count(*) AS used,
                sum(amount - returned_amount)::int8 AS cost
            FROM pricing_use WHERE promotion_id = %(id)s::int8 AND state = 'used' GROUP BY 1 ORDER BY 1""",
            {"id": promotion_id, "zone": zone},
        )
    ]


def everything_about(person_id: int) -> dict[str, list[dict[str, Any]]]:
    """All rows of this app about a person, by model: for the person's own file. Four statements."""
    mine = {"person_id": person_id}
    return {
        "pricing.Coupon": rows.values(
            CouponRow.objects.filter(**mine),
            *(
                "public_id",
                "promotion__titles",
                "state",
                "source",
                "issued_at",
                "ends_at",
                "order_ref",
                "used_at",
                "withdrawn_at",
            ),
        ),
        "pricing.Use": rows.values(
            Use.objects.filter(**mine),
            *("promotion__titles", "order_ref", "state", "amount", "returned_amount", "unit", "at"),
        ),
        "pricing.PersonCount": rows.values(
            PersonCount.objects.filter(**mine), "promotion__titles", "issued", "used"
        ),
        "pricing.FirstUse": rows.values(FirstUse.objects.filter(**mine), "scope", "order_ref", "at"),
    }


def problems() -> list[str]:
    """What does not agree with itself: budgets and limits with what was used and issued. Four statements."""
    budgets = rows.rows(
        """SELECT p.public_id AS ref FROM pricing_promotion p LEFT JOIN LATERAL (
            SELECT count(*) AS used, coalesce(sum(amount), 0) AS amount FROM pricing_use u
            WHERE u.promotion_id = p.id AND u.state IN ('held', 'used')) u ON true
        WHERE p.budget_count IS NOT NULL AND p.used_count <> u.used
            OR p.budget_amount IS NOT NULL AND p.used_amount <> u.amount
            OR p.issue_limit IS NOT NULL
                AND p.issued <> (SELECT count(*) FROM pricing_coupon c WHERE c.promotion_id = p.id)"""
    )
    people = rows.rows(
        """SELECT p.public_id AS ref FROM pricing_personcount n JOIN pricing_promotion p ON p.id = n.promotion_id
        WHERE p.per_person IS NOT NULL AND n.used <> (SELECT count(*) FROM pricing_use u
                WHERE u.promotion_id = p.id AND u.person_id = n.person_id AND u.state IN ('held', 'used'))
            OR n.issued <> (SELECT count(*) FROM pricing_coupon c
                WHERE c.promotion_id = p.id AND c.person_id = n.person_id)"""
    )
    coupons = rows.rows(
        """SELECT c.public_id AS ref FROM pricing_coupon c LEFT JOIN pricing_use u
            ON u.coupon_id = c.id AND u.state IN ('held', 'used')
        WHERE c.state = 'ready' AND u.id IS NOT NULL
            OR c.state <> 'ready' AND (u.id IS NULL OR u.order_ref <> c.order_ref) AND NOT EXISTS (
                SELECT 1 FROM pricing_use r WHERE r.coupon_id = c.id AND r.state = 'returned'
                    AND r.order_ref = c.order_ref)"""
    )
    firsts = rows.rows(
        """SELECT f.order_ref AS ref FROM pricing_firstuse f WHERE NOT EXISTS (
            SELECT 1 FROM pricing_use u WHERE u.order_ref = f.order_ref AND u.state IN ('held', 'used'))"""
    )
    return [
        *(f"the counts of promotion {row['ref']} are not those of its orders and coupons" for row in budgets),
        *(f"a person's count at promotion {row['ref']} is not that of their orders" for row in people),
        *(f"coupon {row['ref']} and its order do not agree" for row in coupons),
        *(f"{row['ref']} has the place of a first purchase, and no promotion for it" for row in firsts),
    ]


def _rule(row: Mapping[str, Any]) -> Promotion:
    return rule_from_json(
        json.loads(row["rule"]),
        ref=row["ref"],
        titles=json.loads(row["titles"]),
        lane=Lane(row["lane"]),
        unit=row["unit"],
        merchant_ref=row["merchant_ref"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
    )


def _view(row: Mapping[str, Any]) -> PromotionView:
    unit = row["unit"]
    return PromotionView(
        promotion_id=row["id"],
        rule=_rule(row),
        merchant_ref=row["merchant_ref"],
        state=PromotionState(row["state"]),
        budget=Budget(
            None if row["budget_amount"] is None else Money(row["budget_amount"], unit), row["budget_count"]
        ),
        used_count=row["used_count"],
        used_amount=row["used_amount"],
        per_person=row["per_person"],
        issue=Issue(row["issue"]) if row["issue"] else None,
        code=row["code"],
        issue_minimum=None if row["issue_minimum"] is None else Money(row["issue_minimum"], unit),
        issue_limit=row["issue_limit"],
        issued=row["issued"],
        coupons_each=row["coupons_each"],
        valid_days=row["valid_days"],
        made_at=row["made_at"],
    )
