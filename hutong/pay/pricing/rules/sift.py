"""Which promotions and coupons may lower the price of a basket: one look at each, with the reason where it may not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hutong.kernel.money import Money
from hutong.pay.pricing.rules.basket import Basket
from hutong.pay.pricing.rules.prices import is_on_day, is_within
from hutong.pay.pricing.types import (
    PPM,
    AmountOff,
    BuyGet,
    Coupon,
    FirstPurchase,
    FreeDelivery,
    Gift,
    Lane,
    PercentOff,
    Points,
    Promotion,
    Reason,
    Unused,
)

LANES = tuple(Lane)
COUPON_LANES = frozenset({Lane.SHOP_COUPON, Lane.PLATFORM_COUPON, Lane.DELIVERY})
PROMOTION_LANES = frozenset({Lane.SHOP_PROMOTION, Lane.PLATFORM_PROMOTION, Lane.DELIVERY})

# What a combination is worth is one whole number, so that the search compares nothing else. From the most to the
# least important: minor units taken off; minor units of them paid in points, which the person could keep; coupons,
# likewise; and a place in an order in which what binds nobody comes first, then what ends first. Each is too small in
# sum to outweigh one of the former.
_WORTH = 1 << 100
_POINTS_MALUS = 1 << 32
_COUPON_MALUS = 1 << 24
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Candidate:
    """Something that may lower the price of `lines`: all effects are one formula on what is left of them.

    It takes `share / whole` of what is left, rounded half up, at most `most`, in whole `step`s. So it never takes less
    of more, on which the search relies.
    """

    source: Promotion | Points
    ref: str
    lane: Lane
    lines: tuple[int, ...]
    most: int
    share: int = 1
    whole: int = 1
    step: int = 1
    counted: tuple[int, ...] = ()
    """The lines its minimum is measured on."""
    pieces: int = 0
    """How many pieces of them have to be there."""
    ends_at: datetime = _NEVER
    of_coupon: bool = False
    malus: int = 0

    @property
    def binds(self) -> bool:
        """Whether its condition has to hold after a cancellation, too."""
        return isinstance(self.source, Promotion) and self.source.binding

    def takes(self, left: int) -> int:
        """What it takes off lines of which `left` is to be paid."""
        taken = (2 * left * self.share + self.whole) // (2 * self.whole)
        taken = min(taken, self.most)
        return taken - taken % self.step

    def worth(self, taken: int) -> int:
        """What it brings to a combination by taking so much; nothing for nothing."""
        if not taken:
            return 0
        each = _WORTH - _POINTS_MALUS if self.lane is Lane.POINTS else _WORTH
        return taken * each - self.malus


@dataclass(slots=True)
class Sifted:
    """What may lower the price, by lane; `alone` are those that go with no other lane; and why coupons may not."""

    lanes: dict[Lane, list[Candidate]] = field(default_factory=lambda: {lane: [] for lane in LANES})
    alone: list[Candidate] = field(default_factory=list)
    refused: dict[str, Unused] = field(default_factory=dict)


class _Refused(Exception):
    """It may not lower the price, for a reason."""

    def __init__(self, reason: Reason, missing: Money | None = None, pieces: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.missing, self.pieces = reason, missing, pieces


def sift(
    basket: Basket,
    promotions: Iterable[Promotion],
    coupons: Iterable[Coupon],
    wanted: frozenset[str] | None,
    points: Points | None,
) -> Sifted:
    """Look at each once. Of several in a lane with the very same effect the first in the order of `_sort_into` stays."""
    found, sifted = [], Sifted()
    for promotion in promotions:
        try:
            found.append(_candidate(promotion, promotion.ends_at or _NEVER, basket))
        except _Refused:
            continue
    for coupon in coupons:
        ends_at = min(coupon.ends_at or _NEVER, coupon.promotion.ends_at or _NEVER)
        try:
            if wanted is not None and coupon.ref not in wanted:
                raise _Refused(Reason.NOT_WANTED)
            candidate = _candidate(coupon.promotion, ends_at, basket)
        except _Refused as refused:
            sifted.refused[coupon.ref] = Unused(coupon.ref, refused.reason, refused.missing, refused.pieces)
            continue
        candidate.ref, candidate.of_coupon = coupon.ref, True
        found.append(candidate)
    if points is not None:
        found += _of_points(points, basket)
    _sort_into(sifted, found)
    return sifted


def _sort_into(sifted: Sifted, found: list[Candidate]) -> None:
    found.sort(key=lambda each: (each.of_coupon, each.binds, each.ends_at, each.ref))
    seen = set()
    for place, each in enumerate(found):
        each.malus = place + (_COUPON_MALUS if each.of_coupon else 0)
        alone = isinstance(each.source, Promotion) and each.source.alone
        effect = (each.lane, each.of_coupon, alone, each.lines, each.share, each.whole, each.most, each.step)
        if effect in seen:
            continue
        seen.add(effect)
        (sifted.alone if alone else sifted.lanes[each.lane]).append(each)


def _candidate(promotion: Promotion, ends_at: datetime, basket: Basket) -> Candidate:
    """Raises _Refused with the first reason in the order of `Reason`."""
    _check_limits(promotion, ends_at, basket)
    limits, effect = promotion.limits, promotion.effect
    counted = basket.reached(promotion.reach)
    if isinstance(effect, Gift):
        # A gift is a further thing: what it is for has to be bought beside it.
        counted &= ~basket.of_offer(effect.offer_ref)
    if not counted:
        raise _Refused(Reason.NOT_FOR_THESE)
    if isinstance(effect, FreeDelivery) and not basket.delivery & basket.of_merchant(
        promotion.reach.merchant_ref
    ):
        raise _Refused(Reason.NO_DELIVERY)
    if limits.minimum is not None:
        missing = limits.minimum.minor - basket.total(counted)
        if missing > 0:
            raise _Refused(Reason.MINIMUM_NOT_REACHED, missing=Money(missing, basket.unit))
    candidate = _with_effect(promotion, counted, basket)
    candidate.ends_at = ends_at
    left = sum(basket.totals[index] for index in candidate.lines)
    candidate.most = min(candidate.most, candidate.takes(left))
    if not candidate.most:
        raise _Refused(Reason.NOTHING_LEFT)
    return candidate


def _check_limits(promotion: Promotion, ends_at: datetime, basket: Basket) -> None:
    """Everything that does not depend on what is in the basket."""
    context, local, limits, reach = basket.context, basket.local, promotion.limits, promotion.reach
    assert context is not None, "price_cart asks for a context where there are promotions"
    assert local is not None
    refused = None
    if context.at >= ends_at:
        refused = Reason.EXPIRED
    elif context.at < promotion.starts_at:
        refused = Reason.NOT_YET
    elif promotion.unit not in ("", basket.unit):
        refused = Reason.WRONG_CURRENCY
    elif reach.merchant_ref and not basket.of_merchant(reach.merchant_ref):
        refused = Reason.NOT_FOR_THIS_SHOP
    elif limits.region_refs and not limits.region_refs & context.region_refs:
        refused = Reason.NOT_IN_THIS_REGION
    elif limits.store_refs and context.store_ref not in limits.store_refs:
        refused = Reason.NOT_IN_THIS_STORE
    elif limits.segments and not limits.segments & context.segments:
        refused = Reason.NOT_FOR_YOU
    elif (limits.first is FirstPurchase.AT_SHOP and not context.first_at_shop) or (
        limits.first is FirstPurchase.ON_PLATFORM and not context.first_on_platform
    ):
        refused = Reason.FIRST_PURCHASE_ONLY
    elif limits.windows and not is_within(limits.windows, local):
        refused = Reason.NOT_AT_THIS_HOUR if is_on_day(limits.windows, local) else Reason.NOT_ON_THIS_DAY
    if refused is not None:
        raise _Refused(refused)


def _with_effect(promotion: Promotion, counted: int, basket: Basket) -> Candidate:
    """The effect as the one formula of a candidate."""
    lines, total = basket.lines(counted), basket.total(counted)
    made = Candidate(promotion, promotion.ref, promotion.lane, lines, most=total, counted=lines)
    match promotion.effect:
        case AmountOff(amount=amount):
            made.most = amount.minor
        case PercentOff(rate_ppm=rate, most=most):
            made.share, made.whole = rate, PPM
            made.most = total if most is None else most.minor
        case BuyGet() as effect:
            made.share, made.whole = _cheapest(effect, lines, basket) * effect.rate_ppm, max(total, 1) * PPM
            made.pieces = effect.buy + effect.get
        case Gift(offer_ref=offer_ref):
            gifts = basket.lines(basket.of_offer(offer_ref))
            if not gifts:
                raise _Refused(Reason.GIFT_NOT_IN_CART)
            made.lines, made.whole = gifts[:1], basket.pieces[gifts[0]]
            made.most, made.pieces = basket.totals[gifts[0]], 1
        case FreeDelivery(most=most):
            made.lines = basket.lines(basket.delivery & basket.of_merchant(promotion.reach.merchant_ref))
            made.most = sum(basket.totals[index] for index in made.lines) if most is None else most.minor
            made.pieces = 1
    return made


def _cheapest(effect: BuyGet, lines: Sequence[int], basket: Basket) -> int:
    """What the pieces cost that one gets. Raises _Refused with how many are missing."""
    group = effect.buy + effect.get
    times = sum(basket.pieces[index] for index in lines) // group
    if not times:
        missing = group - sum(basket.pieces[index] for index in lines)
        raise _Refused(Reason.TOO_FEW, pieces=missing)
    got, cost = min(times, effect.times or times) * effect.get, 0
    for index in sorted(lines, key=lambda index: basket.prices[index]):
        some = min(got, basket.pieces[index])
        cost, got = cost + some * basket.prices[index], got - some
    return cost


def _of_points(points: Points, basket: Basket) -> list[Candidate]:
    """Points as a candidate of the last lane, where at least one step of them fits."""
    bits, step = basket.reached(points.reach), points.least_worth.minor
    most = min(points.use.minor // points.least.minor * step, basket.total(bits) * points.share_ppm // PPM)
    most -= most % step
    if not most:
        return []
    return [Candidate(points, points.use.unit, Lane.POINTS, basket.lines(bits), most=most, step=step)]
