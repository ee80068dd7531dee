"""Buying together, in the third step of the form of a deal: groups with their prices, or a least number of buyers."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hutong.flows.offers.body import Body
from hutong.kernel.money import Money
from hutong.pay.groups.rules import MOST_BUYERS, MOST_HOURS, MOST_SIZE, MOST_STEPS, faults, to_json
from hutong.pay.groups.types import PriceStep, Terms
from hutong.web.merchant.deal_fields import AmountField

ALONE, GROUP, CAMPAIGN = "alone", "group", "campaign"
WAYS = {
    ALONE: gettext_lazy("To everybody alone"),
    GROUP: gettext_lazy("Alone, and cheaper to groups"),
    CAMPAIGN: gettext_lazy("Only if enough people buy it"),
}
_HOURS = 24
_FAULTS = {
    "group_price_not_below": ("price_0", gettext_lazy("A group pays less than one alone.")),
    "group_price": ("price_0", gettext_lazy("Give every group a price above nothing.")),
    "group_steps": ("size_0", gettext_lazy("Of two groups the larger one pays less each.")),
    "group_fill": ("fill", gettext_lazy("Fewer may be missing than the smallest group has places.")),
    "campaign_past": ("until", gettext_lazy("Choose a day that has not passed.")),
}


class GroupsForm(forms.Form):
    """How it is sold: to everybody alone, also to groups of the sizes in the rows, or once enough people have paid."""

    sold = forms.ChoiceField(label=gettext_lazy("How it is sold"), choices=list(WAYS.items()), required=False)
    hours = forms.IntegerField(
        label=gettext_lazy("Hours to fill a group"), required=False, min_value=1, max_value=MOST_HOURS
    )
    fill = forms.IntegerField(
        label=gettext_lazy("May be missing at the end"),
        required=False,
        min_value=0,
        max_value=MOST_SIZE - 1,
        help_text=gettext_lazy("With so many missing the group counts as full all the same. Empty: none."),
    )
    minimum = forms.IntegerField(
        label=gettext_lazy("Buyers it needs"), required=False, min_value=2, max_value=MOST_BUYERS
    )
    until = forms.DateField(
        label=gettext_lazy("By the end of this day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("With fewer by then everybody gets the money back."),
    )

    def __init__(self, body: Body, today: date, data: QueryDict | None = None) -> None:
        super().__init__(data, initial=groups_initial(body), prefix="together")
        self.unit, self.price, self.today = body["unit"], body["price"], today
        for number in range(MOST_STEPS):
            self.fields[f"size_{number}"] = forms.IntegerField(
                label=_("People"), required=False, min_value=2, max_value=MOST_SIZE
            )
            self.fields[f"price_{number}"] = AmountField(self.unit, label=_("Price for each"))

    @property
    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The rows of sizes with their prices."""
        return [(self[f"size_{number}"], self[f"price_{number}"]) for number in range(MOST_STEPS)]

    def clean(self) -> dict[str, Any]:
        """Sizes and prices that fit together and lie below the price of the deal."""
        data = super().clean() or {}
        if self.errors:
            return data
        if data.get("sold") == GROUP:
            self._check_rows(data)
        if data.get("sold") == CAMPAIGN:
            for name in ("minimum", "until"):
                if not data.get(name):
                    self.add_error(name, _("Fill this in, or choose another way to sell it."))
        if not self.errors and self.price is not None:
            for code in faults(self._terms(data), price=Money(self.price, self.unit), today=self.today):
                field, words = _FAULTS.get(code, ("sold", _("Please look at the numbers again.")))
                self.add_error(field, words)
        return data

    def _check_rows(self, data: dict[str, Any]) -> None:
        for number in range(MOST_STEPS):
            size, price = data.get(f"size_{number}"), data.get(f"price_{number}")
            if (size is None) != (price is None):
                name = "price" if price is None else "size"
                self.add_error(f"{name}_{number}", _("Fill in both fields of a row, or none."))
        if not self.errors and not self._terms(data).steps:
            self.add_error("size_0", _("Give at least one size with its price."))

    def _terms(self, data: dict[str, Any]) -> Terms:
        if data.get("sold") == CAMPAIGN:
            return Terms(minimum=data.get("minimum") or 0, last_on=data.get("until"))
        if data.get("sold") != GROUP:
            return Terms()
        rows = [(data.get(f"size_{number}"), data.get(f"price_{number}")) for number in range(MOST_STEPS)]
        steps = sorted((size, price) for size, price in rows if size is not None and price is not None)
        return Terms(
            steps=tuple(PriceStep(size, Money(price, self.unit)) for size, price in steps),
            hours=data.get("hours") or _HOURS,
            fill=data.get("fill") or 0,
        )

    def kept(self, body: Body) -> Body:
        """The body with what makes sense; else, or where nothing was said, with what it said before."""
        if self.errors or not self.cleaned_data.get("sold"):
            return body
        return {**body, "groups": to_json(self._terms(self.cleaned_data))}


def groups_initial(body: Body) -> dict[str, Any]:
    """The section as it was left."""
    said = body.get("groups") or {}
    found: dict[str, Any] = {
        "sold": CAMPAIGN if said.get("minimum") else GROUP if said.get("steps") else ALONE,
        "hours": said.get("hours", _HOURS),
        "fill": said.get("fill") or None,
        "minimum": said.get("minimum"),
        "until": said.get("last_on"),
    }
    for number, (size, minor) in enumerate(said.get("steps", ())):
        found[f"size_{number}"] = size
        found[f"price_{number}"] = Money(minor, body["unit"]).major_text
    return found
