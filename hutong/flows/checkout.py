"""From a cart to the payment page: price it, place the order with its holds, ask the provider for the money."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.flows import discounts, flash_sale, fulfil, payment_received
from hutong.flows.cart import Cart, NotForSale, price
from hutong.flows.choose_provider import choose, is_offered
from hutong.flows.groups import places
from hutong.flows.groups.asking import ALONE, REFUSALS, Ask
from hutong.kernel.errors import Conflict, NotFound
from hutong.kernel.locking import retrying
from hutong.kernel.money import Money
from hutong.kernel.text import pick
from hutong.pay.flashsales.types import SaleView
from hutong.pay.giftcards import services as giftcards
from hutong.pay.orders import queries as orders_read
from hutong.pay.orders import services as orders
from hutong.pay.orders.types import OrderState, PlacedOrder
from hutong.pay.payments import queries as payments_read
from hutong.pay.payments import services as payments
from hutong.pay.payments.rules import UNDER_WAY
from hutong.pay.payments.types import Payer, PaymentState, PaymentView
from hutong.pay.pricing.services import PriceChanged, require_shown_price
from hutong.town.catalog.types import OfferView
from hutong.town.people.models import Person
from hutong.visit.stock import services as stock
from hutong.visit.stock.services import SoldOut

TIME_TO_PAY = timedelta(minutes=15)


class OrderNotPayable(Conflict):
    """The order is paid, ended, or its time is over; `state` says which."""

    code = "order_not_payable"
    message = _("The time to pay for this order is over. Nothing was charged; please order again.")


GONE = (
    SoldOut,
    NotForSale,
    PriceChanged,
    flash_sale.FlashSaleNotOpen,
    flash_sale.FlashSaleOver,
    *REFUSALS,
)
"""What may have come between the page and the click. The same click again finds its order all the same."""


@retrying
def place(
    *,
    person: Person,
    wants: Mapping[str, int],
    store_ref: str | None,
    shown_hash: str,
    client_key: str,
    remember_consent: bool,
    at: datetime,
    provider: str | None = None,
    from_balance: Money | None = None,
    coupons: Collection[str] | None = None,
    use_points: bool = False,
    ask: Ask = ALONE,
) -> PlacedOrder:
    """Order at the price that was shown, and hold what is scarce for `TIME_TO_PAY`; all of it or nothing.

    `shown_hash` is the hash of the quote on the page; another price raises `PriceChanged`. The same
    `client_key` again (a double click) gives the first order. `provider` is who takes the money, the usual one if
    left out. `from_balance` of the total is set aside from the person's gift cards; an order they cover in full is
    paid at once, and nobody is asked for money. `ask` opens a group or joins one; its place is held with the rest, and
    the time to pay ends with the group at the latest. Raises `BalanceChanged` when they hold less than that, or the total
    is less; and also what `price`, `choose`, the line of a flash sale and the holds raise.
    `coupons` and `use_points` are those of the page, as for `price`.
    """
    try:
        # Most of a rush comes when all is gone: it ends here, at little cost.
        stock.check_left(offer_refs=wants)
        lines = flash_sale.gate(wants=wants, at=at)
        cart = price(
            wants=wants,
            at=at,
            person=person,
            store_ref=store_ref,
            coupons=coupons,
            use_points=use_points,
            ask=ask,
        )
        require_shown_price(quote=cart.quote, shown_hash=shown_hash)
    except GONE:
        earlier = orders_read.placed_with_key(person_id=person.pk, client_key=client_key)
        if earlier and earlier[1] == shown_hash:
            return earlier[0]
        raise
    if store_ref and store_ref not in {store.ref for offer in cart.offers.values() for store in offer.stores}:
        raise NotFound
    expires_at, total = at + TIME_TO_PAY, cart.quote.total
    if cart.together:
        expires_at = min(expires_at, cart.together.deadline)
    stored = from_balance or Money(0, total.unit)
    if stored.unit != total.unit or not 0 <= stored.minor <= total.minor:
        raise giftcards.BalanceChanged
    if stored != total:
        provider = choose(wanted=provider, amount=total - stored)
    with transaction.atomic():
        placed = orders.place_order(
            person=person,
            merchant_ref=cart.merchant_ref,
            store_ref=store_ref,
            quote=cart.quote,
            expires_at=expires_at,
            client_key=client_key,
            remember_consent=remember_consent,
            stored=stored,
            at=at,
        )
        if placed.created:
            _take(cart, lines, placed.order_ref, person, expires_at, at)
            placed = _ask_for_money(placed, person, provider, at)
    return placed


def _take(
    cart: Cart,
    lines: list[SaleView],
    order_ref: str,
    person: Person,
    expires_at: datetime,
    at: datetime,
) -> None:
    """All that is scarce in an order, in the order in which everybody takes it: group, line, stock, discounts."""
    if cart.together:
        offer = cart.offers[cart.together.offer_ref]
        places.take(together=cart.together, offer=offer, order_ref=order_ref, person=person, at=at)
    flash_sale.through(lines, person=person, order_ref=order_ref, until=expires_at, at=at)
    _hold(cart, order_ref, person, expires_at, at)
    discounts.hold(
        order_ref=order_ref, person=person, merchant_ref=cart.merchant_ref, quote=cart.quote, at=at
    )


def _ask_for_money(placed: PlacedOrder, person: Person, provider: str | None, at: datetime) -> PlacedOrder:
    """A payment of what is left to pay; of an order that gift cards cover in full nothing is, and it is paid."""
    if placed.to_pay:
        assert provider, "somebody takes what is left to pay"
        payments.create_payment(order_ref=placed.order_ref, provider=provider, amount=placed.to_pay, at=at)
    if placed.stored:
        giftcards.hold(order_ref=placed.order_ref, person_id=person.pk, amount=placed.stored, at=at)
    if placed.to_pay:
        return placed
    payment_received.order_paid(orders.lock_order(order_ref=placed.order_ref), None, at)
    return replace(placed, state=OrderState.PAID)


def pay(
    *,
    order_ref: str,
    person: Person,
    return_url: str,
    language: str,
    at: datetime,
    provider: str | None = None,
    payer: Payer | None = None,
    code_url: str = "",
) -> str:
    """The address where the shopper pays for the order; safe to ask twice.

    Never inside a transaction: the provider is called. A payment that failed is followed by a new one while
    the order's time lasts, and one under way is called off where another `provider` is chosen now. `code_url` is
    our page that draws a code, where there is one to scan; `return_url` is the answer where it turns out that the
    money has come already. Raises `OrderUnknown` (also for somebody else's), `OrderNotPayable`,
    `ProviderNotOffered`, and what the provider raises when it is away.
    """
    order = orders_read.order_facts(order_ref)
    if order is None or order.person_id != person.pk:
        raise orders.OrderUnknown(order_ref=order_ref)
    if order.state is not OrderState.AWAITING_PAYMENT or order.expires_at <= at:
        raise OrderNotPayable(state=order.state.value)
    payment = payments_read.payment_for_order(order_ref)
    if payment and payment.state in UNDER_WAY and _otherwise(payment, provider, payer):
        provider = provider or payment.provider
        choose(wanted=provider, amount=payment.amount)
        # The shopper would rather pay another way.
        if payment_received.call_off(payment, at):
            return return_url
        payment = None
    if payment is None or payment.state in (PaymentState.FAILED, PaymentState.CLOSED):
        usual = provider or (payment.provider if payment and is_offered(payment) else None)
        payment = _new_payment(order_ref, usual, at)
    if payment.state is PaymentState.PENDING and payment.redirect_url:
        return (payment.here and code_url) or payment.redirect_url
    return payments.start(
        payment_ref=payment.ref,
        return_url=return_url,
        payee=settings.HUTONG_SITE_NAME,
        description=pick(order.lines[0].titles, language),
        language=language,
        expires_at=order.expires_at,
        payer=payer,
        code_url=code_url,
        at=at,
    )


def _otherwise(payment: PaymentView, provider: str | None, payer: Payer | None) -> bool:
    """Whether a payment under way cannot be the one that is wanted now: of another provider, or inside or outside of
    WeChat where the shopper is not any more."""
    if provider and provider != payment.provider:
        return True
    inside = bool(payer and payer.openid)
    return payment.state is PaymentState.PENDING and payment.here and payment.in_app != inside


def _new_payment(order_ref: str, provider: str | None, at: datetime) -> PaymentView:
    with transaction.atomic():
        order = orders.lock_order(order_ref=order_ref)
        if order.state is not OrderState.AWAITING_PAYMENT:
            raise OrderNotPayable(state=order.state.value)
        name = choose(wanted=provider, amount=order.to_pay)
        return payments.create_payment(order_ref=order_ref, provider=name, amount=order.to_pay, at=at)


def _hold(cart: Cart, order_ref: str, person: Person, expires_at: datetime, at: datetime) -> None:
    """Hold what is scarce. Stock counts units, as orders do; people count what they buy, also when it is sold out."""
    for kind, offers in _by_kind(cart).items():
        try:
            kind.hold(
                order_ref=order_ref,
                person_ref=person.public_id,
                offers={ref: _in_units(offer, cart.uses[ref]) for ref, offer in offers.items()},
                wants={ref: cart.wants[ref] * cart.uses[ref] for ref in offers},
                expires_at=expires_at,
                at=at,
            )
        except SoldOut as error:
            ref, left = error.details["offer_ref"], error.details["left"]
            raise SoldOut(offer_ref=ref, left=left // cart.uses[ref]) from error


def _in_units(offer: OfferView, uses: int) -> OfferView:
    limit = offer.per_person_limit
    return offer if uses == 1 or limit is None else replace(offer, per_person_limit=limit * uses)


def _by_kind(cart: Cart) -> dict["fulfil.Fulfilment", dict[str, OfferView]]:
    grouped: dict[fulfil.Fulfilment, dict[str, OfferView]] = {}
    for ref, offer in cart.offers.items():
        grouped.setdefault(fulfil.of(offer.kind), {})[ref] = offer
    return grouped
