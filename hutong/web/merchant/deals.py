"""The shop's deals: how they sell, their switch, and what the platform decided about them."""

from dataclasses import dataclass

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from hutong.flows.approve import switch_offer
from hutong.kernel import clock
from hutong.pay.orders.queries import sold_by_offer
from hutong.pay.orders.types import OfferSales
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.types import OfferState, OfferView
from hutong.town.merchants.types import Right
from hutong.visit.stock.queries import stock_of
from hutong.visit.vouchers.queries import terms_of
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.frame import merchant_page

NOT_SOLD = OfferSales(sold=0, used=0, refunded=0)


@dataclass(frozen=True, slots=True)
class DealRow:
    """A deal as its shop sees it; `left` is None when its number is not limited."""

    offer: OfferView
    sales: OfferSales
    left: int | None

    @property
    def can_switch(self) -> bool:
        """Whether the switch does something: only what was approved goes on and off."""
        return self.offer.state in (OfferState.LIVE, OfferState.PAUSED)


class SwitchForm(forms.Form):
    """On or off."""

    to = forms.ChoiceField(choices=[("on", "on"), ("off", "off")])


@needs(Right.EDIT_DEALS, everywhere=True)
@require_safe
def deals(request: HttpRequest, desk: Desk) -> HttpResponse:
    """All deals of the merchant, those on sale first; after a switch, with a way back."""
    rows = _rows(desk, catalog.merchant_offers(desk.merchant_ref))
    switched = next((row for row in rows if row.offer.ref == request.GET.get("switched")), None)
    order = [OfferState.LIVE, OfferState.PAUSED, OfferState.SUBMITTED, OfferState.REJECTED, OfferState.DRAFT]
    rows.sort(key=lambda row: order.index(row.offer.state))
    return merchant_page(
        request, desk, "merchant/deals.html", {"rows": rows, "switched": switched}, tab="deals"
    )


@needs(Right.EDIT_DEALS, everywhere=True)
@require_safe
def deal(request: HttpRequest, desk: Desk, offer_ref: str) -> HttpResponse:
    """One deal with its facts, its sales and every decision about it."""
    offer = _own(desk, offer_ref)
    (row,) = _rows(desk, [offer])
    context = {
        "row": row,
        "offer": offer,
        "terms": terms_of(offer_ref),
        "history": list(reversed(catalog.offer_history(offer_ref))),
    }
    return merchant_page(request, desk, "merchant/deal.html", context, tab="deals")


@needs(Right.EDIT_DEALS, everywhere=True)
@require_POST
def switch(request: HttpRequest, desk: Desk, offer_ref: str) -> HttpResponse:
    """Put a deal on sale or pause it; what was sold stays good."""
    _own(desk, offer_ref)
    form = SwitchForm(request.POST)
    if not form.is_valid():
        raise Http404
    assert desk.person is not None, "managers are signed in"
    switch_offer(offer_ref=offer_ref, on=form.cleaned_data["to"] == "on", by=desk.person, at=clock.now())
    return redirect(f"{reverse('merchant_deals')}?switched={offer_ref}")


def _own(desk: Desk, offer_ref: str) -> OfferView:
    offer = catalog.offer_by_ref(offer_ref)
    if offer is None or offer.merchant_ref != desk.merchant_ref:
        raise Http404
    return offer


def _rows(desk: Desk, offers: list[OfferView]) -> list[DealRow]:
    sales = sold_by_offer(desk.merchant_id)
    stock = stock_of([offer.ref for offer in offers])
    return [
        DealRow(
            offer=offer,
            sales=sales.get(offer.ref, NOT_SOLD),
            left=stock[offer.ref].left if offer.ref in stock else None,
        )
        for offer in offers
    ]
