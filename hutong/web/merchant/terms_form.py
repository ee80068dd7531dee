"""The third step of the form of a deal: what its vouchers promise, and where they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from babel.dates import get_day_names
from django import forms
from django.http import QueryDict
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from hutong.flows.offers.body import MOST_USES, MOST_VALID_DAYS, Body
from hutong.kernel.money import Money
from hutong.town.catalog.rules import TAGS
from hutong.town.merchants.types import StoreView
from hutong.visit.vouchers.rules.terms import MOST_SPANS
from hutong.visit.vouchers.types import RefundPromise, VoucherKind
from hutong.web.merchant.deal_fields import AmountField

# One use or several is told by their number.
KINDS = {
    "uses": gettext_lazy("One use, or several alike"),
    VoucherKind.CHOICE.value: gettext_lazy("A choice of what is in the deal"),
    VoucherKind.CASH.value: gettext_lazy("An amount off the bill"),
    VoucherKind.PASS.value: gettext_lazy("A pass, as often as they like"),
}
REFUNDS = {
    RefundPromise.ANY_TIME.value: gettext_lazy("Any time before use"),
    RefundPromise.UNTIL_EXPIRY.value: gettext_lazy("Before use, until the last day"),
    RefundPromise.NEVER.value: gettext_lazy("Not by the shopper"),
}
_ROWS_SHOWN = 2


def _number(label: Any, most: int, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=1, max_value=most, help_text=help_text)


def _date(label: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget)


class TermsForm(forms.Form):
    """What kind of voucher, how long, when and for whom it holds, what it promises, and in which stores.

    `hours` and `closed` come in rows of two fields each, `hours-0-first` and `hours-0-last`.
    """

    kind = forms.ChoiceField(label=gettext_lazy("Good for"), choices=list(KINDS.items()), required=False)
    valid_days = _number(gettext_lazy("Valid for so many days after purchase"), MOST_VALID_DAYS)
    uses = _number(gettext_lazy("Uses of one voucher"), MOST_USES)
    first_on = _date(gettext_lazy("Not before"))
    last_on = _date(gettext_lazy("Until this day at the latest"))
    weekdays = forms.MultipleChoiceField(
        required=False, choices=[(str(day), str(day)) for day in range(1, 8)]
    )
    hours = forms.CharField(required=False)
    closed = forms.CharField(required=False)
    people = _number(gettext_lazy("People it serves"), 100)
    at_once = _number(gettext_lazy("At most at one visit"), MOST_USES)
    a_day = _number(gettext_lazy("At most on one day"), MOST_USES)
    book_ahead_h = _number(gettext_lazy("Hours to book ahead"), 24 * 60, gettext_lazy("Empty: no booking."))
    refund = forms.ChoiceField(
        label=gettext_lazy("Money back"),
        choices=list(REFUNDS.items()),
        required=False,
        help_text=gettext_lazy("Any time: what is unused on the last day goes back by itself, too."),
    )
    tags = forms.MultipleChoiceField(required=False, choices=[(tag, tag) for tag in TAGS])
    stores = forms.MultipleChoiceField(required=False)

    def __init__(self, stores: Mapping[str, StoreView], unit: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.unit = unit
        self.fields["stores"].choices = [(ref, ref) for ref in stores]  # type: ignore[attr-defined]
        self.fields["face"] = AmountField(unit, label=_("Off the bill"))
        self.fields["least_bill"] = AmountField(unit, label=_("Of a bill of at least"))

    def clean(self) -> dict[str, Any]:
        """At least one store; days, hours and amounts that fit together."""
        data = super().clean() or {}
        if "stores" not in self.errors and not data.get("stores"):
            self.add_error("stores", _("Choose at least one store."))
        first, last = data.get("first_on"), data.get("last_on")
        if first and last and first > last:
            self.add_error("last_on", _("The last day cannot be before the first."))
        if (
            data.get("kind") == VoucherKind.CASH.value
            and not {"face"} & set(self.errors)
            and not data.get("face")
        ):
            self.add_error("face", _("Give an amount."))
        for name, read in (("hours", time.fromisoformat), ("closed", date.fromisoformat)):
            try:
                data[name] = [(read(a).isoformat(), read(b).isoformat()) for a, b in self._sent(name)]
            except ValueError:
                self.add_error(name, _("Fill in both fields of a row, or none."))
        if "closed" not in self.errors and any(a > b for a, b in data["closed"]):
            self.add_error("closed", _("The last day cannot be before the first."))
        return data

    def _sent(self, name: str) -> list[tuple[str, str]]:
        """The rows of two that were sent and are not empty; a closed day without an end is one day."""
        found = []
        for number in range(MOST_SPANS):
            first, last = (
                str(self.data.get(f"{name}-{number}-{end}", ""))[:20].strip() for end in ("first", "last")
            )
            if first or last:
                found.append((first, last or (first if name == "closed" else "")))
        return found

    def kept(self, body: Body, *, uses_fixed: bool) -> Body:
        """The body with every field that could be read; an empty number of days or uses keeps what it was."""
        data = self.cleaned_data
        kept = {**body, "valid_days": data.get("valid_days") or body["valid_days"]}
        if not uses_fixed:
            kept["uses"] = data.get("uses") or body["uses"]
        for name in ("tags", "stores"):
            if name in data:
                kept[name] = list(data[name])
        kept["terms"] = self._terms(data, body.get("terms", {}), uses_fixed=uses_fixed)
        if kept["terms"].get("kind") == VoucherKind.PASS.value:
            kept["uses"] = 1
        return kept

    def _terms(
        self, data: Mapping[str, Any], before: Mapping[str, Any], *, uses_fixed: bool
    ) -> dict[str, Any]:
        """The part of the body that `flows.offers.body.terms_of_body` reads."""
        kind = data.get("kind") or "uses"
        if uses_fixed:
            kind = before.get("kind", "uses")
        cash = kind == VoucherKind.CASH.value
        said: dict[str, Any] = {
            "kind": kind if kind in {one.value for one in VoucherKind} else None,
            "weekdays": sorted(int(day) for day in data.get("weekdays") or ()),
            "hours": [[opens[:5], closes[:5]] for opens, closes in data.get("hours") or ()],
            "closed": [list(days) for days in data.get("closed") or ()],
            "refund": data.get("refund") or RefundPromise.ANY_TIME.value,
            "face": [data["face"], self.unit] if cash and data.get("face") else None,
            "least_bill": [data["least_bill"], self.unit] if cash and data.get("least_bill") else None,
        }
        for name in ("first_on", "last_on"):
            said[name] = data[name].isoformat() if data.get(name) else None
        for name in ("people", "at_once", "a_day", "book_ahead_h"):
            said[name] = data.get(name)
        return {name: value for name, value in said.items() if value not in (None, [], "")}

    def rows(self, name: str) -> list[tuple[int, str, str]]:
        """The rows of `hours` or `closed` to show: what is there and some empty ones."""
        filled = self._sent(name) if self.is_bound else self.initial.get(name, [])
        every = [*filled, *[("", "")] * max(1, _ROWS_SHOWN - len(filled))][:MOST_SPANS]
        return [(number, first, last) for number, (first, last) in enumerate(every)]

    @property
    def hours_rows(self) -> list[tuple[int, str, str]]:
        """The rows of hours."""
        return self.rows("hours")

    @property
    def closed_rows(self) -> list[tuple[int, str, str]]:
        """The rows of days on which it does not hold."""
        return self.rows("closed")

    @property
    def days(self) -> list[tuple[str, str, bool]]:
        """The days of the week: value, name, whether it is chosen."""
        locale = "zh_Hans_CN" if get_language() == "zh-hans" else "en_GB"
        names = get_day_names("abbreviated", locale=locale)
        chosen = self.data.getlist("weekdays") if isinstance(self.data, QueryDict) and self.is_bound else None
        if chosen is None:
            chosen = [str(day) for day in self.initial.get("weekdays", ())]
        return [(str(day), names[day - 1], str(day) in chosen) for day in range(1, 8)]


def terms_initial(body: Body) -> dict[str, Any]:
    """The third step as it was left."""
    said = body.get("terms", {})
    kind = said.get("kind", "uses")
    return {
        **{name: body[name] for name in ("valid_days", "uses", "tags", "stores")},
        **{name: said.get(name) for name in ("first_on", "last_on", "people", "at_once", "a_day")},
        "book_ahead_h": said.get("book_ahead_h"),
        "kind": kind if kind in KINDS else "uses",
        "refund": said.get("refund", RefundPromise.ANY_TIME.value),
        "weekdays": said.get("weekdays", []),
        "hours": [tuple(span) for span in said.get("hours", [])],
        "closed": [tuple(days) for days in said.get("closed", [])],
        **{name: _major(said.get(name)) for name in ("face", "least_bill")},
    }


def _major(stored: Sequence[Any] | None) -> str:
    return Money(*stored).major_text if stored else ""
