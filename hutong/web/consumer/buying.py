"""Checkout on one page, the way to the payment page and back."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hutong.flows import cart, count_step, payment_received
from hutong.flows import checkout as flow
from hutong.flows.choose_provider import least, part_of_balance
from hutong.flows.groups.asking import REFUSALS
from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.kernel.ids import new_id
from hutong.kernel.money import Money
from hutong.know.customers import queries as customers
from hutong.pay.flashsales.services import TicketNeeded
from hutong.pay.giftcards import queries as giftcards
from hutong.pay.groups import queries as groups
from hutong.pay.groups.services import AlreadyInGroup
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState
from hutong.pay.payments import queries as payments
from hutong.pay.payments.types import Device
from hutong.pay.pricing.rules import MAX_QUANTITY
from hutong.pay.pricing.services import PriceChanged
from hutong.visit.vouchers import queries as vouchers
from hutong.web.consumer.coupons import NO_COUPON, coupon_choices, points_choice, savings
from hutong.web.consumer.forms import CheckoutForm
from hutong.web.consumer.inside_wechat import (
    WECHAT,
    bridge_for,
    payer_inside,
    sign_in_first,
    welcome_back,
)
from hutong.web.consumer.line import line_first
from hutong.web.consumer.together import ask_of
from hutong.web.shell.access import signed_in
from hutong.web.shell.parts import page, wants_part
from hutong.web.shell.ways_to_pay import REMEMBERED, chosen_way, payer_of


def _quantity(text: str) -> int:
    return min(MAX_QUANTITY, max(1, int(text))) if text.isdecimal() else 1


def _telling_where_from(response: HttpResponse) -> HttpResponse:
    """Let browsers name this site, without the page, to the payment page: WeChat Pay's H5 refuses whoever does not."""
    response["Referrer-Policy"] = "strict-origin-when-cross-origin"
    return response


