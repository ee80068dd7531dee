"""The price lane: of all prices of a line that hold, the lowest. Each line for itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hutong.kernel.money import Money
from hutong.pay.pricing.types import CartLine, PriceKind, Step, Window


@dataclass(frozen=True, slots=True)
class LinePrice:
    """What each piece of a line costs before discounts, which price that is, and the steps that led to it."""

    kind: PriceKind
    price: Money
    steps: tuple[Step, ...]


def line_price(line: CartLine, local: datetime | None, segments: frozenset[str]) -> LinePrice:
    """The lowest price of the line at the wall time `local` of the shop, for somebody of these segments.

    Of equal prices the plainest: list, deal, then the special ones in their order. The steps are what each would cost
    from 1 piece, from 3 pieces, ... up to the line's quantity; none where quantity makes no difference.
    """
    holding = [
        special
        for special in line.special_prices
        if special.from_quantity <= line.quantity
        and (not special.segments or special.segments & segments)
        and (not special.windows or (local is not None and is_within(special.windows, local)))
    ]
    kind = PriceKind.DEAL if line.price < line.list_price else PriceKind.LIST
    if not holding:
        return LinePrice(kind, line.price, ())
    lowest = min(holding, key=lambda special: special.price.minor)
    steps = [Step(1, line.price)]
    for special in sorted(holding, key=lambda special: (special.from_quantity, special.price.minor)):
        if special.price < steps[-1].price:
            if special.from_quantity == steps[-1].from_quantity:
                steps.pop()
            steps.append(Step(special.from_quantity, special.price))
    if lowest.price < line.price:
        return LinePrice(lowest.kind, lowest.price, tuple(steps) if len(steps) > 1 else ())
    return LinePrice(kind, line.price, ())


def is_within(windows: Iterable[Window], local: datetime) -> bool:
    """Whether the wall time lies in one of the windows."""
    return any(_holds(window, local) for window in windows)


def is_on_day(windows: Iterable[Window], local: datetime) -> bool:
    """Whether one of the windows has hours on the day of the wall time, also those of a night that began before."""
    return any(
        not window.weekdays
        or local.weekday() in window.weekdays
        or (_over_midnight(window) and (local - timedelta(days=1)).weekday() in window.weekdays)
        for window in windows
    )


def _over_midnight(window: Window) -> bool:
    return window.closes <= window.opens


def _holds(window: Window, local: datetime) -> bool:
    now, today = local.time(), local.weekday()

    def on(day: int) -> bool:
        return not window.weekdays or day % 7 in window.weekdays

    if not _over_midnight(window):
        return on(today) and window.opens <= now < window.closes
    return (on(today) and now >= window.opens) or (on(today - 1) and now < window.closes)
