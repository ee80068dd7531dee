"""News of payment services that contradict what is recorded: looked at by an operator, with a word why."""

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from hutong.flows import contradictions as flow
from hutong.kernel import clock
from hutong.kernel.errors import Invalid, NotFound
from hutong.pay.payments import queries, services
from hutong.pay.payments.types import Contradiction
from hutong.town.people.services import Person
from hutong.web.operator.access import operators
from hutong.web.operator.money_names import provider_label


@dataclass(frozen=True, slots=True)
class ContradictionRow:
    """One of them as it is shown; `order_ref` where it is about an order."""

    said: Contradiction
    provider: str
    order_ref: str


class LookedForm(forms.Form):
    """Which one was looked at, and what came of it."""

    provider = forms.CharField(max_length=20)
    event_id = forms.CharField(max_length=100)
    reason = forms.CharField(max_length=services.NOTE_LIMIT, required=False)


def contradiction_rows() -> list[ContradictionRow]:
    """Those that wait, the oldest first."""
    return [
        ContradictionRow(each, provider_label(each.provider), queries.order_of_payment(each.about) or "")
        for each in services.contradictions()
    ]


@operators
@require_POST
def looked(request: HttpRequest, operator: Person) -> HttpResponse:
    """Say that one was looked at."""
    form = LookedForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("There is no such contradiction, or somebody has looked at it already."))
        return redirect("operator_bills")
    try:
        flow.looked_at(**form.cleaned_data, by=operator, at=clock.now())
    except (Invalid, NotFound) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Noted. The log keeps your words."))
    return redirect("operator_bills")
