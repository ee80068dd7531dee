"""The price of a cart, and the quote's way into JSON and back. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hutong.kernel.money import Money
from hutong.pay.pricing.types import CartLine, Quote, QuoteLine, UnitAmounts

VERSION = 1
"""The form of a quote's JSON. A quote of another version is refused, never guessed at."""

MAX_LINES = 50
MAX_QUANTITY = 100
_PPM = 1_000_000


class CartInvalid(ValueError):
    """The cart cannot be priced: empty, too big, an amount below zero, or more than one unit of money."""


class QuoteInvalid(ValueError):
    """A stored quote does not read back: unknown version, missing parts, or sums that do not add up."""


def price_cart(
    lines: Sequence[CartLine], *, commission_rate_ppm: int, commission_reason: str = "default"
) -> Quote:
    """Fix every amount of a cart.

    The merchant funds the difference between list price and price. Commission and contained tax are
    computed once for each line, rounded half up, and split over its units by largest remainder, so a line
    of three units is off its exact share by less than one minor unit in all. Raises CartInvalid.
    """
    _check(lines, commission_rate_ppm)
    priced = tuple(_price_line(line, commission_rate_ppm, commission_reason) for line in lines)
    return _quote(priced)


def to_json(quote: Quote) -> dict[str, Any]:
    """The quote as plain JSON values, amounts as whole minor units of the one `unit`."""
    return {
        "version": quote.version,
        "hash": quote.hash,
        "unit": quote.unit,
        "total": quote.total.minor,
        "list_total": quote.list_total.minor,
        "discount_total": quote.discount_total.minor,
        "commission_total": quote.commission_total.minor,
        "tax_total": quote.tax_total.minor,
        "lines": [
            {
                "offer_ref": line.offer_ref,
                "merchant_ref": line.merchant_ref,
                "titles": dict(line.titles),
                "units": [_unit_to_json(unit) for unit in line.units],
            }
            for line in quote.lines
        ],
    }


def from_json(stored: Mapping[str, Any]) -> Quote:
    """The quote that `to_json` wrote. Raises QuoteInvalid when it does not add up to what it says."""
    if stored.get("version") != VERSION:
        raise QuoteInvalid(f"version {stored.get('version')!r} of a quote is not known")
    try:
        unit = stored["unit"]
        lines = tuple(_line_from_json(line, unit) for line in stored["lines"])
        if not lines:
            raise QuoteInvalid("a quote has at least one line")
        quote = _quote(lines)
    except (KeyError, TypeError, ValueError) as error:
        raise QuoteInvalid(f"a stored quote cannot be read: {error}") from error
    if to_json(quote) != dict(stored):
        raise QuoteInvalid("a stored quote does not add up to its own totals")
    return quote


def _check(lines: Sequence[CartLine], commission_rate_ppm: int) -> None:
    if not 0 < len(lines) <= MAX_LINES:
        raise CartInvalid(f"a cart has 1 to {MAX_LINES} lines")
    if not 0 <= commission_rate_ppm <= _PPM:
        raise CartInvalid(f"a commission lies between 0 and 100 %, not at {commission_rate_ppm} millionths")
    unit = lines[0].price.unit
    for line in lines:
        if line.quantity < 1 or line.uses < 1 or line.quantity * line.uses > MAX_QUANTITY:
            raise CartInvalid(f"a line has 1 to {MAX_QUANTITY} units")
        if line.price.unit != unit or line.list_price.unit != unit:
            raise CartInvalid(
                f"a cart has one unit of money: {unit}, {line.price.unit}, {line.list_price.unit}"
            )
        if not 0 <= line.price.minor <= line.list_price.minor:
            raise CartInvalid(f"{line.offer_ref}: a price lies between nothing and the list price")
        if line.tax_rate_ppm < 0:
            raise CartInvalid(f"{line.offer_ref}: a tax rate is not negative")


