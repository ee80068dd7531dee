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


BEHIND: dict[str, Behind] = {}
