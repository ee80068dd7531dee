"""The fields of the deal form: amounts, days and texts as people type them, and what a step keeps of them.

A step keeps every field that can be read, also while another one cannot. What is missing altogether is said on
the last step, so that nothing stops somebody who wants to go on later.
"""

import re
import unicodedata
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hutong.flows.offers.body import MOST_FOR_SALE, Body
from hutong.kernel.money import Money, exponent
from hutong.kernel.text import clean
from hutong.town.catalog.rules import (
    MAX_DESCRIPTION,
    MAX_INCLUDES,
    MAX_PART,
    MAX_PRICE_MINOR,
    MAX_TITLE,
)
from hutong.town.catalog.types import SketchView

# Pictures of Fluent Emoji that stand for a deal until it has photos; all of them are in frontend/emoji.txt.
EMOJI = (
    "1f35c", "1f35d", "1f355", "1f354", "1f363", "1f371", "1f35a", "1f372", "1f957", "1f32e", "1f959", "1f969",
    "1f990", "1f373", "1f95f", "1f357", "1f37d-fe0f", "2615", "1f375", "1f9cb", "1f370", "1f9c1", "1f366", "1f950",
    "1f35e", "1f369", "1f36b", "1f37b", "1f377", "1f378", "1f964", "1f487", "1f488", "1f485", "1f484", "1f486",
    "1f9d6", "1f9f4", "1f3cb-fe0f", "1f9d8", "1f3ca", "26bd", "1f3be", "1f3b3", "1f6b4", "1f3ac", "1f3ad", "1f3a4",
    "1f3b5", "1f3ae", "1f3b2", "1f3a8", "1f3db-fe0f", "1f39f-fe0f", "1f3e8", "1f6cf-fe0f", "1f3e0", "1f9f9",
    "1f9fa", "1f455", "1f457", "1f45f", "1f45c", "1f48d", "1f453", "1f4da", "1f4f1", "1f4f7", "1f6d2", "1f6cd-fe0f",
    "1f34e", "1f966", "1f9c0", "1f41f", "1f490", "1fab4", "1f43e", "1f48a", "1f9b7", "1fa7a", "1f9f8", "1f381",
    "1f6e0-fe0f", "1f527", "1f697", "1f6b2", "1f393", "2728", "1f389", "1f3ee",
)  # fmt: skip
HUES = (0, 30, 45, 105, 165, 195, 225, 270, 330)
MOST_AWAY = timedelta(days=3650)
_ROWS_SHOWN = 3
_BLANKS = re.compile(r"[\s\u2019']")


class AmountField(forms.CharField):
    """An amount as it is typed, such as `12,90`; minor units of its currency come out, or None for nothing."""

    def __init__(self, unit: str, **options: Any) -> None:
        super().__init__(required=False, max_length=20, **options)
        self.unit = unit
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def clean(self, value: Any) -> int | None:
        """Read by digits, never through a float. Raises ValidationError with an example."""
        text = _BLANKS.sub("", unicodedata.normalize("NFKC", super().clean(value) or ""))
        if not text:
            return None
        digits = exponent(self.unit)
        pattern = rf"(\d{{1,12}})(?:[.,](\d{{1,{digits}}}))?" if digits else r"(\d{1,12})()"
        match = re.fullmatch(pattern, text, re.ASCII)
        example = Money(1990 if digits < 3 else 19900, self.unit).major_text
        if match is None:
            raise forms.ValidationError(_("Write an amount such as %(example)s.") % {"example": example})
        minor = int(match[1] + (match[2] or "").ljust(digits, "0"))
        if not 0 < minor <= MAX_PRICE_MINOR:
            raise forms.ValidationError(_("An amount is above nothing and below ten million."))
        return minor


