"""The price of a cart: its lines, then the best lawful discounts, then every amount of every unit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.pricing.rules.amounts import Discounted, discounted, quote_line
from hutong.pay.pricing.rules.basket import basket
from hutong.pay.pricing.rules.best import Taken, best
from hutong.pay.pricing.rules.errors import CartInvalid
from hutong.pay.pricing.rules.prices import LinePrice, line_price
from hutong.pay.pricing.rules.sift import COUPON_LANES, PROMOTION_LANES, Sifted, sift
from hutong.pay.pricing.rules.totals import quote_of
from hutong.pay.pricing.types import (
    PPM,
    CartLine,
    Charge,
    Condition,
    Context,
    Coupon,
    Discount,
    DiscountPart,
    EffectKind,
    FlatRate,
    Points,
    Promotion,
    Quote,
    Reason,
    SoldLine,
    Unused,
)

MAX_LINES = 50
MAX_QUANTITY = 100


def flat_rate(rate_ppm: int, reason: str = "default") -> Callable[[SoldLine], FlatRate]:
    """A commission of this rate on every line, in millionths, and nothing else. Raises CartInvalid."""
    if not 0 <= rate_ppm <= PPM:
        raise CartInvalid(f"a commission lies between 0 and 100 %, not at {rate_ppm} millionths")
    return lambda line: FlatRate(line.price, rate_ppm, reason)


def price_cart(
    lines: Sequence[CartLine],
    *,
    charge: Callable[[SoldLine], Charge] | None = None,
    context: Context | None = None,
    promotions: Iterable[Promotion] = (),
    coupons: Iterable[Coupon] = (),
    wanted: frozenset[str] | None = None,
    points: Points | None = None,
) -> Quote:
    """Fix every amount of a cart.

    Each line has the lowest of its prices that hold. Then at most one discount of each lane, in the order of `Lane`,
    takes its part of what is left of the lines it is for: the combination that leaves the least to pay (`best`). A
    minimum is measured on the lines a thing is for, before any discount. `wanted` names the coupons that may be used,
    and are used where they can be; none named uses none, and without it the best are found. `points` are spent only
    where given.

    `charge` says what is kept of a line once it has its price; without it nothing is. What is taken off is computed
    once, split over its lines and then over their units by largest remainder; what is kept and the contained tax once
    for each line. So each part is off its exact share by less than one minor unit, and no unit loses more than it was
    sold for. The order of lines, promotions and coupons changes no amount. `context` is needed for whatever depends on
    when, where or whom. Raises CartInvalid.
    """
    promotions, coupons = tuple(promotions), tuple(coupons)
    _check(lines, context, promotions, coupons, wanted, points)
    # Of equal remainders the earlier line gets the minor unit, so lines are put in an order of their own first.
    order = sorted(range(len(lines)), key=lambda index: _key(lines[index]))
    ordered = [lines[index] for index in order]
    local = clock.local(context.at, context.zone) if context else None
    prices = [line_price(line, local, context.segments if context else frozenset()) for line in ordered]
    cart = basket(ordered, prices, context, local)
    sifted = sift(cart, promotions, coupons, wanted, points)
    taken = best(sifted, cart.totals, wanted)
    priced = _priced(ordered, prices, taken, cart.unit)
    kept = charge or flat_rate(0)
    placed = dict(zip(order, (quote_line(each, kept(each.sold)) for each in priced), strict=True))
    return quote_of(
        tuple(placed[index] for index in range(len(lines))),
        discounts=tuple(_discount(each, order, cart.unit) for each in taken),
        unused=_unused(coupons, sifted, taken),
    )


def _priced(
    lines: Sequence[CartLine], prices: Sequence[LinePrice], taken: Sequence[Taken], unit: str
) -> list[Discounted]:
    found: list[list[DiscountPart]] = [[] for _line in lines]
    for each in taken:
        candidate, points = each.candidate, _points(each)
        spent = points.allocate([part for _index, part in each.parts]) if points is not None else []
        for place, (index, part) in enumerate(each.parts):
            found[index].append(
                DiscountPart(
                    candidate.ref,
                    candidate.lane,
                    candidate.source.funder,
                    Money(part, unit),
                    spent[place] if spent else None,
                )
            )
    return [
        discounted(line, price, discounts)
        for line, price, discounts in zip(lines, prices, found, strict=True)
    ]


def _points(taken: Taken) -> Money | None:
    """The points that are spent for it, where it is points."""
    source = taken.candidate.source
    return source.least * (taken.amount // source.least_worth.minor) if isinstance(source, Points) else None


def _discount(taken: Taken, order: Sequence[int], unit: str) -> Discount:
    candidate, source = taken.candidate, taken.candidate.source
    condition = None
    if isinstance(source, Promotion) and source.binding and (source.limits.minimum or candidate.pieces):
        counted = tuple(sorted(order[index] for index in candidate.counted))
        condition = Condition(counted, source.limits.minimum, candidate.pieces)
    return Discount(
        ref=candidate.ref,
        promotion_ref=source.use.unit if isinstance(source, Points) else source.ref,
        kind=EffectKind.POINTS if isinstance(source, Points) else source.effect.kind,
        titles=dict(source.titles),
        lane=candidate.lane,
        funder=source.funder,
        amount=Money(taken.amount, unit),
        lines=tuple(sorted((order[index], Money(part, unit)) for index, part in taken.parts)),
        brand_ref="" if isinstance(source, Points) else source.brand_ref,
        points=_points(taken),
        condition=condition,
    )


def _unused(coupons: Iterable[Coupon], sifted: Sifted, taken: Sequence[Taken]) -> tuple[Unused, ...]:
    """Every coupon that is in no discount, with the reason."""
    used = {each.candidate.ref for each in taken}
    return tuple(
        sifted.refused.get(coupon.ref) or Unused(coupon.ref, Reason.OTHER_IS_BETTER)
        for coupon in coupons
        if coupon.ref not in used
    )


def _key(line: CartLine) -> tuple[object, ...]:
    """Lines that are alike in all of this may change places without anybody seeing it."""
    special = tuple(
        (each.price.minor, each.from_quantity, str(each.windows), sorted(each.segments))
        for each in line.special_prices
    )
    return (
        *(line.offer_ref, line.merchant_ref, line.kind, line.quantity, line.uses, line.tax_rate_ppm),
        *(line.list_price.minor, line.price.minor, sorted(line.categories), special, line.binding_steps),
        line.group,
        sorted(line.titles.items()),
    )


def _check(
    lines: Sequence[CartLine],
    context: Context | None,
    promotions: Sequence[Promotion],
    coupons: Sequence[Coupon],
    wanted: frozenset[str] | None,
    points: Points | None,
) -> None:
    if not 0 < len(lines) <= MAX_LINES:
        raise CartInvalid(f"a cart has 1 to {MAX_LINES} lines")
    for line in lines:
        _check_line(line, lines[0].price.unit)
    depends = bool(promotions or coupons) or any(
        special.windows or special.segments for line in lines for special in line.special_prices
    )
    if depends and context is None:
        raise CartInvalid("what holds for some hours or people needs a context")
    if context is not None and context.at.tzinfo is None:
        raise CartInvalid("a cart is priced at a moment, not at a wall time")
    refs = [coupon.ref for coupon in coupons] + [promotion.ref for promotion in promotions]
    if len(set(refs)) < len(refs):
        raise CartInvalid("each promotion and coupon comes once")
    if not (wanted or frozenset()) <= {coupon.ref for coupon in coupons}:
        raise CartInvalid("only a coupon that is held can be asked for")
    if not all(promotion.lane in PROMOTION_LANES for promotion in promotions):
        raise CartInvalid("a promotion of a coupon's lane is held as a coupon")
    if not all(coupon.promotion.lane in COUPON_LANES for coupon in coupons):
        raise CartInvalid("a coupon has a coupon's lane")
    if points is not None and points.worth.unit != lines[0].price.unit:
        raise CartInvalid("points are worth money of the cart")


def _check_line(line: CartLine, unit: str) -> None:
    if line.quantity < 1 or line.uses < 1 or line.quantity * line.uses > MAX_QUANTITY:
        raise CartInvalid(f"a line has 1 to {MAX_QUANTITY} units")
    for price in (line.price, line.list_price, *(special.price for special in line.special_prices)):
        if price.unit != unit:
            raise CartInvalid(f"a cart has one unit of money: {unit}, {price.unit}")
        if not 0 <= price.minor <= line.list_price.minor:
            raise CartInvalid(f"{line.offer_ref}: a price lies between nothing and the list price")
    if any(special.from_quantity < 1 for special in line.special_prices):
        raise CartInvalid(f"{line.offer_ref}: a quantity price is for one piece or more")
    if line.tax_rate_ppm < 0:
        raise CartInvalid(f"{line.offer_ref}: a tax rate is not negative")
