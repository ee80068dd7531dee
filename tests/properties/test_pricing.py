"""Whatever is in a cart and a wallet: the sums hold, nobody pays more for having more, and what is written reads back."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from hutong.kernel.money import Money
from hutong.pay.pricing.rules import cancel, flat_rate, from_json, price_cart, to_json
from hutong.pay.pricing.types import (
    AmountOff,
    BuyGet,
    CartLine,
    Coupon,
    Effect,
    FreeDelivery,
    Funder,
    Gift,
    Lane,
    LineKind,
    PercentOff,
    Points,
    Promotion,
    Quote,
    SpecialPrice,
)
from tests.factories.pricing import context, euros, line, points, promotion

OFFERS = ("off_a", "off_b", "off_c", "off_d")
CATEGORIES = ("tea", "cake")
AMOUNTS = st.integers(0, 20_000)
WORTH = st.integers(1, 20_000)
RATES = st.integers(1, 1_000_000)


@dataclass(frozen=True)
class Cart:
    lines: tuple[CartLine, ...]
    promotions: tuple[Promotion, ...]
    coupons: tuple[Coupon, ...]
    points: Points | None

    def priced(self) -> Quote:
        return price_cart(
            self.lines,
            charge=flat_rate(120_000),
            context=context(segments=["member"]),
            promotions=self.promotions,
            coupons=self.coupons,
            points=self.points,
        )


@st.composite
def cart_lines(draw: st.DrawFn, offer_ref: str) -> CartLine:
    list_price = draw(AMOUNTS)
    price = draw(st.integers(0, list_price))
    special = draw(
        st.lists(
            st.builds(
                SpecialPrice,
                st.integers(0, list_price).map(euros),
                st.integers(1, 5),
                segments=st.sampled_from([frozenset[str](), frozenset({"member"}), frozenset({"staff"})]),
            ),
            max_size=3,
        )
    )
    return replace(
        line(
            offer_ref,
            price,
            list_price=list_price,
            quantity=draw(st.integers(1, 6)),
            uses=draw(st.integers(1, 3)),
            categories=draw(st.frozensets(st.sampled_from(CATEGORIES))),
            special=special,
            binding_steps=draw(st.booleans()),
        ),
        tax_rate_ppm=draw(st.sampled_from([0, 255_000])),
        kind=draw(st.sampled_from([LineKind.GOODS, LineKind.GOODS, LineKind.GOODS, LineKind.DELIVERY])),
    )


EFFECTS: st.SearchStrategy[Effect] = st.one_of(
    st.builds(AmountOff, WORTH.map(euros)),
    st.builds(PercentOff, RATES, st.none() | WORTH.map(euros)),
    st.builds(BuyGet, st.integers(1, 3), st.integers(1, 3), RATES, st.none() | st.integers(1, 2)),
    st.builds(Gift, st.sampled_from(OFFERS)),
    st.builds(FreeDelivery, st.none() | WORTH.map(euros)),
)


@st.composite
def terms(draw: st.DrawFn, ref: str, *lanes: Lane) -> Promotion:
    return promotion(
        draw(EFFECTS),
        draw(st.sampled_from(lanes)),
        ref=ref,
        funder=draw(st.sampled_from(Funder)),
        offers=draw(st.frozensets(st.sampled_from(OFFERS), max_size=2)),
        categories=draw(st.frozensets(st.sampled_from(CATEGORIES), max_size=1)),
        minimum=draw(st.none() | WORTH),
        alone=draw(st.sampled_from([False, False, False, True])),
        binding=draw(st.booleans()),
    )


@st.composite
def promotions(draw: st.DrawFn, ref: str) -> Promotion:
    return draw(terms(ref, Lane.SHOP_PROMOTION, Lane.PLATFORM_PROMOTION))


@st.composite
def coupons(draw: st.DrawFn, ref: str) -> Coupon:
    return Coupon(ref, draw(terms(f"prm_of_{ref}", Lane.SHOP_COUPON, Lane.PLATFORM_COUPON)))


@st.composite
def carts(draw: st.DrawFn) -> Cart:
    offers = draw(st.permutations(OFFERS))[: draw(st.integers(1, 4))]
    spent = None
    if draw(st.booleans()):
        spent = points(
            draw(st.integers(0, 9000)),
            each=draw(st.sampled_from([100, 200])),
            worth=100,
            step=draw(st.sampled_from([0, 200, 1000])),
            share_ppm=draw(RATES),
        )
    return Cart(
        tuple(draw(cart_lines(ref)) for ref in offers),
        tuple(draw(promotions(f"prm_{number}")) for number in range(draw(st.integers(0, 4)))),
        tuple(draw(coupons(f"cpn_{number}")) for number in range(draw(st.integers(0, 3)))),
        spent,
    )


def by_offer(quote: Quote) -> dict[str, object]:
    return {each.offer_ref: each for each in quote.lines}


@given(carts())
@settings(max_examples=300)
def test_no_amount_is_negative_and_nothing_costs_more_than_its_list_price(cart: Cart) -> None:
    quote = cart.priced()
    for sold in quote.lines:
        for unit in sold.units:
            assert 0 <= unit.paid.minor <= unit.price.minor <= unit.list.minor
            assert min(unit.discount_merchant.minor, unit.discount_platform.minor, unit.tax.minor) >= 0
            assert unit.commission.minor <= unit.paid.minor + unit.discount_platform.minor
            assert unit.tax <= unit.paid
            assert all(part.amount.minor > 0 for part in unit.discounts)


@given(carts())
@settings(max_examples=300)
def test_what_is_shared_out_adds_up(cart: Cart) -> None:
    """By unit, by line, by funder and in all."""
    quote = cart.priced()
    nothing = euros(0)
    units = [unit for sold in quote.lines for unit in sold.units]
    for discount in quote.discounts:
        parts = [
            (position, part)
            for position, sold in enumerate(quote.lines)
            for unit in sold.units
            for part in unit.discounts
            if part.lane is discount.lane
        ]
        assert sum((part.amount for _position, part in parts), nothing) == discount.amount
        assert discount.amount.minor > 0
        for position, amount in discount.lines:
            assert amount == sum((part.amount for line, part in parts if line == position), nothing)
        assert {position for position, _part in parts} == {position for position, _amount in discount.lines}
        if discount.points is not None:
            spent = [part.points for _position, part in parts if part.points is not None]
            assert sum(spent, Money(0, "pts_town")) == discount.points
    of_platform = [each.amount for each in quote.discounts if each.funder is Funder.PLATFORM]
    of_merchant = [each.amount for each in quote.discounts if each.funder is Funder.MERCHANT]
    off_list = [unit.list - unit.price for unit in units]
    assert sum((unit.discount_platform for unit in units), nothing) == sum(of_platform, nothing)
    assert sum((unit.discount_merchant for unit in units), nothing) == sum([*of_merchant, *off_list], nothing)
    assert quote.total == sum((unit.paid for unit in units), nothing)
    assert quote.list_total - quote.discount_total == quote.total
    assert len({discount.lane for discount in quote.discounts}) == len(quote.discounts)
    assert {each.ref for each in cart.coupons} == {each.ref for each in quote.unused} | {
        each.ref for each in quote.discounts if each.ref.startswith("cpn_")
    }


@given(carts(), st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_the_order_of_lines_promotions_and_coupons_changes_no_amount(cart: Cart, draw: Random) -> None:
    shuffled = Cart(
        tuple(draw.sample(cart.lines, len(cart.lines))),
        tuple(draw.sample(cart.promotions, len(cart.promotions))),
        tuple(draw.sample(cart.coupons, len(cart.coupons))),
        cart.points,
    )
    one, other = cart.priced(), shuffled.priced()
    assert by_offer(one) == by_offer(other)
    assert [(each.ref, each.amount) for each in one.discounts] == [
        (each.ref, each.amount) for each in other.discounts
    ]


@given(carts(), coupons("cpn_more"))
@settings(max_examples=300)
def test_one_more_coupon_never_raises_the_price(cart: Cart, more: Coupon) -> None:
    assert replace(cart, coupons=(*cart.coupons, more)).priced().total <= cart.priced().total


@given(carts(), promotions("prm_more"))
@settings(max_examples=300)
def test_one_more_promotion_never_raises_the_price(cart: Cart, more: Promotion) -> None:
    assert replace(cart, promotions=(*cart.promotions, more)).priced().total <= cart.priced().total


@given(carts())
@settings(max_examples=200)
def test_points_never_raise_the_price(cart: Cart) -> None:
    assert cart.priced().total <= replace(cart, points=None).priced().total


@given(carts(), st.integers(2, 1000))
@settings(max_examples=200)
def test_in_another_money_of_k_to_one_it_is_k_times_as_much(cart: Cart, k: int) -> None:
    """But for rounding: a lane rounds its sum by half a unit at most and each line by less than one, and no later lane
    makes of that more. So a combination is off its exact price by less than lanes x (lines + 1) on either side."""
    cart = replace(cart, points=None)
    error = (k + 1) * len(Lane) * (len(cart.lines) + 1)
    assert abs(scaled(cart, k).priced().total.minor - k * cart.priced().total.minor) <= error


@given(carts(), st.integers(2, 1000))
def test_prices_without_discounts_scale_exactly(cart: Cart, k: int) -> None:
    plain = Cart(cart.lines, (), (), None)
    assert scaled(plain, k).priced().total == plain.priced().total * k


@given(carts())
@settings(max_examples=200)
def test_a_quote_survives_its_json(cart: Cart) -> None:
    quote = cart.priced()
    assert from_json(json.loads(json.dumps(to_json(quote), ensure_ascii=False))) == quote


@given(carts(), st.data())
@settings(max_examples=300)
def test_cancelling_gives_back_no_more_than_was_paid_and_in_the_end_all_of_it(
    cart: Cart, data: st.DataObject
) -> None:
    """In any order, some at a time: each time at least nothing; what is kept and what came back are what was paid."""
    quote = cart.priced()
    every = [(position, index) for position, sold in enumerate(quote.lines) for index in range(sold.quantity)]
    left = list(data.draw(st.permutations(every)))
    gone: list[tuple[int, int]] = []
    given_back = euros(0)
    while left:
        count = data.draw(st.integers(1, len(left)))
        some, left = left[:count], left[count:]
        found = cancel(quote, some, gone=gone, given_back=given_back)
        assert found.refund.minor >= 0
        assert 0 <= found.less.minor <= found.without_terms.minor
        gone, given_back = [*gone, *some], given_back + found.refund
        assert set(found.prices) == set(left)
        assert sum(found.prices.values(), given_back) == quote.total
        for position, index in left:
            assert found.prices[position, index] >= quote.lines[position].units[index].paid
    assert given_back == quote.total


@given(carts(), st.data())
@settings(max_examples=200)
def test_without_binding_terms_each_unit_gives_back_what_was_paid_for_it(
    cart: Cart, data: st.DataObject
) -> None:
    free = Cart(
        tuple(replace(each, binding_steps=False) for each in cart.lines),
        tuple(replace(each, binding=False) for each in cart.promotions),
        tuple(replace(each, promotion=replace(each.promotion, binding=False)) for each in cart.coupons),
        cart.points,
    )
    quote = free.priced()
    every = [(position, index) for position, sold in enumerate(quote.lines) for index in range(sold.quantity)]
    some = data.draw(st.lists(st.sampled_from(every), min_size=1, unique=True))
    paid = sum((quote.lines[position].units[index].paid for position, index in some), euros(0))
    found = cancel(quote, some)
    assert (found.refund, found.less, found.raises) == (paid, euros(0), ())


def scaled(cart: Cart, k: int) -> Cart:
    """The same with every amount k times as large."""
    return Cart(
        tuple(
            replace(
                each,
                list_price=each.list_price * k,
                price=each.price * k,
                special_prices=tuple(
                    replace(special, price=special.price * k) for special in each.special_prices
                ),
            )
            for each in cart.lines
        ),
        tuple(_scaled(each, k) for each in cart.promotions),
        tuple(replace(each, promotion=_scaled(each.promotion, k)) for each in cart.coupons),
        None,
    )


def _scaled(given: Promotion, k: int) -> Promotion:
    effect, limits = given.effect, given.limits
    if isinstance(effect, AmountOff):
        effect = AmountOff(effect.amount * k)
    elif isinstance(effect, PercentOff | FreeDelivery) and effect.most is not None:
        effect = replace(effect, most=effect.most * k)
    if limits.minimum is not None:
        limits = replace(limits, minimum=limits.minimum * k)
    return replace(given, effect=effect, limits=limits)
