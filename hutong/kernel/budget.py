"""Budgets of tries per key and window, kept in PostgreSQL so that every process counts together."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hutong.kernel.errors import TooMany
from hutong.kernel.rows import row, rows

# One statement: a new window starts by itself, and the guard stands in the WHERE, so parallel tries count exactly.
_SPEND = """
INSERT INTO kernel_budget AS b (key, window_started_at, spent) VALUES (%(key)s, %(at)s, %(cost)s)
ON CONFLICT (key) DO UPDATE SET
  window_started_at = CASE WHEN b.window_started_at <= %(since)s THEN %(at)s ELSE b.window_started_at END,
  spent = CASE WHEN b.window_started_at <= %(since)s THEN %(cost)s ELSE b.spent + %(cost)s END
WHERE b.window_started_at <= %(since)s OR b.spent + %(cost)s <= %(limit)s
RETURNING spent
"""


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
