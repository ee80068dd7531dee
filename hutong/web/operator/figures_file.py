"""The figures as files for a spreadsheet: the steps of the chart, or the rows of the breakdown."""

from collections.abc import Iterable, Sequence

from django.http import HttpResponse

from hutong.pay.orders.types import Breakdown, SpanFigures
from hutong.web.operator.charts import Point
from hutong.web.operator.figures_parts import name_of
from hutong.web.operator.figures_span import Asked
from hutong.web.shell.spreadsheet import csv_file, plain

_COLUMNS = (
    "sold", "orders", "units_sold", "shoppers", "redeemed", "units_redeemed", "refunded", "units_refunded",
    "commission",
)  # fmt: skip
_HEADS = [*_COLUMNS, *(f"{column}_before" for column in _COLUMNS), "currency"]


def days_file(page: Asked, steps: Sequence[Point]) -> HttpResponse:
    """One line for each day (or hour, in the region's zone) with the one it is compared with."""
    lines = (
        [
            step.starts_at.isoformat() if step.starts_at else "",
            step.then_starts_at.isoformat() if step.then_starts_at else "",
            *_cells(step.now),
            *_cells(step.then),
            page.region.currency,
        ]
        for step in steps
    )
    return _file(page, "days", ["starts_at", "starts_at_before", *_HEADS], lines)


def rows_file(page: Asked, found: Breakdown) -> HttpResponse:
    """One line for each category, area, shop or deal; the days compared with end at the same time of day."""
    lines = (
        [
            plain(piece.key),
            plain(name_of(page.by, piece)),
            *_cells(piece.figures.now),
            *_cells(piece.figures.then),
            page.region.currency,
        ]
        for piece in found.slices
    )
    return _file(page, page.by.value, [page.by.value, "name", *_HEADS], lines)


def _cells(figures: SpanFigures) -> list[str | int]:
    return [
        figures.sold.major_text,
        figures.orders,
        figures.sold_units,
        figures.shoppers,
        figures.redeemed.major_text,
        figures.redeemed_units,
        figures.refunds.major_text,
        figures.refunded_units,
        figures.commission.major_text,
    ]


def _file(page: Asked, what: str, heads: list[str], lines: Iterable[list[str | int]]) -> HttpResponse:
    name = f"{page.region.slug}-{what}-{page.first_on}-{page.last_on}.csv"
    return csv_file(name, heads, lines)
