"""What an import of a table did or would do, for the command line and as a table of its own."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from hutong.flows.import_csv.here import Here, Why
from hutong.flows.import_csv.rows import Note, Reason
from hutong.flows.import_csv.table import Row

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Told:
    """A row that was refused, or of which something could not be kept: its line and why."""

    line: int
    said: str


@dataclass(slots=True)
class Findings:
    """What reading the table found, before anything is stored."""

    rows: int = 0
    refused: Counter[Reason] = field(default_factory=Counter)
    noted: Counter[Note] = field(default_factory=Counter)
    first: list[Told] = field(default_factory=list)
    brands: set[str] = field(default_factory=set)
    here: dict[int, Here] = field(default_factory=dict)
    """The listings that another source has of a row already, by its line."""

    @property
    def unreadable(self) -> int:
        """Rows that have no cells, so that nobody knows which place they are of."""
        return sum(self.refused[reason] for reason in (Reason.QUOTES, Reason.CELLS, Reason.CHARACTERS))

    def refuse(self, row: Row, reason: Reason, said: str) -> None:
        """Count a refused row and remember the first ones."""
        self.refused[reason] += 1
        if len(self.first) < _SHOWN:
            self.first.append(Told(row.line, said))


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did; with `is_dry` what it would have done."""

    region_slug: str
    source: str
    encoding: str
    found: Findings
    new: int
    updated: int
    unchanged: int
    here: int
    closed: int
    hints: tuple[str, ...]
    is_dry: bool
    seconds: float

    @property
    def refused(self) -> int:
        """How many rows cannot become stores."""
        return self.found.refused.total()

    def as_text(self) -> str:
        """The report in a few lines, for the command line."""
        lines = ["A dry run: nothing was changed."] if self.is_dry else []
        lines += [
            f"{self.region_slug}: {self.found.rows:,} rows in {self.encoding} of the source {self.source}",
            f"{self.new:,} new, {self.updated:,} updated, {self.unchanged:,} unchanged, {self.closed:,} closed, "
            f"{self.refused:,} refused; {len(self.found.brands):,} brands; {self.seconds:.1f} s",
        ]
        lines += _counted("refused", self.found.refused)
        lines += [f"  line {told.line}: {told.said}" for told in self.found.first]
        if self.refused > len(self.found.first):
            lines.append(f"  and {self.refused - len(self.found.first):,} more; --report writes all of them")
        lines += self._here_lines()
        return "\n".join([*lines, *_counted("noted", self.found.noted), *self.hints])

    def _here_lines(self) -> list[str]:
        found = self.found.here
        if not found:
            return []
        why = Counter(here.why for here in found.values())
        lines = _counted(f"{len(found):,} are here already and were not stored again", why)
        lines += [f"  line {line}: {here.said}" for line, here in sorted(found.items())[:_SHOWN]]
        if len(found) > _SHOWN:
            lines.append(f"  and {len(found) - _SHOWN:,} more; --report writes all of them")
        return lines


def _counted(what: str, counts: Counter[Reason] | Counter[Note] | Counter[Why]) -> list[str]:
    told = ", ".join(f"{count:,} {reason.value}" for reason, count in counts.most_common())
    return [f"{what}: {told}"] if told else []


class Writer(Protocol):
    """What writes one row of a table."""

    def writerow(self, row: Iterable[object], /) -> object: ...


class RowsFile:
    """Every row that was refused or noted, with the row itself: mended, it can be imported again."""

    def __init__(self, writer: Writer | None, width: int) -> None:
        """Without a writer nothing is written."""
        self._writer = writer
        self._width = width

    def write(self, row: Row, outcome: str, said: str) -> None:
        """One row. What cannot be taken apart stands whole in the first column."""
        if self._writer:
            cells = row.cells or (row.text, *[""] * (self._width - 1))
            self._writer.writerow([row.line, outcome, said, *cells])


@contextmanager
def rows_file(path: Path | None, header: Sequence[str]) -> Iterator[RowsFile]:
    """Open the table of refused rows: UTF-8 with a mark, which office programs need; whole or not there."""
    if path is None:
        yield RowsFile(None, len(header))
        return
    fresh = path.with_name(f".{path.name}.part")
    try:
        with fresh.open("w", encoding="utf-8-sig", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerow(["line", "outcome", "reason", *header])
            yield RowsFile(writer, len(header))
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
