"""A cart as the search for its discounts sees it: whole numbers by line, and which lines a thing is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hutong.pay.pricing.rules.prices import LinePrice
from hutong.pay.pricing.types import CartLine, Context, LineKind, Reach


@dataclass(slots=True)
class Basket:
    """The lines after the price lane. Sets of lines are bits, so that what one promotion is for takes a few operations,
    however many lines there are."""

    unit: str
    context: Context | None
    local: datetime | None
    prices: list[int]
    """Of each piece of a line, in minor units."""
    pieces: list[int]
    totals: list[int]
    goods: int = 0
    delivery: int = 0
    _by_merchant: dict[str, int] = field(default_factory=dict)
    _by_offer: dict[str, int] = field(default_factory=dict)
    _by_category: dict[str, int] = field(default_factory=dict)
    _lines: dict[int, tuple[int, ...]] = field(default_factory=dict)
    _sums: dict[int, int] = field(default_factory=dict)

    def reached(self, reach: Reach) -> int:
        """The goods it is for, as bits."""
        found = self.goods
        if reach.merchant_ref:
            found &= self._by_merchant.get(reach.merchant_ref, 0)
        if reach.offer_refs or reach.categories:
            named = 0
            for ref in reach.offer_refs:
                named |= self._by_offer.get(ref, 0)
            for category in reach.categories:
                named |= self._by_category.get(category, 0)
            found &= named
        return found

    def of_merchant(self, merchant_ref: str) -> int:
        """All lines of a merchant, as bits; of "" all there are."""
        return self._by_merchant.get(merchant_ref, 0) if merchant_ref else self.goods | self.delivery

    def of_offer(self, offer_ref: str) -> int:
        """The lines of an offer, as bits."""
        return self._by_offer.get(offer_ref, 0)

    def lines(self, bits: int) -> tuple[int, ...]:
        """The lines that are meant by bits."""
        found = self._lines.get(bits)
        if found is None:
            found = tuple(index for index in range(len(self.totals)) if bits >> index & 1)
            self._lines[bits] = found
        return found

    def total(self, bits: int) -> int:
        """What these lines cost after the price lane."""
        found = self._sums.get(bits)
        if found is None:
            found = self._sums[bits] = sum(self.totals[index] for index in self.lines(bits))
        return found


def basket(
    lines: Sequence[CartLine], prices: Sequence[LinePrice], context: Context | None, local: datetime | None
) -> Basket:
    """The basket of these lines at these prices."""
    made = Basket(
        unit=lines[0].price.unit,
        context=context,
        local=local,
        prices=[each.price.minor for each in prices],
        pieces=[line.quantity for line in lines],
        totals=[each.price.minor * line.quantity for line, each in zip(lines, prices, strict=True)],
    )
    for index, line in enumerate(lines):
        bit = 1 << index
        made._by_merchant[line.merchant_ref] = made._by_merchant.get(line.merchant_ref, 0) | bit
        if line.kind is LineKind.DELIVERY:
            made.delivery |= bit
            continue
        made.goods |= bit
        made._by_offer[line.offer_ref] = made._by_offer.get(line.offer_ref, 0) | bit
        for category in line.categories:
            made._by_category[category] = made._by_category.get(category, 0) | bit
    return made
