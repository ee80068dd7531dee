"""The shop's deals: how they sell, their switch, and what the platform decided about them."""

from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hutong.flows.approve import switch_offer
from hutong.flows.offers import contents, drafting
from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.pay.groups import queries as groups
from hutong.pay.orders.queries import sold_by_offer
from hutong.pay.orders.types import OfferSales
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.rules import REVISED, REWRITABLE
from hutong.town.catalog.types import OfferState, OfferView, SketchView
from hutong.town.contents import queries as revisions
from hutong.town.contents.types import RevisionState
from hutong.town.merchants.types import Right
from hutong.visit.stock.queries import stock_of
from hutong.visit.stock.types import StockView
from hutong.visit.vouchers.queries import terms_of, terms_of_all
from hutong.visit.vouchers.types import Terms
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.frame import merchant_page
from hutong.web.merchant.words import deal_changes

NOT_SOLD = OfferSales(sold=0, used=0, refunded=0)


@dataclass(frozen=True, slots=True)
class DealRow:
    """A deal as its shop sees it; `left` is None when its number is not limited.

    `sold`, `elsewhere` (by other channels) and `left` count vouchers, `sales` their uses, of which each has `uses`.
    `over` says that its last day of sale has passed.
    """

    offer: OfferView
    sales: OfferSales
    sold: int
    uses: int
    elsewhere: int
    left: int | None
    over: bool

    @property
    def can_switch(self) -> bool:
        """Whether the switch does something: only what was approved goes on and off."""
        return self.offer.state in (OfferState.LIVE, OfferState.PAUSED)


# Where a deal stands in the list.
ORDER = (
    OfferState.LIVE,
    OfferState.PAUSED,
    OfferState.REJECTED,
    OfferState.SUBMITTED,
    OfferState.DRAFT,
    OfferState.ENDED,
)


class SwitchForm(forms.Form):
    """On or off."""

    to = forms.ChoiceField(choices=[("on", "on"), ("off", "off")])


@needs(Right.EDIT_DEALS, everywhere=True)
@require_safe
def deals(request: HttpRequest, desk: Desk) -> HttpResponse:
    """All deals of the merchant, those on sale first, and the drafts; after a change, with a way back."""
    at = clock.now()
    rows = _rows(desk, catalog.merchant_offers(desk.merchant_ref), at)
    switched = next((row for row in rows if row.offer.ref == request.GET.get("switched")), None)
    rows.sort(key=lambda row: ORDER.index(row.offer.state))
    context = {
        "rows": [row for row in rows if row.offer.state is not OfferState.ENDED],
        "ended": [row for row in rows if row.offer.state is OfferState.ENDED],
        "switched": switched,
        "back_to": _before_end(switched.offer) if switched else "",
        "drafts": catalog.sketches(desk.merchant_ref),
        "deleted": _deleted(desk, request.GET.get("deleted", "")),
    }
    return merchant_page(request, desk, "merchant/deals.html", context, tab="deals")


@needs(Right.EDIT_DEALS, everywhere=True)
@require_safe
def deal(request: HttpRequest, desk: Desk, offer_ref: str) -> HttpResponse:
    """One deal with its facts, its sales, every decision about it, and the changes that wait."""
    offer = _own(desk, offer_ref)
    (row,) = _rows(desk, [offer], clock.now())
    history = list(reversed(catalog.offer_history(offer_ref)))
    waiting, versions = None, revisions.history(offer_ref, limit=20)
    if versions and versions[0].state in (RevisionState.WAITING, RevisionState.REJECTED):
        waiting = versions[0]
    context = {
        "row": row,
        "offer": offer,
        "terms": terms_of(offer_ref),
        "groups": groups.terms_of(offer_ref, unit=offer.price.unit),
        "group_rows": groups.groups_of_offer(offer_ref),
        "history": history,
        "refused": history[0].reason if history and offer.state is OfferState.REJECTED else "",
        "waiting": waiting,
        "changes": deal_changes(contents.changes_of(waiting, language=get_language() or "en"))
        if waiting
        else [],
        "includes": [(part, part.value * part.quantity if part.value else None) for part in offer.includes],
        "can_end": offer.state in (OfferState.LIVE, OfferState.PAUSED),
        "can_edit": offer.state in REWRITABLE | REVISED - {OfferState.ENDED},
    }
    return merchant_page(request, desk, "merchant/deal.html", context, tab="deals")


@needs(Right.EDIT_DEALS, everywhere=True)
@require_POST
def end(_request: HttpRequest, desk: Desk, offer_ref: str) -> HttpResponse:
    """End the sale of a deal; the list offers to take that back."""
    _own(desk, offer_ref)
    assert desk.person is not None, "managers are signed in"
    drafting.end_sale(offer_ref=offer_ref, by=desk.person, at=clock.now())
    return redirect(f"{reverse('merchant_deals')}?switched={offer_ref}")


@needs(Right.EDIT_DEALS, everywhere=True)
@require_POST
def withdraw(request: HttpRequest, desk: Desk, offer_ref: str) -> HttpResponse:
    """Take back what waits for the platform: the deal itself, or changes of it."""
    assert desk.person is not None, "managers are signed in"
    try:
        drafting.take_back(
            offer_ref=offer_ref, merchant_ref=desk.merchant_ref, by=desk.person, at=clock.now()
        )
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Taken back. Nothing waits for the platform now."))
    return redirect("merchant_deal", offer_ref=offer_ref)


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


def _before_end(offer: OfferView) -> str:
    """What the switch says that takes an end back: on or off, as it was; "" for a deal that was not ended."""
    if offer.state is not OfferState.ENDED:
        return ""
    (*_earlier, last) = catalog.offer_history(offer.ref)
    return "on" if last.from_state is OfferState.LIVE else "off"


def _deleted(desk: Desk, sketch_ref: str) -> SketchView | None:
    """The draft that was deleted just now, and can be brought back."""
    sketch = catalog.sketch(sketch_ref, desk.merchant_ref) if sketch_ref else None
    return sketch if sketch and sketch.dropped else None


def _rows(desk: Desk, offers: list[OfferView], at: datetime) -> list[DealRow]:
    sales = sold_by_offer(desk.merchant_id)
    stock = stock_of([offer.ref for offer in offers])
    terms = terms_of_all([offer.ref for offer in offers])
    return [
        DealRow(
            offer=offer,
            sales=sales.get(offer.ref, NOT_SOLD),
            sold=sales.get(offer.ref, NOT_SOLD).sold // terms[offer.ref].uses,
            uses=terms[offer.ref].uses,
            elsewhere=stock[offer.ref].elsewhere if offer.ref in stock else 0,
            left=_left(stock.get(offer.ref), terms[offer.ref]),
            over=offer.ends_at is not None and offer.ends_at <= at,
        )
        for offer in offers
    ]


def _left(stock: StockView | None, terms: Terms) -> int | None:
    """How many vouchers are left; stock counts their uses."""
    return None if stock is None or stock.left is None else stock.left // terms.uses
