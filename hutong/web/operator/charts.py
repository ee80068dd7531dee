"""Options of the operator's charts, for `<hutong-chart>`. Colours by the names of their tokens."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from babel.dates import format_date, format_time
from babel.numbers import get_currency_symbol
from django.utils.translation import gettext as _

from hutong.kernel.clock import local
from hutong.kernel.money import Money
from hutong.pay.orders.queries import no_figures
from hutong.pay.orders.types import SpanFigures, Stretch
from hutong.web.operator.figures_span import Asked
from hutong.web.shell.templatetags.hutong import locale


@dataclass(frozen=True, slots=True)
class Point:
    """One step of the chart, a day or an hour, beside the one it is compared with.

    `starts_at` is None where the days compared with have an hour more; `ahead` says that it is still to come.
    """

    name: str
    starts_at: datetime | None
    now: SpanFigures
    name_then: str
    then_starts_at: datetime | None
    then: SpanFigures
    ahead: bool


def points(page: Asked, found: Mapping[tuple[int, int], SpanFigures]) -> list[Point]:
    """Every step of the days asked for, also those in which nothing happened."""
    starts, starts_then = _starts(page, page.now), _starts(page, page.then)
    nothing = no_figures(page.region.currency)
    made = []
    for step in range(max(len(starts), len(starts_then))):
        at = starts[step] if step < len(starts) else None
        then = starts_then[step] if step < len(starts_then) else None
        made.append(
            Point(
                name=_name(page, at),
                starts_at=at,
                now=found.get((0, step), nothing),
                name_then=_name(page, then),
                then_starts_at=then,
                then=found.get((1, step), nothing),
                ahead=at is None or at > page.at,
            )
        )
    return made


def _starts(page: Asked, stretch: Stretch) -> list[datetime]:
    """When each step starts: hours of real time, or the midnights of the wall."""
    if page.by_hour:
        hours = round((stretch.ends_at - stretch.starts_at) / timedelta(hours=1))
        return [stretch.starts_at + timedelta(hours=hour) for hour in range(hours)]
    first = local(stretch.starts_at, page.region.zone)
    return [first + timedelta(days=day) for day in range(page.days)]


def _name(page: Asked, starts_at: datetime | None) -> str:
    """What stands under a step: the hour, or the day with its month."""
    if starts_at is None:
        return "—"
    wall = local(starts_at, page.region.zone)
    if page.by_hour:
        return format_time(wall, "HH:mm", locale=locale())
    return format_date(wall.date(), "d MMM" if locale().startswith("en") else "M月d日", locale=locale())


def sales_chart(steps: list[Point], *, by_hour: bool, unit: str) -> str:
    """What was sold and redeemed, and dashed what was sold in the days compared with; in major units.

    Days are lines, hours are bars: in the first hour of a day a line would be one dot at the edge.
    """
    few = len(steps) <= 31
    line: dict[str, Any] = {"type": "line", "symbol": "circle", "showSymbol": few, "smoothMonotone": "x"}
    drawn: dict[str, Any] = {"type": "bar", "barGap": "10%"} if by_hour else line
    option = {
        "grid": {"left": 8, "right": 16, "top": 64, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "axis"},
        "legend": {"top": 0, "right": 0, "itemWidth": 22, "itemGap": 14},
        "xAxis": {"type": "category", "boundaryGap": by_hour, "data": [step.name for step in steps]},
        "yAxis": {
            "type": "value",
            "name": get_currency_symbol(unit, locale=locale()),
            "nameTextStyle": {"align": "right", "padding": [0, 6, 0, 0]},
            "splitNumber": 4,
        },
        "series": [
            {
                **drawn,
                "name": _("Sold"),
                "color": "$primary",
                **({} if by_hour else {"areaStyle": {"opacity": 0.12}}),
                "data": [None if step.ahead else _major(step.now.sold) for step in steps],
            },
            {
                **drawn,
                "name": _("Redeemed"),
                "color": "$accent",
                "data": [None if step.ahead else _major(step.now.redeemed) for step in steps],
            },
            {
                **line,
                "name": _("Sold before"),
                "color": "$muted",
                "showSymbol": False,
                "lineStyle": {"type": "dashed", "width": 2},
                "data": [_major(step.then.sold) if step.then_starts_at else None for step in steps],
            },
        ],
    }
    return json.dumps(option)


def _major(amount: Money) -> float:
    return float(amount.major_text)
