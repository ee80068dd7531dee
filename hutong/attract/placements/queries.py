"""Reads of placements."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hutong.attract.placements.models import PlacementDay
from hutong.attract.placements.types import (
    DayCount,
    PlacementState,
    PlacementView,
    Slotted,
    Subject,
)
from hutong.kernel.rows import row, rows

# What people could find without a placement; `StoreView.shown` and search say the same.
_SHOP_IS_SHOWN = """s.state = 'open' AND (s.merchant_id IS NULL OR s.osm_ref IS NOT NULL
   OR EXISTS (SELECT FROM merchants_merchant m WHERE m.id = s.merchant_id AND m.state = 'approved'))"""
_DEAL_IS_ON = """o.state = 'live' AND o.starts_at <= %(at)s::timestamptz
   AND (o.ends_at IS NULL OR o.ends_at > %(at)s::timestamptz)
   AND EXISTS (SELECT FROM merchants_merchant m WHERE m.id = o.merchant_id AND m.state = 'approved')"""
_OF_THE_LIST = """(%(category)s::text IS NULL OR EXISTS (
   SELECT FROM merchants_category c JOIN asked a ON a.id IN (c.id, c.parent_id) WHERE c.id = s.category_id))"""
# A shop itself, or an open shop in which the deal holds.
_QUALIFIES = f"""EXISTS (
  SELECT FROM merchants_store s WHERE s.id = p.store_id AND {_SHOP_IS_SHOWN} AND {{of_the_list}}
  UNION ALL
  SELECT FROM catalog_offer o
    JOIN catalog_offerstore h ON h.offer_id = o.id
    JOIN merchants_store s ON s.id = h.store_id
   WHERE o.id = p.offer_id AND s.state = 'open' AND {_DEAL_IS_ON} AND {{of_the_list}})"""  # noqa: S608 - constants only
# Few placements run at a time: an index of those that do, then each one's rows by their keys. Whoever is furthest
# behind its share of the day comes first.
_FOR_SLOT = f"""
WITH RECURSIVE around AS (
  SELECT r.id, r.parent_id FROM regions_region r WHERE r.id = %(region)s::int8
  UNION ALL SELECT r.id, r.parent_id FROM regions_region r JOIN around a ON r.id = a.parent_id
), asked AS (SELECT id, parent_id FROM merchants_category WHERE slug = %(category)s::text)
SELECT p.public_id AS ref, shop.public_id AS store_ref, deal.public_id AS offer_ref
  FROM placements_placement p
  JOIN regions_region r ON r.id = p.region_id
  LEFT JOIN merchants_store shop ON shop.id = p.store_id
  LEFT JOIN catalog_offer deal ON deal.id = p.offer_id
  LEFT JOIN placements_placementday d
         ON d.placement_id = p.id AND d.day = (%(at)s::timestamptz AT TIME ZONE r.zone)::date
 WHERE p.state = 'running' AND p.region_id IN (SELECT id FROM around)
   AND p.starts_at <= %(at)s::timestamptz AND p.ends_at > %(at)s::timestamptz
   AND coalesce(d.views, 0) < p.views_a_day
   AND (p.category_id IS NULL OR p.category_id IN (SELECT unnest(ARRAY[id, parent_id]) FROM asked))
   AND {_QUALIFIES.format(of_the_list=_OF_THE_LIST)}
 ORDER BY coalesce(d.views, 0)::float8 / p.views_a_day, p.public_id
 LIMIT %(limit)s::int4
