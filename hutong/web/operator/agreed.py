"""What was agreed with the payment services about their fees, on the page of their bills."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from hutong.flows import reconcile
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.kernel.money import Money
from hutong.pay.payments import queries
from hutong.pay.payments.providers.registry import provider_names
from hutong.town.people.services import Person
from hutong.town.regions.queries import currencies
from hutong.web.operator.access import operators
from hutong.web.operator.money_names import provider_label
from hutong.web.shell.typed import PercentField, minor_units, percent


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate as it is shown."""

    provider: str
    percent: str
    fixed: Money
    since: date


class RateForm(forms.Form):
    """The fee of each payment at one service in one currency. Neither percent nor amount: fees are not looked at."""

    provider = forms.ChoiceField(label=gettext_lazy("Service"))
    unit = forms.ChoiceField(label=gettext_lazy("Currency"))
    percent = PercentField(label=gettext_lazy("Percent of each payment"), required=False)
    fixed = forms.CharField(label=gettext_lazy("And for each payment"), required=False, max_length=20)
    since = forms.DateField(
        label=gettext_lazy("From the bill of"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = queries.agreed_rates()
        units = sorted({*currencies(), *(each.unit for each in known)})
        self._choices("provider", [(name, provider_label(name)) for name in provider_names()])
        self._choices("unit", [(unit, unit) for unit in units])

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        """The amount in minor units of its currency."""
        told: dict[str, Any] = self.cleaned_data
        if told.get("unit"):
            told["minor"] = minor_units(told.get("fixed", ""), told["unit"])
        return told


def rates() -> list[Rate]:
    """What is agreed with each service."""
    return [
        Rate(
            provider_label(each.provider),
            percent(each.fee.rate_ppm),
            Money(each.fee.fixed, each.unit),
            each.since,
        )
        for each in queries.agreed_rates()
    ]


@operators
@require_POST
def agree(request: HttpRequest, operator: Person) -> HttpResponse:
    """Say what a service keeps of each payment from a day on."""
    form = RateForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(each) for errors in form.errors.values() for each in errors))
        return redirect("operator_bills")
    told = form.cleaned_data
    nothing = told["percent"] is None and told["minor"] is None
    try:
        reconcile.agree(
            provider=told["provider"],
            unit=told["unit"],
            rate_ppm=None if nothing else told["percent"] or 0,
            fixed=told["minor"] or 0,
            since=told["since"],
            by=operator,
            at=clock.now(),
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        said = (
            _("Fees are not looked at from that day on.") if nothing else _("Noted. Bills are read with it.")
        )
        messages.success(request, said)
    return redirect("operator_bills")
