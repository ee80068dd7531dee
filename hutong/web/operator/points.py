"""Points: the rules of the programme, what they come to, and what is owed in points."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hutong.flows.points import owed
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.kernel.money import Money, exponent
from hutong.know.loyalty import queries, services
from hutong.know.loyalty.rules import fault
from hutong.know.loyalty.types import Rules
from hutong.town.people import queries as people
from hutong.town.people.services import Person
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page, region_of, zone_of
from hutong.web.operator.points_form import ProgrammeForm, typed

EXAMPLE_MAJOR = 100


@dataclass(frozen=True, slots=True)
class Example:
    """What rules come to, for an order of a hundred."""

    order: Money
    earned: Money
    worth: Money
    most: Money
    step: Money
    step_worth: Money


def example(rules: Rules) -> Example:
    """An order of 100 earns so many points, worth so much; and so much of it may be paid with points."""
    order = Money(EXAMPLE_MAJOR * 10 ** exponent(rules.currency), rules.currency)
    earned = rules.earned_for(order)
    return Example(
        order=order,
        earned=earned,
        worth=rules.worth_of(earned),
        most=order.share(rules.share_ppm),
        step=rules.step,
        step_worth=rules.worth_of(rules.step),
    )


@operators
@require_http_methods(["GET", "HEAD", "POST"])
def points(request: HttpRequest, operator: Person) -> HttpResponse:
    """The programme in the currency of a region: looked at with an example, then saved; and what is owed."""
    region, every = region_of(request)
    at = clock.now()
    now = queries.programme(region.currency, at) if region else None
    form, tried = None, now.rules if now else None
    if region:
        initial = typed(now, region.currency)
        form = ProgrammeForm(
            region.currency, request.POST if request.method == "POST" else None, initial=initial
        )
    if form is not None and form.is_bound and form.is_valid():
        tried = form.rules
        if request.POST.get("go") == "save" and _saved(form, operator):
            messages.success(request, _("Saved. It holds from now on."))
            return redirect("operator_points")
        if fault(tried):
            form.refuse(services.RulesInvalid(field=fault(tried)))
            tried = None
    earlier = queries.earlier(region.currency) if region else []
    makers = people.named({each.made_by for each in earlier})
    context = {
        "region": region,
        "regions": every,
        "form": form,
        "now": now,
        "example": example(tried) if tried else None,
        "earlier": [(each, makers[each.made_by].name if each.made_by in makers else "") for each in earlier],
        "points": owed(at),
        "zone": zone_of(request),
    }
    status = 422 if form is not None and form.errors else 200
    return operator_page(request, "operator/points.html", context, tab="points", status=status)


def _saved(form: ProgrammeForm, operator: Person) -> bool:
    """Whether the rules hold now; else the form says why not."""
    try:
        services.set_programme(
            titles=form.titles, rules=form.rules, on=form.cleaned_data["on"], by=operator, at=clock.now()
        )
    except DomainError as error:
        if not isinstance(error, services.RulesInvalid):
            form.refuse(error)
        return False
    return True
