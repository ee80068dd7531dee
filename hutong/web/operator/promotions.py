"""The platform's promotions: what lowers prices in all shops at the platform's cost."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hutong.kernel import clock
from hutong.kernel.text import pick
from hutong.town.merchants.queries import category_tree
from hutong.town.people.services import Person
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page, region_of, zone_of
from hutong.web.shell import promoting
from hutong.web.shell.promotion_form import Ground


def _ground(request: HttpRequest) -> Ground:
    language = get_language() or "en"
    region, every = region_of(request)
    groups = category_tree()
    return Ground(
        merchant_ref="",
        unit=region.currency if region else "EUR",
        zone=zone_of(request),
        categories=[(group.slug, pick(group.names, language)) for group in groups],
        regions=[(each.ref, pick(each.names, language)) for each in every] if len(every) > 1 else [],
    )


@operators
@require_safe
def promotion_list(request: HttpRequest, _operator: Person) -> HttpResponse:
    """All promotions of the platform with what each cost and brought."""
    ground, at = _ground(request), clock.now()
    found = promoting.lines(ground, at)
    context = {"lines": found, "zone": ground.zone, **promoting.totals(found, ground.unit)}
    return operator_page(request, "operator/promotions.html", context, tab="promotions")


@operators
@require_http_methods(["GET", "POST"])
def make(request: HttpRequest, operator: Person) -> HttpResponse:
    """A new promotion of the platform."""
    ground, at = _ground(request), clock.now()
    form = promoting.form_of(request, ground, at)
    if request.method == "POST":
        ref = promoting.make(form, operator, at)
        if ref:
            messages.success(request, _("The promotion is made."))
            return redirect("operator_promotion", ref)
    status = 422 if form.is_bound else 200
    context = {"form": form, "zone": ground.zone}
    return operator_page(request, "operator/promotion_new.html", context, tab="promotions", status=status)


@operators
@require_safe
def promotion(request: HttpRequest, _operator: Person, promotion_ref: str) -> HttpResponse:
    """One promotion: what it does, what it cost and brought, and its buttons."""
    ground, at = _ground(request), clock.now()
    line = promoting.line_of(ground, promotion_ref, at)
    option, days = promoting.chart(line, ground.zone)
    context = {"line": line, "chart": option, "days": days, "zone": ground.zone}
    return operator_page(request, "operator/promotion.html", context, tab="promotions")


@operators
@require_POST
def change(request: HttpRequest, operator: Person, promotion_ref: str) -> HttpResponse:
    """Pause it, let it go on, end it, or give it another budget."""
    promoting.change(request, _ground(request), promotion_ref, operator, clock.now())
    return redirect("operator_promotion", promotion_ref)
