"""What `hutong doctor` looks at, by what it is about. Each check yields findings and never raises."""

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """How a finding stands: well, worth a look, or broken."""

    WELL = "✓"
    LOOK = "!"
    BROKEN = "✗"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it stands, and how to mend it."""

    mark: Mark
    what: str
    mend: str = ""


def well(what: str) -> Finding:
    """Nothing to do."""
    return Finding(Mark.WELL, what)


def look(what: str, mend: str) -> Finding:
    """Works, but somebody should know."""
    return Finding(Mark.LOOK, what, mend)


def broken(what: str, mend: str) -> Finding:
    """Does not work; the doctor ends with exit code 1."""
    return Finding(Mark.BROKEN, what, mend)


def judged(fine: bool, what: str, mend: str) -> Finding:
    """Well or broken."""
    return well(what) if fine else broken(what, mend)
