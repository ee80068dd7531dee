"""A deal as a flash sale: its hours, and the line in front of its checkout."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from hutong.flows import flash_sale as flow
from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.pay.flashsales import queries, services
from hutong.pay.flashsales.rules import (
    GATHER,
    LONGEST,
    MINUTES,
    MOST_PLACES,
    USUAL_MINUTES,
    USUAL_PLACES,
    faults,
)
from hutong.pay.flashsales.types import Phase, SaleView
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.types import OfferView
from hutong.town.merchants.types import Right
from hutong.town.people.services import Person
from hutong.visit.stock.queries import stock_of
from hutong.visit.vouchers.queries import terms_of
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.frame import merchant_page

_FORMAT = "%Y-%m-%dT%H:%M"
_NEXT_HOUR = timedelta(hours=1)


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_FORMAT)
    return forms.DateTimeField(label=label, widget=widget, input_formats=[_FORMAT, f"{_FORMAT}:%S"])


class FlashSaleForm(forms.Form):
    """When it is sold, on the shop's clock, and how many may be in checkout at once."""

    starts_at = _moment(gettext_lazy("Begins"))
    ends_at = _moment(gettext_lazy("Ends"))
    has_line = forms.BooleanField(
        label=gettext_lazy("People wait in line"),
        required=False,
        help_text=gettext_lazy(
            "Whoever comes first is let in first. Right for a rush; without it everybody orders at once."
        ),
    )
    places = forms.IntegerField(
        label=gettext_lazy("In checkout at once"), required=False, min_value=1, max_value=MOST_PLACES
    )
    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes to order"), required=False, min_value=MINUTES[0], max_value=MINUTES[1]
    )

    def __init__(self, offer: OfferView, zone: str, at: datetime, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.offer, self.zone, self.at = offer, zone, at

    def clean_starts_at(self) -> datetime:
        """The moment it begins, in UTC."""
        return self._from_wall("starts_at")

    def clean_ends_at(self) -> datetime:
        """The moment it ends, in UTC."""
        return self._from_wall("ends_at")

    def clean(self) -> dict[str, Any]:
        """It ends after it begins and after now, within the days of sale; a line has places."""
        data = super().clean() or {}
        starts_at, ends_at = data.get("starts_at"), data.get("ends_at")
        if starts_at and ends_at:
            wrong = faults(starts_at=starts_at, ends_at=ends_at, at=self.at)
            said = {
                "empty_window": _("It has to end after it begins."),
                "past_window": _("This moment has passed."),
                "long_window": _("A flash sale lasts %(days)s days at most.") % {"days": LONGEST.days},
            }
            for fault in wrong:
                self.add_error("ends_at", said[fault])
            if not wrong and starts_at < self.offer.starts_at.replace(second=0, microsecond=0):
                self.add_error("starts_at", _("The deal is not on sale yet then. Choose a later moment."))
            if not wrong and self.offer.ends_at and ends_at > self.offer.ends_at:
                self.add_error(
                    "ends_at", _("The deal is not on sale any more then. Choose an earlier moment.")
                )
        if data.get("has_line"):
            for name in ("places", "minutes"):
                if name not in self.errors and not data.get(name):
                    self.add_error(name, _("Give a number."))
        return data

    def _from_wall(self, name: str) -> datetime:
        # The field reads what was typed as the site's zone has it; what people mean is the shop's wall clock.
        typed: datetime = self.cleaned_data[name]
        wall = typed.replace(tzinfo=ZoneInfo(self.zone))
        if wall.astimezone(UTC).astimezone(wall.tzinfo).replace(tzinfo=None) != wall.replace(tzinfo=None):
            raise forms.ValidationError(_("The clock skips this hour on that day. Choose another."))
        return wall.astimezone(UTC)


@needs(Right.EDIT_DEALS, everywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def flash_sale(request: HttpRequest, desk: Desk, offer_ref: str) -> HttpResponse:
    """Its hours and its line; POST sets them."""
    offer, at = _own(desk, offer_ref), clock.now()
    sale = queries.sales_of([offer_ref]).get(offer_ref)
    zone = offer.stores[0].zone if offer.stores else desk.store.zone
    if request.method != "POST":
        form = FlashSaleForm(offer, zone, at, initial=_initial(sale, offer, zone, at))
        return _show(request, desk, offer, sale, form, zone=zone)
    form = FlashSaleForm(offer, zone, at, request.POST)
    if not form.is_valid():
        return _show(request, desk, offer, sale, form, zone=zone, status=422)
    wanted = form.cleaned_data
    try:
        flow.set_up(
            offer_ref=offer_ref,
            merchant_ref=desk.merchant_ref,
            starts_at=_as_it_was(
                _as_it_was(wanted["starts_at"], offer.starts_at), sale.starts_at if sale else None
            ),
            ends_at=_as_it_was(wanted["ends_at"], sale.ends_at if sale else None),
            places=wanted["places"] if wanted["has_line"] else None,
            minutes=wanted["minutes"] or USUAL_MINUTES,
            by=_person(desk),
            at=at,
        )
    except NotFound:
        raise
    except DomainError as error:
        return _show(request, desk, offer, sale, form, zone=zone, problem=str(error), status=error.status)
    messages.success(request, _("The flash sale is set up."))
    return redirect("merchant_deal", offer_ref=offer_ref)


@needs(Right.EDIT_DEALS, everywhere=True)
@require_POST
def call_off(request: HttpRequest, desk: Desk, offer_ref: str) -> HttpResponse:
    """End the flash sale; the deal is then sold as any other."""
    _own(desk, offer_ref)
    services.call_off(offer_ref=offer_ref, by=_person(desk), at=clock.now())
    messages.success(request, _("The flash sale is called off. The deal is sold as any other now."))
    return redirect("merchant_deal", offer_ref=offer_ref)


def _as_it_was(typed: datetime, before: datetime | None) -> datetime:
    """What was typed; where it is the moment that stood, that one with its seconds, which nobody types."""
    return before if before and before.replace(second=0, microsecond=0) == typed else typed


def _own(desk: Desk, offer_ref: str) -> OfferView:
    offer = catalog.offer_by_ref(offer_ref)
    if offer is None or offer.merchant_ref != desk.merchant_ref:
        raise Http404
    return offer


def _person(desk: Desk) -> Person:
    assert desk.person is not None, "managers are signed in"
    return desk.person


def _initial(sale: SaleView | None, offer: OfferView, zone: str, at: datetime) -> dict[str, Any]:
    """The sale as it stands; else tomorrow at noon for an hour, as far as the deal is on sale then."""
    if sale and sale.ends_at > at:
        starts_at, ends_at = sale.starts_at, sale.ends_at
    else:
        noon = clock.local(at + timedelta(days=1), zone).replace(hour=12, minute=0, second=0, microsecond=0)
        starts_at = max(noon, offer.starts_at)
        ends_at = starts_at + _NEXT_HOUR
    walls = [clock.local(moment, zone).replace(tzinfo=None) for moment in (starts_at, ends_at)]
    return {
        "starts_at": walls[0],
        "ends_at": walls[1],
        "has_line": sale is None or sale.has_line,
        "places": (sale and sale.places) or USUAL_PLACES,
        "minutes": sale.minutes if sale else USUAL_MINUTES,
    }


def _show(
    request: HttpRequest,
    desk: Desk,
    offer: OfferView,
    sale: SaleView | None,
    form: FlashSaleForm,
    *,
    zone: str,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    counted = stock_of([offer.ref]).get(offer.ref)
    left = counted.left if counted else None
    context = {
        "offer": offer,
        "sale": sale,
        "phase": sale.phase(form.at).value if sale else "",
        "stands": sale is not None and sale.phase(form.at) is not Phase.OVER,
        "form": form,
        "problem": problem,
        "zone": zone,
        "limited": left is not None,
        "left": None if left is None else left // terms_of(offer.ref).uses,
        "gather_minutes": int(GATHER.total_seconds()) // 60,
    }
    return merchant_page(request, desk, "merchant/flash_sale.html", context, tab="deals", status=status)