def _price_line(line: CartLine, commission_rate_ppm: int, commission_reason: str) -> QuoteLine:
    equal_weights = [1] * (line.quantity * line.uses)
    total = line.price * line.quantity
    # By largest remainder no unit is paid with more than its list price: the price is not above the list price.
    shares = [1] * line.uses
    lists, prices = line.list_price.allocate(shares), line.price.allocate(shares)
    commissions = total.share(commission_rate_ppm).allocate(equal_weights)
    taxes = _contained_tax(total, line.tax_rate_ppm).allocate(equal_weights)
    units = tuple(
        UnitAmounts(
            list=list_price,
            discount_merchant=list_price - price,
            discount_platform=Money(0, line.price.unit),
            paid=price,
            commission=commission,
            commission_rate_ppm=commission_rate_ppm,
            commission_reason=commission_reason,
            tax=tax,
        )
        for list_price, price, commission, tax in zip(
            lists * line.quantity, prices * line.quantity, commissions, taxes, strict=True
        )
    )
    return _line(line.offer_ref, line.merchant_ref, line.titles, units)


def _contained_tax(total: Money, rate_ppm: int) -> Money:
    """The tax inside a price that includes it, total * rate / (1 + rate), rounded half up."""
    whole = _PPM + rate_ppm
    return Money((2 * total.minor * rate_ppm + whole) // (2 * whole), total.unit)


def _line(
    offer_ref: str, merchant_ref: str, titles: Mapping[str, str], units: tuple[UnitAmounts, ...]
) -> QuoteLine:
    unit = units[0].paid.unit
    return QuoteLine(
        offer_ref=offer_ref,
        merchant_ref=merchant_ref,
        titles=dict(titles),
        units=units,
        list_total=_sum((amounts.list for amounts in units), unit),
        total=_sum((amounts.paid for amounts in units), unit),
    )


def _quote(lines: tuple[QuoteLine, ...]) -> Quote:
    units = [amounts for line in lines for amounts in line.units]
    unit = units[0].paid.unit
    total = _sum((line.total for line in lines), unit)
    list_total = _sum((line.list_total for line in lines), unit)
    return Quote(
        lines=lines,
        unit=unit,
        total=total,
        list_total=list_total,
        discount_total=list_total - total,
        commission_total=_sum((amounts.commission for amounts in units), unit),
        tax_total=_sum((amounts.tax for amounts in units), unit),
        version=VERSION,
        hash=_hash(lines, unit),
    )


def _hash(lines: Sequence[QuoteLine], unit: str) -> str:
    """Names what the shopper sees. Commission and tax stay out: changing those is no change of price."""
    shown = [
        [line.offer_ref, [[amounts.list.minor, amounts.paid.minor] for amounts in line.units]]
        for line in lines
    ]
    text = json.dumps([VERSION, unit, shown], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _sum(amounts: Iterable[Money], unit: str) -> Money:
    return sum(amounts, Money(0, unit))


def _unit_to_json(amounts: UnitAmounts) -> dict[str, Any]:
    return {
        "list": amounts.list.minor,
        "discount_merchant": amounts.discount_merchant.minor,
        "discount_platform": amounts.discount_platform.minor,
        "paid": amounts.paid.minor,
        "commission": amounts.commission.minor,
        "commission_rate_ppm": amounts.commission_rate_ppm,
        "commission_reason": amounts.commission_reason,
        "tax": amounts.tax.minor,
    }


def _line_from_json(stored: Mapping[str, Any], unit: str) -> QuoteLine:
    units = tuple(_unit_from_json(amounts, unit) for amounts in stored["units"])
    if not units:
        raise QuoteInvalid("a line has at least one unit")
    return _line(stored["offer_ref"], stored["merchant_ref"], stored["titles"], units)


def _unit_from_json(stored: Mapping[str, Any], unit: str) -> UnitAmounts:
    amounts = UnitAmounts(
        list=Money(stored["list"], unit),
        discount_merchant=Money(stored["discount_merchant"], unit),
        discount_platform=Money(stored["discount_platform"], unit),
        paid=Money(stored["paid"], unit),
        commission=Money(stored["commission"], unit),
        commission_rate_ppm=stored["commission_rate_ppm"],
        commission_reason=stored["commission_reason"],
        tax=Money(stored["tax"], unit),
    )
    if amounts.list - amounts.discount_merchant - amounts.discount_platform != amounts.paid:
        raise QuoteInvalid("the amounts of a unit do not add up to what is paid")
    return amounts
