"""The discounts of an order, out of the quote it was sold by."""

from __future__ import annotations

from collections.abc import Collection

from hutong.kernel.money import Money
from hutong.kernel.rows import rows
from hutong.pay.orders.queries.views import quote_of
from hutong.pay.pricing.types import Lane


def discounts_of(order_ref: str, unit_refs: Collection[str]) -> dict[str, Money]:
    """What promotions took off these units of an order, by the promotion's ref; points are not in it. Two statements."""
    quote = quote_of(order_ref)
    if quote is None:
        return {}
    promotions = {each.ref: each.promotion_ref for each in quote.discounts if each.lane is not Lane.POINTS}
    places = rows(
        """SELECT l.position AS line, u.position AS place FROM orders_unit u JOIN orders_line l ON l.id = u.line_id
           JOIN orders_order o ON o.id = u.order_id WHERE o.public_id = %s AND u.public_id = ANY (%s::text[])""",
        [order_ref, list(unit_refs)],
    )
    found: dict[str, Money] = {}
    for place in places:
        for part in quote.lines[place["line"]].units[place["place"]].discounts:
            if part.ref in promotions:
                ref = promotions[part.ref]
                found[ref] = found.get(ref, Money(0, quote.unit)) + part.amount
    return found
