"""A quote reads back as it was written, in every version that was ever written, or is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from hutong.kernel.money import Money
from hutong.pay.pricing.rules import VERSION, QuoteInvalid, from_json, price_cart, to_json
from hutong.pay.pricing.types import BuyGet, Funder, Lane, PriceKind, Quote, SpecialPrice
from tests.factories.pricing import context, coupon, euros, line, off, percent, points, promotion

UNIT_OF_VERSION_2 = {
    "list": 2990, "discount_merchant": 1000, "discount_platform": 500, "paid": 1490, "commission": 199,
    "commission_rate_ppm": 100000, "commission_reason": "default", "commission_tax": 0, "provider_fee": 0, "tax": 303,
}  # fmt: skip
# Written by the version before discounts: two lunches for 19.90, of which the platform pays 5.00 each.
OF_VERSION_2: dict[str, Any] = {
    "version": 2, "hash": "a646bbb4d015da0ebd3b8e98313aeb75", "unit": "EUR",
    "total": 2980, "list_total": 5980, "discount_total": 3000, "commission_total": 398,
    "commission_tax_total": 0, "provider_fee_total": 0, "tax_total": 605,
    "lines": [
        {
            "offer_ref": "off_a", "merchant_ref": "mer_a", "titles": {"en": "Lunch for two"},
            "units": [UNIT_OF_VERSION_2, {**UNIT_OF_VERSION_2, "tax": 302}],
        }
    ],
}  # fmt: skip


def of_version_1() -> dict[str, Any]:
    """The same, as it was written before there was tax on commission."""
    stored = deepcopy(OF_VERSION_2)
    stored["version"] = 1
    for name in ("commission_tax", "provider_fee"):
        del stored[f"{name}_total"]
        for unit in stored["lines"][0]["units"]:
            del unit[name]
    return stored


def full() -> Quote:
    """A quote with something of everything."""
    return price_cart(
        [
            line("off_a", 1000, quantity=3, uses=2, special=[SpecialPrice(euros(800), 3)], binding_steps=True),
            line("off_b", 500, quantity=2, list_price=700),
        ],
        context=context(),
        promotions=[promotion(percent(10), minimum=2000, binding=True, ref="prm_ten")],
        coupons=[
            coupon(off(100), Lane.PLATFORM_COUPON, ref="cpn_used"),
            coupon(off(100), minimum=9000, ref="cpn_dear"),
            coupon(BuyGet(5, 1), ref="cpn_many", offers=["off_b"]),
        ],
        points=points(300),
    )  # fmt: skip


@pytest.mark.parametrize("stored", [of_version_1(), OF_VERSION_2], ids=["1", "2"])
def test_an_earlier_version_is_read_as_it_was_written(stored: dict[str, Any]) -> None:
    """Orders that await payment while the site is upgraded carry it."""
    read = from_json(stored)
    assert (read.version, read.hash, to_json(read)) == (stored["version"], stored["hash"], stored)
    assert (read.total, read.commission_total, read.tax_total) == (euros(2980), euros(398), euros(605))
    unit = read.lines[0].units[1]
    assert (unit.provider_fee, unit.discount_platform, unit.discounts) == (euros(0), euros(500), ())
    assert (read.discounts, read.unused, read.lines[0].steps) == ((), (), ())


def test_a_quote_with_everything_comes_back_whole() -> None:
    quote = full()
    assert (quote.version, VERSION) == (3, 3)
    assert [each.ref for each in quote.discounts] == ["prm_ten", "cpn_used", "pts_town"]
    assert [each.ref for each in quote.unused] == ["cpn_dear", "cpn_many"]
    assert quote.lines[0].price_kind is PriceKind.QUANTITY
    read = from_json(json.loads(json.dumps(to_json(quote))))
    assert read == quote
    # What a page shows of a discount, and what a later cancellation asks for, was all kept.
    first, _second, spent = read.discounts
    assert (first.titles, first.funder, first.amount) == ({"en": "prm_ten"}, Funder.MERCHANT, euros(340))
    assert first.lines == ((0, euros(240)), (1, euros(100)))
    assert first.condition is not None
    assert (first.condition.lines, first.condition.minimum) == ((0, 1), euros(2000))
    assert spent.points == Money(300, "pts_town")
    assert read.lines[0].units[0].discounts[0].amount == euros(40)


def test_the_hash_names_what_the_shopper_sees() -> None:
    """The same total by another coupon, with other terms or other points is another quote."""

    def priced(ref: str = "cpn_a", *, binding: bool = False, steps: bool = False, spent: int = 1000) -> str:
        lines = [line(price=1000, quantity=3, special=[SpecialPrice(euros(800), 3)], binding_steps=steps)]
        held = [coupon(off(200), ref=ref, minimum=500, binding=binding)]
        quote = price_cart(lines, context=context(), coupons=held, points=points(spent, each=spent // 10))
        assert quote.total == euros(1200)
        return quote.hash

    hashes = [priced(), priced("cpn_b"), priced(binding=True), priced(steps=True), priced(spent=500)]
    assert len(set(hashes)) == 5
    assert priced() == hashes[0]


def test_a_coupon_that_is_not_used_does_not_change_the_hash() -> None:
    held = coupon(off(200))
    worse = coupon(off(100), ref="cpn_worse")
    with_both = price_cart([line()], context=context(), coupons=[held, worse])
    assert with_both.unused
    assert with_both.hash == price_cart([line()], context=context(), coupons=[held]).hash


def _set(path: str, value: object) -> Callable[[dict[str, Any]], object]:
    def change(stored: dict[str, Any]) -> None:
        *way, last = path.split(".")
        place: Any = stored
        for step in way:
            place = place[int(step) if step.isdigit() else step]
        key = int(last) if last.isdigit() else last
        assert place[key] != value, "the damage is none"
        place[key] = value

    return change


def _move(stored: dict[str, Any]) -> None:
    """A cent of the promotion moves from one unit to another: each still adds up to what is paid of it."""
    units = stored["lines"][0]["units"]
    for index, cents in ((0, 1), (1, -1)):
        units[index]["discounts"]["shop_promotion"] += cents
        units[index]["discount_merchant"] += cents
        units[index]["paid"] -= cents


def _fund(stored: dict[str, Any]) -> None:
    """The merchant pays what the platform promised."""
    unit = stored["lines"][0]["units"][0]
    unit["discount_merchant"] += unit["discount_platform"]
    unit["discount_platform"] = 0


@pytest.mark.parametrize(
    "damage",
    [
        _set("version", 4),
        _set("version", 2),
        _set("version", 1),
        _set("total", 1),
        _set("hash", "0" * 32),
        _set("lines", []),
        _set("lines.0.units", []),
        _set("lines.0.units.0.paid", 1),
        _set("lines.0.units.0.paid", 19.9),
        _set("lines.0.units.0.commission", 5),
        _set("lines.0.units.0.commission", -5),
        _set("lines.0.units.0.provider_fee", 5),
        _set("lines.0.units.0.commission_tax", 5),
        _set("lines.0.units.0.tax", 100000),
        _set("lines.0.units.0.discounts.shop_promotion", 1),
        _set("lines.0.units.0.points", 7),
        _set("lines.0.uses", 4),
        _set("lines.0.uses", 0),
        _set("lines.0.steps.1.1", 700),
        _set("lines.0.binding_steps", False),
        _set("lines.0.price_kind", "gift"),
        _set("discounts.0.amount", 1),
        _set("discounts.0.ref", "prm_other"),
        _set("discounts.0.lane", "shop_coupon"),
        _set("discounts.0.lines.0.1", 1),
        _set("discounts.0.condition.minimum", 1),
        _set("discounts.1.funder", "merchant"),
        _set("discounts.2.points.0", 1),
        _set("discounts", []),
        _set("unused.0.reason", "no idea"),
        _move,
        _fund,
        lambda stored: stored.pop("unit"),
        lambda stored: stored.pop("unused"),
        lambda stored: stored["lines"][0].pop("offer_ref"),
        lambda stored: stored["discounts"].append(stored["discounts"][0]),
    ],
)
def test_a_damaged_quote_is_refused(damage: Callable[[dict[str, Any]], object]) -> None:
    stored = json.loads(json.dumps(to_json(full())))
    assert from_json(stored) == full()
    damage(stored)
    with pytest.raises(QuoteInvalid):
        from_json(stored)
