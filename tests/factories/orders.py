"""Carts, quotes and orders for tests; orders go through the services, as on the site."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from hutong.kernel.ids import new_id
from hutong.kernel.money import Money
from hutong.pay.orders import services
from hutong.pay.orders.types import PlacedOrder, SoldUnit
from hutong.pay.pricing.rules import flat_rate, price_cart
from hutong.pay.pricing.types import AmountOff, CartLine, Context, Funder, Lane, Promotion, Quote
from hutong.town.merchants.models import Merchant, Store
from hutong.town.people.models import Person
from tests.factories import merchants, people

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)
_clicks = count(1)


def cart_line(
    *,
    merchant_ref: str = "mer_a",
    quantity: int = 1,
    price: int = 1990,
    list_price: int = 2990,
    offer_ref: str = "",
    unit: str = "EUR",
    tax_rate_ppm: int = 0,
) -> CartLine:
    """One line of a cart; amounts in minor units."""
    return CartLine(
        offer_ref=offer_ref or new_id("off"),
        titles={"en": "Lunch for two", "zh-Hans": "双人午餐"},
        quantity=quantity,
        list_price=Money(list_price, unit),
        price=Money(price, unit),
        merchant_ref=merchant_ref,
        tax_rate_ppm=tax_rate_ppm,
    )


def quote(*lines: CartLine, commission_rate_ppm: int = 100_000) -> Quote:
    """The quote of a cart, at 10 % commission unless told otherwise."""
    return price_cart(lines or [cart_line()], charge=flat_rate(commission_rate_ppm))


def promoted(line: CartLine, part: Money) -> Quote:
    """The quote of a line of which the platform pays a part, at 10 % commission."""
    promotion = Promotion(
        ref="prm_town",
        titles={"en": "A gift of the town"},
        lane=Lane.PLATFORM_PROMOTION,
        funder=Funder.PLATFORM,
        effect=AmountOff(part),
        starts_at=NOON - timedelta(days=1),
    )
    return price_cart(
        [line], charge=flat_rate(100_000), context=Context(NOON, "Europe/Helsinki"), promotions=[promotion]
    )


def placed(
    *,
    person: Person | None = None,
    merchant: Merchant | None = None,
    store: Store | None = None,
    quantity: int = 1,
    price: int = 1990,
    client_key: str = "",
    remember_consent: bool = False,
    at: datetime = NOON,
) -> PlacedOrder:
    """An order of one line that awaits payment for 15 minutes."""
    seller = merchant or (store.merchant if store else None) or merchants.merchant()
    return services.place_order(
        person=person or people.person(name="Sanna Shopper"),
        merchant_ref=seller.public_id,
        store_ref=store.public_id if store else None,
        quote=quote(cart_line(merchant_ref=seller.public_id, quantity=quantity, price=price)),
        expires_at=at + timedelta(minutes=15),
        client_key=client_key or f"click-{next(_clicks)}",
        remember_consent=remember_consent,
        at=at,
    )


def paid(
    *,
    person: Person | None = None,
    merchant: Merchant | None = None,
    store: Store | None = None,
    quantity: int = 1,
    price: int = 1990,
    at: datetime = NOON,
) -> tuple[SoldUnit, ...]:
    """The units of an order that was placed and paid at once; no money is booked."""
    order = placed(person=person, merchant=merchant, store=store, quantity=quantity, price=price, at=at)
    return services.mark_paid(order_ref=order.order_ref, by="payments", at=at)
