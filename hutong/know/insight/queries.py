"""Reads of `insight`."""

from datetime import date

from hutong.kernel.rows import row
from hutong.know.insight.types import Looks

# Plan: insight_stepcount_once by region and days, then each offer once by its public id.
_LOOKS = """
SELECT coalesce(sum(n.number) FILTER (WHERE n.step = 'seen'), 0)::bigint AS seen,
       coalesce(sum(n.number) FILTER (WHERE n.step = 'checkout'), 0)::bigint AS checkouts
  FROM insight_stepcount n
 WHERE n.region_id = %(region)s::bigint AND n.day >= %(first)s::date AND n.day <= %(last)s::date
"""
_OF_SOME_OFFERS = """
   AND n.offer_ref IN (
     SELECT f.public_id FROM catalog_offer f
       JOIN catalog_offerstore p ON p.offer_id = f.id
       JOIN merchants_store s ON s.id = p.store_id
       JOIN merchants_category c ON c.id = s.category_id
       LEFT JOIN merchants_category g ON g.id = c.parent_id
      WHERE (%(category)s::text = '' OR %(category)s::text IN (c.slug, g.slug))
        AND (%(area)s::text IS NULL OR btrim(s.postcode) = %(area)s::text))
"""


def looks(
    *, region_id: int, first_on: date, last_on: date, category: str = "", area: str | None = None
) -> Looks:
    """How often the deals of a region were looked at from `first_on` to `last_on`, both included. One statement.

    `category` (the slug of a group or a category) and `area` (a postcode, "" for shops without one) keep the
    deals that hold in at least one such shop.
    """
    limited = bool(category) or area is not None
    found = row(
        _LOOKS + (_OF_SOME_OFFERS if limited else ""),
        {
            "region": region_id,
            "first": first_on,
            "last": last_on,
            **({"category": category, "area": area} if limited else {}),
        },
    )
    assert found is not None, "a statement of aggregates always has one row"
    return Looks(seen=found["seen"], checkouts=found["checkouts"])
