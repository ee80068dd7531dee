"""Options of the shop's charts, for `<hutong-chart>`. Colours by the names of their tokens."""

import json
from collections.abc import Sequence
from datetime import date

from babel.dates import format_date
from babel.numbers import get_currency_symbol
from django.utils.translation import get_language
from django.utils.translation import gettext as _

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
