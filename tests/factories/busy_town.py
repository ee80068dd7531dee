"""The demo city after some busy weeks: sales with a past, money that went back, a full queue, words of the operator.

For the operator's pages in a browser, and for `make pictures`: pages look different when something stands on them.
Everything is made by the flows, at the moments it would have happened; only a provider's answers are told here.
"""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from hutong.flows import checkout, count_step, expire_orders, publish, site_pages
from hutong.flows import pictures as picture_flow
from hutong.flows import refund as refund_flow
from hutong.flows.offers import contents as offer_contents
from hutong.flows.site_pages import SitePage
from hutong.know.insight import services as insight
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState, UnitState
from hutong.pay.payments.types import RefundReport, RefundView, ReportStatus
from hutong.town.catalog.models import Offer
from hutong.town.catalog.queries import offer_by_ref
from hutong.town.contents import services as contents
from hutong.town.contents.types import Audience
from hutong.town.merchants import services as merchants
from hutong.town.merchants.models import Category, Device, Merchant, Staff, Store
from hutong.town.merchants.types import NewShop, Role
from hutong.town.people.models import Person
from hutong.town.regions import services as regions
from hutong.town.regions.models import Region
from hutong.town.regions.types import Feature
from hutong.visit.vouchers.queries import vouchers_of_order
from tests.factories import pictures
from tests.factories.loop import Scene

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"
NAMES = (
    "Aino Lahti",
    "陈伟",
    "Mikko Niemi",
    "Sara Holm",
    "李娜",
    "Ville Koski",
    "Emma Berg",
    "王芳",
    "Noora Salo",
)
# On a Saturday three times as many come as on a Monday.
WEEK = (2, 2, 3, 3, 5, 6, 4)


def person(number: int, name: str) -> Person:
    """The same person whenever asked for."""
    phone = f"+3584000050{number:02d}"
    return Person.objects.filter(phone=phone).first() or Person.objects.create_user(phone, name=name)


def trade(*, at: datetime, days: int = 28, share: float = 1.0, deals: int = 18, seed: int = 3) -> list[str]:
    """Sales of the `days` before `at`, the weekends busier; the refs of the orders, the oldest first.

    Of what was sold about three quarters were enjoyed within some days, one in twelve was given back, and a few
    were never paid; the last two orders, of two units each, are still unused at any hour of any day. `share` scales
    how many there are.
    """
    dice = random.Random(seed)
    shoppers = [person(number, name) for number, name in enumerate(NAMES)]
    scenes = _scenes(at - timedelta(days=days), deals, shoppers[0], dice)
    placed = []
    moments = _moments(at, days, share, dice)
    for moment in moments:
        # the first deals sell best
        scene = scenes[min(dice.randrange(len(scenes)), dice.randrange(len(scenes)))]
        scene = replace(scene, at=moment, shopper=dice.choice(shoppers))
        placed.append(_sale(scene, dice, at, kept=moment in moments[-2:]))
    insight.flush()
    return placed


def _moments(at: datetime, days: int, share: float, dice: random.Random) -> list[datetime]:
    """When somebody buys, in their order: by day, from the morning on."""
    found = []
    for day in range(days, -1, -1):
        morning = (at - timedelta(days=day)).replace(hour=7, minute=0)
        found += [
            morning + timedelta(minutes=dice.randrange(14 * 60))
            for _each in range(max(1, round(WEEK[morning.weekday()] * share)))
        ]
    return sorted(moment for moment in found if moment < at - timedelta(minutes=40))


def _scenes(since: datetime, most: int, shopper: Person, dice: random.Random) -> list[Scene]:
    """Deals of different shops that can be scanned, the demo owner's first; they are made to be on sale since then."""
    found: dict[int, Scene] = {}
    offers = Offer.objects.filter(state="live", per_person_limit=None).order_by("pk")
    for offer in offers.prefetch_related("places__store__merchant"):
        store = offer.places.all()[0].store
        device = Device.objects.filter(store=store, revoked_at=None).first()
        if device and store.merchant_id not in found:
            found[store.merchant_id or 0] = Scene(since, store, offer, device, shopper)
    first, *others = found.values()
    chosen = [first, *dice.sample(others, min(most - 1, len(others)))]
    Offer.objects.filter(pk__in=[scene.offer.pk for scene in chosen], starts_at__gt=since).update(
        starts_at=since - timedelta(days=1)
    )
    return chosen