"""  # noqa: S608 - constants only
_VIEW = f"""
SELECT p.public_id AS ref, shop.public_id AS store_ref, deal.public_id AS offer_ref,
       coalesce(shop.names, deal.titles) AS names, m.names AS merchant_names, r.names AS region_names, r.zone,
       (c.names || c.own_names) AS category_names, p.state, p.starts_at, p.ends_at, p.ended_at, p.views_a_day,
       coalesce(t.views, 0) AS views, coalesce(t.clicks, 0) AS clicks,
       coalesce(t.views_today, 0) AS views_today, coalesce(t.clicks_today, 0) AS clicks_today,
       p.state = 'running' AND p.starts_at <= %(at)s::timestamptz AND p.ends_at > %(at)s::timestamptz
         AND coalesce(t.views_today, 0) < p.views_a_day AND {_QUALIFIES.format(of_the_list="true")} AS shown
  FROM placements_placement p
  JOIN regions_region r ON r.id = p.region_id
  LEFT JOIN merchants_store shop ON shop.id = p.store_id
  LEFT JOIN catalog_offer deal ON deal.id = p.offer_id
  LEFT JOIN merchants_merchant m ON m.id = coalesce(shop.merchant_id, deal.merchant_id)
  LEFT JOIN merchants_category c ON c.id = p.category_id
  LEFT JOIN LATERAL (
    SELECT sum(d.views)::int8 AS views, sum(d.clicks)::int8 AS clicks,
           (sum(d.views) FILTER (WHERE d.day = today.day))::int8 AS views_today,
           (sum(d.clicks) FILTER (WHERE d.day = today.day))::int8 AS clicks_today
      FROM placements_placementday d,
           LATERAL (SELECT (%(at)s::timestamptz AT TIME ZONE r.zone)::date AS day) today
     WHERE d.placement_id = p.id) t ON true
"""  # noqa: S608 - constants only


def for_slot(*, region_id: int, category: str | None, at: datetime, limit: int) -> tuple[Slotted, ...]:
    """The placements that may be shown now in a list of this region, whoever is furthest behind first. One statement.

    `category` is the slug of the category (or group) that is looked at, None for the home page or all categories.
    What people could not find without it is never among them. A list with more filters leaves out what they would.
    """
    found = rows(_FOR_SLOT, {"region": region_id, "category": category, "at": at, "limit": limit})
    return tuple(
        Slotted(
            ref=each["ref"],
            subject=Subject.STORE if each["store_ref"] else Subject.DEAL,
            subject_ref=each["store_ref"] or each["offer_ref"],
        )
        for each in found
    )


def placement_by_ref(ref: str, at: datetime) -> PlacementView | None:
    """One placement with its counts, or None; one statement."""
    found = row(f"{_VIEW} WHERE p.public_id = %(ref)s", {"ref": ref, "at": at})
    return _view(found) if found else None


def placements(*, at: datetime, limit: int = 200) -> list[PlacementView]:
    """The placements, those that did not end first, of each the newest first; one statement."""
    found = rows(
        f"{_VIEW} ORDER BY (p.state = 'ended' OR p.ends_at <= %(at)s::timestamptz), p.id DESC LIMIT %(limit)s::int4",
        {"at": at, "limit": limit},
    )
    return [_view(each) for each in found]


def names_of(refs: Sequence[str]) -> dict[str, dict[str, str]]:
    """The names of what these placements show, by the public id of the placement; one statement."""
    found = rows(
        "SELECT p.public_id AS ref, coalesce(s.names, o.titles) AS names FROM placements_placement p"
        " LEFT JOIN merchants_store s ON s.id = p.store_id LEFT JOIN catalog_offer o ON o.id = p.offer_id"
        " WHERE p.public_id = ANY(%s::text[])",
        [list(refs)],
    )
    return {each["ref"]: json.loads(each["names"]) for each in found}


def days_of(ref: str, *, limit: int = 60) -> list[DayCount]:
    """How often a placement was shown and followed, the newest day first."""
    found = PlacementDay.objects.filter(placement__public_id=ref).order_by("-day")[:limit]
    return [DayCount(each.day, each.views, each.clicks) for each in found]


def _view(found: dict[str, Any]) -> PlacementView:
    store_ref, offer_ref = found.pop("store_ref"), found.pop("offer_ref")
    names = {
        key: json.loads(found.pop(key)) if found.get(key) else found.pop(key)
        for key in ("names", "merchant_names", "region_names", "category_names")
    }
    return PlacementView(
        **{**found, **names, "state": PlacementState(found["state"])},
        subject=Subject.STORE if store_ref else Subject.DEAL,
        subject_ref=store_ref or offer_ref,
    )
