"""A shop with everything in it, and everybody who may knock at its pages: what the tests of isolation walk over.

A new kind of thing in an address needs a line in `World.refs`; the tests name the missing one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.test import Client

from hutong.attract.reviews.types import Content, Origin
from hutong.attract.saved import services as saved
from hutong.flows import jobs, redeem, redeem_by_phone, write_review
from hutong.flows.offers import drafting
from hutong.kernel import clock
from hutong.know.customers import queries as customers
from hutong.pay.pricing.types import Issue, Lane
from hutong.pay.settlement import queries as settlement
from hutong.town.merchants import services
from hutong.town.merchants.models import Staff
from hutong.town.merchants.types import Role
from hutong.town.people.models import Person
from tests.factories import (
    channels,
    giftcards,
    groups,
    joining,
    merchants,
    payments,
    people,
    pictures,
    promotions,
)
from tests.factories import settlement as payouts
from tests.factories.placements import placement
from tests.web.visitors import Shop, shop, visitor

SHOPPER_NAME = "Victoria Verysecret"
STAFF_NAME = "Kasimir Keepsecret"
LIST_NAME = "Verysecret list"
CHANNEL_CODE = "SECRET12345"
PROMOTION_NAME = "Verysecret promotion"


@dataclass
class World:
    """The shop whose things others must not see, and people by what they are to it."""

    shop: Shop
    refs: dict[str, str]
    people: dict[str, Person]
    secrets: tuple[str, ...]

    def browser(self, who: str) -> Client:
        """A browser of somebody; "nobody" is not signed in."""
        return visitor(None if who == "nobody" else self.people[who])


def world() -> World:
    """A shop with a bought and a used voucher, a customer, a device, a second store, and its staff."""
    made = shop()
    at = clock.now()
    scene = made.scene
    Person.objects.filter(pk=scene.shopper.pk).update(name=SHOPPER_NAME)
    Person.objects.filter(pk=made.cashier.pk).update(name=STAFF_NAME)
    used, unused = scene.bought(quantity=2)
    redeemed = scene.scan(used.code)
    jobs.drain()
    (customer,) = customers.customer_list(scene.merchant.public_id, at=at).rows
    order_ref = redeemed.order_ref
    second = merchants.store(merchant=scene.merchant, name="Second", at=at)
    stranger_shop = shop()
    by_role = {
        role: people.person(name=f"{role.value} of the shop")
        for role in (Role.MANAGER, Role.COURIER, Role.ACCOUNTANT)
    }
    for role, person in by_role.items():
        merchants.staff(merchant=scene.merchant, person=person, role=role)
    elsewhere = people.person(name="Manager elsewhere")
    merchants.staff(merchant=scene.merchant, person=elsewhere, role=Role.MANAGER, store=second)
    sketch = drafting.start(
        merchant_ref=scene.merchant.public_id, store_ref=scene.store.public_id, by=made.owner, at=at
    )
    invitation_ref, _key = joining.invitation(scene.merchant, made.owner, at=at, store=scene.store)
    picture = pictures.picture(
        owner_ref=scene.store.public_id, merchant_ref=scene.merchant.public_id, by=made.owner, at=at
    )
    review_ref = write_review.write(
        order_ref=order_ref,
        store_ref=scene.store.public_id,
        content=Content(stars=5, display_name="V."),
        photos=[],
        origin=Origin(),
        by=scene.shopper,
        at=clock.now(),
    ).review_ref
    (disputed,) = scene.bought()
    disputes = payments.dispute_of(disputed.order_ref, by=people.operator(), at=at)
    payouts.account(scene.merchant.public_id, at=at)
    batch = payouts.sent(at=clock.now(), site=replace(payouts.SITE, holdback_days=0))
    refs = {
        "offer_ref": scene.offer.public_id,
        "store_ref": scene.store.public_id,
        "merchant_ref": scene.merchant.public_id,
        "order_ref": order_ref,
        "voucher_ref": unused.ref,
        "redemption_ref": redeemed.redemption_ref,
        "customer_ref": customer.ref,
        "scan_ref": "ofs_none",
        "device_ref": scene.device.public_id,
        "token": "not-the-key-of-any-of-these",
        "invitation_ref": invitation_ref,
        "claim_ref": joining.start(joining.listing(), made.owner, at=at),
        "pairing_ref": services.open_pairing(store_ref=scene.store.public_id, by=made.owner, at=at),
        "staff_id": str(Staff.objects.get(person=made.cashier).pk),
        "review_ref": review_ref,
        "refund_ref": "rfd_none",
        "correction_ref": "cor_none",
        "answer": "agree",
        "difference_ref": payments.difference(at=at),
        "dispute_ref": disputes[0],
        "evidence_ref": disputes[1],
        "promotion_ref": promotions.promotion(
            lane=Lane.SHOP_COUPON,
            issue=Issue.SEGMENT,
            merchant_ref=scene.merchant.public_id,
            titles={"en": PROMOTION_NAME},
            by=made.owner,
            at=at,
        ).ref,
        "group_ref": groups.opened_by(scene, at=at),
        "card_ref": giftcards.card(holder=scene.shopper, at=at).ref,
        "batch_ref": batch.ref,
        "payout_ref": settlement.payouts_of_batch(batch.ref)[0].ref,
        "month": clock.now().strftime("%Y-%m"),
        "ending": "csv",
        "ref": scene.merchant.public_id,
        "sketch_ref": sketch.ref,
        "step": "what",
        "slug": scene.store.category.slug,
        "name": "none.pmtiles",
        "folder": "ab",
        "owner_ref": scene.store.public_id,
        "picture_ref": picture.ref,
        "entry_ref": "aud_none",
        "region_ref": scene.store.region.public_id,
        "feature": "sign_up",
        "announcement_ref": "ann_none",
        "address_ref": "adr_none",
        "sign_in_ref": "sgn_none",
        "token_ref": "tok_none",
        "rule_ref": "cru_none",
        "kind": "unredeemed",
        "owner": scene.merchant.public_id,
        "unit": "EUR",
        "bank_in_ref": "bki_none",
        "placement_ref": placement(scene.store, region=scene.store.region, at=at),
        "saved_ref": saved.save(person=scene.shopper, ref=scene.store.public_id, at=at),
        "list_ref": saved.make_list(person=scene.shopper, name=LIST_NAME, at=at),
        "share_key": "shl_none",
        "gift_token": "0" * 40,
        "number": "0",
        "z": "15",
        "x": "18652",
        "y": "9484",
        "none_ref": "nob_none",
        "brand_ref": "brd_none",
        "words_ref": "wrd_none",
        "import_ref": channels.brought(scene, CHANNEL_CODE, by=made.owner, at=at).import_ref,
        "gift_ref": "bgf_none",
        "request_ref": redeem_by_phone.ask(
            phone=str(scene.shopper.phone),
            uses=1,
            bill=None,
            actor=redeem.actor_for(device_ref=scene.device.public_id),
            nonce="question-of-the-world",
            address="127.0.0.1",
            at=clock.now(),
        ).ref,
    }
    return World(
        shop=made,
        refs=refs,
        people={
            "shopper": people.person(name="Somebody else"),
            "stranger": stranger_shop.owner,
            "owner": made.owner,
            "cashier": made.cashier,
            "manager": by_role[Role.MANAGER],
            "courier": by_role[Role.COURIER],
            "accountant": by_role[Role.ACCOUNTANT],
            "elsewhere": elsewhere,
            "operator": people.operator(),
        },
        secrets=(
            SHOPPER_NAME,
            STAFF_NAME,
            scene.shopper.phone or "",
            (scene.shopper.phone or "")[-7:],
            used.code,
            unused.code,
            unused.ref,
            order_ref,
            customer.ref,
            LIST_NAME,
            PROMOTION_NAME,
        ),
    )
