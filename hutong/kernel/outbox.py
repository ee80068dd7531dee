"""Reactions that may happen later: the business transaction writes a row, a relay makes jobs of the rows.

The transaction never calls NOTIFY, which serialises commits over the whole database.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from hutong.kernel.rows import execute, rows, scalar

RELAYED_AT_ONCE = 500
# A job that does many things at once does at most so many.
AT_ONCE = 100

# Picked in a CTE, which runs once: a subquery behind IN may run again for each row, and then its LIMIT holds
# for none of them, and more rows are deleted than were asked for.
_BATCH = """
WITH picked AS MATERIALIZED (
  SELECT id FROM kernel_outboxrow ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
)
DELETE FROM kernel_outboxrow o USING picked WHERE o.id = picked.id RETURNING o.id, o.job, o.payload
"""


def send(job: str, *, at: datetime, **payload: Any) -> None:
    """Ask for `job` (a name known in `flows.jobs`) with plain JSON values, if this transaction commits."""
    execute(
        "INSERT INTO kernel_outboxrow (job, payload, created_at) VALUES (%s, %s::jsonb, %s)",
        [job, json.dumps(payload), at],
    )


@dataclass(frozen=True, slots=True)
class Together:
    """How rows of one job are handed on as fewer: `job` is asked once, with all values of `one` as the list `many`."""

    job: str
    one: str
    many: str


def relay(limit: int = RELAYED_AT_ONCE, together: Mapping[str, Together] | None = None) -> int:
    """Hand the oldest rows over to Procrastinate in one transaction; how many there were.

    Rows of a job in `together` become one job with each value once, in the order they came. A row that says more than
    that one value stays a job of its own.
    """
    from procrastinate.contrib.django import app  # Procrastinate's app exists only once Django is set up.

    with transaction.atomic():
        batch = _take(limit)
        asked: dict[str, list[dict[str, Any]]] = {}
        for entry in batch:
            asked.setdefault(entry["job"], []).append(_payload(entry))
        for job, payloads in _fewer(asked, together or {}):
            app.configure_task(job).batch_defer(*payloads)
    return len(batch)


def _fewer(
    asked: Mapping[str, list[dict[str, Any]]], together: Mapping[str, Together]
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for job in sorted(asked):
        goal = together.get(job)
        alone = [payload for payload in asked[job] if goal is None or payload.keys() != {goal.one}]
        if alone:
            yield job, alone
        if goal is not None:
            values = dict.fromkeys(
                payload[goal.one] for payload in asked[job] if payload.keys() == {goal.one}
            )
            listed = list(values)
            some = [listed[start : start + AT_ONCE] for start in range(0, len(listed), AT_ONCE)]
            if some:
                yield goal.job, [{goal.many: part} for part in some]


def drain(handlers: dict[str, Callable[..., None]], limit: int = 10_000) -> int:
    """Run the rows' jobs here and now, each in its own transaction; for tests and for seeding.

    The promise is the same as the worker's: a job that raises leaves its row in place and the error is seen.
    """
    done = 0
    while done < limit:
        with transaction.atomic():
            batch = _take(1)
            if not batch:
                break
            handlers[batch[0]["job"]](**_payload(batch[0]))
        done += 1
    return done


def age_s(at: datetime) -> float:
    """Seconds the oldest row has waited; 0.0 when there is none."""
    oldest = scalar("SELECT min(created_at) FROM kernel_outboxrow")
    return max(0.0, (at - oldest).total_seconds()) if oldest else 0.0


def _take(limit: int) -> list[dict[str, Any]]:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("rows are taken in the transaction that hands them on")
    return sorted(rows(_BATCH, [limit]), key=lambda entry: entry["id"])


def _payload(entry: dict[str, Any]) -> dict[str, Any]:
    payload = entry["payload"]
    loaded: dict[str, Any] = json.loads(payload) if isinstance(payload, str) else payload
    return loaded
