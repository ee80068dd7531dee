"""The payment services' bills: how much of each fits, and what somebody has to explain."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from hutong.kernel import clock
from hutong.kernel.errors import Conflict, Invalid
from hutong.pay.payments import queries, services
from hutong.pay.payments.services.bills import NOTE_LIMIT
from hutong.pay.payments.types import DifferenceKind
from hutong.town.people.services import Person
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page, zone_of

# What is wrong, and what it mostly means.
KINDS = {
    DifferenceKind.MISSING_HERE: (
        gettext_lazy("Not known here"),
        gettext_lazy("The service names money that no payment or refund of ours has."),
    ),
    DifferenceKind.MISSING_THERE: (
        gettext_lazy("On no bill"),
        gettext_lazy("We count it as done; the service billed it neither on its day nor on the next."),
    ),
    DifferenceKind.AMOUNT: (
        gettext_lazy("Another amount"),
        gettext_lazy("The service moved another amount than we have."),
    ),
    DifferenceKind.CURRENCY: (
        gettext_lazy("Another currency"),
        gettext_lazy("The service moved another currency than we have."),
    ),
    DifferenceKind.FEE: (
        gettext_lazy("Another fee"),
        gettext_lazy("The service kept another fee than was agreed."),
    ),
    DifferenceKind.DUPLICATE: (
        gettext_lazy("Billed twice"),
        gettext_lazy("The same money is on a bill again."),
    ),
    DifferenceKind.STATUS: (
        gettext_lazy("Not done here"),
        gettext_lazy("The service moved the money; here it has not arrived or not gone back."),
    ),
    DifferenceKind.BROKEN: (
        gettext_lazy("Cannot be read"),
        gettext_lazy("This line of the bill has no form we know. The others were read."),
    ),
}


class ExplainForm(forms.Form):
    """What explains a difference."""

    note = forms.CharField(max_length=NOTE_LIMIT, required=False)


@operators
@require_safe
def bills(request: HttpRequest, _operator: Person) -> HttpResponse:
    """The differences that wait for a word, and the bills they are of; two statements."""
    waiting = [(each, *KINDS[each.kind]) for each in queries.open_differences()]
    context = {"waiting": waiting, "bills": queries.bills(), "zone": zone_of(request), "most": NOTE_LIMIT}
    return operator_page(request, "operator/bills.html", context, tab="bills")


@operators
@require_POST
def explain(request: HttpRequest, operator: Person, difference_ref: str) -> HttpResponse:
    """Close a difference with what explains it."""
    form = ExplainForm(request.POST)
    note = form.cleaned_data["note"] if form.is_valid() else ""
    try:
        services.explain_difference(
            difference_ref=difference_ref, note=note, by=operator.public_id, at=clock.now()
        )
    except (Conflict, Invalid) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Explained. The log keeps your words."))
    return redirect("operator_bills")