def _sale(scene: Scene, dice: random.Random, now: datetime, *, kept: bool) -> str:
    """One order with what came of it; one that is `kept` has two units, paid and not used yet."""
    deal = offer_by_ref(scene.offer.public_id)
    assert deal is not None
    for _look in range(dice.randint(2, 9)):
        count_step.seen(offer=deal, agent=BROWSER, at=scene.at)
    for _look in range(dice.randint(1, 2)):
        count_step.checkout_opened(offer=deal, agent=BROWSER, at=scene.at)
    quantity, fate = (2, 1.0) if kept else (dice.choice((1, 1, 1, 2, 2, 3)), dice.random())
    # A worker that runs beside this would end what was ordered weeks ago and is not paid, or not used.
    with transaction.atomic():
        placed = scene.order(quantity=quantity, client_key=f"busy-{scene.at.isoformat()}", consent=fate > 0.2)
        assert fate < 0.05 or scene.money_arrives(placed) == "paid"
        later = scene.at + timedelta(hours=dice.randint(1, 70)) if fate >= 0.05 else now
        if 0.05 <= fate < 0.13 and later < now:
            give_back(placed.order_ref, units=1, by=scene.shopper, at=later)
        elif 0.13 <= fate < 0.85 and later < now:
            _enjoy(scene, placed.order_ref, at=later)
    if fate < 0.05:
        expire_orders.expire(order_ref=placed.order_ref, at=scene.at + checkout.TIME_TO_PAY)
    return placed.order_ref


def _enjoy(scene: Scene, order_ref: str, *, at: datetime) -> None:
    for number, voucher in enumerate(vouchers_of_order(order_ref, at=at)):
        scene.scan(voucher.code, nonce=f"{order_ref}-{number}", at=at)


def give_back(order_ref: str, *, units: int, by: Person, at: datetime, failed: bool = False) -> RefundView:
    """A refund of so many units that were not used, and what the provider answered to it."""
    # the provider is not asked: it would answer with the time of today
    asked = refund_flow._request(
        order_ref, unused(order_ref)[:units], "Changed plans", by, by.is_operator, at
    )
    status = ReportStatus.FAILED if failed else ReportStatus.DONE
    reason = "the bank refused" if failed else ""
    refund_flow.finish(report=RefundReport(asked.ref, status, reason=reason), at=at)
    return asked


def unused(order_ref: str) -> list[str]:
    """The units of an order that were neither used nor given back."""
    return [unit.unit_ref for unit in orders.units_of(order_ref) if unit.state is UnitState.SOLD]


def newest_unused(*, units: int = 1) -> str:
    """The newest paid order with so many units that were not used."""
    paid = orders.order_list(state=OrderState.PAID, limit=100)
    return next(each.order_ref for each in paid if len(unused(each.order_ref)) >= units)


def queue(*, at: datetime) -> None:
    """Two claims, one of them disputed, a shop that signed up, and new words, prices and pictures of shops."""
    region = Region.objects.get(slug="helsinki")
    regions.set_feature(
        region_ref=region.public_id, feature=Feature.REVIEW_CONTENTS, on=True, by="platform", at=at
    )
    _claims(at)
    _sign_up(region, at)
    shops = Staff.objects.filter(
        role="owner", merchant__state="approved", person__phone__startswith="+358400001"
    )
    owners = list(shops.order_by("-pk").select_related("merchant", "person")[:3])
    for number, (owner, propose) in enumerate(zip(owners, (_words, _price, _photos), strict=True)):
        propose(owner.merchant, owner.person, at - timedelta(hours=2 + 13 * number))


def _claims(at: datetime) -> None:
    ask = partial(merchants.submit_document, merchant_ref=None, data=b"%PDF-1.7 a lease", address="127.0.0.1")
    free = (
        Store.objects.filter(merchant=None, state="open")
        .exclude(address="")
        .exclude(phone="")
        .order_by("pk")[3]
    )
    ask(
        store_ref=free.public_id,
        note="We took the café over in May. The lease is in the name of our company.",
        by=person(20, "Helmi Aalto"),
        at=at - timedelta(hours=31),
    )
    taken = Store.objects.filter(merchant__state="approved").order_by("-pk")[0]
    ask(
        store_ref=taken.public_id,
        note="The former tenant moved out.",
        by=person(21, "Oskar Lind"),
        at=at - timedelta(hours=5),
    )


