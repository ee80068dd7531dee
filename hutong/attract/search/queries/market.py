"""What deals of the same kind cost nearby: the market that a price is held against."""

from datetime import datetime

from hutong.attract.search import rules
from hutong.attract.search.queries.statements import AROUND, HERE
from hutong.attract.search.types import MarketDeal
from hutong.kernel.geo import Place, mercator
from hutong.kernel.money import Money
from hutong.kernel.rows import rows

MOST_COMPARED = 200

# Outwards in the index of category and place, so many; then each offer once, where it is nearest. The category is that
# of the store in question.
_MARKET = f"""
SELECT DISTINCT ON (near.offer_ref) near.offer_ref, near.price, near.list_price, near.unit, near.d
FROM (
  SELECT t.offer_ref, t.price, t.list_price, t.unit, t.place <-> {HERE} AS d FROM search_searchdeal t
  WHERE t.category_id = (SELECT s.category_id FROM merchants_store s WHERE s.id = %(store_id)s::int8)
    AND {AROUND} AND t.starts_at <= %(at)s AND (t.ends_at IS NULL OR t.ends_at > %(at)s)
    AND t.store_id NOT IN (SELECT o.id FROM merchants_store o JOIN merchants_store s ON s.merchant_id = o.merchant_id
      WHERE s.id = %(store_id)s::int8)
  ORDER BY t.place <-> {HERE} LIMIT %(most)s::int4
) near ORDER BY near.offer_ref, near.d
"""  # noqa: S608  constants alone


def market_near(
    *, store_id: int, place: Place, radius_m: float, unit: str, at: datetime, most: int = MOST_COMPARED
) -> list[MarketDeal]:
    """The deals of other merchants that are on sale within `radius_m` of a store and of its category, at most `most`
    of the nearest places, in the currency `unit`. One statement."""
    x, y = mercator(place)
    values = {
        "x": x, "y": y, "cap": radius_m * rules.scale_at(place.lat), "store_id": store_id, "at": at, "most": most,
    }  # fmt: skip
    return [
        MarketDeal(
            offer_ref=entry["offer_ref"],
            price=Money(entry["price"], unit),
            list_price=Money(entry["list_price"], unit),
        )
        for entry in rows(_MARKET, values)
        if entry["unit"] == unit
    ]
