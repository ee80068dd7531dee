"""Orders at a quote that the test makes: with prices by quantity and discounts, whatever the catalogue knows of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count

from django.db import transaction

from hutong.flows import cart, checkout
from hutong.kernel.money import Money
from hutong.pay.orders import services as orders
from hutong.pay.orders.types import PlacedOrder
from hutong.pay.pricing.rules import flat_rate, price_cart
from hutong.pay.pricing.types import CartLine, Promotion, Quote, SpecialPrice
from hutong.town.catalog import queries as catalog
from tests.factories import pricing
from tests.factories.loop import Scene

_clicks = count(1)


def bulk(
    shop: Scene,
    *,
    quantity: int = 3,
    steps: Mapping[int, int] | None = None,
    price: int = 1000,
    list_price: int = 1200,
    uses: int = 1,
    offer_ref: str = "",
) -> CartLine:
    """Pieces at 10.00, from three on at 8.00, which binds; amounts in cents."""
    return CartLine(
        offer_ref=offer_ref or shop.offer.public_id,
        titles={"en": "Coffee and cake"},
        quantity=quantity,
        list_price=Money(list_price, "EUR"),
        price=Money(price, "EUR"),
        merchant_ref=shop.merchant.public_id,
        uses=uses,
        special_prices=tuple(
            SpecialPrice(Money(minor, "EUR"), from_quantity)
            for from_quantity, minor in ({3: 800} if steps is None else steps).items()
        ),
        binding_steps=True,
    )


def quoted(lines: Sequence[CartLine], promotions: Sequence[Promotion] = ()) -> Quote:
    """The quote of the lines, at 10 % commission."""
    return price_cart(lines, charge=flat_rate(100_000), context=pricing.context(), promotions=promotions)


def placed(shop: Scene, quote: Quote, *, at: datetime, stored: int = 0) -> PlacedOrder:
    """The order of `quote`, in the way of `checkout.place`; of its total gift cards bear `stored` cents."""
    wants = {line.offer_ref: line.quantity // line.uses for line in quote.lines}
    basket = cart.Cart(
        offers=catalog.sellable(wants, at),
        wants=wants,
        uses={line.offer_ref: line.uses for line in quote.lines},
        quote=quote,
    )
    with transaction.atomic():
        made = orders.place_order(
            person=shop.shopper,
            merchant_ref=shop.merchant.public_id,
            store_ref=None,
            quote=quote,
            expires_at=at + checkout.TIME_TO_PAY,
            client_key=f"quoted-{next(_clicks)}",
            stored=Money(stored, quote.unit),
            at=at,
        )
        checkout._hold(basket, made.order_ref, shop.shopper, at + checkout.TIME_TO_PAY, at)
        return checkout._ask_for_money(made, shop.shopper, "sandbox", at)


def bought(shop: Scene, quote: Quote, *, at: datetime, stored: int = 0) -> str:
    """The same, paid; the order's public id."""
    made = placed(shop, quote, at=at, stored=stored)
    if made.to_pay:
        assert shop.money_arrives(made, at=at) == "paid"
    return made.order_ref
