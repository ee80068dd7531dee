"""Tables of places for tests."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from hutong.flows.import_csv import Options, Town, import_csv
from hutong.flows.import_csv.report import ImportReport
from tests.factories import regions

HEADER = ("id", "name", "brand", "lat", "lon", "category")
HELSINKI = Town("helsinki", {"en": "Helsinki"}, "Europe/Helsinki", "EUR")


def place(number: int, **more: str) -> dict[str, str]:
    """A café in the middle of Helsinki; each a few metres farther."""
    return {
        "id": str(number),
        "name": f"Kahvila {number}",
        "brand": "",
        "lat": f"{60.165 + number % 100 / 10_000:.4f}",
        "lon": f"{24.935 + number // 100 / 10_000:.4f}",
        "category": "cafe",
        **more,
    }


def table(rows: Sequence[Mapping[str, str] | str], header: Sequence[str] = HEADER) -> str:
    """The text of a table; a row that is a text is put in as it stands."""
    out = io.StringIO()
    writer = csv.DictWriter(out, header, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        if isinstance(row, str):
            out.write(row + "\n")
        else:
            writer.writerow(row)
    return out.getvalue()


def write(
    folder: Path, rows: Sequence[Mapping[str, str] | str], *, name: str = "cafes.csv", **more: Any
) -> Path:
    """A file of these rows in UTF-8."""
    path = folder / name
    path.write_text(table(rows, **more), encoding="utf-8")
    return path


def run(path: Path, at: datetime, *, town: Town = HELSINKI, **options: Any) -> ImportReport:
    """Import a file; `options` are those of `Options`."""
    return import_csv(path, town, options=Options(**options), at=at)


def town() -> None:
    """The region the tables are of."""
    regions.region(slug="helsinki")
