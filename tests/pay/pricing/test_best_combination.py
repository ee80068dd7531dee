"""The best lawful combination, against trying every one: written a second time, simply, from docs/concepts/pricing.md."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from itertools import product
from math import floor

import pytest

from hutong.pay.pricing.rules import price_cart
from hutong.pay.pricing.types import (
    AmountOff,
    BuyGet,
    CartLine,
    Coupon,
    Effect,
    FreeDelivery,
    Gift,
    Lane,
    LineKind,
    PercentOff,
    Points,
    Promotion,
    Quote,
    Reach,
)
from tests.factories.pricing import (
    AT,
    context,
    coupon,
    delivery,
    euros,
    line,
    off,
    percent,
    points,
    promotion,
)

OFFERS = ("off_a", "off_b", "off_c", "off_d")
CATEGORIES = ("food", "sport")


@dataclass(frozen=True)
class Cart:
    """A cart drawn at random."""

    lines: list[CartLine]
    promotions: list[Promotion]
    coupons: list[Coupon]
    points: Points | None
    wanted: frozenset[str] | None = None

    def priced(self) -> Quote:
        return price_cart(
            self.lines,
            context=context(),
            promotions=self.promotions,
            coupons=self.coupons,
            wanted=self.wanted,
            points=self.points,
        )


@dataclass(frozen=True)
class Tried:
    """What one combination comes to: the less, the better; compared in this order."""

    total: int
    points: int
    coupons: int


def test_a_thousand_random_carts_have_the_price_of_trying_everything() -> None:
    draw = random.Random(2026)
    kinds: dict[str, int] = {}
    for number in range(1000):
        cart = drawn(draw)
        quote = cart.priced()
        assert outcome(quote) == tried(cart), (number, cart)
        for discount in quote.discounts:
            kinds[discount.kind] = kinds.get(discount.kind, 0) + 1
    # Every kind of discount was the best one often enough for the comparison to mean something.
    assert len(kinds) == 6
    assert min(kinds.values()) > 20, kinds


def test_a_hundred_larger_carts_have_the_price_of_trying_everything() -> None:
    draw = random.Random(8)
    for number in range(100):
        cart = drawn(draw, things=14)
        assert outcome(cart.priced()) == tried(cart), (number, cart)


def test_carts_of_a_few_cents_have_the_price_of_trying_everything() -> None:
    """There rounding decides, which the bounds of the search must not forget."""
    draw = random.Random(1)
    for number in range(300):
        cart = of_cents(draw)
        assert outcome(cart.priced()) == tried(cart), (number, cart)


def test_control_taking_the_best_of_each_lane_in_turn_is_not_the_best() -> None:
    """What a greedy engine finds is dearer in some of the same carts, so the comparison would see it."""
    draw = random.Random(2026)
    carts = [drawn(draw) for _number in range(300)]
    dearer = [cart for cart in carts if greedy(cart) > tried(cart).total]
    assert len(dearer) > 5


def test_coupons_that_are_asked_for_are_used_where_they_can_be() -> None:
    draw = random.Random(7)
    left_out = 0
    for _number in range(300):
        cart = drawn(draw)
        refs = sorted(each.ref for each in cart.coupons)
        for some in [frozenset[str](), *(frozenset({ref}) for ref in refs)]:
            asked = replace(cart, wanted=some)
            quote = asked.priced()
            used = {discount.ref for discount in quote.discounts} & set(refs)
            assert used <= some
            held = [each for each in cart.coupons if each.ref in some]
            without = replace(cart, coupons=held)
            dearest = tried(without, must=some)
            assert outcome(quote) == dearest, (asked, used)
            left_out += bool(some - used)
    assert left_out > 20


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_everything_changes_nothing(seed: int) -> None:
    draw = random.Random(seed)
    cart = drawn(draw, things=10)
    shuffled = replace(
        cart,
        lines=draw.sample(cart.lines, len(cart.lines)),
        promotions=draw.sample(cart.promotions, len(cart.promotions)),
        coupons=draw.sample(cart.coupons, len(cart.coupons)),
    )
    one, other = cart.priced(), shuffled.priced()
    assert {each.offer_ref: each for each in one.lines} == {each.offer_ref: each for each in other.lines}
    assert [each.ref for each in one.discounts] == [each.ref for each in other.discounts]


def outcome(quote: Quote) -> Tried:
    """What the engine came to, in the same terms."""
    spent = [each for each in quote.discounts if each.lane is Lane.POINTS]
    coupons = [each for each in quote.discounts if each.ref.startswith("cpn_")]
    return Tried(quote.total.minor, sum(each.amount.minor for each in spent), len(coupons))


def drawn(draw: random.Random, *, things: int = 6) -> Cart:
    """Up to four lines and so many promotions and coupons, with subsets, minima, caps, "alone" and points."""
    offers = draw.sample(OFFERS, draw.randint(1, 4))
    lines = [
        line(
            offer,
            draw.choice([99, 250, 333, 1000, 1999, draw.randint(0, 3000)]),
            quantity=draw.choice([1, 1, 2, 3, 5]),
            categories=draw.sample(CATEGORIES, draw.randint(0, 2)),
        )
        for offer in offers
    ]
    if draw.random() < 0.4:
        lines.append(delivery(draw.choice([0, 290, 500])))
    promotions: list[Promotion] = []
    coupons: list[Coupon] = []
    for number in range(draw.randint(1, things)):
        of_coupon = draw.random() < 0.5
        terms = _terms(draw, number, of_coupon, offers)
        if of_coupon:
            coupons.append(Coupon(f"cpn_{number}", terms))
        else:
            promotions.append(terms)
    given = None
    if draw.random() < 0.4:
        given = points(
            draw.randint(0, 2000),
            each=100,
            worth=draw.choice([100, 50]),
            step=draw.choice([0, 200, 500]),
            share_ppm=draw.choice([1_000_000, 300_000, 100_000]),
        )
    return Cart(lines, promotions, coupons, given)


def of_cents(draw: random.Random) -> Cart:
    """Four lines of less than ten cents, and ten promotions and coupons for any of them."""
    lines = [line(offer, draw.randint(1, 9)) for offer in OFFERS]
    promotions: list[Promotion] = []
    coupons: list[Coupon] = []
    for number in range(10):
        lane = draw.choice(
            [Lane.SHOP_PROMOTION, Lane.SHOP_COUPON, Lane.PLATFORM_PROMOTION, Lane.PLATFORM_COUPON]
        )
        effects: list[Effect] = [off(draw.randint(1, 9)), percent(draw.randint(10, 99))]
        effect = draw.choice(effects)
        offers = draw.sample(OFFERS, draw.randint(1, 4))
        if lane in (Lane.SHOP_COUPON, Lane.PLATFORM_COUPON):
            coupons.append(coupon(effect, lane, ref=f"cpn_{number}", offers=offers))
        else:
            promotions.append(promotion(effect, lane, ref=f"prm_{number}", offers=offers))
    return Cart(lines, promotions, coupons, None)


def _terms(draw: random.Random, number: int, of_coupon: bool, offers: Sequence[str]) -> Promotion:
    lanes = (
        (Lane.SHOP_COUPON, Lane.PLATFORM_COUPON)
        if of_coupon
        else (Lane.SHOP_PROMOTION, Lane.PLATFORM_PROMOTION)
    )
    choices: list[Effect] = [
            off(draw.choice([100, 500, 1000, draw.randint(1, 5000)])),
            off(draw.randint(1, 2000)),
            percent(draw.choice([10, 20, 50, 100, draw.randint(1, 100)])),
            percent(draw.choice([20, 30, 50]), most=draw.randint(1, 1500)),
            BuyGet(draw.randint(1, 3), draw.randint(1, 2), draw.choice([1_000_000, 500_000]), times=draw.choice([None, 1])),
            Gift(draw.choice(OFFERS)),
            FreeDelivery(draw.choice([None, euros(200)])),
    ]  # fmt: skip
    # Half of them are for a part of what is there.
    named = draw.random()
    return promotion(
        draw.choice(choices),
        draw.choice(lanes),
        ref=f"prm_{number}",
        offers=draw.sample(offers, draw.randint(1, len(offers))) if named < 0.35 else (),
        categories=[draw.choice(CATEGORIES)] if 0.35 <= named < 0.6 else (),
        minimum=draw.choice([None, None, 500, 2000, 5000]),
        alone=draw.random() < 0.15,
    )


# From here on: everything is tried. Nothing of the engine is used but its types.


def tried(cart: Cart, *, must: frozenset[str] = frozenset()) -> Tried:
    """The best of all combinations; a coupon that `must` be used is, wherever it takes anything in its turn.

    What goes alone is better than the best of the others where it is asked for and none of those is.
    """

    def rank(outcome: Outcome) -> tuple[int, int, int]:
        return outcome.tried.total, outcome.tried.points, outcome.tried.coupons

    together, by_itself = [], []
    for combination, alone in combinations(cart):
        outcome = play(cart, combination, with_points=not alone)
        if alone:
            by_itself.append(outcome)
        elif not any(_goes_without(cart, ref, outcome, must) for ref in must):
            together.append(outcome)
    last = [min(together, key=rank), *by_itself]
    asked = {id(each): -len({thing.ref for thing in each.used} & must) for each in last}
    return min(last, key=lambda each: (asked[id(each)], *rank(each))).tried


@dataclass(frozen=True)
class Thing:
    """A promotion, or a coupon with its promotion."""

    ref: str
    terms: Promotion


@dataclass(frozen=True)
class Outcome:
    tried: Tried
    used: list[Thing]
    rests: dict[Lane, list[int]]
    """What was left of each line when the lane had its turn."""


def things(cart: Cart) -> list[Thing]:
    held = [Thing(each.ref, each.promotion) for each in cart.coupons]
    return [Thing(each.ref, each) for each in cart.promotions] + held


def combinations(cart: Cart) -> Iterator[tuple[list[Thing], bool]]:
    """At most one of each lane; or one that goes alone. With whether it goes alone."""
    lawful = [each for each in things(cart) if applies(cart, each.terms)]
    stacking = [
        [None, *(each for each in lawful if each.terms.lane is lane and not each.terms.alone)]
        for lane in Lane
    ]
    for choice in product(*stacking):
        yield [each for each in choice if each is not None], False
    for each in lawful:
        if each.terms.alone:
            yield [each], True


def is_for(reach: Reach, each: CartLine) -> bool:
    if each.kind is LineKind.DELIVERY or reach.merchant_ref not in ("", each.merchant_ref):
        return False
    named = reach.offer_refs or reach.categories
    return not named or each.offer_ref in reach.offer_refs or bool(each.categories & reach.categories)


def counted(cart: Cart, terms: Promotion) -> list[int]:
    gift = terms.effect.offer_ref if isinstance(terms.effect, Gift) else ""
    return [
        index for index, each in enumerate(cart.lines) if is_for(terms.reach, each) and each.offer_ref != gift
    ]


def touched(cart: Cart, terms: Promotion) -> list[int]:
    if isinstance(terms.effect, FreeDelivery):
        return [index for index, each in enumerate(cart.lines) if each.kind is LineKind.DELIVERY]
    if isinstance(terms.effect, Gift):
        gift = terms.effect.offer_ref
        return [index for index, each in enumerate(cart.lines) if each.offer_ref == gift]
    return counted(cart, terms)


def applies(cart: Cart, terms: Promotion) -> bool:
    lines = counted(cart, terms)
    spent = sum((cart.lines[index].price * cart.lines[index].quantity).minor for index in lines)
    if not lines or (terms.limits.minimum and spent < terms.limits.minimum.minor):
        return False
    pieces = sum(cart.lines[index].quantity for index in lines)
    if isinstance(terms.effect, BuyGet) and pieces < terms.effect.buy + terms.effect.get:
        return False
    return bool(touched(cart, terms))


def takes(cart: Cart, terms: Promotion, rest: list[int]) -> int:
    """What it takes off what is left of its lines."""
    lines, effect = touched(cart, terms), terms.effect
    left = sum(rest[index] for index in lines)
    match effect:
        case AmountOff(amount=amount):
            return min(amount.minor, left)
        case PercentOff(rate_ppm=rate, most=most):
            asked = half_up(Fraction(left * rate, 1_000_000))
            return asked if most is None else min(asked, most.minor)
        case FreeDelivery(most=most):
            return left if most is None else min(left, most.minor)
        case Gift():
            return half_up(Fraction(left, cart.lines[lines[0]].quantity))
        case BuyGet():
            pieces = sorted(
                cart.lines[index].price.minor
                for index in lines
                for _piece in range(cart.lines[index].quantity)
            )
            times = len(pieces) // (effect.buy + effect.get)
            got = sum(pieces[: min(times, effect.times or times) * effect.get])
            return (
                half_up(Fraction(left * got * effect.rate_ppm, 1_000_000 * sum(pieces))) if sum(pieces) else 0
            )
    raise AssertionError(effect)  # fmt: skip


def play(cart: Cart, combination: Sequence[Thing], *, with_points: bool) -> Outcome:
    rest = [(each.price * each.quantity).minor for each in cart.lines]
    # Of equal remainders the line with the earlier ref gets the cent, wherever it stands.
    by_ref = sorted(range(len(rest)), key=lambda index: cart.lines[index].offer_ref)
    used, rests, spent = [], {}, 0
    for lane in Lane:
        rests[lane] = list(rest)
        for each in combination:
            if each.terms.lane is lane:
                amount = takes(cart, each.terms, rest)
                share_out(rest, amount, [index for index in by_ref if index in touched(cart, each.terms)])
                used += [each] if amount else []
    if with_points and cart.points:
        goods = [index for index in by_ref if cart.lines[index].kind is LineKind.GOODS]
        prices = sum((cart.lines[index].price * cart.lines[index].quantity).minor for index in goods)
        step, worth = cart.points.least.minor, cart.points.least_worth.minor
        most = min(
            cart.points.use.minor // step * worth,
            floor(Fraction(prices * cart.points.share_ppm, 1_000_000)),
            sum(rest[index] for index in goods),
        )
        spent = most // worth * worth
    coupons = sum(each.ref.startswith("cpn_") for each in used)
    return Outcome(Tried(sum(rest) - spent, spent, coupons), used, rests)


def share_out(rest: list[int], amount: int, lines: Sequence[int]) -> None:
    """By largest remainder, the earlier line first."""
    left = sum(rest[index] for index in lines)
    if not amount:
        return
    exact = {index: Fraction(amount * rest[index], left) for index in lines}
    whole = {index: floor(share) for index, share in exact.items()}
    by_remainder = sorted(lines, key=lambda index: -(exact[index] - whole[index]))
    for index in by_remainder[: amount - sum(whole.values())]:
        whole[index] += 1
    for index in lines:
        rest[index] -= whole[index]


def half_up(exact: Fraction) -> int:
    return floor(exact + Fraction(1, 2))


def _goes_without(cart: Cart, ref: str, outcome: Outcome, must: frozenset[str]) -> bool:
    """Whether the coupon would have taken something, and nothing that is asked for took it in its lane."""
    terms = next(each for each in things(cart) if each.ref == ref).terms
    if not applies(cart, terms) or terms.alone:
        return False
    if {each.ref for each in outcome.used if each.terms.lane is terms.lane} & must:
        return False
    return takes(cart, terms, outcome.rests[terms.lane]) > 0


def greedy(cart: Cart) -> int:
    """What one comes to who takes the most in each lane, and never looks back."""
    chosen: list[Thing] = []
    for lane in Lane:
        lawful = [
            each
            for each in things(cart)
            if applies(cart, each.terms) and each.terms.lane is lane and not each.terms.alone
        ]
        best = min(
            lawful, key=lambda each: play(cart, [*chosen, each], with_points=False).tried.total, default=None
        )
        chosen += [best] if best else []
    return play(cart, chosen, with_points=True).tried.total  # fmt: skip


def test_of_equal_coupons_the_one_that_ends_first_is_used() -> None:
    soon = coupon(off(300), ref="cpn_z", ends_at=AT + timedelta(days=1))
    later = coupon(off(300), ref="cpn_a", ends_at=AT + timedelta(days=9))
    quote = price_cart([line()], context=context(), coupons=[later, soon])
    assert [each.ref for each in quote.discounts] == ["cpn_z"]


def test_of_equal_coupons_the_one_that_binds_nobody_is_used_though_it_ends_later() -> None:
    binding = coupon(off(300), ref="cpn_a", ends_at=AT + timedelta(days=1), minimum=500, binding=True)
    free = coupon(off(300), ref="cpn_b", ends_at=AT + timedelta(days=9), minimum=500)
    quote = price_cart([line()], context=context(), coupons=[binding, free])
    assert [each.ref for each in quote.discounts] == ["cpn_b"]
