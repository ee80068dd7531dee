"""What a shopper has: vouchers, orders, their refunds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from hutong.flows import money_back, points, stored_value
from hutong.flows import refund as refund_flow
from hutong.flows.write_review import Prompt, prompts
from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.kernel.money import Money
from hutong.pay.groups import queries as groups
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState, OrderView, SoldUnit
from hutong.pay.payments import queries as payments
from hutong.pay.payments.types import RefundState, RefundView
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.types import OfferView
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.queries.requests import to_answer
from hutong.visit.vouchers.types import UseState, VoucherState, VoucherView
from hutong.web.consumer.coupons import savings
from hutong.web.consumer.together import waiting
from hutong.web.shell.access import signed_in
from hutong.web.shell.parts import page
from hutong.web.shell.refunding import (
    BANK_DAYS,
    RefundForm,
    UsesForm,
    refund_rows,
    unit_rows,
    way_of,
    ways_back,
    working_days,
)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A voucher with its picture and what its unused uses were paid with; `to_card` of that by gift cards."""

    voucher: VoucherView
    emoji: str
    hue: int
    paid: Money | None
    refundable: Money | None
    to_card: Money | None
    zone: str

    @property
    def to_provider(self) -> Money | None:
        """What of it the payment's provider sends back."""
        return self.refundable - self.to_card if self.refundable and self.to_card is not None else None


def _ticket(voucher: VoucherView, offer: OfferView | None, units: dict[str, SoldUnit]) -> Ticket:
    bought = [(use.state, units[use.unit_ref]) for use in voucher.uses if use.unit_ref in units]
    back = [unit for state, unit in bought if state is UseState.READY and voucher.gives_back]
    zero = Money(0, bought[0][1].paid.unit) if bought else None
    return Ticket(
        voucher=voucher,
        emoji=offer.emoji if offer else "",
        hue=offer.hue if offer else 30,
        paid=sum((unit.paid for _state, unit in bought), zero) if zero is not None else None,
        refundable=sum((unit.paid for unit in back), zero) if zero is not None and back else None,
        to_card=sum((unit.paid_stored for unit in back), zero) if zero is not None and back else None,
        zone=offer.stores[0].zone if offer and offer.stores else "UTC",
    )


def _tickets(found: list[VoucherView]) -> list[Ticket]:
    """Pictures and amounts of vouchers: one statement of the catalog, one of the orders."""
    if not found:
        return []
    offers = catalog.offers_by_refs({voucher.offer_ref for voucher in found})
    sold = orders.units([use.unit_ref for voucher in found for use in voucher.uses])
    units = {unit.unit_ref: unit for unit in sold}
    return [_ticket(voucher, offers.get(voucher.offer_ref), units) for voucher in found]


@signed_in
@require_GET
def wallet(request: HttpRequest) -> HttpResponse:
    """All vouchers: what can be used first, then the rest. The service worker keeps this page."""
    assert request.user.is_authenticated
    at = clock.now()
    tickets = _tickets(vouchers.wallet(request.user, at=at))
    ready = [ticket for ticket in tickets if ticket.voucher.state is VoucherState.READY]
    context = {
        "tab": "wallet",
        "asked": to_answer(request.user, at=at),
        "waiting": waiting(request.user.pk),
        "ready": sorted(ready, key=lambda ticket: ticket.voucher.valid_until),
        "spent": [ticket for ticket in tickets if ticket.voucher.state is not VoucherState.READY],
    }
    return page(request, "consumer/wallet.html", context)


def _own_ticket(request: HttpRequest, voucher_ref: str) -> Ticket:
    assert request.user.is_authenticated
    found = vouchers.voucher_view(voucher_ref, request.user, at=clock.now())
    if found is None:
        raise NotFound
    return _tickets([found])[0]


def _refunds_of(ticket: Ticket) -> list[RefundView]:
    """What went back for a voucher: what its provider sent (the last try), and what is on gift cards again."""
    units = {use.unit_ref for use in ticket.voucher.uses if use.state is UseState.REFUNDED}
    found = stored_value.refunds_of_order(ticket.voucher.order_ref) if units else []
    last: dict[bool, RefundView] = {}
    for one in found:
        if units & set(one.unit_refs):
            last.setdefault(one.provider == stored_value.GIFT_CARD, one)
    return list(last.values())


@signed_in
@require_GET
def voucher(request: HttpRequest, voucher_ref: str) -> HttpResponse:
    """The ticket with its code. It turns "used" by itself, with shop and time."""
    ticket = _own_ticket(request, voucher_ref)
    context = {
        "tab": "wallet",
        "ticket": ticket,
        "zone": ticket.zone,
        "refunds": _refunds_of(ticket),
        "refresh": request.path,
        "prompts": _prompts(request, ticket.voucher.order_ref),
    }
    return page(request, "consumer/voucher.html", context, part="consumer/_voucher.html")


@signed_in
@require_http_methods(["GET", "POST"])
def voucher_refund(request: HttpRequest, voucher_ref: str) -> HttpResponse:
    """Give a voucher back, or some of its uses: amount, way and time first, then one button."""
    assert request.user.is_authenticated
    ticket = _own_ticket(request, voucher_ref)
    found, at = ticket.voucher, clock.now()
    ready = [use.unit_ref for use in found.uses if use.state is UseState.READY]
    sent = request.POST if request.method == "POST" else request.GET
    form = UsesForm(len(ready), sent)
    chosen = ready[: form.how_many]
    context: dict[str, Any] = {"tab": "wallet", "ticket": ticket, "zone": ticket.zone, "form": form}
    if not ready or found.state is not VoucherState.READY or not ticket.refundable:
        if request.method == "POST":
            raise refund_flow.NothingToRefund
        return page(request, "consumer/refund.html", context)
    shown = refund_flow.preview(order_ref=found.order_ref, unit_refs=chosen, by=request.user, at=at)
    context["shown"] = shown
    if request.method != "POST":
        return page(request, "consumer/refund.html", context)
    if form.told != shown.amount.minor:
        # What was shown when the page was opened is not what would come back now.
        context["changed"] = form.told is not None
        return page(request, "consumer/refund.html", context, status=409)
    given = refund_flow.refund(
        order_ref=found.order_ref,
        unit_refs=chosen,
        reason="shopper",
        by=request.user,
        as_operator=False,
        expected=shown.amount,
        at=at,
    )
    done = given.state is RefundState.DONE
    messages.success(request, _("Refunded.") if done else _("Your refund is on its way."))
    return redirect("voucher", voucher_ref)


