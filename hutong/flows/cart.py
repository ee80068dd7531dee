"""What somebody wants to buy, as it stands: the offers, how many, and every amount."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from hutong.flows import commission, discounts, points, special_prices
from hutong.flows.groups.asking import ALONE, Ask, Together, together
from hutong.kernel.errors import Conflict, Invalid
from hutong.pay.pricing.rules import MAX_QUANTITY, price_cart
from hutong.pay.pricing.types import CartLine, Points, Quote, SpecialPrice
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.types import OfferView
from hutong.town.people.models import Person
from hutong.visit.vouchers.queries import terms_of_all
from hutong.visit.vouchers.rules.terms import ever_usable


class CartEmpty(Invalid):
    """Nothing was asked for, or a quantity nobody can buy."""

    code = "cart_invalid"
    message = _("Choose between 1 and %(most)s of something.")


class NotForSale(Conflict):
    """One of the things asked for cannot be bought now; `offer_refs` says which."""

    code = "not_for_sale"
    message = _("This deal is not on sale any more. Nothing was ordered.")


class NeverUsable(NotForSale):
    """A voucher that is sold now could never be used: it ends before any of its days and hours comes."""

    code = "never_usable"
    message = _(
        "If it were bought now, no day on which it can be used would come before it ends. Nothing was ordered."
    )


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


def price(
    *,
    wants: Mapping[str, int],
    at: datetime,
    person: Person | None = None,
    store_ref: str | None = None,
    coupons: Collection[str] | None = None,
    use_points: bool = False,
    ask: Ask = ALONE,
) -> Cart:
    """Price `wants` (offer_ref -> quantity) as they stand at `at`, with the best of what lowers the price for `person`,
    bought alone or as `ask` says.

    `coupons` are the ones to use, by ref; None lets the best of those the person has be used, and none at all uses
    none. Those that are not there for them count for nothing. With `use_points` as many of their points are spent as
    the programme lets. Reads only; five statements where no promotion asks for more, six to join a group. Raises
    `CartEmpty`, `NotForSale`, `NeverUsable`, `OneMerchantAtATime`, and what `flows.groups.asking.together` raises.
    """
    if not wants or not all(0 < quantity <= MAX_QUANTITY for quantity in wants.values()):
        raise CartEmpty(most=MAX_QUANTITY)
    offers = catalog.sellable(wants, at)
    missing = sorted(set(wants) - set(offers))
    if missing:
        raise NotForSale(offer_refs=missing)
    if len({offer.merchant_ref for offer in offers.values()}) > 1:
        raise OneMerchantAtATime
    terms = terms_of_all(wants)
    useless = [ref for ref in wants if not ever_usable(terms[ref], zone=offers[ref].stores[0].zone, at=at)]
    if useless:
        raise NeverUsable(offer_refs=sorted(useless))
    uses = {ref: promised.uses for ref, promised in terms.items()}
    most = MAX_QUANTITY // max(uses.values())
    if any(quantity * uses[ref] > MAX_QUANTITY for ref, quantity in wants.items()):
        raise CartEmpty(most=most)
    lower = discounts.lowering(offers, person=person, store_ref=store_ref, at=at)
    joint = together(offers=offers, ask=ask, at=at)
    in_group = (SpecialPrice(joint.price, in_group=True),) if joint and joint.price else ()
    lines = [
        CartLine(
            offer_ref=ref,
            titles=offers[ref].titles,
            quantity=quantity,
            list_price=offers[ref].list_price,
            price=offers[ref].price,
            merchant_ref=offers[ref].merchant_ref,
            uses=uses[ref],
            special_prices=(*special_prices.of_offer(offers[ref]), *in_group),
            binding_steps=offers[ref].steps_bind,
            group=joint.name if joint else "",
            categories=lower.categories.get(ref, frozenset()),
        )
        for ref, quantity in wants.items()
    ]
    currency = lines[0].price.unit
    spend = points.at_checkout(person=person, currency=currency, at=at) if person and use_points else None
    quote = _best(lines, lower, None if coupons is None else frozenset(coupons), spend, wants, at)
    return Cart(offers=offers, wants=dict(wants), uses=uses, quote=quote, together=joint)


def _best(
    lines: Sequence[CartLine],
    lower: discounts.Lowering,
    wanted: frozenset[str] | None,
    spend: Points | None,
    wants: Mapping[str, int],
    at: datetime,
) -> Quote:
    """The best price whose discounts fit into what budgets have left: one that would take more is left out."""
    charge = commission.charging(wants, at=at)
    spent: set[str] = set()
    while True:
        held = [coupon for coupon in lower.coupons if coupon.promotion.ref not in spent]
        quote = price_cart(
            lines,
            charge=charge,
            context=lower.context,
            promotions=[each for each in lower.promotions if each.ref not in spent],
            coupons=held,
            wanted=None if wanted is None else wanted & {coupon.ref for coupon in held},
            points=spend,
        )
        over = {
            each.promotion_ref
            for each in quote.discounts
            if each.promotion_ref in lower.left and each.amount > lower.left[each.promotion_ref]
        }
        if not over:
            return quote
        spent |= over
