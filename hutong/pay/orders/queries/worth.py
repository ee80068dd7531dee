"""What groups of units were sold for, added up."""

from __future__ import annotations

from collections.abc import Sequence

from hutong.kernel.money import Money
from hutong.kernel.rows import rows

# By the unique public id, each unit once.
_WORTH = """
SELECT g.no, u.unit, sum(u.paid)::bigint AS paid
FROM unnest(%s::int4[], %s::text[]) AS g (no, ref) JOIN orders_unit u ON u.public_id = g.ref
GROUP BY g.no, u.unit
"""


def paid_for(groups: Sequence[Sequence[str]], *, unit: str) -> list[Money]:
    """What shoppers paid for the units of each group, in the order of the groups; nothing for none, and nothing of
    another `unit`. One statement however many."""
    numbers = [number for number, refs in enumerate(groups) for _ref in refs]
    refs = [ref for group in groups for ref in group]
    found = {entry["no"]: entry["paid"] for entry in rows(_WORTH, [numbers, refs]) if entry["unit"] == unit}
    return [Money(found.get(number, 0), unit) for number in range(len(groups))]
