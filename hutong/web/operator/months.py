"""Closing a month: what is in the way, and opening one again."""

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from hutong.flows import close_month as flow
from hutong.flows.close_month import Obstacle
from hutong.flows.payouts import currencies
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.pay.settlement import queries
from hutong.town.people import queries as people
from hutong.town.people.services import Person
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page, zone_of
from hutong.web.operator.money_names import provider_label
from hutong.web.operator.payouts import ReasonForm
from hutong.web.operator.without_bill import of_month, said_of_months
from hutong.web.shell.typed import percent

WORDS = {
    Obstacle.RUNS: (gettext_lazy("The month is not over"), ""),
    Obstacle.BILLS: (gettext_lazy("Bills of payment services are missing"), "operator_bills"),
    Obstacle.DIFFERENCES: (gettext_lazy("Differences of bills are not over"), "operator_bills"),
    Obstacle.UNKNOWN: (gettext_lazy("Nobody knows how payments or refunds ended"), "operator_orders"),
    Obstacle.REFUNDS: (gettext_lazy("Refunds are under way, or failed"), "operator_refunds"),
    Obstacle.BOOKS: (gettext_lazy("The books do not add up"), "operator_books"),
}


@operators
@require_safe
def month_list(request: HttpRequest, _operator: Person) -> HttpResponse:
    """In each currency the month to be closed next, on demand with what is in the way, and those that were."""
    at, looked, said = clock.now(), request.GET.get("look", ""), said_of_months()
    parts, shown = [], []
    for unit in currencies():
        months = queries.months(unit=unit)
        shown += months
        on = flow.next_to_close(unit=unit, at=at)
        found = flow.obstacles(unit=unit, on=on, at=at) if looked == unit else None
        explained = flow.explained(unit=unit, on=on) if looked == unit else None
        parts.append(
            {
                "unit": unit,
                "on": on,
                "looked": found is not None,
                "obstacles": [
                    (each, *WORDS[each.what], provider_label(each.provider)) for each in found or []
                ],
                "last": queries.newest_closed(unit),
                "months": [(each, of_month(said, each.on)) for each in months],
                "without": of_month(said, on),
                "explained": explained,
                "percent": percent(explained.per_mille * 1_000) if explained else "",
            }
        )
    by = {ref for each in shown for ref in (each.closed_by, each.reopened_by)}
    names = {ref: person.name for ref, person in people.named(by - {""}).items()}
    context = {"parts": parts, "people": names, "zone": zone_of(request)}
    return operator_page(request, "operator/months.html", context, tab="months")


@operators
@require_POST
def close(request: HttpRequest, operator: Person) -> HttpResponse:
    """Close a month."""
    unit, on = _asked(request)
    try:
        flow.close(unit=unit, on=on, by=operator, at=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Closed. Nothing is booked into this month any more."))
    return redirect("operator_months")


@operators
@require_POST
def reopen(request: HttpRequest, operator: Person) -> HttpResponse:
    """Open the last closed month again."""
    unit, on = _asked(request)
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    try:
        flow.reopen(unit=unit, on=on, reason=reason, by=operator, at=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Open again. The log keeps your reason."))
    return redirect("operator_months")


def _asked(request: HttpRequest) -> tuple[str, date]:
    unit = request.POST.get("unit", "")
    try:
        on = date.fromisoformat(request.POST.get("on", ""))
    except ValueError as error:
        raise Http404 from error
    if unit not in currencies():
        raise Http404
    return unit, on
