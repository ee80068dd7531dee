"""Pure decisions of loyalty: what a unit earns, and until when."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, datetime

from hutong.kernel import clock
from hutong.kernel.money import exponent, split
from hutong.know.loyalty.types import Rules

PPM = 1_000_000
MOST_POINTS = 1_000_000
MOST_MINOR = 10**9
MOST_MONTHS = 120
TITLE_LIMIT = 40


def unit_of(currency: str) -> str:
    """The programme of a currency: points of one are worth nothing in another."""
    return f"pts_{currency.lower()}"


def earned(paid: Sequence[int], rules: Rules) -> list[int]:
    """The points of each unit of an order, by what was paid for each (minor units).

    The whole order earns whole points, rounded down once, which are split over its units by largest remainder: each
    has its own from the start, whichever is enjoyed or refunded first.
    """
    whole = sum(paid) * rules.earn.minor // rules.paid.minor
    return split(whole, paid) if whole else [0] * len(paid)


def expires_at(at: datetime, months: int | None, zone: str) -> datetime | None:
    """When points earned at `at` end: the midnight after the same day so many months later, on the clock of `zone`.

    The last day of a month that has no such day; None for points that never end.
    """
    if months is None:
        return None
    day = clock.local(at, zone).date()
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
    return clock.day_bounds(last, zone)[1]


def fault(rules: Rules) -> str:
    """The field of the rules that makes no sense; "" when all do."""
    points = {"earn": rules.earn, "each": rules.each, "step": rules.step}
    for name, amount in points.items():
        if not 0 < amount.minor <= MOST_POINTS or amount.unit != unit_of(rules.currency):
            return name
    for name, amount in {"paid": rules.paid, "worth": rules.worth}.items():
        if not 0 < amount.minor <= MOST_MINOR or amount.unit != rules.currency:
            return name
    if not 0 < rules.share_ppm <= PPM:
        return "share"
    if rules.months is not None and not 0 < rules.months <= MOST_MONTHS:
        return "months"
    # A step of points is a whole number of minor units, or a price would have a part of a cent.
    return "step" if rules.step.minor * rules.worth.minor % rules.each.minor else ""


def usual(currency: str) -> dict[str, int]:
    """The numbers that a form begins with: a point for each 1.00, a hundred are worth 1.00."""
    major = 10 ** exponent(currency)
    return {"earn": 1, "paid": major, "each": 100, "worth": major, "step": 100}
