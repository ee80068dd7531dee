"""Every amount of every unit of a priced line. What was computed once is split by largest remainder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hutong.kernel.money import Money
from hutong.pay.pricing.rules.errors import CartInvalid
from hutong.pay.pricing.rules.prices import LinePrice
from hutong.pay.pricing.types import (
    PPM,
    CartLine,
    Charge,
    DiscountPart,
    Funder,
    QuoteLine,
    SoldLine,
    UnitAmounts,
)


@dataclass(slots=True)
class Discounted:
    """A line with its discounts, before anybody charged for its sale. All lists have an entry for each unit."""

    line: CartLine
    price: LinePrice
    lists: list[Money]
    prices: list[Money]
    paid: list[Money]
    discounts: list[list[DiscountPart]]

    @property
    def by_platform(self) -> list[Money]:
        """What the platform adds to what is paid."""
        return [
            money_sum((each.amount for each in unit if each.funder is Funder.PLATFORM), self.paid[0].unit)
            for unit in self.discounts
        ]

    @property
    def sold(self) -> SoldLine:
        """The line for whoever charges for its sale."""
        line = self.line
        price = money_sum([*self.paid, *self.by_platform], self.paid[0].unit)
        return SoldLine(line.offer_ref, line.merchant_ref, line.kind, len(self.paid), price)


def discounted(line: CartLine, price: LinePrice, discounts: Iterable[DiscountPart]) -> Discounted:
    """Split the line's prices over the uses of each piece, and each discount over all units by what is left of them.

    No unit is paid with less than nothing, nor priced above its list price: a share rounded up is no more than its
    whole weight, and of equal shares the larger whole has the larger ones.
    """
    shares = [1] * line.uses
    lists = line.list_price.allocate(shares) * line.quantity
    prices = price.price.allocate(shares) * line.quantity
    made = Discounted(line, price, lists, prices, list(prices), [[] for _unit in prices])
    for discount in discounts:
        parts = discount.amount.allocate([left.minor for left in made.paid])
        points: list[Money | None] = [None] * len(parts)
        if discount.points is not None:
            points = [*discount.points.allocate([part.minor for part in parts])]
        for index, part in enumerate(parts):
            if part:
                made.paid[index] -= part
                made.discounts[index].append(
                    DiscountPart(discount.ref, discount.lane, discount.funder, part, points[index])
                )
    return made


def quote_line(made: Discounted, charge: Charge) -> QuoteLine:
    """The line with what is kept of it and the tax contained in it, split over its units.

    Raises CartInvalid when more is kept than it was sold for.
    """
    line, by_platform = made.line, made.by_platform
    paid_total = money_sum(made.paid, made.paid[0].unit)
    tax = contained_tax(paid_total, line.tax_rate_ppm)
    taxes = tax.allocate([paid.minor for paid in made.paid]) if paid_total else [tax] * len(made.paid)
    sold_for = [paid + added for paid, added in zip(made.paid, by_platform, strict=True)]
    units = tuple(
        UnitAmounts(
            list=list_price,
            discount_merchant=list_price - paid - added,
            discount_platform=added,
            paid=paid,
            commission=commission,
            commission_rate_ppm=charge.rate_ppm,
            commission_reason=charge.reason,
            commission_tax=commission_tax,
            provider_fee=provider_fee,
            tax=unit_tax,
            discounts=tuple(discounts),
        )
        for list_price, paid, added, (commission, commission_tax, provider_fee), unit_tax, discounts in zip(
            made.lists,
            made.paid,
            by_platform,
            _split_charge(charge, sold_for),
            taxes,
            made.discounts,
            strict=True,
        )
    )
    return QuoteLine(
        offer_ref=line.offer_ref,
        merchant_ref=line.merchant_ref,
        titles=dict(line.titles),
        units=units,
        list_total=money_sum(made.lists, paid_total.unit),
        total=paid_total,
        price_kind=made.price.kind,
        kind=line.kind,
        uses=line.uses,
        steps=made.price.steps,
        binding_steps=line.binding_steps,
        group=line.group,
    )


def contained_tax(total: Money, rate_ppm: int) -> Money:
    """The tax inside a price that includes it, total * rate / (1 + rate), rounded half up."""
    whole = PPM + rate_ppm
    return Money((2 * total.minor * rate_ppm + whole) // (2 * whole), total.unit)


def money_sum(amounts: Iterable[Money], unit: str) -> Money:
    """The sum, nothing of the unit for none."""
    return Money(sum(amount.minor for amount in amounts), unit)


def _split_charge(charge: Charge, sold_for: Sequence[Money]) -> list[tuple[Money, Money, Money]]:
    """Commission, its tax and the provider's fee of each unit, out of what is left of its price.

    Weighted with what is left of it, no unit loses more than that: a share rounded up is no more than its
    whole weight. Raises CartInvalid when a charge is negative or more than all the units were sold for.
    """
    left = list(sold_for)
    kept: list[list[Money]] = []
    for amount in (charge.commission, charge.commission_tax, charge.provider_fee):
        room = sum(price.minor for price in left)
        if amount.unit != sold_for[0].unit or not 0 <= amount.minor <= room:
            raise CartInvalid(f"{amount} cannot be kept of what is left, {room} {sold_for[0].unit}")
        parts = amount.allocate([price.minor for price in left]) if room else [amount] * len(left)
        left = [price - part for price, part in zip(left, parts, strict=True)]
        kept.append(parts)
    return list(zip(*kept, strict=True))
