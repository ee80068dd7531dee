"""A quote out of its lines: the totals, and the hash that names what the shopper sees."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from hutong.pay.pricing.rules.amounts import money_sum
from hutong.pay.pricing.types import Discount, Quote, QuoteLine, Unused

VERSION = 3
"""The form of a quote's JSON that is written. Version 2 knew no discounts, version 1 neither tax on commission nor a
share of the provider's fee; orders that wait for their money may still have them. Any other is refused, never
guessed at."""


def quote_of(
    lines: tuple[QuoteLine, ...],
    *,
    discounts: tuple[Discount, ...] = (),
    unused: tuple[Unused, ...] = (),
    version: int = VERSION,
) -> Quote:
    """The quote of these lines, with everything added up."""
    units = [amounts for line in lines for amounts in line.units]
    unit = units[0].paid.unit
    total = money_sum((line.total for line in lines), unit)
    list_total = money_sum((line.list_total for line in lines), unit)
    return Quote(
        lines=lines,
        unit=unit,
        total=total,
        list_total=list_total,
        discount_total=list_total - total,
        commission_total=money_sum((amounts.commission for amounts in units), unit),
        commission_tax_total=money_sum((amounts.commission_tax for amounts in units), unit),
        provider_fee_total=money_sum((amounts.provider_fee for amounts in units), unit),
        tax_total=money_sum((amounts.tax for amounts in units), unit),
        version=version,
        hash=_hash(lines, discounts, unit, version),
        discounts=discounts,
        unused=unused,
    )


def _hash(lines: Sequence[QuoteLine], discounts: Sequence[Discount], unit: str, version: int) -> str:
    """Names what the shopper sees. Commission and tax stay out: changing those is no change of price. So do coupons
    that are not used."""
    shown: list[Any] = [
        [line.offer_ref, [[amounts.list.minor, amounts.paid.minor] for amounts in line.units]]
        for line in lines
    ]
    form: list[Any] = [1, unit, shown]
    if version >= VERSION:
        terms = [_binding(line) for line in lines]
        taken = [_shown(discount) for discount in discounts]
        form = [2, unit, shown, terms, taken]
        if any(line.group for line in lines):
            form.append([line.group for line in lines])
    text = json.dumps(form, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _binding(line: QuoteLine) -> list[list[int]]:
    return [[step.from_quantity, step.price.minor] for step in line.steps] if line.binding_steps else []


def _shown(discount: Discount) -> list[Any]:
    condition = discount.condition
    terms = [
        [*condition.lines],
        condition.minimum.minor if condition.minimum else 0,
        condition.pieces,
    ] if condition else []  # fmt: skip
    return [discount.ref, discount.amount.minor, discount.points.minor if discount.points else 0, terms]
