"""Lines, promotions and coupons for tests of prices; amounts in cents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hutong.kernel.money import Money
from hutong.pay.pricing.types import (
    AmountOff,
    BuyGet,
    CartLine,
    Context,
    Coupon,
    Effect,
    FreeDelivery,
    Funder,
    Lane,
    Limits,
    LineKind,
    PercentOff,
    Points,
    Promotion,
    Reach,
    SpecialPrice,
)

# A Tuesday, 15:00 in Helsinki.
AT = datetime(2026, 6, 2, 12, tzinfo=UTC)
SHOP = "mer_a"


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def line(
    offer_ref: str = "off_a",
    price: int = 1000,
    *,
    quantity: int = 1,
    list_price: int | None = None,
    uses: int = 1,
    categories: Iterable[str] = (),
    special: Iterable[SpecialPrice] = (),
    binding_steps: bool = False,
    merchant_ref: str = SHOP,
) -> CartLine:
    return CartLine(
        offer_ref=offer_ref,
        titles={"en": offer_ref},
        quantity=quantity,
        list_price=euros(price if list_price is None else list_price),
        price=euros(price),
        merchant_ref=merchant_ref,
        uses=uses,
        categories=frozenset(categories),
        special_prices=tuple(special),
        binding_steps=binding_steps,
    )


def delivery(price: int = 400, *, merchant_ref: str = SHOP) -> CartLine:
    return CartLine(
        offer_ref="delivery",
        titles={"en": "Delivery"},
        quantity=1,
        list_price=euros(price),
        price=euros(price),
        merchant_ref=merchant_ref,
        kind=LineKind.DELIVERY,
    )


def context(
    at: datetime = AT,
    *,
    zone: str = "Europe/Helsinki",
    region_refs: Iterable[str] = (),
    store_ref: str = "",
    segments: Iterable[str] = (),
    first_at_shop: bool = False,
    first_on_platform: bool = False,
) -> Context:
    return Context(
        at=at,
        zone=zone,
        region_refs=frozenset(region_refs),
        store_ref=store_ref,
        segments=frozenset(segments),
        first_at_shop=first_at_shop,
        first_on_platform=first_on_platform,
    )


def off(minor: int) -> AmountOff:
    return AmountOff(euros(minor))


def percent(rate: int, most: int | None = None) -> PercentOff:
    """`rate` in whole per cent."""
    return PercentOff(rate * 10_000, None if most is None else euros(most))


def promotion(
    effect: Effect,
    lane: Lane = Lane.SHOP_PROMOTION,
    *,
    ref: str = "",
    funder: Funder | None = None,
    offers: Iterable[str] = (),
    categories: Iterable[str] = (),
    limits: Limits | None = None,
    minimum: int | None = None,
    starts_at: datetime = AT - timedelta(days=1),
    ends_at: datetime | None = None,
    brand_ref: str = "",
    alone: bool = False,
    binding: bool = False,
) -> Promotion:
    """A promotion of the lane, of the one who usually gives it, for everything of the shop."""
    if isinstance(effect, FreeDelivery):
        lane = Lane.DELIVERY
    of_shop = lane in (Lane.SHOP_PROMOTION, Lane.SHOP_COUPON)
    return Promotion(
        ref=ref or f"prm_{lane}",
        titles={"en": ref or str(lane)},
        lane=lane,
        funder=funder or (Funder.MERCHANT if of_shop else Funder.PLATFORM),
        effect=effect,
        starts_at=starts_at,
        ends_at=ends_at,
        reach=Reach(SHOP if of_shop else "", frozenset(offers), frozenset(categories)),
        limits=limits or Limits(minimum=None if minimum is None else euros(minimum)),
        brand_ref=brand_ref,
        alone=alone,
        binding=binding,
    )


def coupon(
    effect: Effect,
    lane: Lane = Lane.SHOP_COUPON,
    *,
    ref: str = "cpn_a",
    ends_at: datetime | None = None,
    offers: Iterable[str] = (),
    categories: Iterable[str] = (),
    limits: Limits | None = None,
    minimum: int | None = None,
    alone: bool = False,
    binding: bool = False,
) -> Coupon:
    """A coupon that its holder may use up to `ends_at`."""
    terms = promotion(
        effect,
        lane,
        ref=f"prm_of_{ref}",
        offers=offers,
        categories=categories,
        limits=limits,
        minimum=minimum,
        alone=alone,
        binding=binding,
    )
    return Coupon(ref, terms, ends_at)


def points(
    use: int, *, each: int = 100, worth: int = 100, step: int = 0, share_ppm: int = 1_000_000
) -> Points:
    """At most `use` points, of which `each` are worth `worth` cents."""
    return Points(
        use=Money(use, "pts_town"),
        each=Money(each, "pts_town"),
        worth=euros(worth),
        funder=Funder.PLATFORM,
        titles={"en": "Points"},
        step=Money(step, "pts_town") if step else None,
        share_ppm=share_ppm,
    )


__all__ = [
    "AT", "SHOP", "BuyGet", "context", "coupon", "delivery", "euros", "line", "off", "percent", "points", "promotion",
]  # fmt: skip
