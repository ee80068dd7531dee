"""A merchant's orders, for its own people: found by what they may know, never by a shopper's name."""

from __future__ import annotations

from datetime import datetime

from hutong.kernel.rows import rows
from hutong.pay.orders.queries.views import PARTIES, SUMMARY, summary
from hutong.pay.orders.types import OrderState, OrderSummary

_WANTED = """
WHERE o.merchant_id = %(merchant)s::bigint
  AND (%(store)s::text IS NULL OR s.public_id = %(store)s::text)
  AND (%(state)s::text IS NULL OR o.state = %(state)s::text)
  AND (%(offer)s::text IS NULL OR EXISTS (
        SELECT FROM orders_line l WHERE l.order_id = o.id AND l.offer_ref = %(offer)s::text))
  AND (%(since)s::timestamptz IS NULL OR o.created_at >= %(since)s::timestamptz)
  AND (%(until)s::timestamptz IS NULL OR o.created_at < %(until)s::timestamptz)
  AND (%(text)s::text IS NULL OR strpos(o.public_id, %(text)s::text) > 0
       OR right(p.phone, 3) = %(digits)s::text)
"""


def merchant_orders(
    *,
    merchant_id: int,
    store_ref: str | None = None,
    state: OrderState | None = None,
    offer_ref: str = "",
    text: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before_ref: str | None = None,
    limit: int = 50,
) -> list[OrderSummary]:
    """A merchant's orders, or those for one of its stores, the newest first; `before_ref` is the last of the page
    before. The span of ordering is half open.

    `text` is a part of the order's ref, or exactly the three last digits of the phone, which are shown: longer
    numbers find nothing, so that nobody tries out a whole one. One statement.
    """
    digits = text.strip()
    # Public ids sort by the time of making, so that the cursor needs no look-up.
    found = rows(
        f"""SELECT {SUMMARY}{PARTIES}{_WANTED}
            AND (%(before)s::text IS NULL OR o.public_id < %(before)s::text)
            ORDER BY o.public_id DESC LIMIT %(limit)s::int4""",
        {
            "merchant": merchant_id,
            "store": store_ref,
            "state": state.value if state else None,
            "offer": offer_ref or None,
            "since": since,
            "until": until,
            "text": text.strip().lower()[:40] or None,
            "digits": digits if len(digits) == 3 and digits.isascii() and digits.isdecimal() else None,
            "before": before_ref,
            "limit": limit,
        },
    )
    return [summary(order) for order in found]
