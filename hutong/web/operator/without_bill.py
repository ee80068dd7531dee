"""Days of which a payment service gives no bill any more: said by one operator, agreed on by another, with their money."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from hutong.flows import without_bill as flow
from hutong.flows.statements import after
from hutong.kernel import clock
from hutong.kernel.errors import Conflict, Invalid
from hutong.pay.payments import queries
from hutong.pay.payments.providers.registry import bill_zone, provider_names
from hutong.pay.payments.services import WHY_LIMIT
from hutong.pay.payments.types import Unbilled, UnbilledSum, WithoutBillView
from hutong.town.people import queries as people
from hutong.town.people.services import Person
from hutong.web.operator.access import operators
from hutong.web.operator.money_names import provider_label

LISTED = 100
MOST_SAID = 1_000


@dataclass(frozen=True, slots=True)
class Days:
    """Days without a bill as they are shown: whose, who said so, who agreed, and what of them stands on no bill.

    `listed` are the first `LISTED` of these payments and refunds; `mine` where the reader said so.
    """

    said: WithoutBillView
    provider: str
    asked_by: str
    decided_by: str
    mine: bool
    sums: Sequence[UnbilledSum] = ()
    listed: Sequence[Unbilled] = ()

    @property
    def number(self) -> int:
        """How many payments and refunds stand on no bill."""
        return sum(each.number for each in self.sums)


class WithoutForm(forms.Form):
    """There is no bill of a payment service from one day to another."""

    provider = forms.ChoiceField(label=gettext_lazy("Service"))
    first_on = forms.DateField(
        label=gettext_lazy("First day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    last_on = forms.DateField(
        label=gettext_lazy("Last day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    reason = forms.CharField(label=gettext_lazy("Why there is none"), max_length=WHY_LIMIT)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["provider"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(name, provider_label(name)) for name in provider_names()]


def without_context(late: Sequence[tuple[str, date]], operator: Person) -> dict[str, Any]:
    """What the page of bills shows of them. The form begins with the days of `late` of the first service in it."""
    waiting, agreed = queries.waiting_without_bill(), queries.agreed_without_bill()
    sums = queries.sums_on_no_bill([*waiting, *agreed], zone=bill_zone)
    names = people.named({ref for each in [*waiting, *agreed] for ref in (each.asked_by, each.decided_by)})
    shown = {ref: person.name for ref, person in names.items()}

    def days(each: WithoutBillView) -> Days:
        return Days(
            said=each,
            provider=provider_label(each.provider),
            asked_by=shown.get(each.asked_by, ""),
            decided_by=shown.get(each.decided_by, ""),
            mine=each.asked_by == operator.public_id,
            sums=sums.get(each.ref, ()),
            listed=queries.on_no_bill(each, zone=bill_zone, limit=LISTED) if each.ref in sums else (),
        )

    of_one = [on for name, on in late if name == late[0][0]]
    initial = {"provider": late[0][0], "first_on": of_one[0], "last_on": of_one[-1]} if late else {}
    return {
        "without_waiting": [days(each) for each in waiting],
        "without": [days(each) for each in agreed],
        "saying": WithoutForm(initial=initial, auto_id="without_%s"),
        "listed_most": LISTED,
    }


@operators
@require_POST
def say(request: HttpRequest, operator: Person) -> HttpResponse:
    """Say that there is no bill of some days."""
    form = WithoutForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please name the payment service, the days, and why there is no bill."))
        return redirect("operator_bills")
    try:
        flow.ask(**form.cleaned_data, by=operator, at=clock.now())
    except (Conflict, Invalid) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Noted. Another operator has to agree."))
    return redirect("operator_bills")


@operators
@require_POST
def answer(request: HttpRequest, operator: Person, none_ref: str, answer: str) -> HttpResponse:
    """Agree to what another operator said, decline it, or take back what was agreed on."""
    answers = {
        "agree": (flow.agree, _("Agreed. Nobody waits for these bills any more.")),
        "decline": (flow.decline, _("Declined. The bills of these days are missing as before.")),
        "take-back": (flow.take_back, _("Taken back. The bills of these days are missing again.")),
    }
    if answer not in answers:
        raise Http404
    act, done = answers[answer]
    try:
        act(ref=none_ref, by=operator, at=clock.now())
    except Conflict as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return redirect("operator_bills")


def said_of_months() -> list[Days]:
    """All days without a bill, the newest first, without their money."""
    return [
        Days(each, provider_label(each.provider), "", "", mine=False)
        for each in queries.agreed_without_bill(limit=MOST_SAID)
    ]


def of_month(found: Sequence[Days], on: date) -> list[Days]:
    """Those that a month would have waited for: its own, and the day after its end."""
    return [each for each in found if each.said.first_on <= after(on) and each.said.last_on >= on]
