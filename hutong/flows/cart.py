"""What somebody wants to buy, as it stands: the offers, how many, and every amount."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from hutong.flows import commission
from hutong.flows.groups.asking import ALONE, Ask, Together, together
from hutong.kernel.errors import Conflict, Invalid
from hutong.pay.pricing.rules import MAX_QUANTITY, price_cart
from hutong.pay.pricing.types import CartLine, Quote, SpecialPrice
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.types import OfferView
from hutong.visit.vouchers.queries import terms_of_all


class CartEmpty(Invalid):
    """Nothing was asked for, or a quantity nobody can buy."""

    code = "cart_invalid"
    message = _("Choose between 1 and %(most)s of something.")


class NotForSale(Conflict):
    """One of the things asked for cannot be bought now; `offer_refs` says which."""

    code = "not_for_sale"
    message = _("This deal is not on sale any more. Nothing was ordered.")


class OneMerchantAtATime(Invalid):
    """An order has one merchant."""

    code = "one_merchant_at_a_time"
    message = _("One order is for one shop. Please order from the other shop separately.")


@dataclass(frozen=True, slots=True)
class Cart:
    """A priced cart: the offers as they are now, how many uses each has, every amount, and what it would wait for."""

    offers: Mapping[str, OfferView]
    wants: Mapping[str, int]
    uses: Mapping[str, int]
    quote: Quote
    together: Together | None = None

    @property
    def merchant_ref(self) -> str:
        """The one merchant of the cart."""
        return next(iter(self.offers.values())).merchant_ref


def price(*, wants: Mapping[str, int], at: datetime, ask: Ask = ALONE) -> Cart:
    """Price `wants` (offer_ref -> quantity) as they stand at `at`, bought alone or as `ask` says. Reads only; four
    statements, five to join a group.

    Raises `CartEmpty`, `NotForSale`, `OneMerchantAtATime`, and what `flows.groups.asking.together` raises.
    """
    if not wants or not all(0 < quantity <= MAX_QUANTITY for quantity in wants.values()):
        raise CartEmpty(most=MAX_QUANTITY)
    offers = catalog.sellable(wants, at)
    missing = sorted(set(wants) - set(offers))
    if missing:
        raise NotForSale(offer_refs=missing)
    if len({offer.merchant_ref for offer in offers.values()}) > 1:
        raise OneMerchantAtATime
    uses = {ref: terms.uses for ref, terms in terms_of_all(wants).items()}
    most = MAX_QUANTITY // max(uses.values())
    if any(quantity * uses[ref] > MAX_QUANTITY for ref, quantity in wants.items()):
        raise CartEmpty(most=most)
    joint = together(offers=offers, ask=ask, at=at)
    special = (SpecialPrice(joint.price, in_group=True),) if joint and joint.price else ()
    lines = [
        CartLine(
            offer_ref=ref,
            titles=offers[ref].titles,
            quantity=quantity,
            list_price=offers[ref].list_price,
            price=offers[ref].price,
            merchant_ref=offers[ref].merchant_ref,
            uses=uses[ref],
            special_prices=special,
            group=joint.name if joint else "",
        )
        for ref, quantity in wants.items()
    ]
    quote = price_cart(lines, charge=commission.charging(wants, at=at))
    return Cart(offers=offers, wants=dict(wants), uses=uses, quote=quote, together=joint)
