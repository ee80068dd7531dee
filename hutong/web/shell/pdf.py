"""PDFs of facts and tables, with a font that has Latin and Chinese letters embedded in them.

Only the letters that occur are embedded (some KB); reading the font takes a good tenth of a second each time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.http import HttpResponse
from fpdf import FPDF
from fpdf.enums import MethodReturnValue
from pylopdf_fonts_zh_cn import sans_path

FAMILY = "Noto Sans SC"
_LINE_MM = 5.2
_NEXT_LINE_MM = 3.8
_SIZE_PT = 9.0
_CELL_PT = 8.0
_RULE = (200, 194, 188)
_MUTED = (96, 88, 80)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its head, its share of the width, and whether it holds numbers."""

    head: str
    share: float
    number: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a PDF says: who, what, facts, a table, sums (the last of them in the large), and a line at the foot."""

    title: str
    sender: str
    facts: Sequence[tuple[str, str]]
    columns: Sequence[Column]
    rows: Iterable[Sequence[str]]
    sums: Sequence[tuple[str, str]]
    foot: str
    language: str
    at: datetime


class _Page(FPDF):
    """Numbers its pages."""

    foot = ""

    def footer(self) -> None:
        """The foot of every page."""
        self.set_y(-14)
        self.set_font(FAMILY, size=7.5)
        self.set_text_color(*_MUTED)
        self.cell(self.epw - 20, 5, self.foot)
        self.cell(20, 5, f"{self.page_no()} / {{nb}}", align="R")


def render(sheet: Sheet) -> bytes:
    """The PDF, on A4. The same sheet gives the same bytes."""
    pdf = _Page(format="A4")
    pdf.foot = sheet.foot
    pdf.set_creation_date(sheet.at)
    pdf.set_title(sheet.title)
    pdf.set_lang("zh-Hans" if sheet.language.startswith("zh") else "en")
    pdf.set_margins(15, 15)
    pdf.set_auto_page_break(True, 18)
    pdf.add_font(FAMILY, fname=sans_path())
    pdf.add_page()
    _head(pdf, sheet)
    if sheet.columns:
        _table(pdf, sheet)
    _sums(pdf, sheet.sums)
    return bytes(pdf.output())


def pdf_file(name: str, data: bytes) -> HttpResponse:
    """A download named `name`."""
    response = HttpResponse(data, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _head(pdf: FPDF, sheet: Sheet) -> None:
    pdf.set_font(FAMILY, size=_SIZE_PT)
    pdf.set_text_color(*_MUTED)
    _line(pdf, sheet.sender)
    pdf.set_text_color(0)
    pdf.set_font(FAMILY, size=18)
    pdf.multi_cell(0, 10, sheet.title, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(2)
    pdf.set_font(FAMILY, size=_SIZE_PT)
    for label, value in sheet.facts:
        if not value:
            continue
        pdf.set_text_color(*_MUTED)
        pdf.cell(42, _LINE_MM, _cut(pdf, label, 41))
        pdf.set_text_color(0)
        pdf.multi_cell(0, _LINE_MM, value, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(4)


def _table(pdf: FPDF, sheet: Sheet) -> None:
    whole = sum(column.share for column in sheet.columns)
    widths = [pdf.epw * column.share / whole for column in sheet.columns]
    pdf.set_font(FAMILY, size=_CELL_PT)
    head = _wrapped(pdf, widths, [column.head for column in sheet.columns])
    _row(pdf, sheet.columns, widths, head, muted=True)
    for row in sheet.rows:
        pdf.set_font(FAMILY, size=_CELL_PT)
        cells = _wrapped(pdf, widths, row)
        if pdf.will_page_break(_height(cells) + 1):
            pdf.add_page()
            _row(pdf, sheet.columns, widths, head, muted=True)
        _row(pdf, sheet.columns, widths, cells)
    pdf.ln(3)


def _wrapped(pdf: FPDF, widths: Sequence[float], cells: Sequence[str]) -> list[list[str]]:
    """The lines of each cell: one where the text fits into its column."""
    return [_lines(pdf, width, cell) for width, cell in zip(widths, cells, strict=True)]


def _lines(pdf: FPDF, width: float, text: str) -> list[str]:
    if pdf.get_string_width(text) <= width - 2:
        return [text]
    found = pdf.multi_cell(width, _LINE_MM, text, dry_run=True, output=MethodReturnValue.LINES)
    assert isinstance(found, list)
    return found


def _height(cells: Sequence[Sequence[str]]) -> float:
    return _LINE_MM + _NEXT_LINE_MM * (max(len(lines) for lines in cells) - 1)


def _row(
    pdf: FPDF,
    columns: Sequence[Column],
    widths: Sequence[float],
    cells: Sequence[Sequence[str]],
    *,
    muted: bool = False,
) -> None:
    """One row of the table with a rule below it."""
    pdf.set_font(FAMILY, size=_CELL_PT)
    pdf.set_text_color(*(_MUTED if muted else (0, 0, 0)))
    left, top = pdf.l_margin, pdf.get_y()
    for column, width, lines in zip(columns, widths, cells, strict=True):
        align: Literal["L", "R"] = "R" if column.number else "L"
        for number, line in enumerate(lines):
            pdf.set_xy(left, top + number * _NEXT_LINE_MM)
            pdf.cell(width, _LINE_MM, line, align=align)
        left += width
    pdf.set_xy(pdf.l_margin, top + _height(cells))
    pdf.set_draw_color(*_RULE)
    pdf.line(pdf.l_margin, pdf.get_y(), pdf.l_margin + pdf.epw, pdf.get_y())
    pdf.ln(0.6)


def _sums(pdf: FPDF, sums: Sequence[tuple[str, str]]) -> None:
    if pdf.will_page_break(7 * len(sums)):
        pdf.add_page()
    for number, (label, value) in enumerate(sums):
        last = number == len(sums) - 1
        pdf.set_font(FAMILY, size=11 if last else _SIZE_PT)
        pdf.set_text_color(*((0, 0, 0) if last else _MUTED))
        pdf.cell(pdf.epw - 45, 7 if last else _LINE_MM, label, align="R")
        pdf.set_text_color(0)
        pdf.cell(45, 7 if last else _LINE_MM, value, align="R", new_x="LMARGIN", new_y="NEXT")


def _line(pdf: FPDF, text: str) -> None:
    pdf.cell(0, _LINE_MM, text, new_x="LMARGIN", new_y="NEXT")


def _cut(pdf: FPDF, text: str, width: float) -> str:
    """The text as far as it fits."""
    if pdf.get_string_width(text) <= width:
        return text
    while text and pdf.get_string_width(text + "…") > width:
        text = text[:-1]
    return text + "…"
