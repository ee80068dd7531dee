"""What may lower the price of a cart, and what follows for it when the order is paid, ends, or is given back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from hutong.flows import points
from hutong.flows.groups import places
from hutong.kernel import audit
from hutong.kernel.locking import retrying
from hutong.kernel.money import Money
from hutong.know.customers import queries as customers
from hutong.know.customers.types import Segment
from hutong.pay.groups import queries as groups
from hutong.pay.orders import queries as orders_read
from hutong.pay.orders import services as orders
from hutong.pay.orders.rules import LIVE_STATES
from hutong.pay.orders.types import OrderFacts, OrderState, SoldUnit
from hutong.pay.pricing import queries as pricing
from hutong.pay.pricing import services as pricing_services
from hutong.pay.pricing.types import Context, Coupon, Issue, Promotion, Quote
from hutong.town.catalog.types import OfferView
from hutong.town.merchants.queries import category_settings
from hutong.town.people.models import Person
from hutong.town.regions import queries as regions


@dataclass(frozen=True, slots=True)
class Lowering:
    """What may lower a cart's price, and when, where and for whom: the arguments of `price_cart`.

    `categories` are those of each offer with the groups they belong to; `left` is what budgets have left, by promotion.
    """

    promotions: tuple[Promotion, ...]
    coupons: tuple[Coupon, ...]
    left: Mapping[str, Money]
    context: Context
    categories: Mapping[str, frozenset[str]]


def lowering(
    offers: Mapping[str, OfferView], *, person: Person | None, store_ref: str | None, at: datetime
) -> Lowering:
    """What the shop of these offers and the platform offer this person at `at`.

    One statement where nothing is offered, and what the offered ones ask: three for first purchases, one each for
    segments, regions and categories. Without a chosen store a promotion for a region holds where the offer holds in a
    store there.
    """
    first = next(iter(offers.values()))
    found = pricing.offered(
        merchant_ref=first.merchant_ref,
        person_id=person.pk if person else None,
        unit=first.price.unit,
        at=at,
    )
    rules = [*found.promotions, *(coupon.promotion for coupon in found.coupons)]
    here = anywhere = False
    if person and any(rule.limits.first for rule in rules):
        here, anywhere = _not_first(person, first.merchant_ref)
    stores = [
        store
        for offer in offers.values()
        for store in offer.stores
        if store_ref is None or store.ref == store_ref
    ]
    named = {store.ref for store in stores}
    region_refs: frozenset[str] = frozenset()
    if any(rule.limits.region_refs for rule in rules):
        region_refs = _regions({store.region_id for store in stores})
    segments: frozenset[str] = frozenset()
    if person and any(rule.limits.segments for rule in rules):
        segments = _segments(first.merchant_ref, person, at)
    wants_categories = any(rule.reach.categories for rule in rules)
    return Lowering(
        promotions=found.promotions,
        coupons=found.coupons,
        left=found.left,
        context=Context(
            at=at,
            zone=first.stores[0].zone,
            region_refs=region_refs,
            store_ref=store_ref or (next(iter(named)) if len(named) == 1 else ""),
            segments=segments,
            first_at_shop=person is not None and not here,
            first_on_platform=person is not None and not anywhere,
        ),
        categories=_categories(offers) if wants_categories else {},
    )


def _not_first(person: Person, merchant_ref: str) -> tuple[bool, bool]:
    """Whether a new order would not be this person's first one in the shop, and of all: one was paid, or one that waits
    for its money has what is for the first. Three statements."""
    bought = _bought_before(person, merchant_ref)
    taken = pricing.first_taken(person.pk, merchant_ref)
    return bought[0] or taken[0], bought[1] or taken[1]


def _bought_before(person: Person, merchant_ref: str) -> tuple[bool, bool]:
    """As `orders.bought_before`; in a group that failed nobody bought anything. Two statements."""
    return orders_read.bought_before(person.pk, merchant_ref, but=groups.failed_of(person.pk))


def _regions(region_ids: set[int]) -> frozenset[str]:
    found = [region for each in region_ids if (region := regions.region_by_id(each))]
    upper = [region.ref for chain in regions.above(found).values() for region in chain]
    return frozenset([*(region.ref for region in found), *upper])


def _segments(merchant_ref: str, person: Person, at: datetime) -> frozenset[str]:
    segment = customers.segment_of(merchant_ref, person.pk, at=at)
    return frozenset({segment.value}) if segment else frozenset()


def _categories(offers: Mapping[str, OfferView]) -> dict[str, frozenset[str]]:
    group_of = {each.slug: group.slug for group, members in category_settings() for each in members}
    found = {}
    for ref, offer in offers.items():
        own = {store.category_slug for store in offer.stores if store.category_slug}
        found[ref] = frozenset(own | {group_of[slug] for slug in own if slug in group_of})
    return found


def hold(*, order_ref: str, person: Person, merchant_ref: str, quote: Quote, at: datetime) -> None:
    """Set aside what the discounts of a new order of this shop take: budgets, coupons, points. All of it or nothing, in its
    transaction, after stock and before gift cards. Raises `DiscountGone`, `PointsChanged`.
    """
    pricing_services.hold(
        order_ref=order_ref,
        person_id=person.pk,
        merchant_ref=merchant_ref,
        discounts=quote.discounts,
        order_total=quote.total,
        at=at,
    )
    for each in quote.discounts:
        if each.points:
            points.hold(order_ref=order_ref, person=person, points=each.points, at=at)


def settle(order: OrderFacts, units: Sequence[SoldUnit], at: datetime) -> None:
    """The order is paid: its discounts are used, its points spent. In its transaction."""
    if order.discounted:
        pricing_services.settle(order_ref=order.order_ref, at=at)
        points.spend(order_ref=order.order_ref, units=units, at=at)


def release(order: OrderFacts, at: datetime) -> None:
    """The order ended unpaid: what its discounts held is free again. In its transaction."""
    if order.discounted:
        pricing_services.release(order_ref=order.order_ref)
        points.release(order_ref=order.order_ref, at=at)


def retake(order: OrderFacts, at: datetime) -> None:
    """Money came late: hold the discounts again. Raises `DiscountGone`, `PointsChanged`."""
    if order.discounted:
        pricing_services.retake(order_ref=order.order_ref, merchant_ref=order.merchant_ref, at=at)
        points.retake(order_ref=order.order_ref, at=at)


def give_back(order: OrderFacts, units: Sequence[SoldUnit], refunded: Money, at: datetime) -> None:
    """Units were marked as refunded: their points return, and with the last of the order its coupons come back, and
    those it earned go.

    In its transaction, before gift cards and money.
    """
    whole = take_back_earned(order, at)
    if not order.discounted:
        return
    points.give_back(order_ref=order.order_ref, units=units, at=at)
    pricing_services.give_back(
        order_ref=order.order_ref,
        parts=orders_read.discounts_of(order.order_ref, [unit.unit_ref for unit in units]),
        refunded=refunded,
        whole=whole,
        at=at,
    )


def take_back_earned(order: OrderFacts, at: datetime) -> bool:
    """Withdraw the coupons that an order earned if it went back whole, which is the answer. In its transaction."""
    now = orders_read.order_facts(order.order_ref)
    assert now is not None, "it is locked"
    if now.state is not OrderState.REFUNDED:
        return False
    pricing_services.withdraw(source_ref=order.order_ref, at=at)
    return True


@retrying
def give_for_order(*, order_ref: str, at: datetime) -> int:
    """Give the coupons that a paid order earns for the next one, once; how many.

    None while the order waits for its group, or when it went back: the order is locked, so that no refund passes by.
    """
    with transaction.atomic():
        order = orders.lock_order(order_ref=order_ref)
        return _give_for(order, at) if order.state in LIVE_STATES and not places.waits(order) else 0


def _give_for(order: OrderFacts, at: datetime) -> int:
    given = 0
    for promotion in pricing.given_for(Issue.PURCHASE, at=at, merchant_ref=order.merchant_ref):
        least = promotion.issue_minimum
        if least is None or (least.unit == order.total.unit and least <= order.total):
            given += pricing_services.give(
                promotion=promotion,
                person_ids=[order.person_id],
                source=Issue.PURCHASE,
                source_ref=order.order_ref,
                at=at,
            )
    return given


def give_welcome(*, person: Person, at: datetime) -> int:
    """Give the platform's coupons for new people, who never paid anything here; how many."""
    promotions = pricing.given_for(Issue.WELCOME, at=at)
    if not promotions or _bought_before(person, "")[1]:
        return 0
    return sum(
        pricing_services.give(promotion=promotion, person_ids=[person.pk], source=Issue.WELCOME, at=at)
        for promotion in promotions
    )


def give_segment(*, promotion_ref: str, segment: Segment, by: Person, at: datetime) -> int:
    """Give a shop's coupon to all its customers of a segment who let it remember them; how many got one now.

    Again: those who have come to it since. Raises `PromotionUnknown` for what is not given so.
    """
    promotion = pricing.promotion_by_ref(promotion_ref)
    if promotion is None or promotion.issue is not Issue.SEGMENT:
        raise pricing_services.PromotionUnknown
    people = customers.people_in(promotion.merchant_ref, segment, at=at)
    given = pricing_services.give(promotion=promotion, person_ids=people, source=Issue.SEGMENT, at=at)
    audit.record(
        action="promotion.given",
        subject=promotion_ref,
        by=by.public_id,
        at=at,
        after={"segment": segment.value, "coupons": given},
        merchant=promotion.merchant_ref,
    )
    return given
