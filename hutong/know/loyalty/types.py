"""What crosses the boundary of `loyalty`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from hutong.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Rules:
    """How points of a programme are earned and spent.

    `earn` points for each `paid` of what was paid; `each` points are worth `worth`, spent in whole `step`s, up to
    `share_ppm` millionths of an order. They end `months` after they were earned, with that day; never without months.
    """

    earn: Money
    paid: Money
    each: Money
    worth: Money
    step: Money
    share_ppm: int
    months: int | None

    @property
    def currency(self) -> str:
        """What is paid with."""
        return self.paid.unit

    @property
    def unit(self) -> str:
        """The programme (`pts_...`)."""
        return self.earn.unit

    def worth_of(self, points: Money) -> Money:
        """What so many points are worth, whole minor units of it."""
        return Money(points.minor * self.worth.minor // self.each.minor, self.currency)

    def earned_for(self, paid: Money) -> Money:
        """The points that an order earns for which so much was paid."""
        return Money(paid.minor * self.earn.minor // self.paid.minor, self.unit)


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme as it is from `since` on. While it is not `on` nothing is earned; what there is may be spent."""

    titles: Mapping[str, str]
    rules: Rules
    on: bool
    since: datetime
    made_by: str
