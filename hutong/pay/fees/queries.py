"""Reads of commission rules."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hutong.kernel.rows import rows
from hutong.pay.fees.types import Bearer, Facts, Held, Reach, Rule, Terms

_COLUMNS = """r.id, r.public_id, r.region_ref, r.merchant_ref, r.category, r.offer_ref, r.starts_at, r.ends_at, r.rate_ppm,
    r.fixed, r.minimum, r.unit, r.free_months, r.bearer, r.provider_rate_ppm, r.provider_fixed, r.tax_ppm, r.note,
    r.made_by, r.made_at, r.ended_by, r.ended_at, r.replaces_ref"""

# The facts of each deal: of several shops the first counts, as in the figures of regions and categories.
_OF_OFFERS = """
    SELECT o.public_id AS offer_ref, o.unit, o.merchant_id, s.category_id, coalesce(s.region_id, m.region_id) AS region_id
    FROM catalog_offer o JOIN merchants_merchant m ON m.id = o.merchant_id
    LEFT JOIN LATERAL (
        SELECT s.region_id, s.category_id FROM catalog_offerstore p JOIN merchants_store s ON s.id = p.store_id
        WHERE p.offer_id = o.id ORDER BY s.id LIMIT 1
    ) s ON true
    WHERE o.public_id = ANY (%(refs)s::text[])"""
# Each shop of a merchant, for a deal that is not there yet; a merchant without shops counts by its region alone.
_OF_MERCHANT = """
    SELECT coalesce(s.public_id, '') AS offer_ref, g.currency AS unit, m.id AS merchant_id, s.category_id,
        g.id AS region_id
    FROM merchants_merchant m LEFT JOIN merchants_store s ON s.merchant_id = m.id
    JOIN regions_region g ON g.id = coalesce(s.region_id, m.region_id)
    WHERE m.public_id = ANY (%(refs)s::text[])"""

# Plan: the facts by their keys, then for each the rules that name its merchant or none, by `fees_rule_by_merchant`.
_HELD = """
WITH sale AS MATERIALIZED ({sales}), known AS (
    SELECT sale.offer_ref, sale.unit, m.public_id AS merchant_ref, g.public_id AS region_ref, g.zone,
        c.slug AS category, p.slug AS category_group,
        (SELECT min(d.at) FROM merchants_merchantdecision d
         WHERE d.merchant_id = m.id AND d.to_state = 'approved') AS joined_at
    FROM sale JOIN merchants_merchant m ON m.id = sale.merchant_id
    JOIN regions_region g ON g.id = sale.region_id
    LEFT JOIN merchants_category c ON c.id = sale.category_id
    LEFT JOIN merchants_category p ON p.id = c.parent_id
)
SELECT known.*, (
    SELECT jsonb_agg(to_jsonb(r)) FROM fees_commissionrule r
    WHERE r.starts_at <= %(at)s::timestamptz AND (r.ends_at IS NULL OR r.ends_at > %(at)s::timestamptz)
        AND r.merchant_ref IN ('', known.merchant_ref) AND r.offer_ref IN ('', known.offer_ref)
        AND r.region_ref IN ('', known.region_ref)
        AND r.category IN ('', known.category, known.category_group)
    )::text AS rules
FROM known ORDER BY known.offer_ref
"""


def held(offer_refs: Iterable[str], at: datetime) -> dict[str, Held]:
    """What a rule may ask about deals sold at `at`, and the rules that hold then; by deal. One statement."""
    return _held(_OF_OFFERS, list(offer_refs), at)


def held_by_shop(merchant_ref: str, at: datetime) -> dict[str, Held]:
    """The same for a deal that is not there yet, by the shop it would be in (its ref is `facts.offer_ref`; "" for a
    merchant without shops). One statement."""
    return _held(_OF_MERCHANT, [merchant_ref], at)


def rules(*, merchant_ref: str = "") -> list[Rule]:
    """All rules, or those that name a merchant; the newest first. One statement."""
    found = rows(
        f"""SELECT {_COLUMNS} FROM fees_commissionrule r
            WHERE %(merchant)s::text IN ('', r.merchant_ref) ORDER BY r.id DESC""",  # noqa: S608  # a constant above
        {"merchant": merchant_ref},
    )
    return [_rule(one) for one in found]


def rules_by_refs(refs: Iterable[str]) -> dict[str, Rule]:
    """The rules that exist among `refs`, whether they hold or not. One statement."""
    found = rows(
        f"SELECT {_COLUMNS} FROM fees_commissionrule r WHERE r.public_id = ANY (%s::text[])",  # noqa: S608  # as above
        [list(refs)],
    )
    return {one["public_id"]: _rule(one) for one in found}


def rule_by_ref(ref: str) -> Rule | None:
    """One rule, or None."""
    return rules_by_refs([ref]).get(ref)


def _held(sales: str, refs: list[str], at: datetime) -> dict[str, Held]:
    found = rows(_HELD.format(sales=sales), {"refs": refs, "at": at})
    return {one["offer_ref"]: Held(_facts(one, at), _rules(one["rules"])) for one in found}


def _facts(found: dict[str, Any], at: datetime) -> Facts:
    zone = ZoneInfo(found["zone"])
    return Facts(
        offer_ref=found["offer_ref"],
        merchant_ref=found["merchant_ref"],
        region_ref=found["region_ref"],
        categories=tuple(slug for slug in (found["category"], found["category_group"]) if slug),
        unit=found["unit"],
        zone=found["zone"],
        joined_on=found["joined_at"].astimezone(zone).date() if found["joined_at"] else None,
        on=at.astimezone(zone).date(),
    )


def _rules(listed: str | None) -> tuple[Rule, ...]:
    return tuple(_rule({**one, **_moments(one)}) for one in json.loads(listed or "[]"))


def _moments(one: dict[str, Any]) -> dict[str, datetime | None]:
    """The moments of a rule that came as JSON."""
    return {
        name: datetime.fromisoformat(one[name]).astimezone(UTC) if one[name] else None
        for name in ("starts_at", "ends_at", "made_at", "ended_at")
    }


def _rule(found: dict[str, Any]) -> Rule:
    return Rule(
        ref=found["public_id"],
        number=found["id"],
        reach=Reach(
            region_ref=found["region_ref"],
            merchant_ref=found["merchant_ref"],
            category=found["category"],
            offer_ref=found["offer_ref"],
        ),
        terms=Terms(
            rate_ppm=found["rate_ppm"],
            fixed=found["fixed"],
            minimum=found["minimum"],
            unit=found["unit"],
            free_months=found["free_months"],
            bearer=Bearer(found["bearer"]),
            provider_rate_ppm=found["provider_rate_ppm"],
            provider_fixed=found["provider_fixed"],
            tax_ppm=found["tax_ppm"],
        ),
        starts_at=found["starts_at"],
        ends_at=found["ends_at"],
        note=found["note"],
        made_by=found["made_by"],
        made_at=found["made_at"],
        ended_by=found["ended_by"],
        ended_at=found["ended_at"],
        replaces_ref=found["replaces_ref"],
    )
