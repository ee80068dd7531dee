"""The shop's promotions: what lowers its prices at its own cost, by itself or with coupons."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hutong.flows import discounts
from hutong.kernel import clock
from hutong.kernel.text import pick
from hutong.know.customers.queries import customer_counts
from hutong.know.customers.types import Segment
from hutong.pay.pricing.types import Issue
from hutong.town.catalog.queries import merchant_offers
from hutong.town.catalog.types import OfferState
from hutong.town.merchants.types import Right
from hutong.town.regions.queries import region_by_id
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.frame import merchant_page
from hutong.web.shell import promoting
from hutong.web.shell.promotion_form import Ground
from hutong.web.shell.promotion_words import SEGMENTS


def _ground(desk: Desk) -> Ground:
    language = get_language() or "en"
    region = region_by_id(desk.store.region_id)
    offers = [
        offer
        for offer in merchant_offers(desk.merchant_ref)
        if offer.state in (OfferState.LIVE, OfferState.PAUSED, OfferState.SUBMITTED)
    ]
    own = [store for store in desk.stores if store.merchant_ref == desk.merchant_ref]
    return Ground(
        merchant_ref=desk.merchant_ref,
        unit=region.currency if region else offers[0].price.unit,
        zone=desk.store.zone,
        deals=[(offer.ref, pick(offer.titles, language)) for offer in offers],
        stores=[(store.ref, pick(store.names, language)) for store in own] if len(own) > 1 else [],
    )


@needs(Right.EDIT_DEALS, everywhere=True)
@require_safe
def promotion_list(request: HttpRequest, desk: Desk) -> HttpResponse:
    """All promotions with what each cost and brought."""
    ground, at = _ground(desk), clock.now()
    found = promoting.lines(ground, at)
    context = {"lines": found, **promoting.totals(found, ground.unit)}
    return merchant_page(request, desk, "merchant/promotions.html", context, tab="promotions")


@needs(Right.EDIT_DEALS, everywhere=True)
@require_http_methods(["GET", "POST"])
def make(request: HttpRequest, desk: Desk) -> HttpResponse:
    """A new promotion."""
    ground, at = _ground(desk), clock.now()
    assert desk.person is not None, "managers are signed in"
    form = promoting.form_of(request, ground, at)
    if request.method == "POST":
        ref = promoting.make(form, desk.person, at)
        if ref:
            messages.success(request, _("The promotion is made."))
            return redirect("merchant_promotion", ref)
    status = 422 if form.is_bound else 200
    return merchant_page(
        request, desk, "merchant/promotion_new.html", {"form": form}, tab="promotions", status=status
    )


@needs(Right.EDIT_DEALS, everywhere=True)
@require_safe
def promotion(request: HttpRequest, desk: Desk, promotion_ref: str) -> HttpResponse:
    """One promotion: what it does, what it cost and brought, and its buttons."""
    ground, at = _ground(desk), clock.now()
    line = promoting.line_of(ground, promotion_ref, at)
    option, days = promoting.chart(line, ground.zone)
    given = line.promotion.issue is Issue.SEGMENT and not line.over
    counts = customer_counts(desk.merchant_ref, at=at).by_segment if given else {}
    context = {
        "line": line,
        "chart": option,
        "days": days,
        "segments": [(each.value, words, counts[each]) for each, words in SEGMENTS.items()] if given else [],
    }
    return merchant_page(request, desk, "merchant/promotion.html", context, tab="promotions")


@needs(Right.EDIT_DEALS, everywhere=True)
@require_POST
def change(request: HttpRequest, desk: Desk, promotion_ref: str) -> HttpResponse:
    """Pause it, let it go on, end it, or give it another budget."""
    assert desk.person is not None, "managers are signed in"
    promoting.change(request, _ground(desk), promotion_ref, desk.person, clock.now())
    return redirect("merchant_promotion", promotion_ref)


@needs(Right.EDIT_DEALS, everywhere=True)
@require_POST
def give(request: HttpRequest, desk: Desk, promotion_ref: str) -> HttpResponse:
    """Give its coupon to all customers of a kind who let the shop remember them."""
    at = clock.now()
    line = promoting.line_of(_ground(desk), promotion_ref, at)
    wanted = request.POST.get("segment", "")
    if line.promotion.issue is not Issue.SEGMENT or wanted not in {each.value for each in Segment}:
        raise Http404
    assert desk.person is not None, "managers are signed in"
    given = discounts.give_segment(
        promotion_ref=promotion_ref, segment=Segment(wanted), by=desk.person, at=at
    )
    said = ngettext("%(n)s customer has the coupon now.", "%(n)s customers have the coupon now.", given)
    messages.success(request, said % {"n": given} if given else _("All of them have it already."))
    return redirect("merchant_promotion", promotion_ref)
