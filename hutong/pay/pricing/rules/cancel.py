"""What cancelling a part of an order gives back."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hutong.kernel.money import Money
from hutong.pay.pricing.rules.amounts import money_sum
from hutong.pay.pricing.rules.errors import CancellationInvalid
from hutong.pay.pricing.types import (
    Cancellation,
    Discount,
    Funder,
    Lane,
    Quote,
    QuoteLine,
    Raise,
    RaiseReason,
    UnitPosition,
)

_Raises = list[tuple[Raise, dict[UnitPosition, Money]]]


def cancel(
    quote: Quote,
    units: Collection[UnitPosition],
    *,
    gone: Collection[UnitPosition] = (),
    given_back: Money | None = None,
) -> Cancellation:
    """What cancelling `units` gives back when those that are `gone` were cancelled before, for `given_back` in all.

    Without terms that bind, each unit gives back what was paid for it. With them, what is kept is priced again: where
    a line's pieces no longer earn its quantity price, each costs the step they earn; where what is kept does not meet
    the condition of a discount, it costs its share of that discount more. A piece is kept while one of its uses is.
    The refund is what was paid, less `given_back` (what was paid for `gone` where left out), less what is kept costs
    now; never less than nothing, so whatever is kept may cost less than the terms say. Raises CancellationInvalid.
    """
    paid = {
        (position, index): amounts.paid
        for position, line in enumerate(quote.lines)
        for index, amounts in enumerate(line.units)
    }
    left_out = [*units, *gone]
    if not units or len(set(left_out)) < len(left_out) or not set(left_out) <= paid.keys():
        raise CancellationInvalid("units of the quote are cancelled, each once")
    kept = [position for position in paid if position not in set(left_out)]
    before = (
        money_sum((paid[position] for position in gone), quote.unit) if given_back is None else given_back
    )
    if before.unit != quote.unit or not 0 <= before.minor <= quote.total.minor:
        raise CancellationInvalid("between nothing and what was paid was given back before")
    found = _raises(quote, kept)
    # More than is left of what was paid can never be asked for what is kept.
    room = max(quote.total.minor - before.minor - sum(paid[position].minor for position in kept), 0)
    more: dict[UnitPosition, int] = {}
    platforms: dict[UnitPosition, int] = {}
    of_platform = {each.ref for each in quote.discounts if each.funder is Funder.PLATFORM}
    for raised, by_unit in found:
        for position, amount in by_unit.items():
            more[position] = more.get(position, 0) + amount.minor
            if raised.ref in of_platform:
                platforms[position] = platforms.get(position, 0) + amount.minor
    asked = min(room, sum(more.values()))
    parts = Money(asked, quote.unit).allocate([*more.values()]) if asked else []
    prices = {position: paid[position] for position in kept}
    by_platform = {}
    for position, part in zip(more, parts, strict=bool(parts)):
        prices[position] += part
        if part and platforms.get(position):
            theirs = platforms[position]
            by_platform[position] = part.allocate([theirs, more[position] - theirs])[0]
    return Cancellation(
        refund=Money(room - asked, quote.unit),
        without_terms=Money(room, quote.unit),
        raises=tuple(each for each, _by_unit in found),
        prices=prices,
        by_platform=by_platform,
    )


def binds(quote: Quote) -> bool:
    """Whether cancelling a part of the quote may make what is kept dearer; otherwise `cancel` need not be asked."""
    return any(line.binding_steps and line.steps for line in quote.lines) or any(
        discount.condition for discount in quote.discounts
    )


def _raises(quote: Quote, kept: Collection[UnitPosition]) -> _Raises:
    """What units that are kept cost more, by reason. First the steps, since minima are measured on their prices."""
    prices = {(position, index): quote.lines[position].units[index].price for position, index in kept}
    found: _Raises = []
    for position, line in enumerate(quote.lines):
        more = _step_lost(line, position, prices) if line.binding_steps and line.steps else {}
        for each, amount in more.items():
            prices[each] += amount
        if more:
            total = money_sum(more.values(), quote.unit)
            found.append((Raise(RaiseReason.STEP_LOST, total, line=position), more))
    for discount in quote.discounts:
        reason = _lost(discount, quote, prices)
        share = _share(quote, discount.lane, prices) if reason else {}
        if reason and share:
            total = money_sum(share.values(), quote.unit)
            found.append((Raise(reason, total, ref=discount.ref), share))
    return found


def _step_lost(
    line: QuoteLine, position: int, prices: Mapping[UnitPosition, Money]
) -> dict[UnitPosition, Money]:
    """What each kept unit of the line costs more at the step that the kept pieces earn."""
    kept = [index for index in range(line.quantity) if (position, index) in prices]
    pieces = len({index // line.uses for index in kept})
    earned = [step for step in line.steps if step.from_quantity <= pieces]
    if not earned or earned[-1] == line.steps[-1]:
        return {}
    by_use = earned[-1].price.allocate([1] * line.uses)
    more = {(position, index): by_use[index % line.uses] - prices[position, index] for index in kept}
    return {each: amount for each, amount in more.items() if amount}


def _lost(discount: Discount, quote: Quote, prices: Mapping[UnitPosition, Money]) -> RaiseReason | None:
    """Which part of the discount's condition what is kept does not meet."""
    condition = discount.condition
    if condition is None:
        return None
    counted = {each: price for each, price in prices.items() if each[0] in condition.lines}
    spent = money_sum(counted.values(), quote.unit)
    if condition.minimum is not None and spent < condition.minimum:
        return RaiseReason.MINIMUM_LOST
    pieces = {(position, index // quote.lines[position].uses) for position, index in counted}
    return RaiseReason.PIECES_LOST if len(pieces) < condition.pieces else None


def _share(quote: Quote, lane: Lane, prices: Mapping[UnitPosition, Money]) -> dict[UnitPosition, Money]:
    """What the discount of this lane took off each kept unit."""
    return {
        (position, index): part.amount
        for position, index in prices
        for part in quote.lines[position].units[index].discounts
        if part.lane is lane
    }
