"""The words of a notification: made of its kind and its params, in the language of whoever reads them."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from babel.dates import format_datetime
from babel.numbers import format_decimal
from django.utils.translation import gettext, override

from hutong.kernel import clock
from hutong.kernel.money import Money, format_money
from hutong.kernel.text import pick
from hutong.town.notifications import rules
from hutong.town.notifications.types import Kind, Text

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def text_of(kind: Kind, params: Mapping[str, Any], language: str) -> Text:
    """Title and body in `language` (`en`, `zh-hans`). Names, money, numbers and moments are written as people do."""
    spec = rules.KINDS[kind]
    values = dict.fromkeys(_names(spec.title + spec.body), "")
    values |= {name: _words(value, language) for name, value in params.items()}
    with override(language):
        return Text(title=gettext(spec.title) % values, body=gettext(spec.body) % values)


def missing(kind: Kind, params: Mapping[str, Any]) -> frozenset[str]:
    """What the text or the page of `kind` needs and `params` lacks; for whoever writes a new caller."""
    spec = rules.KINDS[kind]
    return frozenset({*_names(spec.title + spec.body), *spec.page[1:]} - set(params))


def _names(text: str) -> set[str]:
    return set(_PLACEHOLDER.findall(text))


def _words(value: Any, language: str) -> str:
    chinese = language.lower().startswith("zh")
    if isinstance(value, Mapping):
        if "minor" in value:
            return format_money(Money(value["minor"], value["unit"]), language)
        if "at" in value:
            wall = clock.local(datetime.fromisoformat(value["at"]), value["zone"])
            style = "y年M月d日 HH:mm" if chinese else "d MMM y, HH:mm"
            return format_datetime(wall, style, locale="zh_Hans_CN" if chinese else "en_GB")
        return pick(value, language)
    if isinstance(value, int):
        return format_decimal(value, locale="zh_Hans_CN" if chinese else "en_GB")
    return str(value)
