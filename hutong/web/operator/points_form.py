"""The form of a programme of points: how they are earned, what they are worth, when they end."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from hutong.kernel.errors import DomainError
from hutong.kernel.money import Money
from hutong.know.loyalty.rules import MOST_MONTHS, MOST_POINTS, TITLE_LIMIT, unit_of, usual
from hutong.know.loyalty.types import Programme, Rules
from hutong.web.shell.typed import PercentField, minor_units, typed_percent

USUAL_PERCENT, USUAL_MONTHS = "50", 12


def _points(label: Any, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=1, max_value=MOST_POINTS, help_text=help_text)


def _amount(label: Any) -> forms.CharField:
    attrs = {"inputmode": "decimal", "autocomplete": "off"}
    return forms.CharField(label=label, max_length=20, widget=forms.TextInput(attrs=attrs))


class ProgrammeForm(forms.Form):
    """A programme as an operator types it, in one currency."""

    on = forms.BooleanField(
        label=gettext_lazy("Give points for what is used"),
        required=False,
        help_text=gettext_lazy("Switched off, nobody earns any more; what people have they may still spend."),
    )
    title_en = forms.CharField(label=gettext_lazy("Name of the points in English"), max_length=TITLE_LIMIT)
    title_zh = forms.CharField(
        label=gettext_lazy("Name of the points in Chinese"), max_length=TITLE_LIMIT, required=False
    )
    earn = _points(gettext_lazy("Points that are earned"))
    paid = _amount(gettext_lazy("For each"))
    each = _points(gettext_lazy("Points that are spent"))
    worth = _amount(gettext_lazy("Are worth"))
    step = _points(
        gettext_lazy("Points in one step"),
        gettext_lazy("They are spent in whole steps, such as 100 at a time."),
    )
    share = PercentField(
        label=gettext_lazy("At most of an order, in percent"),
        help_text=gettext_lazy("100 lets points pay for all of it."),
    )
    months = forms.IntegerField(
        label=gettext_lazy("Months until they end"),
        required=False,
        min_value=1,
        max_value=MOST_MONTHS,
        help_text=gettext_lazy("Left empty, they never end."),
    )

    def __init__(self, currency: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.currency = currency

    def clean_paid(self) -> Money:
        """An amount in the programme's currency."""
        return self._money("paid")

    def clean_worth(self) -> Money:
        """An amount in the programme's currency."""
        return self._money("worth")

    def _money(self, name: str) -> Money:
        return Money(minor_units(self.cleaned_data[name], self.currency) or 0, self.currency)

    @property
    def rules(self) -> Rules:
        """What was typed; only once the form is valid."""
        told, unit = self.cleaned_data, unit_of(self.currency)
        return Rules(
            earn=Money(told["earn"], unit),
            paid=told["paid"],
            each=Money(told["each"], unit),
            worth=told["worth"],
            step=Money(told["step"], unit),
            share_ppm=told["share"] or 0,
            months=told["months"],
        )

    @property
    def titles(self) -> dict[str, str]:
        """The name by language."""
        return {"en": self.cleaned_data["title_en"], "zh-Hans": self.cleaned_data["title_zh"]}

    def refuse(self, error: DomainError) -> None:
        """Put what a service says where it belongs."""
        field = str(error.details.get("field", ""))
        self.add_error(field if field in self.fields else None, str(error))


def typed(programme: Programme | None, currency: str) -> dict[str, Any]:
    """A programme as somebody would have typed it; of none, what is usual."""
    if programme is None:
        start = usual(currency)
        amounts = {name: Money(start[name], currency).major_text for name in ("paid", "worth")}
        return {**start, **amounts, "share": USUAL_PERCENT, "months": USUAL_MONTHS}
    rules = programme.rules
    return {
        "on": programme.on,
        "title_en": programme.titles.get("en", ""),
        "title_zh": programme.titles.get("zh-Hans", ""),
        "earn": rules.earn.minor,
        "paid": rules.paid.major_text,
        "each": rules.each.minor,
        "worth": rules.worth.major_text,
        "step": rules.step.minor,
        "share": typed_percent(rules.share_ppm),
        "months": rules.months,
    }
