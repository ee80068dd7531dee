"""Hours that run over midnight, by moments: a night belongs to the evening it begins in.

By the letter of OpenStreetMap's syntax a rule for a day also ends what the evening before left open, and the
library does so: with `Mo-Su 18:00-02:00; 2026 Dec 24 off` a bar would close at midnight on the 23rd. Nobody means
that, so hours of this kind are told here, from the week as it is edited.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours, State

from hutong.town.merchants.types import WeekPlan

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_Interval = tuple[datetime, datetime | None, State, str]


class Nights:
    """A plan with the zone and the holidays of its place; answers as the library's `OpeningHours` does."""

    def __init__(
        self, plan: WeekPlan, *, zone: str, coords: tuple[float, float] | None, horizon_days: int
    ) -> None:
        self._plan = plan
        self._zone = ZoneInfo(zone)
        self._horizon = timedelta(days=horizon_days)
        self._holidays: OpeningHours | None = None
        if plan.holidays is not None and coords is not None:
            self._holidays = OpeningHours(
                "PH 00:00-24:00", timezone=self._zone, coords=coords, auto_country=True
            )

    def intervals(self, start: datetime, end: datetime | None = None) -> Iterator[_Interval]:
        """The spans of one state each from `start` on, an aware moment; the last one of no end has None."""
        at, limit = start.astimezone(UTC), (end or start + self._horizon).astimezone(UTC)
        for opens, closes in self._merged(start.astimezone(self._zone).date() - 2 * _DAY, limit):
            if closes <= at:
                continue
            if opens > at:
                yield self._local(at), self._local(opens), State.CLOSED, ""
                at = opens
            yield self._local(at), self._local(closes), State.OPEN, ""
            at = closes
            if at >= limit:
                return
        yield self._local(at), self._local(limit) if end else None, State.CLOSED, ""

    def _merged(self, first_on: date, limit: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The open spans in UTC, those that touch as one; none begins at or after `limit`."""
        last: tuple[datetime, datetime] | None = None
        for opens, closes in self._spans(first_on, limit):
            if last and opens <= last[1]:
                last = last[0], max(last[1], closes)
                continue
            if last:
                yield last
            last = opens, closes
        if last:
            yield last

    def _spans(self, first_on: date, limit: datetime) -> Iterator[tuple[datetime, datetime]]:
        day = first_on
        while True:
            midnight = self._moment(day, 0)
            if midnight >= limit:
                return
            for span in self._plan.of_day(day, holiday=self._is_holiday(day)):
                opens = self._moment(day, span.opens)
                if opens < limit:
                    yield opens, self._moment(day, span.ends)
            day += _DAY

    def _is_holiday(self, day: date) -> bool:
        if self._holidays is None:
            return False
        return bool(self._holidays.is_open(datetime.combine(day, time(12), self._zone)))

    def _moment(self, day: date, minutes: int) -> datetime:
        """A time on the wall as a moment in UTC.

        In the hour that autumn repeats its second passing is meant; in the one that spring leaves out, the
        moment of the change.
        """
        wall = datetime.combine(
            day + timedelta(days=minutes // 1440), time(minutes % 1440 // 60, minutes % 60)
        )
        moment = wall.replace(tzinfo=self._zone, fold=1).astimezone(UTC)
        while moment.astimezone(self._zone).replace(tzinfo=None) < wall:
            moment += _MINUTE
        return moment

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone)
