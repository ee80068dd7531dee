"""Options of the operator's charts, for `<hutong-chart>`. Colours by the names of their tokens."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from babel.dates import format_date, format_time
from babel.numbers import get_currency_symbol
from django.utils.translation import gettext as _

from hutong.kernel.clock import local
from hutong.pay.orders.types import SeriesPoint
from hutong.web.shell.templatetags.hutong import locale


def step_names(points: Sequence[SeriesPoint], *, zone: str, by_hour: bool) -> list[str]:
    """What stands under each step: the hour, or the day with its month."""
    if by_hour:
        return [format_time(local(point.starts_at, zone), "HH:mm", locale=locale()) for point in points]
    pattern = "d MMM" if locale().startswith("en") else "M月d日"
    return [format_date(local(point.starts_at, zone).date(), pattern, locale=locale()) for point in points]


def sales_chart(points: Sequence[SeriesPoint], *, zone: str, by_hour: bool, until: datetime) -> str:
    """What was sold and what was redeemed, in major units of the currency; none after `until`.

    Days are two lines, hours are bars: in the first hour of a day a line would be one dot at the edge.
    """
    past = [point for point in points if point.starts_at <= until]
    unit = points[0].gmv.unit
    line: dict[str, Any] = {"type": "line", "symbol": "circle", "showSymbol": True, "smoothMonotone": "x"}
    if by_hour:
        line = {"type": "bar", "barGap": "10%"}
    option = {
        "grid": {"left": 8, "right": 16, "top": 48, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "axis"},
        "legend": {"top": 0, "right": 0, "icon": "circle", "itemWidth": 10},
        "xAxis": {
            "type": "category",
            "boundaryGap": by_hour,
            "data": step_names(points, zone=zone, by_hour=by_hour),
        },
        "yAxis": {
            "type": "value",
            "name": get_currency_symbol(unit, locale=locale()),
            "nameTextStyle": {"align": "right", "padding": [0, 6, 0, 0]},
            "splitNumber": 4,
        },
        "series": [
            {
                **line,
                "name": _("Sold"),
                "color": "$primary",
                **({} if by_hour else {"areaStyle": {"opacity": 0.12}}),
                "data": [float(point.gmv.major_text) for point in past],
            },
            {
                **line,
                "name": _("Redeemed"),
                "color": "$accent",
                "data": [float(point.redeemed.major_text) for point in past],
            },
        ],
    }
    return json.dumps(option)
