"""The price of a cart, by example."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import pytest

from hutong.kernel.money import Money
from hutong.pay.pricing.rules import CartInvalid, flat_rate, from_json, price_cart, to_json
from hutong.pay.pricing.services import PriceChanged, require_shown_price
from hutong.pay.pricing.types import CartLine
from tests.factories.orders import cart_line, promoted, quote


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def test_every_amount_of_a_cart_is_fixed() -> None:
    priced = quote(cart_line(quantity=2, price=1990, list_price=2990), cart_line(price=500, list_price=500))

    assert priced.total == euros(4480)
    assert priced.list_total == euros(6480)
    assert priced.discount_total == euros(2000)
    assert priced.commission_total == euros(448)
    first, second = priced.lines
    assert (first.quantity, first.total, first.list_total) == (2, euros(3980), euros(5980))
    assert (second.quantity, second.total) == (1, euros(500))
    unit = first.units[0]
    assert (unit.list, unit.discount_merchant, unit.discount_platform, unit.paid) == (
        euros(2990),
        euros(1000),
        euros(0),
        euros(1990),
    )
    assert (unit.commission, unit.commission_rate_ppm, unit.commission_reason) == (
        euros(199),
        100_000,
        "default",
    )


def test_a_commission_that_does_not_divide_goes_to_the_first_units() -> None:
    # 10 % of 3 x 3.33 is 0.999, so 1.00: one unit bears a cent more than the others.
    units = quote(cart_line(quantity=3, price=333, list_price=333)).lines[0].units
    assert [unit.commission.minor for unit in units] == [34, 33, 33]


def test_tax_is_contained_in_the_price() -> None:
    # 25.5 % of Finland in 12.55: 2.55.
    priced = quote(cart_line(price=1255, list_price=1255, tax_rate_ppm=255_000))
    assert priced.tax_total == euros(255)
    assert priced.total == euros(1255)


@pytest.mark.parametrize(("unit", "price"), [("JPY", 1000), ("KWD", 12345)])
def test_currencies_without_cents_and_with_mils_are_priced_alike(unit: str, price: int) -> None:
    priced = quote(cart_line(quantity=3, price=price, list_price=price, unit=unit))
    assert priced.total == Money(3 * price, unit)
    assert priced.commission_total == Money(3 * price, unit).share(100_000)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [cart_line()] * 51,
        [cart_line(quantity=0)],
        [cart_line(quantity=101)],
        [cart_line(price=2991, list_price=2990)],
        [cart_line(price=-1)],
        [cart_line(tax_rate_ppm=-1)],
        [cart_line(), cart_line(unit="SEK")],
    ],
    ids=["empty", "long", "none", "many", "above list", "negative", "negative tax", "two currencies"],
)
def test_a_cart_that_makes_no_sense_is_refused(lines: list[CartLine]) -> None:
    with pytest.raises(CartInvalid):
        price_cart(lines)


@pytest.mark.parametrize("rate", [-1, 1_000_001])
def test_a_commission_lies_between_nothing_and_everything(rate: int) -> None:
    with pytest.raises(CartInvalid):
        flat_rate(rate)


@dataclass(frozen=True)
class Kept:
    """What is kept of a line, in cents."""

    commission: Money
    commission_tax: Money
    provider_fee: Money
    rate_ppm: int = 100_000
    reason: str = "rule cru_x merchant"


def kept(commission: int, tax: int, fee: int) -> Kept:
    return Kept(euros(commission), euros(tax), euros(fee))


def test_each_line_has_its_own_charge() -> None:
    charges = {"off_a": kept(301, 75, 31), "off_b": kept(0, 0, 0)}
    priced = price_cart(
        [
            cart_line(offer_ref="off_b", price=500, list_price=500),
            cart_line(offer_ref="off_a", quantity=3, price=1000),
        ],
        charge=lambda line: charges[line.offer_ref],
    )
    second, first = priced.lines
    amounts = [
        (unit.commission.minor, unit.commission_tax.minor, unit.provider_fee.minor) for unit in first.units
    ]
    assert amounts == [(101, 25, 10), (100, 25, 11), (100, 25, 10)]
    assert first.units[0].commission_reason == "rule cru_x merchant"
    assert not second.units[0].commission
    assert (priced.commission_tax_total, priced.provider_fee_total) == (euros(75), euros(31))
    assert from_json(json.loads(json.dumps(to_json(priced)))) == priced


def test_no_unit_loses_more_than_it_was_sold_for() -> None:
    # Two cents over three uses: one of them is worth nothing, and nothing can be kept of it.
    line = replace(cart_line(price=2, list_price=2, quantity=2), uses=3)
    units = price_cart([line], charge=lambda _line: kept(2, 1, 1)).lines[0].units
    assert [unit.paid.minor for unit in units] == [1, 1, 0, 1, 1, 0]
    assert [unit.commission.minor for unit in units] == [1, 1, 0, 0, 0, 0]
    assert [unit.commission_tax.minor for unit in units] == [0, 0, 0, 1, 0, 0]
    assert [unit.provider_fee.minor for unit in units] == [0, 0, 0, 0, 1, 0]


@pytest.mark.parametrize(
    "charge",
    [kept(1991, 0, 0), kept(1000, 991, 0), kept(1000, 900, 91), kept(-1, 0, 0)],
    ids=["commission", "tax", "fee", "negative"],
)
def test_a_charge_that_cannot_be_is_refused(charge: Kept) -> None:
    with pytest.raises(CartInvalid):
        price_cart([cart_line(price=1990)], charge=lambda _line: charge)


def test_the_platform_pays_a_part_of_the_price() -> None:
    priced = promoted(cart_line(quantity=2, price=1990, list_price=2990), euros(1000))
    unit = priced.lines[0].units[1]
    assert (unit.paid, unit.discount_merchant, unit.discount_platform) == (
        euros(1490),
        euros(1000),
        euros(500),
    )
    # The merchant sells for 19.90 each all the same, and 10 % of that is kept.
    assert (priced.total, priced.discount_total, priced.commission_total) == (
        euros(2980),
        euros(3000),
        euros(398),
    )


def test_the_price_shown_is_the_price_charged() -> None:
    line = cart_line(offer_ref="off_a")
    shown = quote(line)
    require_shown_price(quote=quote(line), shown_hash=shown.hash)
    for other in (
        cart_line(offer_ref="off_a", price=1991),
        cart_line(offer_ref="off_a", price=1989),
        cart_line(offer_ref="off_a", list_price=2991),
        cart_line(offer_ref="off_a", quantity=2),
        cart_line(offer_ref="off_b"),
        cart_line(offer_ref="off_a", unit="SEK"),
    ):
        with pytest.raises(PriceChanged) as raised:
            require_shown_price(quote=quote(other), shown_hash=shown.hash)
        assert raised.value.status == 409


def test_a_new_commission_is_no_change_of_price() -> None:
    line = cart_line()
    require_shown_price(
        quote=quote(line, commission_rate_ppm=120_000),
        shown_hash=quote(line, commission_rate_ppm=80_000).hash,
    )
