"""What a deal lacks, in words, with the step of its form where it is mended."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from hutong.flows.offers.body import useless_from
from hutong.flows.terms_words import day_words
from hutong.web.merchant.special_form import MISSING as SPECIAL_MISSING

_GROUP_FAULTS = (
    "group_or_campaign", "group_size", "group_price", "group_price_not_below", "group_steps", "group_hours",
    "group_fill", "campaign_minimum",
)  # fmt: skip
MISSING: dict[str, Callable[[], tuple[str, str]]] = {
    "title": lambda: ("what", _("A title")),
    "list_price": lambda: ("price", _("The usual price")),
    "price": lambda: ("price", _("The price of the deal")),
    "price_above": lambda: ("price", _("A price that is not above the usual one")),
    "price_small": lambda: ("price", _("A price that can be shared out over all uses")),
    "ends_past": lambda: ("price", _("A last day of sale that has not passed")),
    "ends_before_start": lambda: ("price", _("A last day of sale after the first")),
    "choices": lambda: ("what", _("As many things in the deal as one voucher takes")),
    "terms": lambda: ("terms", _("Terms that fit together")),
    "never_usable": lambda: ("terms", _("A day and an hour at which it can be used: now there is none")),
    "sale_outlasts": lambda: ("price", _("A last day of sale that is not after the last day it holds")),
    **dict.fromkeys(_GROUP_FAULTS, lambda: ("terms", _("Groups whose sizes and prices fit together"))),
    "campaign_past": lambda: ("terms", _("A last day to reach the number of buyers that has not passed")),
    "campaign_outlasts": lambda: ("price", _("A last day of sale that is not before that of the buyers")),
    "stores": lambda: ("terms", _("A store in which it holds")),
    **SPECIAL_MISSING,
}
ADVICE: dict[str, Callable[[], tuple[str, str]]] = {
    "title_en": lambda: ("what", _("A title in English")),
    "title_zh-Hans": lambda: ("what", _("A title in Chinese")),
    "description": lambda: ("what", _("A text that makes people want it")),
    "contents": lambda: ("what", _("What is in it, with the price of each part")),
}


def warnings(body: Mapping[str, Any], *, today: date, zone: str) -> list[tuple[str, str]]:
    """What does not keep a deal from being sold, and will bring trouble, with the step where it is mended."""
    day = useless_from(body, today=today, zone=zone)
    if day is None:
        return []
    words = _(
        "Whoever buys late on %(day)s could never use the voucher, and checkout refuses it."
        " Let vouchers hold longer, or end the sale before %(day)s."
    )
    return [("price", words % {"day": day_words(day)})]
