"""The second lines of defence: guards in code whose loss nobody notices, because another guard stands behind.

Each names that other one, a guard in code or a constraint, and a test that fails when both are gone.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Behind:
    """`other` is the name of a guard in code, or of a constraint or trigger; `test` fails when both are gone.

    A constraint's own test may take it away itself. Such a test is none here: `test` has to pass without either alone.
    """

    other: str
    test: str
    why: str


BEHIND: dict[str, Behind] = {
    "ledger/services/lots.py:_TAKE:the condition: AND l.remaining >= d.minor": Behind(
        other="ledger/services/lots.py:_LOCK:FOR UPDATE: FOR UPDATE OF b",
        test="tests/concurrency/test_points_spends.py"
        "::test_who_spends_second_what_is_there_once_is_told_that_it_is_gone",
        why="Who changes somebody's lots has the lock; a statement that forgot it still takes no more than there is.",
    ),
}
