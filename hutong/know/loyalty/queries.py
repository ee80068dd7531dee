"""Reads of loyalty."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from hutong.kernel.money import Money
from hutong.kernel.rows import rows
from hutong.know.loyalty.rules import unit_of
from hutong.know.loyalty.types import Programme, Rules

_COLUMNS = (
    'unit, currency, titles::text, "on", earn, paid, each, worth, step, share_ppm, months, since, made_by'
)


def programme(currency: str, at: datetime) -> Programme | None:
    """The programme of a currency as it is at `at`; None where there was none yet. One statement."""
    found = rows(
        f"""SELECT {_COLUMNS} FROM loyalty_programme WHERE unit = %s AND since <= %s::timestamptz
            ORDER BY since DESC, id DESC LIMIT 1""",  # noqa: S608  # a constant above
        [unit_of(currency), at],
    )
    return _programme(found[0]) if found else None


def programmes(at: datetime) -> dict[str, Programme]:
    """Every programme as it is at `at`, by its unit. One statement."""
    found = rows(
        f"""SELECT DISTINCT ON (unit) {_COLUMNS} FROM loyalty_programme WHERE since <= %s::timestamptz
            ORDER BY unit, since DESC, id DESC""",  # noqa: S608  # a constant above
        [at],
    )
    return {each["unit"]: _programme(each) for each in found}


def earlier(currency: str, *, limit: int = 20) -> list[Programme]:
    """What was set for a currency, the newest first."""
    found = rows(
        f"""SELECT {_COLUMNS} FROM loyalty_programme WHERE unit = %s
            ORDER BY since DESC, id DESC LIMIT %s""",  # noqa: S608  # a constant above
        [unit_of(currency), limit],
    )
    return [_programme(each) for each in found]


def _programme(found: dict[str, Any]) -> Programme:
    unit, currency = found["unit"], found["currency"]
    return Programme(
        titles=json.loads(found["titles"]),
        rules=Rules(
            earn=Money(found["earn"], unit),
            paid=Money(found["paid"], currency),
            each=Money(found["each"], unit),
            worth=Money(found["worth"], currency),
            step=Money(found["step"], unit),
            share_ppm=found["share_ppm"],
            months=found["months"],
        ),
        on=found["on"],
        since=found["since"],
        made_by=found["made_by"],
    )
