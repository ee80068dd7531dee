"""The discounts of an order, out of the quote it was sold by."""

from __future__ import annotations

import json
from collections.abc import Collection

from hutong.kernel.money import Money
from hutong.kernel.rows import row, rows
from hutong.pay.pricing.rules import from_json
from hutong.pay.pricing.types import Lane, Quote


def quote_of(order_ref: str) -> Quote | None:
    """The quote an order was placed with, every amount and discount of it; None without such an order. One statement."""
    found = row("SELECT quote::text AS quote FROM orders_order WHERE public_id = %s", [order_ref])
    return from_json(json.loads(found["quote"])) if found else None


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