@signed_in
@require_GET
def order_list(request: HttpRequest) -> HttpResponse:
    """All orders, the newest first."""
    assert request.user.is_authenticated
    found = orders.orders_of(request.user.pk)
    terms = vouchers.terms_of_all({one.offer_ref for one in found})
    context = {"tab": "me", "orders": found, "terms": terms}
    return page(request, "consumer/orders.html", context)


@signed_in
@require_GET
def order(request: HttpRequest, order_ref: str) -> HttpResponse:
    """One order: what, how much, its vouchers, its refunds, its history."""
    context = {**_facts(_own_order(request, order_ref)), "prompts": _prompts(request, order_ref)}
    quote = orders.quote_of(order_ref)
    context["savings"] = savings(quote) if quote else []
    return page(request, "consumer/order.html", context, part="consumer/_waits.html")


@signed_in
@require_http_methods(["GET", "POST"])
def order_refund(request: HttpRequest, order_ref: str) -> HttpResponse:
    """Give chosen unused units back: amount, way and time first, then one button."""
    assert request.user.is_authenticated
    found = _own_order(request, order_ref)
    form = RefundForm(found, request.POST if request.method == "POST" else request.GET, used_too=False)
    context = {**_facts(found), "form": form, "arrives_by": working_days(clock.now(), BANK_DAYS)}
    if not form.is_valid():
        return page(request, "consumer/order.html", context, status=422)
    chosen = form.cleaned_data["unit"]
    try:
        shown = refund_flow.preview(order_ref=order_ref, unit_refs=chosen, by=request.user, at=clock.now())
        context["shown"] = shown
        sent = form.cleaned_data["shown"]
        if request.method != "POST" or sent != shown.amount.minor:
            changed = request.method == "POST" and sent is not None
            return page(
                request,
                "consumer/order_refund.html",
                {**context, "changed": changed},
                status=409 if changed else 200,
            )
        given = refund_flow.refund(
            order_ref=order_ref,
            unit_refs=chosen,
            reason="shopper",
            by=request.user,
            as_operator=False,
            expected=shown.amount,
            at=clock.now(),
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        done = given.state is RefundState.DONE
        messages.success(request, _("Refunded.") if done else _("Your refund is on its way."))
    return redirect("order", order_ref)


def _prompts(request: HttpRequest, order_ref: str) -> list[Prompt]:
    """What of an order may be reviewed."""
    assert request.user.is_authenticated
    return prompts(person=request.user, at=clock.now(), order_ref=order_ref)


def _leave_url(order: OrderView) -> str:
    """Where who waits for a group looks at what comes back on leaving it."""
    units = [("unit", unit.unit_ref) for line in order.lines for unit in line.units]
    return f"{reverse('order_refund', args=[order.order_ref])}?{urlencode(units)}"


def _own_order(request: HttpRequest, order_ref: str) -> OrderView:
    found = orders.order_view(order_ref, person_id=request.user.pk)
    if found is None:
        raise NotFound
    return found


def _points(found: OrderView, at: datetime) -> dict[str, Any]:
    """What an order has earned; before that what it will, once it is used."""
    earned = points.earned_with_order(found.order_ref) if found.paid_at else None
    waits = found.paid_at and not earned and found.refundable and not found.refunded
    return {"earned": earned, "to_earn": points.to_earn(paid=found.total, at=at) if waits else None}


def _facts(found: OrderView) -> dict[str, Any]:
    """What the pages of one order show. One statement a room."""
    at = clock.now()
    made = vouchers.vouchers_of_order(found.order_ref, at=at) if found.paid_at else []
    place = groups.place_of(found.order_ref) if found.paid_at else None
    waits = place is not None and place.waits
    # What waits for its group goes back whole, with one button of its own.
    refunds = stored_value.refunds_of_order(found.order_ref) if found.paid_at else []
    taken, by_bank = money_back.taken_by_bank(found.order_ref, refunds)
    lines = unit_rows(found, made, may_refund=not waits, used_too=False, by_bank=by_bank)
    paid = payments.payment_for_order(found.order_ref) if found.paid_at else None
    return {
        "tab": "me",
        "order": found,
        "place": place,
        "refresh": reverse("order", args=[found.order_ref]),
        "leave_url": _leave_url(found) if waits else "",
        "lines": lines,
        "choosable": any(row.choosable for _line, rows in lines for row in rows),
        "way": ", ".join(ways_back(found, [paid.provider] if paid else [])),
        "provider_way": way_of(paid.provider) if paid else "",
        "terms": vouchers.terms_of_all({line.offer_ref for line in found.lines}),
        "zone": found.zone,
        "tickets": _tickets(made),
        "refunds": refund_rows(refunds),
        "refunded": money_back.refunded(found, by_bank),
        "taken": taken,
        **_points(found, at),
        "payable": found.state is OrderState.AWAITING_PAYMENT and found.expires_at > at,
    }
