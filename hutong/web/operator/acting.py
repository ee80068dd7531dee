"""An operator begins and ends to act for a merchant; in between it is at the merchant's own pages."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from hutong.flows import acting as flow
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.town.merchants import queries as merchants
from hutong.town.people.services import Person
from hutong.web.merchant.access import ACTING_KEY, ACTING_UNTIL_KEY, stop_acting
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page


class ReasonForm(forms.Form):
    """Why somebody acts for a merchant."""

    reason = forms.CharField(
        label=gettext_lazy("Why you act for this merchant"),
        max_length=flow.MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The merchant reads it, with everything you change."),
    )


@operators
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, operator: Person, merchant_ref: str) -> HttpResponse:
    """Ask for the reason; with it, go to the merchant's pages as somebody who acts for it."""
    found = merchants.merchant_by_ref(merchant_ref)
    if found is None:
        raise Http404
    form = ReasonForm(request.POST) if request.method == "POST" else ReasonForm()
    if request.method == "POST" and form.is_valid():
        try:
            # acting for two at once would mix up on whose behalf something is done
            stop_acting(request, operator)
            until = flow.start(
                merchant_ref=merchant_ref, reason=form.cleaned_data["reason"], by=operator, at=clock.now()
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            request.session[ACTING_KEY] = merchant_ref
            request.session[ACTING_UNTIL_KEY] = until.isoformat()
            return redirect("merchant_today")
    status = 422 if form.is_bound else 200
    context = {"merchant": found, "form": form, "minutes": int(flow.LASTS.total_seconds()) // 60}
    return operator_page(request, "operator/act.html", context, tab="merchants", status=status)


@operators
@require_POST
def stop(request: HttpRequest, operator: Person) -> HttpResponse:
    """Act for nobody any more, and go back to the merchant's page."""
    merchant_ref = stop_acting(request, operator)
    if merchant_ref is None:
        return redirect("operator_merchants")
    messages.success(request, _("You no longer act for this merchant."))
    return redirect("operator_merchant", merchant_ref=merchant_ref)
