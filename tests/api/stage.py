"""One of everything that somebody owns, and who owns it: what the tests of isolation try to reach."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hutong.flows import jobs, redeem, redeem_by_phone
from hutong.kernel import clock
from hutong.kernel.rows import rows
from hutong.know.customers import queries as customers
from hutong.pay.pricing.types import Issue, Lane
from hutong.town.catalog.models import Offer
from hutong.town.catalog.services import submit_offer
from hutong.town.merchants.models import Merchant, Staff
from hutong.town.merchants.types import Role
from hutong.town.people import queries as people_read
from hutong.town.people.models import Person
from hutong.visit.vouchers.types import VoucherView
from tests.api.caller import Caller, as_device, as_merchant, as_person
from tests.factories import catalog, giftcards, merchants, people, promotions, reviews
from tests.factories.loop import Scene, scene


@dataclass
class Stage:
    """A shop in which things happened, a shopper, an operator, and their callers."""

    shop: Scene
    owner_person: Person
    used: VoucherView
    unused: VoucherView
    unpaid_ref: str
    redemption_ref: str
    review_ref: str
    customer_ref: str
    key_ref: str
    card_ref: str
    coupon_code: str
    request_ref: str
    waiting_merchant: Merchant
    waiting_deal: Offer
    shopper: Caller
    owner: Caller
    device: Caller
    operator: Caller

    @property
    def secrets(self) -> list[str]:
        """What nobody else may read anywhere: ids, codes, phones of this stage."""
        return [
            self.used.order_ref,
            self.unpaid_ref,
            self.used.ref,
            self.unused.ref,
            self.unused.code,
            self.redemption_ref,
            self.customer_ref,
            self.key_ref,
            self.card_ref,
            self.request_ref,
            self.shop.device.public_id,
            self.shop.shopper.public_id,
            str(self.shop.shopper.phone),
            self.waiting_merchant.public_id,
            self.waiting_deal.public_id,
        ]


def merchant_of(shop: Scene) -> Merchant:
    """The shop's merchant."""
    assert shop.store.merchant is not None
    return shop.store.merchant


def owner_of(shop: Scene) -> Person:
    """The person who applied for the shop's merchant."""
    return Staff.objects.get(merchant=merchant_of(shop), role=Role.OWNER.value).person


def stage(at: datetime) -> Stage:
    """Sell two vouchers, redeem one, remember the customer, leave an order unpaid and two things undecided."""
    shop = scene(at=at)
    used, unused = shop.bought(quantity=2)
    redeemed = shop.scan(used.code)
    jobs.drain()
    owner = owner_of(shop)
    as_merchant(merchant_of(shop), owner, at)
    draft = catalog.offer(store=shop.store, live=False, at=at)
    submit_offer(offer_ref=draft.public_id, by=None, at=at)
    return Stage(
        shop=shop,
        owner_person=owner,
        used=used,
        unused=unused,
        unpaid_ref=shop.order().order_ref,
        redemption_ref=redeemed.redemption_ref,
        # Of another visit, that is not too long ago for a program to say something else.
        review_ref=reviews.review(store=shop.store, person=shop.shopper, at=clock.now()).public_id,
        customer_ref=customers.customer_list(merchant_of(shop).public_id, at=at).rows[0].ref,
        key_ref=people_read.tokens_of(merchant_of(shop).public_id, at)[0].ref,
        card_ref=giftcards.card(holder=shop.shopper, at=at).ref,
        coupon_code=promotions.promotion(
            lane=Lane.PLATFORM_COUPON, issue=Issue.CODE, code=promotions.code(), at=at
        ).code,
        # The owner asks, so that the device may ask, too.
        request_ref=redeem_by_phone.ask(
            phone=str(shop.shopper.phone),
            uses=1,
            bill=None,
            actor=redeem.actor_for(person=owner, store_ref=shop.store.public_id),
            nonce="question-of-the-stage",
            address="127.0.0.1",
            at=clock.now(),
        ).ref,
        waiting_merchant=merchants.merchant(approved=False, at=at),
        waiting_deal=draft,
        shopper=as_person(shop.shopper, at),
        owner=as_person(owner, at),
        device=as_device(shop.device, at),
        operator=as_person(people.operator(), at),
    )


def strangers(at: datetime) -> dict[str, Caller]:
    """People who have nothing to do with the stage, each with every scope their token may hold."""
    other = scene(at=at)
    other.scan(other.bought()[0].code)
    jobs.drain()
    owner = owner_of(other)
    return {
        "another person": as_person(people.person(), at),
        "another merchant's owner": as_person(owner, at),
        "another merchant's key": as_merchant(merchant_of(other), owner, at),
        "another merchant's device": as_device(other.device, at),
    }


# Bookkeeping of the door itself: budgets, keys, when a token was last used.
_DOOR = "('kernel_budget', 'kernel_idempotencykey', 'people_apitoken', 'django_session')"


def fingerprint() -> dict[str, str]:
    """A hash of every table but those of the door, to see that nothing changed."""
    tables = rows(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        f" AND tablename NOT LIKE 'procrastinate%%' AND tablename NOT IN {_DOOR} ORDER BY tablename",
        [],
    )
    hashes = " UNION ALL ".join(
        f"SELECT '{table['tablename']}' AS name, md5(coalesce(string_agg(t::text, '' ORDER BY t::text), ''))"
        f' AS hash FROM "{table["tablename"]}" t'
        for table in tables
    )
    return {entry["name"]: entry["hash"] for entry in rows(hashes)}