def _checkout_page(
    request: HttpRequest,
    offer_ref: str,
    quantity: int,
    *,
    problem: str = "",
    status: int = 200,
    key: str = "",
) -> HttpResponse:
    assert request.user.is_authenticated
    ask = ask_of(request)
    if ask.group_ref and groups.is_in(ask.group_ref, request.user.pk):
        raise AlreadyInGroup(group_ref=ask.group_ref)
    person, chosen = request.user, _chosen_coupon(request)
    store_ref = request.POST.get("store") or request.GET.get("store", "")
    priced = cart.price(
        wants={offer_ref: quantity},
        at=clock.now(),
        person=person,
        store_ref=store_ref or None,
        coupons=_coupons(chosen),
        use_points=_sent(request).get("use_points") == "on",
        ask=ask,
    )
    offer = priced.offers[offer_ref]
    if request.method == "GET" and not wants_part(request):  # a changed quantity asks for the part again
        count_step.checkout_opened(offer=offer, agent=request.headers.get("User-Agent", ""), at=clock.now())
    limit, (line,) = offer.per_person_limit or MAX_QUANTITY, priced.quote.lines
    context: dict[str, Any] = {
        "deal": offer,
        "quote": priced.quote,
        "ask": ask,
        "together": priced.together,
        "quantity": quantity,
        "each": sum((unit.price for unit in line.units[1 : line.uses]), line.units[0].price),
        "most": min(limit, MAX_QUANTITY // priced.uses[offer_ref]),
        "terms": vouchers.terms_of(offer_ref),
        "client_key": key or new_id("key"),
        "problem": problem,
        "remembered": customers.has_consent(person.public_id, offer.merchant_ref),
        "remember": request.POST.get("remember") == "on",
        "store_ref": store_ref,
        "savings": savings(priced.quote),
        "coupons": coupon_choices(person.pk, priced.quote, chosen, offer.merchant_ref),
        "coupon": chosen,
        "points": points_choice(person, priced.quote, clock.now()),
        "zone": offer.stores[0].zone,
        **_from_balance(request, priced.quote.total),
    }
    shown = page(request, "consumer/checkout.html", context, part="consumer/_checkout.html", status=status)
    return _telling_where_from(shown)


def _chosen_coupon(request: HttpRequest) -> str:
    """The coupon the shopper wants to use: its ref, "" for the best one, or "none"."""
    return _sent(request).get("coupon", "")[:40]


def _sent(request: HttpRequest) -> QueryDict:
    return request.POST if request.method == "POST" else request.GET


def _coupons(chosen: str) -> list[str] | None:
    return None if not chosen else [] if chosen == NO_COUPON else [chosen]


def _from_balance(request: HttpRequest, total: Money) -> dict[str, Any]:
    """What the shopper's gift cards hold, what of it this order would take as the page is now, and what is left to pay.

    `least` is there where the chosen way to pay takes no less and so less of the cards is used, or `too_little`
    where it takes more than the whole order is.
    """
    assert request.user.is_authenticated
    balance = giftcards.balance_of(request.user.pk, total.unit)
    sent = _sent(request)
    wanted, way = sent.get("use_balance") == "on", chosen_way(request, total.unit)
    part = part_of_balance(balance=balance, total=total, provider=way) if wanted else Money(0, total.unit)
    needed = least(way, total.unit)
    return {
        "balance": balance,
        "from_balance": part,
        "to_pay": total - part,
        "least": needed if wanted and part < min(balance, total) else None,
        "too_little": needed if 0 < (total - part).minor < needed.minor else None,
    }


@signed_in
@require_http_methods(["GET", "POST"])
def checkout(request: HttpRequest, offer_ref: str) -> HttpResponse:
    """One page: how many, every amount, consent, pay. Safe to tap twice; never at a price not shown.

    Whoever wants to join a group that takes nobody any more, or is in it already, sees that group.
    """
    try:
        return _checkout(request, offer_ref)
    except REFUSALS as error:
        messages.error(request, str(error))
        joined = ask_of(request).group_ref
        return redirect("group", joined) if joined else redirect("deal", offer_ref)


def _checkout(request: HttpRequest, offer_ref: str) -> HttpResponse:
    if request.method == "GET":
        if not wants_part(request) and (first := line_first(request, offer_ref)):
            return first
        return _checkout_page(request, offer_ref, _quantity(request.GET.get("quantity", "1")))
    form = CheckoutForm(request.POST)
    if not form.is_valid():
        return _checkout_page(request, offer_ref, 1, problem=_("Please check the quantity."), status=422)
    wanted = form.cleaned_data
    quantity = wanted["quantity"]
    if not form.is_as_shown:
        return _checkout_page(
            request, offer_ref, quantity, problem=_("Please look at the new total, then pay.")
        )
    try:
        return _telling_where_from(HttpResponseRedirect(_place_and_pay(request, offer_ref, wanted)))
    except (PriceChanged, flow.OrderNotPayable) as error:
        return _checkout_page(request, offer_ref, quantity, problem=str(error), status=error.status)
    except TicketNeeded as error:
        messages.error(request, str(error))
        return redirect("line", offer_ref)
    except DomainError as error:
        if isinstance(error, (NotFound, cart.NotForSale, *REFUSALS)):
            raise
        key = wanted["client_key"]
        return _checkout_page(request, offer_ref, quantity, problem=str(error), status=error.status, key=key)


def _place_and_pay(request: HttpRequest, offer_ref: str, wanted: dict[str, Any]) -> str:
    """Place the order (once for one click) and answer the address of the payment page."""
    assert request.user.is_authenticated
    person, at = request.user, clock.now()
    placed = flow.place(
        person=person,
        wants={offer_ref: wanted["quantity"]},
        store_ref=wanted["store"] or None,
        shown_hash=wanted["shown_hash"],
        client_key=wanted["client_key"],
        remember_consent=wanted["remember"],
        provider=wanted["provider"] or None,
        from_balance=wanted["from_balance"],
        coupons=_coupons(wanted["coupon"]),
        use_points=wanted["use_points"],
        ask=ask_of(request),
        at=at,
    )
    if placed.created and placed.state is OrderState.PAID:
        return reverse("pay_return", args=[placed.order_ref])  # gift cards covered all of it
    if placed.state is not OrderState.AWAITING_PAYMENT:
        return reverse("order", args=[placed.order_ref])
    return _payment_page(request, placed.order_ref, request.POST.get("provider", ""))


def _payment_page(request: HttpRequest, order_ref: str, chosen: str) -> str:
    """Where the chosen provider lets the shopper pay. The choice is remembered for the next time."""
    assert request.user.is_authenticated
    way = chosen
    if (
        not way and payer_of(request).device is Device.WECHAT
    ):  # only there it matters before the money is asked for
        payment = payments.payment_for_order(order_ref)
        way = payment.provider if payment else ""
    payer = payer_inside(request, way)
    if sign_in := sign_in_first(request, payer, way, order_ref):
        return sign_in
    back = f"{settings.HUTONG_SITE_URL}{reverse('pay_return', args=[order_ref])}"
    address = flow.pay(
        order_ref=order_ref,
        person=request.user,
        return_url=back,
        code_url=back,
        provider=chosen or None,
        payer=payer,
        language=get_language() or "en",
        at=clock.now(),
    )
    if chosen and request.session.get(REMEMBERED) != chosen:
        request.session[REMEMBERED] = chosen
    return address


@signed_in
@require_POST
def pay_again(request: HttpRequest, order_ref: str) -> HttpResponse:
    """To the payment page of an order that still waits for its money, by the way that is chosen now."""
    return _to_payment_page(request, order_ref, request.POST.get("provider", ""))


@signed_in
@require_GET
def inside_wechat(request: HttpRequest) -> HttpResponse:
    """Back from WeChat's sign-in: now it is known who pays, or that they pay by a code."""
    return _to_payment_page(request, welcome_back(request), WECHAT)


def _to_payment_page(request: HttpRequest, order_ref: str, chosen: str) -> HttpResponse:
    try:
        return _telling_where_from(HttpResponseRedirect(_payment_page(request, order_ref, chosen)))
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("pay_return", order_ref)


@signed_in
@require_GET
def pay_return(request: HttpRequest, order_ref: str) -> HttpResponse:
    """Back from the payment page: waiting, paid or not, and it turns by itself."""
    assert request.user.is_authenticated
    person, at = request.user, clock.now()
    order = orders.order_view(order_ref, person_id=person.pk)
    if order is None:
        raise NotFound
    if order.state is OrderState.AWAITING_PAYMENT:
        # the provider's word may still be on its way: ask it
        payment_received.look(order_ref=order_ref, at=at)
        order = orders.order_view(order_ref, person_id=person.pk) or order
    payment = payments.payment_for_order(order_ref)
    context = {
        "order": order,
        "payment": payment,
        "vouchers": vouchers.vouchers_of_order(order_ref, at=at) if order.paid_at else [],
        "place": groups.place_of(order_ref) if order.paid_at else None,
        "waiting": order.state is OrderState.AWAITING_PAYMENT and order.expires_at > at,
        "zone": order.zone,
        "refresh": request.path,
        "code": payment.redirect_url if payment and payment.to_scan else "",
        "in_app": bool(payment and payment.in_app),
        "bridge": bridge_for(request, payment),
    }
    return _telling_where_from(
        page(request, "consumer/pay_return.html", context, part="consumer/_pay_return.html")
    )
