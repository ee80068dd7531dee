"""Budgets of tries per key and window, kept in PostgreSQL so that every process counts together."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from hutong.kernel.errors import TooMany
from hutong.kernel.rows import execute, row, rows

# One statement: a new window starts by itself, and the guard stands in the WHERE, so parallel tries count exactly. A
# window starts with its earliest spending, whichever of two at once is written first.
_SPEND = """
INSERT INTO kernel_budget AS b (key, window_started_at, spent) VALUES (%(key)s, %(at)s, %(cost)s)
ON CONFLICT (key) DO UPDATE SET
  window_started_at = CASE WHEN b.window_started_at <= %(since)s THEN %(at)s
    ELSE LEAST(b.window_started_at, %(at)s) END,
  spent = CASE WHEN b.window_started_at <= %(since)s THEN %(cost)s ELSE b.spent + %(cost)s END
WHERE b.window_started_at <= %(since)s OR b.spent + %(cost)s <= %(limit)s
RETURNING spent
"""


# As above for several keys at once, in the order of their names, so that two such statements cannot wait for
# each other in a circle.
_SPEND_ALL = """
WITH wanted AS (
  SELECT * FROM unnest(%(keys)s::text[], %(limits)s::int4[], %(costs)s::int4[]) AS wanted(key, most, cost) ORDER BY key
)
INSERT INTO kernel_budget AS b (key, window_started_at, spent)
SELECT key, %(at)s::timestamptz, cost FROM wanted
ON CONFLICT (key) DO UPDATE SET
  window_started_at = CASE WHEN b.window_started_at <= %(since)s THEN %(at)s
    ELSE LEAST(b.window_started_at, %(at)s) END,
  spent = CASE WHEN b.window_started_at <= %(since)s THEN excluded.spent ELSE b.spent + excluded.spent END
WHERE b.window_started_at <= %(since)s
  OR b.spent + excluded.spent <= (SELECT most FROM wanted WHERE wanted.key = excluded.key)
RETURNING key
"""


def spend_all(
    limits: Mapping[str, int], *, window_s: int, at: datetime, at_once: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Take from each of several budgets in one statement, and tell how much; `limits` says how much each has in a window.

    What is taken is 1, or what `at_once` says; where that is more than is left, 1, by a second statement. Raises
    `TooMany` when one of them is used up; what was taken from the others is not given back.
    """
    costs = dict.fromkeys(limits, 1) | dict(at_once or {})
    taken = _spend_each(limits, costs, window_s=window_s, at=at)
    again = {key: limit for key, limit in limits.items() if key not in taken and costs[key] > 1}
    if again:
        taken |= _spend_each(again, dict.fromkeys(again, 1), window_s=window_s, at=at)
    refused = [key for key in limits if key not in taken]
    if refused:
        raise TooMany(retry_after_s=max(_wait_s(key, window_s=window_s, at=at) for key in refused))
    return taken


def _spend_each(
    limits: Mapping[str, int], costs: Mapping[str, int], *, window_s: int, at: datetime
) -> dict[str, int]:
    """What was taken, of the budgets that had so much left."""
    values = {
        "keys": list(limits),
        "limits": list(limits.values()),
        "costs": [costs[key] for key in limits],
        "at": at,
        "since": at - timedelta(seconds=window_s),
    }
    return {entry["key"]: costs[entry["key"]] for entry in rows(_SPEND_ALL, values)}


def sweep(*, at: datetime) -> int:
    """Forget budgets whose window began more than two days ago, longer than any lasts; how many."""
    return execute("DELETE FROM kernel_budget WHERE window_started_at < %s", [at - timedelta(days=2)])


def spend(key: str, *, limit: int, window_s: int, at: datetime, cost: int = 1) -> None:
    """Take `cost` from the budget of `key`: at most `limit` in each window of `window_s` seconds.

    Raises `TooMany` with the seconds to wait. Call it outside the business transaction: a rollback would
    give the try back.
    """
    since = at - timedelta(seconds=window_s)
    spent = row(_SPEND, {"key": key, "at": at, "since": since, "limit": limit, "cost": cost})
    if spent is None:
        raise TooMany(retry_after_s=_wait_s(key, window_s=window_s, at=at))


def check(key: str, *, limit: int, window_s: int, at: datetime) -> None:
    """Raise `TooMany` when nothing is left of the budget, and spend nothing."""
    since = at - timedelta(seconds=window_s)
    used_up = row(
        "SELECT 1 FROM kernel_budget WHERE key = %s AND window_started_at > %s AND spent >= %s",
        [key, since, limit],
    )
    if used_up:
        raise TooMany(retry_after_s=_wait_s(key, window_s=window_s, at=at))


def spent(keys: Sequence[str], *, window_s: int, at: datetime) -> dict[str, tuple[int, int]]:
    """How much of each budget is spent in its window, and the seconds until that ends; (0, 0) when new.

    One statement, for callers whose decision weighs several budgets together. Spends nothing.
    """
    since = at - timedelta(seconds=window_s)
    found = rows(
        "SELECT key, spent, window_started_at FROM kernel_budget "
        "WHERE key = ANY(%s::text[]) AND window_started_at > %s",
        [list(keys), since],
    )
    by_key = {entry["key"]: entry for entry in found}
    return {
        key: (by_key[key]["spent"], max(1, int((by_key[key]["window_started_at"] - since).total_seconds())))
        if key in by_key
        else (0, 0)
        for key in keys
    }


def _wait_s(key: str, *, window_s: int, at: datetime) -> int:
    found = row("SELECT window_started_at FROM kernel_budget WHERE key = %s", [key])
    started_at = found["window_started_at"] if found else at
    return max(1, int((started_at + timedelta(seconds=window_s) - at).total_seconds()))