def _sign_up(region: Region, at: datetime) -> None:
    shop = NewShop(
        names={"name": "Nordic Bowl", "en": "Nordic Bowl", "zh-Hans": "北欧碗"},
        category_slug=Category.objects.get(slug="restaurant").slug,
        address="Korkeavuorenkatu 21",
        postcode="00130",
        city="Helsinki",
        lon=24.9462,
        lat=60.1632,
        phone="+358401112233",
    )
    merchants.sign_up(
        region_ref=region.public_id,
        shop=shop,
        merchant_ref=None,
        legal_name="Nordic Bowl Oy",
        business_id="2765432-1",
        email="hello@nordicbowl.example",
        by=person(22, "Tuuli Ranta"),
        at=at - timedelta(hours=3),
    )


def _words(merchant: Merchant, owner: Person, at: datetime) -> None:
    store = merchant.stores.order_by("pk")[0]
    before = {
        "en": "A small shop by the market, open since 1998.",
        "zh-Hans": "市场边的小店，开业于 1998 年。",
    }
    after = {
        "en": "A family shop by the market, open every day since 1998.",
        "zh-Hans": "市场边的家庭小店，始于 1998 年，每天营业。",
    }
    merchants.set_store_contents(store_ref=store.public_id, body={"descriptions": before}, at=at)
    publish.propose_store(store_ref=store.public_id, body={"descriptions": after}, by=owner, at=at)


def _price(merchant: Merchant, owner: Person, at: datetime) -> None:
    offer = Offer.objects.filter(merchant=merchant, state="live").order_by("pk")[0]
    deal = offer_by_ref(offer.public_id)
    assert deal is not None
    now = offer_contents.body_now(deal)
    body = {**now, "price": now["price"] - 200, "valid_days": 60}
    publish.propose_offer(offer_ref=offer.public_id, body=body, by=owner, at=at)


def _photos(merchant: Merchant, owner: Person, at: datetime) -> None:
    store = merchant.stores.order_by("pk")[0]
    for colour in ((196, 106, 60), (60, 120, 96)):
        data = pictures.upload(pictures.image(1200, 900, colour))
        made = picture_flow.add(owner_ref=store.public_id, stream=io.BytesIO(data), by=owner, at=at)
        picture_flow.describe(
            picture_ref=made.ref, alts={"en": "The counter", "zh-Hans": "柜台"}, by=owner, at=at
        )


def words_of_the_site(*, at: datetime, by: Person, shown_now: bool = True) -> None:
    """An announcement of now (or with `shown_now` False of yesterday), one long over and one to come; terms in a
    second version."""
    announcements: Sequence[tuple[str, str, int, int]] = (
        ("The market hall is closed for a concert.", "市场大厅因音乐会关闭。", -9, -7),
        (
            "Night market on the Esplanadi: open until midnight.",
            "滨海大道夜市：营业至午夜。",
            -2,
            3 if shown_now else -1,
        ),
        ("Saturday morning the site rests for half an hour.", "周六早上本站暂停半小时。", 2, 4),
    )
    for english, chinese, first, last in announcements:
        contents.announce(
            texts={"en": english, "zh-Hans": chinese},
            audience=Audience.ALL,
            urgent=False,
            starts_at=at + timedelta(days=first),
            ends_at=at + timedelta(days=last),
            by=by,
            at=at + timedelta(days=min(first, 0)),
        )
    for version, addition in enumerate(("Vouchers end at the end of a day.", "Vouchers end at midnight.")):
        texts = {
            language: f"{text}\n\n{addition}\n"
            for language, text in site_pages.defaults(SitePage.TERMS).items()
        }
        site_pages.write(page=SitePage.TERMS, texts=texts, by=by, at=at - timedelta(days=2 - version))


def hired(merchant: Merchant, owner: Person, *, at: datetime) -> None:
    """A manager, an accountant and an open invitation beside those who work there already."""
    for number, (name, role) in enumerate((("Minna Mäki", Role.MANAGER), ("Aatos Virta", Role.ACCOUNTANT))):
        merchants.add_staff(
            merchant_ref=merchant.public_id,
            person=person(30 + number, name),
            role=role,
            store_ref=None,
            by=owner,
            at=at,
        )
    merchants.invite(
        merchant_ref=merchant.public_id,
        store_ref=None,
        role=Role.COURIER,
        to="+358401234567",
        by=owner,
        at=at,
    )
