"""The payment services' bills: what of each fits, what is set apart, and what explains it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hutong.flows import differences, reconcile
from hutong.kernel import clock
from hutong.kernel.errors import Conflict, Invalid
from hutong.pay.payments import queries, services
from hutong.pay.payments.providers.errors import (
    BillNotReady,
    OutcomeUnknown,
    ProviderRefused,
    ProviderUnavailable,
)
from hutong.pay.payments.types import BillView, DifferenceView, Explanation
from hutong.town.people.services import Person
from hutong.web.operator.access import operators
from hutong.web.operator.agreed import RateForm, rates
from hutong.web.operator.contradictions import contradiction_rows
from hutong.web.operator.frame import operator_page, zone_of
from hutong.web.operator.money_names import EXPLANATIONS, KINDS, provider_label
from hutong.web.operator.without_bill import without_context

CLOSED_SHOWN = timedelta(days=30)
LISTED = 100
_TAKEN_BACK = (Explanation.PROMISED, Explanation.WRITTEN_OFF, Explanation.NOTED)


@dataclass(frozen=True, slots=True)
class Choice:
    """A way to explain a difference."""

    value: str
    label: str | Promise
    text: str | Promise


@dataclass(frozen=True, slots=True)
class Row:
    """A difference as it is shown: `order_ref` where it is about an order, `mine` where the reader explained it."""

    difference: DifferenceView
    provider: str
    label: str | Promise
    meaning: str | Promise
    order_ref: str
    choices: tuple[Choice, ...]
    explanation: str | Promise
    mine: bool
    can_take_back: bool


@dataclass(frozen=True, slots=True)
class BillRow:
    """A bill with the name of its service."""

    bill: BillView
    provider: str


@dataclass(frozen=True, slots=True)
class MissingRow:
    """A day without a bill, with the name of its service."""

    name: str
    provider: str
    on: date


class MissingForm(forms.Form):
    """Which missing bill to fetch."""

    provider = forms.CharField(max_length=40)
    on = forms.DateField()


class ExplainForm(forms.Form):
    """What explains a difference."""

    explanation = forms.ChoiceField(choices=[(each.value, each.value) for each in Explanation])
    note = forms.CharField(max_length=services.NOTE_LIMIT, required=False)


@operators
@require_safe
def bills(request: HttpRequest, operator: Person) -> HttpResponse:
    """The differences that wait for a word, those that wait for somebody else, what was closed, and the bills."""
    now = clock.now()
    since, missing = now - CLOSED_SHOWN, reconcile.missing(at=now)
    after, explained_after = request.GET.get("after", ""), request.GET.get("explained_after", "")
    waiting = queries.open_differences(limit=LISTED + 1, after=after)
    explained = queries.waiting_differences(limit=LISTED + 1, after=explained_after)
    context = {
        "missing": [MissingRow(name, provider_label(name), on) for name, on in missing],
        "contradictions": contradiction_rows(),
        **without_context(reconcile.overdue(missing, at=now), operator),
        "waiting": [_row(each, operator) for each in waiting[:LISTED]],
        "waiting_after": _last(waiting),
        "explained": [_row(each, operator) for each in explained[:LISTED]],
        "explained_after": _last(explained),
        "further": bool(after or explained_after),
        "closed": [_row(each, operator) for each in queries.closed_differences(since=since)],
        "bills": [BillRow(bill, provider_label(bill.provider)) for bill in queries.bills()],
        "rates": rates(),
        "agreeing": RateForm(),
        "zone": zone_of(request),
        "most": services.NOTE_LIMIT,
    }
    return operator_page(request, "operator/bills.html", context, tab="bills")


@operators
@require_POST
def fetch(request: HttpRequest, operator: Person) -> HttpResponse:
    """Fetch the bill of a missing day again, and say how that went."""
    form = MissingForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The bill of this day is not missing."))
        return redirect("operator_bills")
    provider, on = form.cleaned_data["provider"], form.cleaned_data["on"]
    try:
        bill = reconcile.fetch_missing(provider=provider, on=on, by=operator, at=clock.now())
    except ProviderRefused:
        said = _(
            "The payment service does not give this bill. It may have gone, or our keys may not read bills."
        )
        messages.error(request, said)
    except (ProviderUnavailable, OutcomeUnknown):
        messages.error(request, _("The payment service does not answer just now. Try again in a minute."))
    except (BillNotReady, Conflict) as error:
        messages.error(request, str(error))
    else:
        said = _("The bill is here. Lines that fit: %(matched)s of %(lines)s.")
        messages.success(request, said % {"matched": bill.matched, "lines": bill.lines})
    return redirect("operator_bills")


@operators
@require_POST
def explain(request: HttpRequest, operator: Person, difference_ref: str) -> HttpResponse:
    """Say what explains a difference."""
    form = ExplainForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please choose what explains it."))
        return redirect("operator_bills")
    try:
        after = differences.explain(
            difference_ref=difference_ref,
            explanation=Explanation(form.cleaned_data["explanation"]),
            note=form.cleaned_data["note"],
            by=operator,
            at=clock.now(),
        )
    except (Conflict, Invalid) as error:
        messages.error(request, str(error))
    else:
        waits = after.awaits_second
        said = (
            _("Noted. Another operator has to agree.") if waits else _("Explained. The log keeps your words.")
        )
        messages.success(request, said)
    return redirect("operator_bills")


@operators
@require_POST
def confirm(request: HttpRequest, operator: Person, difference_ref: str) -> HttpResponse:
    """Agree to somebody else's write-off."""
    try:
        differences.confirm(difference_ref=difference_ref, by=operator, at=clock.now())
    except Conflict as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Written off."))
    return redirect("operator_bills")


@operators
@require_POST
def take_back(request: HttpRequest, operator: Person, difference_ref: str) -> HttpResponse:
    """Open a difference again; what was booked for its explanation is booked back."""
    try:
        differences.take_back(difference_ref=difference_ref, by=operator, at=clock.now())
    except Conflict as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Taken back. The difference waits again."))
    return redirect("operator_bills")


def _last(found: Sequence[DifferenceView]) -> str:
    """After which one the list goes on; "" where all are listed."""
    return found[LISTED - 1].difference_ref if len(found) > LISTED else ""


def _row(difference: DifferenceView, operator: Person) -> Row:
    label, meaning = KINDS[difference.kind]
    limit = settings.HUTONG_WRITE_OFF_LIMIT
    choices = []
    for each in services.fitting_explanations(difference):
        name, meant = EXPLANATIONS[each]
        text: str | Promise = meant
        if each is Explanation.WRITTEN_OFF and services.needs_second(difference, limit):
            text = _("Nobody makes it good. So much takes a second operator, who has to agree.")
        choices.append(Choice(each.value, name, text))
    explained = EXPLANATIONS[difference.explanation][0] if difference.explanation else ""
    return Row(
        difference=difference,
        provider=provider_label(difference.provider),
        label=label,
        meaning=meaning,
        order_ref=queries.order_of_payment(difference.ref) or "",
        choices=tuple(choices),
        explanation=explained,
        mine=difference.explained_by == operator.public_id,
        can_take_back=difference.explanation in _TAKEN_BACK,
    )
