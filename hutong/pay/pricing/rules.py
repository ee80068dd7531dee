"""The price of a cart, and the quote's way into JSON and back. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hutong.kernel.money import Money
from hutong.pay.pricing.types import CartLine, Charge, FlatRate, Quote, QuoteLine, UnitAmounts

VERSION = 2
"""The form of a quote's JSON that is written. Version 1 knew neither tax on commission nor a share of the
provider's fee; orders that wait for their money may still have it. Any other is refused, never guessed at."""

_OLD_VERSION = 1
_HASH_FORM = 1

MAX_LINES = 50
MAX_QUANTITY = 100
_PPM = 1_000_000


class CartInvalid(ValueError):
    """The cart cannot be priced: empty, too big, an amount below zero, or more than one unit of money."""


class QuoteInvalid(ValueError):
    """A stored quote does not read back: unknown version, missing parts, or sums that do not add up."""


def price_cart(
    lines: Sequence[CartLine],
    *,
    charges: Sequence[Charge] = (),
    commission_rate_ppm: int = 0,
    commission_reason: str = "default",
) -> Quote:
    """Fix every amount of a cart.

    `charges` says what is kept of each line, in the lines' order; without them it is a commission of
    `commission_rate_ppm` on every one. The merchant funds the difference between list price and price, the
    platform what the line says. What is kept and the contained tax are computed once for each line and split
    over its units by largest remainder, so a unit is off its exact share by less than one minor unit, and no
    unit loses more than it was sold for. Raises CartInvalid.
    """
    _check(lines)
    if not 0 <= commission_rate_ppm <= _PPM:
        raise CartInvalid(f"a commission lies between 0 and 100 %, not at {commission_rate_ppm} millionths")
    charges = charges or [
        FlatRate(line.price * line.quantity, commission_rate_ppm, commission_reason) for line in lines
    ]
    if len(charges) != len(lines):
        raise CartInvalid(f"{len(lines)} lines have {len(charges)} charges")
    return _quote(tuple(_price_line(line, charge) for line, charge in zip(lines, charges, strict=True)))


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
    if quote.version == _OLD_VERSION:
        _forget_fees(stored)
    return stored


def _forget_fees(stored: dict[str, Any]) -> None:
    """Make it the form of the old version, which had no such amounts."""
    for name in ("commission_tax", "provider_fee"):
        del stored[f"{name}_total"]
        for line in stored["lines"]:
            for unit in line["units"]:
                del unit[name]


def from_json(stored: Mapping[str, Any]) -> Quote:
    """The quote that `to_json` wrote. Raises QuoteInvalid when it does not add up to what it says."""
    version = stored.get("version")
    if version not in (VERSION, _OLD_VERSION):
        raise QuoteInvalid(f"version {version!r} of a quote is not known")
    try:
        unit = stored["unit"]
        lines = tuple(_line_from_json(line, unit, version) for line in stored["lines"])
        if not lines:
            raise QuoteInvalid("a quote has at least one line")
        quote = _quote(lines, version)
    except (KeyError, TypeError, ValueError) as error:
        raise QuoteInvalid(f"a stored quote cannot be read: {error}") from error
    if to_json(quote) != dict(stored):
        raise QuoteInvalid("a stored quote does not add up to its own totals")
    return quote


def _check(lines: Sequence[CartLine]) -> None:
    if not 0 < len(lines) <= MAX_LINES:
        raise CartInvalid(f"a cart has 1 to {MAX_LINES} lines")
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
        if not Money(0, unit) <= _promoted(line) <= line.price:
            raise CartInvalid(f"{line.offer_ref}: the platform pays between nothing and the price")
        if line.tax_rate_ppm < 0:
            raise CartInvalid(f"{line.offer_ref}: a tax rate is not negative")


def _promoted(line: CartLine) -> Money:
    return line.discount_platform or Money(0, line.price.unit)


