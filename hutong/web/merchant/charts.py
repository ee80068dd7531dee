"""Options of the shop's charts, for `<hutong-chart>`. Colours by the names of their tokens."""

import json
from collections.abc import Sequence
from datetime import date

from babel.dates import format_date
from babel.numbers import get_currency_symbol
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from hutong.flows.expiring import Ending
from hutong.pay.settlement.types import Earnings


def earned_by_day(days: Sequence[tuple[date, Earnings]], *, unit: str) -> str:
    """Bars of the net earnings of the last days, today's in the main colour."""
    locale = "zh_Hans_CN" if get_language() == "zh-hans" else "en_GB"
    bars = [
        {"value": float(earned.net.major_text), "itemStyle": {"color": "$accent"}}
        for _day, earned in days[:-1]
    ]
    bars += [
        {"value": float(earned.net.major_text), "itemStyle": {"color": "$primary"}}
        for _day, earned in days[-1:]
    ]
    option = {
        "grid": {"left": 8, "right": 8, "top": 34, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "none"}},
        "xAxis": {
            "type": "category",
            "data": [
                format_date(day, "d/M" if locale == "en_GB" else "M/d", locale=locale)
                for day, _earned in days
            ],
            "axisLabel": {"fontSize": 11, "hideOverlap": True},
        },
        "yAxis": {
            "type": "value",
            "name": get_currency_symbol(unit, locale=locale),
            "nameTextStyle": {"align": "right", "padding": [0, 6, 0, 0]},
            "splitNumber": 4,
        },
        "series": [{"name": _("Earned"), "type": "bar", "data": bars, "barCategoryGap": "35%"}],
    }
    return json.dumps(option)


def ending_by_week(weeks: Sequence[Ending], *, unit: str) -> str:
    """Bars of what ends unused each week: what goes back to shoppers, and on it what is not promised back."""
    locale = "zh_Hans_CN" if get_language() == "zh-hans" else "en_GB"
    pattern = "d/M" if locale == "en_GB" else "M/d"
    series = [
        (_("Goes back to shoppers"), "$accent", [week.goes_back for week in weeks]),
        (_("Not promised back"), "$primary", [week.kept for week in weeks]),
    ]
    option = {
        "grid": {"left": 8, "right": 8, "top": 88, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "none"}},
        "legend": {"top": 0, "left": 0},
        "xAxis": {
            "type": "category",
            "data": [format_date(week.starts_on, pattern, locale=locale) for week in weeks],
            "axisLabel": {"fontSize": 11, "hideOverlap": True},
        },
        "yAxis": {
            "type": "value",
            "name": get_currency_symbol(unit, locale=locale),
            "nameTextStyle": {"align": "right", "padding": [0, 6, 0, 0]},
            "splitNumber": 3,
        },
        "series": [
            {
                "name": name,
                "type": "bar",
                "stack": "ends",
                "data": [float(amount.major_text) for amount in amounts],
                "itemStyle": {"color": color},
                "barCategoryGap": "35%",
            }
            for name, color, amounts in series
        ],
    }
    return json.dumps(option)
