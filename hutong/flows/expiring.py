"""What a merchant sold and nobody used yet, by the day on which it ends: what goes back then, and what not."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from hutong.kernel.money import Money
from hutong.pay.orders import queries as orders
from hutong.visit.vouchers import queries as vouchers


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends on a day, or in the week that begins with it: uses, and what shoppers paid for them.

    `goes_back` of it is sent back by itself when it ends, because the terms promise it; `kept` is not promised back.
    """

    starts_on: date
    uses: int
    goes_back: Money
    kept: Money

    @property
    def paid(self) -> Money:
        """All of it."""
        return self.goes_back + self.kept


def ending_by_day(merchant_id: int, *, zone: str, unit: str, at: datetime) -> list[Ending]:
    """Everything of a merchant that was sold and not used at `at`, by the last day on the clock of `zone`.

    One statement a room, however much it is.
    """
    groups = vouchers.unused_units_by_day(merchant_id, zone=zone, at=at)
    paid = orders.paid_for([group.unit_refs for group in groups], unit=unit)
    nothing = Money(0, unit)
    return [
        Ending(
            starts_on=group.ends_on,
            uses=len(group.unit_refs),
            goes_back=amount if group.goes_back else nothing,
            kept=nothing if group.goes_back else amount,
        )
        for group, amount in zip(groups, paid, strict=True)
    ]


def added(found: Iterable[Ending], starts_on: date, *, unit: str) -> Ending:
    """All of these together, from `starts_on` on."""
    lines = list(found)
    nothing = Money(0, unit)
    return Ending(
        starts_on=starts_on,
        uses=sum(line.uses for line in lines),
        goes_back=sum((line.goes_back for line in lines), nothing),
        kept=sum((line.kept for line in lines), nothing),
    )


def by_week(found: Iterable[Ending], *, first_on: date, weeks: int, unit: str) -> list[Ending]:
    """The weeks from the one of `first_on`, each from its Monday, the empty ones too, so that a chart has no gaps."""
    monday = first_on - timedelta(days=first_on.weekday())
    lines = list(found)
    return [
        added(
            (line for line in lines if start <= line.starts_on < start + timedelta(days=7)), start, unit=unit
        )
        for start in (monday + timedelta(weeks=week) for week in range(weeks))
    ]


def by_days(found: Iterable[Ending], *, unit: str) -> list[Ending]:
    """One line a day, whatever its terms promise."""
    lines = list(found)
    days = dict.fromkeys(line.starts_on for line in lines)
    return [added((line for line in lines if line.starts_on == day), day, unit=unit) for day in days]
