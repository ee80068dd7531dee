"""Examples for the component gallery: one of every component, in every state it has."""

import json
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from hutong.kernel import clock
from hutong.kernel.money import Money


def _names(english: str, chinese: str) -> dict[str, str]:
    return {"en": english, "zh-Hans": chinese}


class ExampleForm(forms.Form):
    """Fields with and without errors."""

    phone = forms.CharField(label="Phone", help_text="+358 40 123 4567")
    city = forms.ChoiceField(label="City", choices=[("helsinki", "Helsinki"), ("beijing", "北京")])
    note = forms.CharField(label="Note", widget=forms.Textarea(attrs={"rows": 2}), required=False)
    agrees = forms.BooleanField(
        label="Let this shop remember my visits", help_text="You can take it back at any time."
    )


_OPEN = {"price_from": Money(450, "EUR"), "claimed": True}
_LONG_TITLE = _names(
    "Cut, wash and blow-dry with a senior stylist, in the quiet hours of the week", "资深发型师洗剪吹"
)


def _deal(
    index: int, titles: dict[str, str], emoji: str, prices: tuple[int, int], **more: Any
) -> dict[str, Any]:
    return {
        "offer_ref": f"off_example{index}",
        "titles": titles,
        "store_names": _names("Lantern Noodle House by the Old Market", "灯笼面馆（老市集店）"),
        "distance_m": 230.0 * index * index,
        "price": Money(prices[0], "EUR"),
        "list_price": Money(prices[1], "EUR"),
        "emoji": emoji,
        "hue": index * 75,
        "tags": ["refund_any_time"],
        "sold": 0,
        "sample": False,
        **more,
    }


def _store(index: int, english: str, chinese: str, emoji: str, **more: Any) -> dict[str, Any]:
    return {
        "ref": f"sto_example{index}",
        "names": _names(english, chinese),
        "category_slug": f"example{index}",
        "category_names": _names("Café", "咖啡"),
        "emoji": emoji,
        "distance_m": 140.0 * index,
        "address": "Aleksanterinkatu 15",
        "open": {"open": None, "until": None, "next_open": None},
        "price_from": None,
        "claimed": False,
        "zone": "Europe/Helsinki",
        **more,
    }


def _chart() -> str:
    days = [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]
    series = [
        {
            "name": _("Sold"),
            "type": "line",
            "areaStyle": {"opacity": 0.12},
            "data": [18, 21, 20, 24, 38, 52, 47],
        },
        {"name": _("Redeemed"), "type": "line", "data": [15, 17, 18, 19, 30, 44, 41]},
    ]
    option = {
        "grid": {"left": 36, "right": 12, "top": 36, "bottom": 28},
        "tooltip": {"trigger": "axis"},
        "legend": {"top": 0},
        "xAxis": {"type": "category", "data": days},
        "yAxis": {"type": "value"},
        "series": series,
    }
    return json.dumps(option)


def context() -> dict[str, Any]:
    """What the gallery's template shows."""
    at = clock.now()
    hour = timedelta(hours=1)
    failed = ExampleForm({"phone": "12", "city": "x"})
    failed.is_valid()
    voucher = {
        "titles": _names("Two-person hand-pulled noodle set", "手工拉面双人餐"),
        "merchant_names": _names("Lantern Noodle House", "灯笼面馆"),
        "emoji": "1f35c",
        "hue": 30,
        "code": "8F3K-22QX-7MAB-TT4W",
        "qr_text": "HUTONG:8F3K22QX7MABTT4W",
    }
    return {
        "deals": [
            _deal(1, _names("Two-person hand-pulled noodle set", "手工拉面双人餐"), "1f35c", (1990, 3400), sold=3120),
            _deal(2, _names("Any large milk tea", "任意大杯奶茶"), "1f9cb", (450, 690), tags=["no_booking"], sample=True),
            _deal(3, _LONG_TITLE, "1f487", (390000, 650000), sold=12840, tags=[]),
        ],
        "stores": [
            _store(1, "Kahvila Aalto", "阿尔托咖啡", "2615", **_OPEN, open={"open": True, "until": at + 3 * hour}),
            _store(2, "Kirjakauppa", "书店", "1f4da", open={"open": False, "next_open": at + 30 * hour}),
            _store(3, "A very long name of a shop that does not fit on one line", "名字很长很长的一家小店", "1f338"),
        ],
        "categories": [
            {"url": "#", "names": _names(english, chinese), "emoji": code, "current": code == "2615"}
            for english, chinese, code in (
                ("Food", "美食", "1f35c"), ("Cafés & tea", "咖啡茶饮", "2615"), ("Beauty", "丽人", "1f485"),
                ("Health & care", "健康护理", "1f48a"), ("Sport", "运动健身", "1f3cb-fe0f"),
            )
        ],
        "chips": [{"url": "#", "label": label, "current": index == 0, "icon": icon} for index, (label, icon) in enumerate(
            ((_("Nearest"), "map-pin"), (_("Cheapest"), ""), (_("Biggest saving"), ""), (_("Open now"), "clock")))],
        "states": [("good", _("Used"), "check"), ("bad", _("Rejected"), "x"), ("wait", _("Waiting"), "hourglass"),
                   ("info", _("Live"), ""), ("accent", _("New"), ""), ("", _("Draft"), "")],
        "form": ExampleForm(),
        "failed": failed,
        "vouchers": [{**voucher, "state": state} for state in ("ready", "used", "refunded", "expired")],
        "columns": [{"label": _("Day")}, {"label": _("Sold"), "num": True}],
        "rows": [[{"text": _("Mon")}, {"text": "18", "num": True}], [{"text": _("Tue")}, {"text": "21", "num": True}]],
        "steps": [{"label": _("Phone"), "done": True}, {"label": _("Code"), "current": True}, {"label": _("Done")}],
        "ends_at": at + 5 * hour,
        "at": at,
        "chart": _chart(),
        "total": Money(1990, "EUR"),
        "list_total": Money(3400, "EUR"),
    }  # fmt: skip
