"""What somebody bought: by the category of the shop, for the taste that orders the home page, and whether ever."""

from collections.abc import Collection
from datetime import datetime

from hutong.kernel.rows import row, rows

# What was refunded in full is no sign of liking. A deal of several shops counts as the first one's.
_BOUGHT = """
SELECT c.slug AS category, o.paid_at
  FROM (SELECT * FROM orders_order WHERE person_id = %s::int8 ORDER BY id DESC LIMIT %s::int4) o
  JOIN orders_line l ON l.order_id = o.id AND l.position = (
       SELECT min(x.position) FROM orders_line x WHERE x.order_id = o.id)
  LEFT JOIN LATERAL (
    SELECT h.store_id FROM catalog_offerstore h JOIN catalog_offer f ON f.id = h.offer_id
     WHERE f.public_id = l.offer_ref ORDER BY h.id LIMIT 1) held ON true
  JOIN merchants_store s ON s.id = coalesce(o.store_id, held.store_id)
  JOIN merchants_category c ON c.id = s.category_id
 WHERE o.paid_at IS NOT NULL AND (o.refunded < o.total OR o.total = 0)
 ORDER BY o.id DESC
"""


def bought_categories(person_id: int, *, limit: int) -> list[tuple[str, datetime]]:
    """The category of each order that was paid and not given back, with when, the newest first; one statement."""
    return [(each["category"], each["paid_at"]) for each in rows(_BOUGHT, [person_id, limit])]


def bought_before(person_id: int, merchant_ref: str, *, but: Collection[str] = ()) -> tuple[bool, bool]:
    """Whether a person has ever paid an order of this merchant, and one at all, those in `but` left out; one statement.

    What was given back whole counts, too: else a first purchase could be had again and again.
    """
    found = row(
        """SELECT count(*) FILTER (WHERE m.public_id = %s) > 0 AS here, count(*) > 0 AS anywhere
           FROM orders_order o JOIN merchants_merchant m ON m.id = o.merchant_id
           WHERE o.person_id = %s::int8 AND o.paid_at IS NOT NULL
               AND o.public_id <> ALL (%s::text[])""",
        [merchant_ref, person_id, list(but)],
    )
    assert found is not None, "a count has a row"
    return found["here"], found["anywhere"]
