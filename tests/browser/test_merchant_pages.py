"""Every page of the merchant's console with something on it: what sticks out and what axe finds, phone and desk."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from hutong.flows import approve, jobs, publish
from hutong.flows import pictures as picture_flow
from hutong.flows.offers import contents as offer_contents
from hutong.flows.offers import drafting
from hutong.kernel import clock
from hutong.town.catalog import services as catalog
from hutong.town.catalog.queries import offer_by_ref
from hutong.town.merchants import services
from hutong.town.merchants.models import Store
from hutong.town.people.models import Person
from tests.browser.conftest import DESKTOP, PHONE, Arrive, Visitor
from tests.factories import catalog as offers
from tests.factories import joining, people, pictures, vouchers
from tests.fakes.site import Site
from tests.web.visitors import visitor
from tests.web.world import World, world

WORDS = {"en": "Coffee from our own roast, and cake of the day.", "zh-Hans": "自家烘焙咖啡，配当日蛋糕。"}


@dataclass
class Town:
    """A busy shop and what else a merchant's browser may open, by address; the people who open it."""

    owner: Person
    desk: list[str]
    claimant: Person
    claims: list[str]
    applicant: Person
    guest: Person
    doors: list[str]


@pytest.fixture
def city(site: Site) -> Site:
    """No demo city: the pages are of one shop."""
    return site


@pytest.fixture
def town(city: Site) -> Town:
    """Everything there is on these pages: sales, drafts, versions that wait or were refused, a team, claims."""
    at, there = clock.now(), world()
    busy(there)
    merchant, store_ref = there.shop.scene.merchant, there.refs["store_ref"]
    claimant, applicant = people.person(name="Carla"), people.person(name="Anton")
    free, looked_at = joining.listing(name="Free Kahvila"), joining.listing(name="Waiting Kahvila")
    joining.sign_up(applicant, at=at, region_ref=there.refs["region_ref"])
    invitation, key = joining.invitation(merchant, there.shop.owner, at=at)
    pairing = there.refs["pairing_ref"]
    town = Town(
        owner=there.shop.owner,
        desk=desk_of(there),
        claimant=claimant,
        claims=[
            "/merchant/join/?q=kahvila",
            f"/merchant/join/listing/{free.public_id}/",
            f"/merchant/join/listing/{store_ref}/",
            f"/merchant/join/claims/{joining.start(free, claimant, at=at)}/",
            f"/merchant/join/claims/{joining.submit(looked_at, claimant, at=at)}/",
            "/merchant/join/new/",
        ],
        applicant=applicant,
        guest=people.person(),
        doors=[
            f"/merchant/invited/{invitation}/{key}/",
            f"/merchant/pair/{pairing}/{services.pairing_key(pairing)}/",
        ],
    )
    jobs.drain()
    return town


def busy(there: World) -> None:
    """The shop has words and pictures, some of them waiting, deals in every state, and a card of ten."""
    at, owner, scene = clock.now(), there.shop.owner, there.shop.scene
    operator, store_ref = there.people["operator"], there.refs["store_ref"]
    publish.propose_store(store_ref=store_ref, body={"descriptions": WORDS}, by=operator, at=at)
    for colour in ((200, 40, 30), (60, 120, 90)):
        photo = io.BytesIO(pictures.upload(pictures.image(colour=colour)))
        picture_flow.add(owner_ref=store_ref, stream=photo, by=operator, at=at)
    publish.propose_store(
        store_ref=store_ref, body={"descriptions": WORDS | {"en": "Best cake."}}, by=owner, at=at
    )
    card = offers.offer(store=scene.store, at=scene.at, title="Ten coffees", price=2900, list_price=4000)
    vouchers.promise(card.public_id, valid_days=30, uses=10)
    scene.offer, kept = card, scene.offer
    scene.bought()
    scene.offer = kept
    refused = offers.offer(store=scene.store, at=at, title="Soup of the day", live=False)
    catalog.submit_offer(offer_ref=refused.public_id, by=owner, at=at)
    approve.decide(
        ref=refused.public_id, approve=False, reason="Please say what is in it.", by=operator, at=at
    )
    now = offer_by_ref(there.refs["offer_ref"])
    assert now is not None
    changed = offer_contents.body_now(now) | {"price": 1790, "tags": ["weekends_too"], "emoji": "1f370"}
    publish.propose_offer(offer_ref=now.ref, body=changed, by=owner, at=at)


def desk_of(there: World) -> list[str]:
    """The pages of the desk, with the things of this shop in them."""
    refs, at, owner = there.refs, clock.now(), there.shop.owner
    new = drafting.start(
        merchant_ref=refs["merchant_ref"],
        store_ref=refs["store_ref"],
        template="noodles-for-two",
        by=owner,
        at=at,
    )
    steps = [f"deals/drafts/{new.ref}/{step}/" for step in ("what", "price", "terms", "look")]
    pages = [
        *("", "scan/", "deals/", "deals/new/", *steps),
        *(f"deals/{refs['offer_ref']}/", f"deals/{refs['offer_ref']}/preview/"),
        *("store/", "store/preview/", "hours/", f"pictures/{refs['store_ref']}/"),
        *("orders/", f"orders/{refs['order_ref']}/", "vouchers/"),
        *("customers/", f"customers/{refs['customer_ref']}/", "audit/", "desk/"),
        *(f"desk/pairing/{refs['pairing_ref']}/", "team/", f"team/{refs['staff_id']}/"),
        *(f"team/invitations/{refs['invitation_ref']}/", "stores/", "company/"),
    ]
    return [*(f"/merchant/{page}" for page in pages), "/notifications/", "/notifications/settings/"]


def read(guest: Visitor, addresses: list[str]) -> None:
    """Each page has its heading, nothing sticks out, and axe finds no fault."""
    for address in addresses:
        guest.page.goto(address)
        expect(guest.page.locator("main h1")).not_to_have_count(0)
        guest.check_fits()
        guest.check_accessible()


@pytest.mark.parametrize(
    ("language", "size", "scheme"), [("en", PHONE, "light"), ("zh-hans", DESKTOP, "dark")]
)
def test_pages(
    arrive: Arrive, city: Site, town: Town, language: str, size: tuple[int, int], scheme: str
) -> None:
    def arriving(person: Person) -> Visitor:
        """Signed in as somebody; how people sign in is walked through elsewhere."""
        made = arrive(language=language, size=size, scheme=scheme)
        session = visitor(person).cookies["sessionid"].value
        made.page.context.add_cookies([{"name": "sessionid", "value": session, "url": city.url}])
        return made

    read(arriving(town.owner), town.desk)
    read(arriving(town.claimant), town.claims)
    read(arriving(town.guest), town.doors)
    applicant = arriving(town.applicant)
    read(applicant, ["/merchant/"])
    (store,) = Store.objects.filter(names__name="Uusi Kahvila")
    assert store.merchant is not None
    approve.decide(
        ref=store.merchant.public_id, approve=False, reason="Call us.", by=people.operator(), at=clock.now()
    )
    read(applicant, ["/merchant/"])
    expect(applicant.page.get_by_text("Call us.")).to_be_visible()
    expect(applicant.page.locator("form[action*='/join/again/'] button")).to_be_visible()
