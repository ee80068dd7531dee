"""Reads a table row by row. A broken row is one row: its neighbours are read as if it were not there."""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO

from hutong.flows.import_csv.source import LINE_LIMIT, Source

DELIMITERS = (",", ";", "\t", "|")
# A row may go on over so many lines, inside of quotes; an open quote that lasts longer was forgotten.
_LINES_A_ROW = 50


@dataclass(frozen=True, slots=True)
class Row:
    """One row under the header: the line it begins on, counted from 1, and its cells by column.

    `fault` says why there are no cells; `text` is the row as it stands in the file.
    """

    line: int
    cells: tuple[str, ...]
    text: str
    fault: str = ""


def header_of(source: Source, delimiter: str = "") -> tuple[tuple[str, ...], str]:
    """The names of the columns and what separates them; the one that makes the most columns unless said."""
    with source.text() as text:
        line = _first_line(text)[1]
    found = [(_names(line, one), one) for one in ([delimiter] if delimiter else DELIMITERS)]
    return max(found, key=lambda entry: len(entry[0]))


def rows_of(source: Source, width: int, delimiter: str) -> Iterator[Row]:
    """Every row under the header that is not empty, in the order of the file."""
    with source.text() as text:
        number, _header = _first_line(text)
        waiting: deque[str] = deque()
        while line := _next(waiting, text):
            number += 1
            if not line.strip().strip(delimiter):
                continue
            row, taken = _row(line, number, width, delimiter, waiting, text)
            for _line in range(taken):
                waiting.popleft()
            yield row
            number += taken


def _names(line: str, delimiter: str) -> tuple[str, ...]:
    try:
        return tuple(cell.strip() for cell in _cells(line, delimiter) or ())
    except csv.Error:
        return ()


def _first_line(text: IO[str]) -> tuple[int, str]:
    for number, line in enumerate(text, start=1):
        if line.strip():
            return number, line
    return 0, ""


def _next(waiting: deque[str], text: IO[str]) -> str:
    return waiting.popleft() if waiting else text.readline(LINE_LIMIT)


def _row(
    line: str, number: int, width: int, delimiter: str, waiting: deque[str], text: IO[str]
) -> tuple[Row, int]:
    """The row that begins with `line`, and how many of the waiting lines belong to it."""
    whole = line
    for taken in range(_LINES_A_ROW):
        try:
            cells = _cells(whole, delimiter)
        except csv.Error:
            break
        if cells is not None:
            if taken and len(_fitting(cells, width)) != width:
                break
            return _judged(cells, whole, number, width), taken
        if len(waiting) <= taken and (more := text.readline(LINE_LIMIT)):
            waiting.append(more)
        if len(waiting) <= taken:
            break
        whole += next(islice(waiting, taken, None))
    return Row(number, (), line.rstrip("\n"), "quotes"), 0


def _judged(cells: list[str], whole: str, number: int, width: int) -> Row:
    fitting, text = _fitting(cells, width), whole.rstrip("\n")
    if len(fitting) != width:
        return Row(number, (), text, "cells")
    if "\ufffd" in whole:
        return Row(number, (), text, "characters")
    return Row(number, tuple(fitting), text)


def _fitting(cells: list[str], width: int) -> list[str]:
    """The cells without empty ones behind the last column, which some programs write."""
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    return cells


def _cells(text: str, delimiter: str) -> list[str] | None:
    """The cells of one row; None while a quote is open. Raises `csv.Error` where quotes make no sense."""
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return None
        raise