def _price_line(line: CartLine, charge: Charge) -> QuoteLine:
    shares = [1] * line.uses
    # By largest remainder no unit is paid with more than its price, nor priced above its list price: the whole
    # is not above the whole, and the shares are equal.
    lists, prices = line.list_price.allocate(shares), line.price.allocate(shares)
    paids = (line.price - _promoted(line)).allocate(shares)
    paid_total = (line.price - _promoted(line)) * line.quantity
    taxes = _contained_tax(paid_total, line.tax_rate_ppm).allocate([1] * (line.quantity * line.uses))
    units = tuple(
        UnitAmounts(
            list=list_price,
            discount_merchant=list_price - price,
            discount_platform=price - paid,
            paid=paid,
            commission=commission,
            commission_rate_ppm=charge.rate_ppm,
            commission_reason=charge.reason,
            commission_tax=commission_tax,
            provider_fee=provider_fee,
            tax=tax,
        )
        for list_price, price, paid, (commission, commission_tax, provider_fee), tax in zip(
            lists * line.quantity,
            prices * line.quantity,
            paids * line.quantity,
            _split(charge, prices * line.quantity),
            taxes,
            strict=True,
        )
    )
    return _line(line.offer_ref, line.merchant_ref, line.titles, units)


def _split(charge: Charge, prices: Sequence[Money]) -> list[tuple[Money, Money, Money]]:
    """Commission, its tax and the provider's fee of each unit, out of what is left of its price.

    Weighted with what is left of it, no unit loses more than that: a share rounded up is no more than its
    whole weight. Raises CartInvalid when a charge is negative or more than all the units were sold for.
    """
    left = list(prices)
    kept: list[list[Money]] = []
    for amount in (charge.commission, charge.commission_tax, charge.provider_fee):
        room = sum(price.minor for price in left)
        if amount.unit != prices[0].unit or not 0 <= amount.minor <= room:
            raise CartInvalid(f"{amount} cannot be kept of what is left, {room} {prices[0].unit}")
        parts = amount.allocate([price.minor for price in left]) if room else [amount] * len(left)
        left = [price - part for price, part in zip(left, parts, strict=True)]
        kept.append(parts)
    return list(zip(*kept, strict=True))


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


def _quote(lines: tuple[QuoteLine, ...], version: int = VERSION) -> Quote:
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
        commission_tax_total=_sum((amounts.commission_tax for amounts in units), unit),
        provider_fee_total=_sum((amounts.provider_fee for amounts in units), unit),
        tax_total=_sum((amounts.tax for amounts in units), unit),
        version=version,
        hash=_hash(lines, unit),
    )


def _hash(lines: Sequence[QuoteLine], unit: str) -> str:
    """Names what the shopper sees. Commission and tax stay out: changing those is no change of price."""
    shown = [
        [line.offer_ref, [[amounts.list.minor, amounts.paid.minor] for amounts in line.units]]
        for line in lines
    ]
    text = json.dumps([_HASH_FORM, unit, shown], separators=(",", ":"))
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
        "commission_tax": amounts.commission_tax.minor,
        "provider_fee": amounts.provider_fee.minor,
        "tax": amounts.tax.minor,
    }


def _line_from_json(stored: Mapping[str, Any], unit: str, version: int) -> QuoteLine:
    units = tuple(_unit_from_json(amounts, unit, version) for amounts in stored["units"])
    if not units:
        raise QuoteInvalid("a line has at least one unit")
    return _line(stored["offer_ref"], stored["merchant_ref"], stored["titles"], units)


def _unit_from_json(stored: Mapping[str, Any], unit: str, version: int) -> UnitAmounts:
    amounts = UnitAmounts(
        list=Money(stored["list"], unit),
        discount_merchant=Money(stored["discount_merchant"], unit),
        discount_platform=Money(stored["discount_platform"], unit),
        paid=Money(stored["paid"], unit),
        commission=Money(stored["commission"], unit),
        commission_rate_ppm=stored["commission_rate_ppm"],
        commission_reason=stored["commission_reason"],
        commission_tax=Money(0 if version == _OLD_VERSION else stored["commission_tax"], unit),
        provider_fee=Money(0 if version == _OLD_VERSION else stored["provider_fee"], unit),
        tax=Money(stored["tax"], unit),
    )
    if amounts.list - amounts.discount_merchant - amounts.discount_platform != amounts.paid:
        raise QuoteInvalid("the amounts of a unit do not add up to what is paid")
    return amounts
