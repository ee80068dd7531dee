"""Quotes, orders, payments, refunds: what a shopper does with money."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from ninja import Router, Status

from hutong.api.actors import maybe_person, person_of
from hutong.api.answers import once
from hutong.api.doors import PUBLIC, ApiRequest, Scope, scope
from hutong.api.schemas.base import Key, LimitQuery, MoneyOut, RefPath
from hutong.api.schemas.buy import (
    OrderIn,
    OrderOut,
    OrderPlaced,
    OrderRow,
    PaymentIn,
    PaymentStarted,
    PreviewIn,
    PreviewOut,
    QuoteIn,
    QuoteOut,
    RefundIn,
    RefundOut,
)
from hutong.flows import cart, checkout, refund
from hutong.kernel import clock
from hutong.kernel.errors import Invalid, NotFound
from hutong.kernel.http import client_address
from hutong.pay.groups import queries as groups
from hutong.pay.orders import queries as orders
from hutong.pay.payments import queries as payments
from hutong.pay.payments.rules import device_of
from hutong.pay.payments.types import Payer

router = Router(tags=["Buying"])


class ReturnElsewhere(Invalid):
    """The shopper would be sent to somebody else's site."""

    code = "return_url_elsewhere"
    message = _("“return_url” has to be an address of this site.")


@router.post("/quotes", auth=PUBLIC, response=QuoteOut)
def make_quote(request: HttpRequest, body: QuoteIn) -> QuoteOut:
    """What a cart costs now. Nothing is kept. With a person's token it has their coupons and first orders in it, and is
    the price of their order; without one, what anybody would pay."""
    priced = cart.price(
        wants=body.wants(),
        at=clock.now(),
        person=maybe_person(request),
        store_ref=body.store,
        coupons=body.coupons,
        use_points=body.use_points,
        ask=body.ask(),
    )
    return QuoteOut.of(priced.quote)


@router.post("/orders", auth=scope(Scope.ORDERS_WRITE), response={201: OrderPlaced})
def place_order(request: ApiRequest, body: OrderIn, key: Key) -> Status[OrderPlaced]:
    """Order at the price that was shown, and hold what is scarce for 15 minutes; open a group or join one."""
    person = person_of(request)

    def place() -> tuple[int, OrderPlaced]:
        placed = checkout.place(
            person=person,
            wants=body.wants(),
            store_ref=body.store,
            shown_hash=body.quote,
            client_key=f"api:{key}",
            coupons=body.coupons,
            use_points=body.use_points,
            remember_consent=body.remember_me,
            from_balance=body.from_balance.money() if body.from_balance else None,
            provider=body.provider,
            ask=body.ask(),
            at=clock.now(),
        )
        place = groups.place_of(placed.order_ref)
        return 201, OrderPlaced(
            ref=placed.order_ref,
            state=placed.state,
            total=MoneyOut.of(placed.total),
            from_balance=MoneyOut.of(placed.stored),
            to_pay=MoneyOut.of(placed.to_pay),
            expires_at=placed.expires_at,
            group=place.group.ref if place else None,
        )

    return once(request, key, body, place)


@router.get("/orders", auth=scope(Scope.ORDERS_READ), response=list[OrderRow])
def list_orders(request: ApiRequest, limit: LimitQuery = 50) -> list[OrderRow]:
    """One's own orders, the newest first."""
    return [OrderRow.of(order) for order in orders.orders_of(person_of(request).pk, limit=limit)]


@router.get("/orders/{ref}", auth=scope(Scope.ORDERS_READ), response=OrderOut)
def get_order(request: ApiRequest, ref: RefPath) -> OrderOut:
    """One's own order, with its units once it is paid."""
    order = orders.order_view(ref, person_id=person_of(request).pk)
    if order is None:
        raise NotFound
    return OrderOut.of(order, groups.place_of(ref), clock.now())


@router.post("/orders/{ref}/payments", auth=scope(Scope.ORDERS_WRITE), response={201: PaymentStarted})
def start_payment(request: ApiRequest, ref: RefPath, body: PaymentIn, key: Key) -> Status[PaymentStarted]:
    """Ask the payment provider for the money; the answer says where the shopper pays."""
    person = person_of(request)
    site: str = settings.HUTONG_SITE_URL
    if body.return_url and not url_has_allowed_host_and_scheme(body.return_url, {urlsplit(site).netloc}):
        raise ReturnElsewhere

    def start() -> tuple[int, PaymentStarted]:
        address = checkout.pay(
            order_ref=ref,
            person=person,
            return_url=body.return_url or f"{site}/pay/{ref}/return/",
            code_url=f"{site}/pay/{ref}/return/",
            provider=body.provider,
            payer=Payer(client_address(request), device_of(request.headers.get("User-Agent", ""))),
            language=get_language() or "en",
            at=clock.now(),
        )
        payment = payments.payment_for_order(ref)
        code = payment.redirect_url if payment and payment.to_scan else None
        return 201, PaymentStarted(order=ref, redirect_url=address, code=code)

    return once(request, key, body, start)


@router.post("/orders/{ref}/refunds/preview", auth=scope(Scope.ORDERS_READ), response=PreviewOut)
def preview_refund(request: ApiRequest, ref: RefPath, body: PreviewIn) -> PreviewOut:
    """What giving back would come to now. Nothing is given back."""
    return PreviewOut.of(
        refund.preview(order_ref=ref, unit_refs=body.units, by=person_of(request), at=clock.now())
    )


@router.post("/orders/{ref}/refunds", auth=scope(Scope.ORDERS_WRITE), response={201: RefundOut})
def refund_order(request: ApiRequest, ref: RefPath, body: RefundIn, key: Key) -> Status[RefundOut]:
    """Give back what was not used. The money goes where it came from: as much as `preview` says."""
    person = person_of(request)

    def give_back() -> tuple[int, RefundOut]:
        sent = refund.refund(
            order_ref=ref,
            unit_refs=body.units,
            reason=body.reason,
            by=person,
            as_operator=False,
            expected=body.amount.money() if body.amount else None,
            at=clock.now(),
        )
        return 201, RefundOut.of(sent)

    return once(request, key, body, give_back)
