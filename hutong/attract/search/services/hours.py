"""Opening hours that stores share: found or made for a batch of stores, and kept known for the days around now."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hutong.kernel.rows import execute, rows
from hutong.town.merchants.rules import open_spans

# What is asked is today and the week that comes; a day more on both sides, since zones differ.
KNOWN_BEFORE = timedelta(days=1)
KNOWN_AFTER = timedelta(days=9)
# Made again before what is asked runs out of it: once a day.
RENEWED_BEFORE = timedelta(days=8)
MAX_HOURS = 2_000
# Sun and holidays depend on where the store is.
_BY_PLACE = re.compile(r"\b(sunrise|sunset|dawn|dusk|PH|SH)\b", re.IGNORECASE)

_FIND = """
SELECT h.id, k.n FROM unnest(%(zones)s::text[], %(hours)s::text[], %(arounds)s::text[])
  WITH ORDINALITY AS k(zone, hours, around, n)
  JOIN search_searchhours h ON h.zone = k.zone AND h.hours = k.hours AND h.around = k.around
"""
_ADD = """
INSERT INTO search_searchhours (zone, hours, around, lon, lat, open, known_from, known_until)
SELECT k.*, %(known_from)s, %(known_until)s
  FROM unnest(%(zones)s::text[], %(hours)s::text[], %(arounds)s::text[], %(lons)s::float8[], %(lats)s::float8[],
              %(open)s::text[]::tstzmultirange[]) AS k
ON CONFLICT (zone, hours, around) DO UPDATE SET known_until = search_searchhours.known_until
RETURNING id, zone, hours, around
"""
_DUE = """
SELECT h.id, h.zone, h.hours, h.around, h.lon, h.lat FROM search_searchhours h
 WHERE h.known_until <= %s ORDER BY h.known_until LIMIT %s::int4
"""
_RENEW = """
UPDATE search_searchhours h SET open = n.open, known_from = %(known_from)s, known_until = %(known_until)s
  FROM unnest(%(ids)s::int8[], %(open)s::text[]::tstzmultirange[]) AS n(id, open) WHERE h.id = n.id
"""
# Hours that no store has any more. Only for a rebuild, which has just seen every store.
_PRUNE = """
DELETE FROM search_searchhours h WHERE NOT EXISTS (SELECT FROM search_searchstore s WHERE s.hours_id = h.id)
   AND NOT EXISTS (SELECT FROM search_searchdeal d WHERE d.hours_id = h.id)
"""


@dataclass(frozen=True, slots=True)
class Timed:
    """The hours of one store, and where it is."""

    zone: str
    hours: str
    lon: float
    lat: float

    @property
    def around(self) -> str:
        """Where the sun and the holidays are asked for, "" where the hours speak of neither: a tenth of a degree."""
        return f"{self.lon + 0:.1f},{self.lat + 0:.1f}" if _BY_PLACE.search(self.hours) else ""

    @property
    def key(self) -> tuple[str, str, str]:
        """By what equal hours are known."""
        return self.zone, self.hours, self.around


def hours_ids(timed: Sequence[Timed], *, at: datetime, make: bool = True) -> list[int | None]:
    """The key of each store's hours in `SearchHours`, made where there is none; None where they say nothing.

    At most two statements, whatever the number. With `make` false nothing is written.
    """
    wanted = list(dict.fromkeys(one.key for one in timed if one.hours and len(one.hours) <= MAX_HOURS))
    found: dict[tuple[str, str, str], int] = {}
    if wanted:
        zones, hours, arounds = zip(*wanted, strict=True)
        lists = {"zones": list(zones), "hours": list(hours), "arounds": list(arounds)}
        found = {wanted[entry["n"] - 1]: entry["id"] for entry in rows(_FIND, lists)}
    missing = {one.key: one for one in timed if one.key in set(wanted) - found.keys()}
    if missing and make:
        found |= _add(missing.values(), at)
    return [found.get(one.key) for one in timed]


def renew_hours(*, at: datetime, limit: int) -> int:
    """Make hours known again for the days around `at` that will soon not be; how many."""
    due = rows(_DUE, [at + RENEWED_BEFORE, limit])
    if due:
        timed = [Timed(entry["zone"], entry["hours"], entry["lon"], entry["lat"]) for entry in due]
        spans = [_spans(one, at) or "{}" for one in timed]
        execute(_RENEW, {"ids": [entry["id"] for entry in due], "open": spans, **_window(at)})
    return len(due)


def prune_hours() -> int:
    """Remove hours that no row has any more; how many."""
    return execute(_PRUNE)


def _add(timed: Iterable[Timed], at: datetime) -> dict[tuple[str, str, str], int]:
    readable = [(one, spans) for one in timed if (spans := _spans(one, at)) is not None]
    if not readable:
        return {}
    lists: dict[str, list[Any]] = {
        "zones": [],
        "hours": [],
        "arounds": [],
        "lons": [],
        "lats": [],
        "open": [],
    }
    for one, spans in readable:
        for name, value in zip(lists, (*one.key, one.lon, one.lat, spans), strict=True):
            lists[name].append(value)
    made = rows(_ADD, {**lists, **_window(at)})
    return {(entry["zone"], entry["hours"], entry["around"]): entry["id"] for entry in made}


def _window(at: datetime) -> dict[str, datetime]:
    return {"known_from": at - KNOWN_BEFORE, "known_until": at + KNOWN_AFTER}


def _spans(timed: Timed, at: datetime) -> str | None:
    """The text of a `tstzmultirange`; None for hours that nobody understands."""
    window = _window(at)
    spans = open_spans(
        timed.hours,
        zone=timed.zone,
        starts_at=window["known_from"],
        ends_at=window["known_until"],
        lon=timed.lon,
        lat=timed.lat,
    )
    if spans is None:
        return None
    return "{" + ",".join(f"[{opens.isoformat()},{closes.isoformat()})" for opens, closes in spans) + "}"