class WhatForm(forms.Form):
    """What the deal is called, says and looks like."""

    title_en = forms.CharField(label=gettext_lazy("Title in English"), required=False, max_length=MAX_TITLE)
    title_zh = forms.CharField(label=gettext_lazy("Title in Chinese"), required=False, max_length=MAX_TITLE)
    about_en = forms.CharField(
        label=gettext_lazy("Text in English"),
        required=False,
        max_length=MAX_DESCRIPTION,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    about_zh = forms.CharField(
        label=gettext_lazy("Text in Chinese"),
        required=False,
        max_length=MAX_DESCRIPTION,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    emoji = forms.ChoiceField(required=False)
    hue = forms.TypedChoiceField(required=False, coerce=int)

    def __init__(self, body: Body, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # A deal that came by another way may have another picture and colour; it may keep them.
        emoji = dict.fromkeys((body["emoji"], *EMOJI))
        hues = dict.fromkeys((body["hue"], *HUES))
        self.fields["emoji"].choices = [(code, code) for code in emoji]  # type: ignore[attr-defined]
        self.fields["hue"].choices = [(hue, str(hue)) for hue in hues]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A title in one language at least."""
        data = super().clean() or {}
        if not {"title_en", "title_zh"} & set(self.errors) and not (
            data.get("title_en") or data.get("title_zh")
        ):
            self.add_error("title_en", _("Give the deal a title, in one language at least."))
        return data

    def kept(self, body: Body) -> Body:
        """The body with every field that could be read."""
        data = self.cleaned_data
        titles, descriptions = dict(body["titles"]), dict(body["descriptions"])
        for language, short in (("en", "en"), ("zh-Hans", "zh")):
            if f"title_{short}" in data:
                titles[language] = clean(data[f"title_{short}"], limit=MAX_TITLE)
            if f"about_{short}" in data:
                lines = data[f"about_{short}"].splitlines()
                descriptions[language] = "\n".join(
                    clean(line, limit=MAX_DESCRIPTION) for line in lines
                ).strip()
        hue = data.get("hue")
        return {
            **body,
            "titles": {language: text for language, text in titles.items() if text},
            "descriptions": {language: text for language, text in descriptions.items() if text},
            "emoji": data.get("emoji") or body["emoji"],
            "hue": body["hue"] if hue in (None, "") else hue,
        }


class RowForm(forms.Form):
    """One thing in the deal."""

    en = forms.CharField(label=gettext_lazy("In English"), required=False, max_length=MAX_PART)
    zh = forms.CharField(label=gettext_lazy("In Chinese"), required=False, max_length=MAX_PART)
    quantity = forms.IntegerField(
        label=gettext_lazy("How many"), required=False, min_value=1, max_value=1_000
    )

    def __init__(self, unit: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["value"] = AmountField(unit, label=_("Price of one"))

    def clean(self) -> dict[str, Any]:
        """What has a price or a number has a name."""
        data = super().clean() or {}
        named = data.get("en") or data.get("zh") or {"en", "zh"} & set(self.errors)
        if not named and (data.get("value") is not None or (data.get("quantity") or 1) != 1):
            self.add_error("en", _("Say what it is."))
        return data

    @property
    def kept(self) -> dict[str, Any] | None:
        """The thing, or None for an empty row."""
        data = self.cleaned_data
        names = {"en": data.get("en", ""), "zh-Hans": data.get("zh", "")}
        names = {language: clean(name, limit=MAX_PART) for language, name in names.items() if name}
        if not names:
            return None
        return {"names": names, "quantity": data.get("quantity") or 1, "value": data.get("value")}


def rows_sent(data: QueryDict, unit: str) -> list[RowForm]:
    """The rows of a form that was sent, in their order; as many as a deal may have at most."""
    sent = data.get("rows", "")
    number = min(int(sent), MAX_INCLUDES) if sent.isascii() and sent.isdecimal() and len(sent) < 4 else 0
    return [RowForm(unit, data, prefix=f"row-{index}") for index in range(number)]


def rows_of(body: Body, *, more: int = 0) -> list[RowForm]:
    """A row for each thing of a draft, and empty ones: some for a new draft, else `more`."""
    filled = [
        {
            "en": include["names"].get("en") or include["names"].get("name", ""),
            "zh": include["names"].get("zh-Hans", ""),
            "quantity": include["quantity"],
            "value": major(include["value"], body["unit"]),
        }
        for include in body["includes"]
    ]
    empty = max(more, _ROWS_SHOWN if not filled else 0)
    every = [*filled, *({"quantity": 1} for _row in range(empty))][:MAX_INCLUDES]
    return [RowForm(body["unit"], initial=row, prefix=f"row-{index}") for index, row in enumerate(every)]


class PriceForm(forms.Form):
    """What it costs, how many there are, and when it is on sale. `taken` are sold or held already."""

    per_person_limit = forms.IntegerField(
        label=gettext_lazy("At most for each person"), required=False, min_value=1, max_value=100
    )
    capacity = forms.IntegerField(
        label=gettext_lazy("How many in all"), required=False, min_value=1, max_value=MOST_FOR_SALE
    )
    starts_on = forms.DateField(
        label=gettext_lazy("On sale from"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    ends_on = forms.DateField(
        label=gettext_lazy("Last day of sale"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    field_order = ("list_price", "price", "per_person_limit", "capacity", "starts_on", "ends_on")

    def __init__(self, unit: str, today: date, taken: int, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.today, self.taken, self.unit = today, taken, unit
        self.fields["list_price"] = AmountField(unit, label=_("Usual price"))
        self.fields["price"] = AmountField(unit, label=_("Price of the deal"))
        self.order_fields(self.field_order)

    def clean(self) -> dict[str, Any]:
        """The deal costs no more than usual, ends after it begins, and has as many as were sold."""
        data = super().clean() or {}
        price, usual = data.get("price"), data.get("list_price")
        if price is not None and usual is not None and price > usual:
            self.add_error("price", _("The price of the deal cannot be above the usual price."))
        starts_on, ends_on = data.get("starts_on"), data.get("ends_on")
        for name, day in (("starts_on", starts_on), ("ends_on", ends_on)):
            if day and abs(day - self.today) > MOST_AWAY:
                self.add_error(name, _("Choose a day within ten years."))
                return data
        if ends_on and ends_on < self.today:
            self.add_error("ends_on", _("This day has passed."))
        elif ends_on and starts_on and ends_on < starts_on:
            self.add_error("ends_on", _("The sale cannot end before it begins."))
        capacity = data.get("capacity")
        if capacity is not None and capacity < self.taken:
            text = _("%(taken)s are sold or held already. The number cannot be lower.")
            self.add_error("capacity", text % {"taken": self.taken})
        return data

    def kept(self, body: Body) -> Body:
        """The body with every field that could be read; an emptied field is empty."""
        kept = dict(body)
        for name, value in self.cleaned_data.items():
            day = name in ("starts_on", "ends_on")
            kept[name] = (value.isoformat() if value else "") if day else value
        return kept


def major(minor: int | None, unit: str) -> str:
    """An amount as it is typed."""
    return "" if minor is None else Money(minor, unit).major_text


def what_initial(sketch: SketchView) -> dict[str, Any]:
    """The first step as it was left. Texts that are in no language of the form stand in the English field."""
    body = sketch.body
    titles, descriptions = body["titles"], body["descriptions"]
    return {
        "title_en": titles.get("en") or titles.get("name", ""),
        "title_zh": titles.get("zh-Hans", ""),
        "about_en": descriptions.get("en") or descriptions.get("name", ""),
        "about_zh": descriptions.get("zh-Hans", ""),
        "emoji": body["emoji"],
        "hue": body["hue"],
    }


def price_initial(sketch: SketchView) -> dict[str, Any]:
    """The second step as it was left; the usual price is proposed as the sum of the parts."""
    body = sketch.body
    unit = body["unit"]
    return {
        "list_price": major(body["list_price"] or total_of_parts(body), unit),
        "price": major(body["price"], unit),
        **{name: body[name] for name in ("per_person_limit", "capacity", "starts_on", "ends_on")},
    }


def total_of_parts(body: Body) -> int | None:
    """What all parts cost one by one; None where one of them has no price."""
    values = [(include["value"], include["quantity"]) for include in body["includes"]]
    if not values or any(value is None for value, _quantity in values):
        return None
    return sum(int(value) * int(quantity) for value, quantity in values)
