"""The price of a cart, by example."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from hutong.kernel.money import Money
from hutong.pay.pricing.rules import CartInvalid, QuoteInvalid, from_json, price_cart, to_json
from hutong.pay.pricing.services import PriceChanged, require_shown_price
from hutong.pay.pricing.types import CartLine
from tests.factories.orders import cart_line, quote


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
        price_cart(lines, commission_rate_ppm=100_000)


@pytest.mark.parametrize("rate", [-1, 1_000_001])
def test_a_commission_lies_between_nothing_and_everything(rate: int) -> None:
    with pytest.raises(CartInvalid):
        price_cart([cart_line()], commission_rate_ppm=rate)


def _set(path: str, value: object) -> Callable[[dict[str, Any]], object]:
    def change(stored: dict[str, Any]) -> None:
        *way, last = path.split(".")
        place: Any = stored
        for step in way:
            place = place[int(step) if step.isdigit() else step]
        place[last] = value

    return change


@pytest.mark.parametrize(
    "damage",
    [
        _set("version", 2),
        _set("total", 1),
        _set("hash", "0" * 32),
        _set("lines", []),
        _set("lines.0.units", []),
        _set("lines.0.units.0.paid", 1),
        _set("lines.0.units.0.paid", 19.9),
        _set("lines.0.units.0.commission", 5),
        lambda stored: stored.pop("unit"),
        lambda stored: stored["lines"][0].pop("offer_ref"),
    ],
)
def test_a_damaged_quote_is_refused(damage: Callable[[dict[str, Any]], object]) -> None:
    stored = json.loads(json.dumps(to_json(quote())))
    assert from_json(stored).total == euros(1990)
    damage(stored)
    with pytest.raises(QuoteInvalid):
        from_json(stored)


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
