"""The only place that reads the clock. Services take `at`; the edges call `now()` and hand it down."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def local(at: datetime, zone: str) -> datetime:
    """The wall time of `at` in an IANA zone such as `Europe/Helsinki`."""
    return at.astimezone(ZoneInfo(zone))


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """The half-open span [start, end) of one calendar day of a zone, in UTC; 23 to 25 hours long."""
    tz = ZoneInfo(zone)
    start = datetime.combine(day, time.min, tz)
    end = datetime.combine(day + timedelta(days=1), time.min, tz)
    return start.astimezone(UTC), end.astimezone(UTC)
