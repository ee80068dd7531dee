"""Splitting money: sums exact, every part within a minor unit of its share, the same split each time."""

from __future__ import annotations

import json
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from hutong.kernel.money import Money
from hutong.pay.pricing.rules import MAX_QUANTITY, flat_rate, from_json, price_cart, to_json
from hutong.pay.pricing.types import CartLine, Quote

AMOUNTS = st.integers(0, 10**12)
RATES = st.integers(0, 1_000_000)


@st.composite
def weights(draw: st.DrawFn) -> list[int]:
    some = draw(st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
    return some if any(some) else [*some, 1]


@st.composite
def cart_lines(draw: st.DrawFn) -> CartLine:
    list_price = draw(AMOUNTS)
    return CartLine(
        offer_ref=draw(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)),
        titles=draw(st.dictionaries(st.sampled_from(["en", "zh-Hans", "fi"]), st.text(max_size=8))),
        quantity=draw(st.integers(1, MAX_QUANTITY)),
        list_price=Money(list_price, "EUR"),
        price=Money(draw(st.integers(0, list_price)), "EUR"),
        merchant_ref="mer_a",
        tax_rate_ppm=draw(st.integers(0, 300_000)),
    )


CARTS = st.lists(cart_lines(), min_size=1, max_size=6)


@given(st.integers(-(10**12), 10**12), weights())
def test_parts_add_up_and_are_fair(minor: int, some: list[int]) -> None:
    whole = Money(minor, "EUR")
    parts = whole.allocate(some)

    assert sum(parts, Money(0, "EUR")) == whole
    for part, weight in zip(parts, some, strict=True):
        assert abs(part.minor - Fraction(minor * weight, sum(some))) < 1
        assert weight or not part
    assert whole.allocate(some) == parts


@given(st.integers(0, 10**12), weights(), st.data())
def test_of_equal_weights_the_earlier_one_never_gets_less(
    minor: int, some: list[int], data: st.DataObject
) -> None:
    parts = Money(minor, "EUR").allocate(some)
    first = data.draw(st.integers(0, len(some) - 1))
    for later in range(first + 1, len(some)):
        if some[later] == some[first]:
            assert parts[first] >= parts[later]


@given(CARTS, RATES)
@settings(max_examples=200)
def test_a_quote_adds_up_exactly(cart: list[CartLine], rate: int) -> None:
    quote = price_cart(cart, charge=flat_rate(rate))
    nothing = Money(0, "EUR")

    assert quote.total == sum((line.price * line.quantity for line in cart), nothing)
    assert quote.list_total - quote.discount_total == quote.total
    assert quote.total == sum((line.total for line in quote.lines), nothing)
    units = [amounts for line in quote.lines for amounts in line.units]
    assert quote.total == sum((amounts.paid for amounts in units), nothing)
    assert quote.commission_total == sum((amounts.commission for amounts in units), nothing)
    for amounts in units:
        assert amounts.list - amounts.discount_merchant - amounts.discount_platform == amounts.paid
        assert nothing <= amounts.commission <= amounts.paid
        assert nothing <= amounts.tax <= amounts.paid
        assert abs(amounts.commission.minor - Fraction(amounts.paid.minor * rate, 1_000_000)) < 1


@given(CARTS, RATES, st.data())
@settings(max_examples=100)
def test_refunding_unit_by_unit_returns_exactly_what_was_paid(
    cart: list[CartLine], rate: int, data: st.DataObject
) -> None:
    quote = price_cart(cart, charge=flat_rate(rate))
    units = [amounts for line in quote.lines for amounts in line.units]
    kept = quote.total
    for amounts in data.draw(st.permutations(units)):
        kept -= amounts.paid
        assert kept.minor >= 0
    assert kept == Money(0, "EUR")


@given(CARTS, RATES)
@settings(max_examples=100)
def test_a_quote_survives_its_json(cart: list[CartLine], rate: int) -> None:
    quote = price_cart(cart, charge=flat_rate(rate))
    stored = json.loads(json.dumps(to_json(quote), ensure_ascii=False))
    assert from_json(stored) == quote


@given(CARTS, RATES)
@settings(max_examples=100)
def test_a_line_is_priced_alike_in_every_cart_and_place(cart: list[CartLine], rate: int) -> None:
    def by_line(quote: Quote) -> list[object]:
        return [(line.offer_ref, line.units) for line in quote.lines]

    together = by_line(price_cart(cart, charge=flat_rate(rate)))
    assert together == by_line(price_cart(cart, charge=flat_rate(rate)))
    assert [by_line(price_cart([line], charge=flat_rate(rate)))[0] for line in cart] == together
    assert by_line(price_cart(cart[::-1], charge=flat_rate(rate))) == together[::-1]
