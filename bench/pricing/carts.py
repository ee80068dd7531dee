"""Carts for the bench: the same ones every time, of any size; a smaller one is the beginning of a larger one."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from hutong.kernel.money import Money
from hutong.pay.pricing.rules import price_cart
from hutong.pay.pricing.types import (
    AmountOff,
    BuyGet,
    CartLine,
    Context,
    Coupon,
    Effect,
    FreeDelivery,
    Funder,
    Gift,
    Lane,
    Limits,
    LineKind,
    PercentOff,
    Points,
    Promotion,
    Quote,
    Reach,
    SpecialPrice,
    Window,
)

AT = datetime(2026, 6, 2, 12, tzinfo=UTC)
SHOP = "mer_a"
CATEGORIES = ("noodles", "tea", "cakes", "soups", "sides")
CONTEXT = Context(
    at=AT,
    zone="Europe/Helsinki",
    region_refs=frozenset({"reg_city", "reg_district"}),
    store_ref="sto_a",
    segments=frozenset({"member", "student"}),
)


@dataclass(frozen=True, slots=True)
class Cart:
    """What `price_cart` is asked."""

    lines: tuple[CartLine, ...]
    promotions: tuple[Promotion, ...]
    coupons: tuple[Coupon, ...]
    points: Points | None = None

    def price(self) -> Quote:
        """Its quote."""
        return price_cart(
            self.lines,
            context=CONTEXT,
            promotions=self.promotions,
            coupons=self.coupons,
            points=self.points,
        )

    def part(self, *, lines: int = 10**6, promotions: int = 10**6, coupons: int = 10**6) -> Cart:
        """Its beginning."""
        return Cart(self.lines[:lines], self.promotions[:promotions], self.coupons[:coupons], self.points)


def euros(minor: int) -> Money:
    """An amount in cents."""
    return Money(minor, "EUR")


def usual(seed: int, *, lines: int, promotions: int, coupons: int) -> Cart:
    """A large order of one shop on a site with many promotions that are live.

    Most are limited in several ways, as promotions are, and about half of them hold for this order.
    """
    draw = random.Random(seed)
    return Cart(
        lines=tuple(_line(draw, number) for number in range(lines)),
        promotions=tuple(
            _terms(draw, f"prm_{number}", (Lane.SHOP_PROMOTION, Lane.PLATFORM_PROMOTION))
            for number in range(promotions)
        ),
        coupons=tuple(
            Coupon(
                f"cpn_{number}",
                _terms(draw, f"prm_of_cpn_{number}", (Lane.SHOP_COUPON, Lane.PLATFORM_COUPON)),
                ends_at=AT + timedelta(days=draw.randint(1, 30)),
            )
            for number in range(coupons)
        ),
        points=Points(
            use=Money(800, "pts_town"),
            each=Money(100, "pts_town"),
            worth=euros(100),
            funder=Funder.PLATFORM,
            titles={"en": "Points"},
            share_ppm=200_000,
        ),
    )


def hard(kind: str, seed: int) -> Cart:
    """20 lines, 200 promotions and 10 coupons that all hold, made to be alike, so that little can be ruled out.

    `all`: each for everything, in any amount. `amounts`: for any lines, in any amount. `halves`: percentages within a
    tenth of each other, each for another half of the lines. `same`: one percentage for any 18 of 20 lines that cost the
    same, so that nothing but which lines overlap tells one combination from another.
    """
    draw = random.Random(seed)
    lines = [_line(draw, number, plain=True) for number in range(20)]
    if kind == "same":
        lines = [_line(draw, number, plain=True, price=1000) for number in range(20)]

    def terms(ref: str, lane: Lane) -> Promotion:
        some: list[CartLine] = []
        if kind == "amounts":
            some = draw.sample(lines, draw.randint(1, 20))
        elif kind != "all":
            some = draw.sample(lines, 18 if kind == "same" else 10)
        effect: Effect = PercentOff(100_000)
        if kind in ("all", "amounts"):
            effect = _any_effect(draw)
        elif kind == "halves":
            effect = PercentOff(draw.randint(95_000, 105_000))
        return _promotion(ref, lane, effect, Reach(SHOP, frozenset(line.offer_ref for line in some)))

    promotions = [
        terms(f"prm_{number}", lane)
        for number, lane in enumerate([Lane.SHOP_PROMOTION, Lane.PLATFORM_PROMOTION] * 100)
    ]
    coupons = [
        Coupon(f"cpn_{number}", terms(f"prm_of_cpn_{number}", lane))
        for number, lane in enumerate([Lane.SHOP_COUPON, Lane.PLATFORM_COUPON] * 5)
    ]
    return Cart(tuple(lines), tuple(promotions), tuple(coupons))


def _any_effect(draw: random.Random) -> Effect:
    if draw.random() < 0.5:
        return AmountOff(euros(draw.randint(100, 3000)))
    return PercentOff(draw.randint(5, 50) * 10_000, euros(draw.randint(200, 3000)))


def _line(draw: random.Random, number: int, *, plain: bool = False, price: int = 0) -> CartLine:
    if number % 20 == 19 and not plain:
        return CartLine(
            f"delivery_{number}", {"en": "Delivery"}, 1, euros(490), euros(490), SHOP, kind=LineKind.DELIVERY
        )
    cost = price or draw.randint(300, 3000)
    special = (
        SpecialPrice(euros(cost * 9 // 10), from_quantity=3),
        SpecialPrice(euros(cost * 95 // 100), segments=frozenset({"member"})),
        SpecialPrice(euros(cost * 8 // 10), windows=(Window(frozenset({1, 2, 3}), time(14), time(17)),)),
    )
    return CartLine(
        offer_ref=f"off_{number}",
        titles={"en": f"Dish {number}"},
        quantity=1 if price else draw.choice([1, 1, 2, 3]),
        list_price=euros(cost * 12 // 10),
        price=euros(cost),
        merchant_ref=SHOP,
        tax_rate_ppm=135_000,
        categories=frozenset({CATEGORIES[number % 5]}),
        special_prices=special[: draw.randint(0, 3)] if not plain else (),
    )


def _terms(draw: random.Random, ref: str, lanes: tuple[Lane, ...]) -> Promotion:
    lane = draw.choice(lanes)
    choices: list[Effect] = [
        AmountOff(euros(draw.randint(1, 20) * 50)),
        AmountOff(euros(draw.randint(1, 20) * 50)),
        PercentOff(draw.choice([50_000, 100_000, 150_000, 200_000])),
        PercentOff(draw.choice([100_000, 200_000, 300_000]), euros(draw.randint(2, 15) * 100)),
        BuyGet(draw.randint(1, 3), 1),
        Gift(f"off_{draw.randint(0, 9)}"),
        FreeDelivery(),
    ]
    effect = draw.choice(choices)
    if isinstance(effect, FreeDelivery):
        lane = Lane.DELIVERY
    named = draw.random()
    reach = Reach(
        SHOP,
        frozenset(f"off_{draw.randint(0, 19)}" for _offer in range(3)) if named < 0.3 else frozenset(),
        frozenset({draw.choice(CATEGORIES)}) if 0.3 <= named < 0.6 else frozenset(),
    )
    lunch = (Window(frozenset(range(5)), time(11), time(draw.choice([14, 16]))),)
    limits = Limits(
        minimum=draw.choice([None, euros(draw.randint(1, 20) * 500)]),
        windows=lunch if draw.random() < 0.2 else (),
        region_refs=frozenset({draw.choice(["reg_city", "reg_other"])})
        if draw.random() < 0.2
        else frozenset(),
        store_refs=frozenset({draw.choice(["sto_a", "sto_b"])}) if draw.random() < 0.2 else frozenset(),
        segments=frozenset({draw.choice(["member", "staff"])}) if draw.random() < 0.2 else frozenset(),
    )
    return _promotion(ref, lane, effect, reach, limits, alone=draw.random() < 0.05)


def _promotion(
    ref: str, lane: Lane, effect: Effect, reach: Reach, limits: Limits | None = None, *, alone: bool = False
) -> Promotion:
    return Promotion(
        ref=ref,
        titles={"en": ref},
        lane=lane,
        funder=Funder.MERCHANT if lane in (Lane.SHOP_PROMOTION, Lane.SHOP_COUPON) else Funder.PLATFORM,
        effect=effect,
        starts_at=AT - timedelta(days=10),
        ends_at=AT + timedelta(days=30),
        reach=reach,
        limits=limits or Limits(),
        alone=alone,
    )
