"""What an import of regions did, line by line."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hutong.town.regions.types import StoredRegions

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Refused:
    """A feature or row that became no region: which one (the first is 1), what it says its name is, and why."""

    number: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class RegionsReport:
    """What an import did, or would do; `hints` say what may be wrong with the file as a whole."""

    stored: StoredRegions
    refused: tuple[Refused, ...]
    hints: tuple[str, ...]
    towns_placed_again: int
    dry_run: bool

    def as_text(self) -> str:
        """The report in lines, for the command line: of a reason that holds for many, the first few."""
        stored = self.stored
        lines = [
            f"{len(stored.new)} new, {len(stored.updated)} updated, {len(stored.unchanged)} unchanged; "
            f"{len(stored.outlined)} with a new outline; {len(self.refused)} refused"
        ]
        lines += [f"! {hint}" for hint in self.hints]
        for reason, count in Counter(one.reason for one in self.refused).most_common(SHOWN):
            told = [f"{one.number} {one.name}".strip() for one in self.refused if one.reason == reason]
            more = f" and {count - SHOWN} more" if count > SHOWN else ""
            lines.append(f"refused: {reason.rstrip('.。')}: {', '.join(told[:SHOWN])}{more}")
        if self.dry_run:
            lines.append("This was a dry run: nothing was stored.")
        elif self.towns_placed_again:
            lines.append(
                f"The stores of {self.towns_placed_again} towns are placed in their districts by the worker."
            )
        return "\n".join(lines)

    def write(self, path: Path) -> None:
        """Every refused feature or row as a table."""
        write_refused(self.refused, path)


def write_refused(refused: Sequence[Refused], path: Path) -> None:
    """As CSV in UTF-8 with a mark at the start, so that spreadsheets read it right."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(["number", "name", "reason"])
        table.writerows([one.number, one.name, one.reason] for one in refused)
