"""A quote's way into JSON and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hutong.kernel.money import Money
from hutong.pay.pricing.rules.amounts import money_sum
from hutong.pay.pricing.rules.errors import QuoteInvalid
from hutong.pay.pricing.rules.totals import VERSION, quote_of
from hutong.pay.pricing.types import (
    Condition,
    Discount,
    DiscountPart,
    EffectKind,
    Funder,
    Lane,
    LineKind,
    PriceKind,
    Quote,
    QuoteLine,
    Reason,
    Step,
    UnitAmounts,
    Unused,
)

_WITHOUT_FEES = 1
_READ = (_WITHOUT_FEES, 2, VERSION)


def to_json(quote: Quote) -> dict[str, Any]:
    """The quote as plain JSON values, amounts as whole minor units of the one `unit`."""
    stored: dict[str, Any] = {
        "version": quote.version,
        "hash": quote.hash,
        "unit": quote.unit,
        "total": quote.total.minor,
        "list_total": quote.list_total.minor,
        "discount_total": quote.discount_total.minor,
        "commission_total": quote.commission_total.minor,
        "commission_tax_total": quote.commission_tax_total.minor,
        "provider_fee_total": quote.provider_fee_total.minor,
        "tax_total": quote.tax_total.minor,
        "lines": [_line_to_json(line, quote.version) for line in quote.lines],
    }
    if quote.version == VERSION:
        stored["discounts"] = [_discount_to_json(discount) for discount in quote.discounts]
        stored["unused"] = [_unused_to_json(unused) for unused in quote.unused]
    if quote.version == _WITHOUT_FEES:
        _forget_fees(stored)
    return stored


def _forget_fees(stored: dict[str, Any]) -> None:
    """Make it the form of the first version, which had no such amounts."""
    for name in ("commission_tax", "provider_fee"):
        del stored[f"{name}_total"]
        for line in stored["lines"]:
            for unit in line["units"]:
                del unit[name]


def _line_to_json(line: QuoteLine, version: int) -> dict[str, Any]:
    stored: dict[str, Any] = {
        "offer_ref": line.offer_ref,
        "merchant_ref": line.merchant_ref,
        "titles": dict(line.titles),
        "units": [_unit_to_json(unit, version) for unit in line.units],
    }
    if version == VERSION:
        stored |= {
            "price_kind": line.price_kind.value,
            "kind": line.kind.value,
            "uses": line.uses,
            "steps": [[step.from_quantity, step.price.minor] for step in line.steps],
            "binding_steps": line.binding_steps,
        }
        if line.group:  # quotes that were stored before there were groups have no word of it
            stored["group"] = line.group
    return stored


def _unit_to_json(amounts: UnitAmounts, version: int) -> dict[str, Any]:
    stored: dict[str, Any] = {
        "list": amounts.list.minor,
        "discount_merchant": amounts.discount_merchant.minor,
        "discount_platform": amounts.discount_platform.minor,
        "paid": amounts.paid.minor,
        "commission": amounts.commission.minor,
        "commission_rate_ppm": amounts.commission_rate_ppm,
        "commission_reason": amounts.commission_reason,
        "commission_tax": amounts.commission_tax.minor,
        "provider_fee": amounts.provider_fee.minor,
        "tax": amounts.tax.minor,
    }
    if version == VERSION:
        # There is one discount of a lane at most, so the lane names it.
        stored["discounts"] = {each.lane.value: each.amount.minor for each in amounts.discounts}
        stored["points"] = sum(each.points.minor for each in amounts.discounts if each.points is not None)
    return stored


def _discount_to_json(discount: Discount) -> dict[str, Any]:
    condition = discount.condition
    return {
        "ref": discount.ref,
        "promotion_ref": discount.promotion_ref,
        "kind": discount.kind.value,
        "titles": dict(discount.titles),
        "lane": discount.lane.value,
        "funder": discount.funder.value,
        "brand_ref": discount.brand_ref,
        "amount": discount.amount.minor,
        "lines": [[position, amount.minor] for position, amount in discount.lines],
        "points": None if discount.points is None else [discount.points.minor, discount.points.unit],
        "condition": None
        if condition is None
        else {
            "lines": list(condition.lines),
            "minimum": None if condition.minimum is None else condition.minimum.minor,
            "pieces": condition.pieces,
        },
    }


def _unused_to_json(unused: Unused) -> dict[str, Any]:
    return {
        "ref": unused.ref,
        "reason": unused.reason.value,
        "missing": None if unused.missing is None else unused.missing.minor,
        "missing_pieces": unused.missing_pieces,
    }


def from_json(stored: Mapping[str, Any]) -> Quote:
    """The quote that `to_json` wrote, in this version or an earlier one.

    Raises QuoteInvalid when it does not add up to what it says: units, discounts by lane and funder, totals, hash.
    """
    version = stored.get("version")
    if version not in _READ:
        raise QuoteInvalid(f"version {version!r} of a quote is not known")
    try:
        quote = _quote_from_json(stored, version)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise QuoteInvalid(f"a stored quote cannot be read: {error}") from error
    if to_json(quote) != dict(stored):
        raise QuoteInvalid("a stored quote does not add up to its own totals")
    return quote


def _quote_from_json(stored: Mapping[str, Any], version: int) -> Quote:
    unit = stored["unit"]
    heads = [_head_from_json(each, unit) for each in stored["discounts"]] if version == VERSION else []
    by_lane = {head.lane: head for head in heads}
    lines = tuple(_line_from_json(line, unit, version, by_lane) for line in stored["lines"])
    if not lines:
        raise QuoteInvalid("a quote has at least one line")
    return quote_of(
        lines,
        discounts=tuple(_summed(head, lines) for head in heads),
        unused=tuple(_unused_from_json(each, unit) for each in stored["unused"])
        if version == VERSION
        else (),
        version=version,
    )


def _head_from_json(stored: Mapping[str, Any], unit: str) -> Discount:
    """A discount without its amounts, which are added up from the units."""
    condition, points = stored["condition"], stored["points"]
    return Discount(
        ref=stored["ref"],
        promotion_ref=stored["promotion_ref"],
        kind=EffectKind(stored["kind"]),
        titles=stored["titles"],
        lane=Lane(stored["lane"]),
        funder=Funder(stored["funder"]),
        amount=Money(0, unit),
        lines=(),
        brand_ref=stored["brand_ref"],
        points=None if points is None else Money(0, points[1]),
        condition=None
        if condition is None
        else Condition(
            tuple(condition["lines"]),
            None if condition["minimum"] is None else Money(condition["minimum"], unit),
            condition["pieces"],
        ),
    )


def _summed(head: Discount, lines: Sequence[QuoteLine]) -> Discount:
    """The discount with what it takes off each line, and the points that are spent for it."""
    parts = [
        (position, part)
        for position, line in enumerate(lines)
        for amounts in line.units
        for part in amounts.discounts
        if part.lane is head.lane
    ]
    by_line: dict[int, Money] = {}
    for position, part in parts:
        by_line[position] = by_line.get(position, head.amount) + part.amount
    points = head.points
    if points is not None:
        points = money_sum((part.points for _position, part in parts if part.points is not None), points.unit)
    amount = money_sum((part.amount for _position, part in parts), head.amount.unit)
    return replace(head, amount=amount, lines=tuple(by_line.items()), points=points)


def _line_from_json(
    stored: Mapping[str, Any], unit: str, version: int, heads: Mapping[Lane, Discount]
) -> QuoteLine:
    units = tuple(_unit_from_json(amounts, unit, version, heads) for amounts in stored["units"])
    if not units:
        raise QuoteInvalid("a line has at least one unit")
    line = QuoteLine(
        offer_ref=stored["offer_ref"],
        merchant_ref=stored["merchant_ref"],
        titles=stored["titles"],
        units=units,
        list_total=money_sum((amounts.list for amounts in units), unit),
        total=money_sum((amounts.paid for amounts in units), unit),
    )
    if version != VERSION:
        return line
    line = replace(
        line,
        price_kind=PriceKind(stored["price_kind"]),
        kind=LineKind(stored["kind"]),
        uses=stored["uses"],
        steps=tuple(Step(quantity, Money(price, unit)) for quantity, price in stored["steps"]),
        binding_steps=stored["binding_steps"],
        group=stored.get("group", ""),
    )
    if line.uses < 1 or len(units) % line.uses:
        raise QuoteInvalid("a line has whole pieces")
    if line.steps and line.steps[-1].price.allocate([1] * line.uses) * (len(units) // line.uses) != [
        amounts.price for amounts in units
    ]:
        raise QuoteInvalid("a line does not have the price of its last step")
    return line


def _unit_from_json(
    stored: Mapping[str, Any], unit: str, version: int, heads: Mapping[Lane, Discount]
) -> UnitAmounts:
    with_fees = version != _WITHOUT_FEES
    amounts = UnitAmounts(
        list=Money(stored["list"], unit),
        discount_merchant=Money(stored["discount_merchant"], unit),
        discount_platform=Money(stored["discount_platform"], unit),
        paid=Money(stored["paid"], unit),
        commission=Money(stored["commission"], unit),
        commission_rate_ppm=stored["commission_rate_ppm"],
        commission_reason=stored["commission_reason"],
        commission_tax=Money(stored["commission_tax"] if with_fees else 0, unit),
        provider_fee=Money(stored["provider_fee"] if with_fees else 0, unit),
        tax=Money(stored["tax"], unit),
        discounts=_parts_from_json(stored, unit, heads) if version == VERSION else (),
    )
    _check_unit(amounts, version)
    return amounts


def _parts_from_json(
    stored: Mapping[str, Any], unit: str, heads: Mapping[Lane, Discount]
) -> tuple[DiscountPart, ...]:
    found = []
    for lane, amount in stored["discounts"].items():
        head = heads[Lane(lane)]
        points = None if head.points is None else Money(stored["points"], head.points.unit)
        found.append(DiscountPart(head.ref, head.lane, head.funder, Money(amount, unit), points))
    return tuple(found)


def _check_unit(amounts: UnitAmounts, version: int) -> None:
    if amounts.list - amounts.discount_merchant - amounts.discount_platform != amounts.paid:
        raise QuoteInvalid("the amounts of a unit do not add up to what is paid")
    shown = (amounts.list, amounts.discount_merchant, amounts.discount_platform, amounts.paid, amounts.tax)
    kept = (amounts.commission, amounts.commission_tax, amounts.provider_fee)
    if min(amount.minor for amount in (*shown, *kept)) < 0:
        raise QuoteInvalid("an amount of a unit is less than nothing")
    sold_for = amounts.paid + amounts.discount_platform
    if money_sum(kept, sold_for.unit) > sold_for or amounts.tax > amounts.paid:
        raise QuoteInvalid("more is kept of a unit than it was sold for")
    if version != VERSION:
        return
    by_funder = {
        funder: sum(part.amount.minor for part in amounts.discounts if part.funder is funder)
        for funder in Funder
    }
    if amounts.discount_platform.minor != by_funder[Funder.PLATFORM]:
        raise QuoteInvalid("what the platform pays of a unit is not the sum of its discounts")
    if amounts.discount_merchant.minor < by_funder[Funder.MERCHANT]:
        raise QuoteInvalid("what the merchant pays of a unit is less than its discounts")


def _unused_from_json(stored: Mapping[str, Any], unit: str) -> Unused:
    missing = stored["missing"]
    return Unused(
        ref=stored["ref"],
        reason=Reason(stored["reason"]),
        missing=None if missing is None else Money(missing, unit),
        missing_pieces=stored["missing_pieces"],
    )
