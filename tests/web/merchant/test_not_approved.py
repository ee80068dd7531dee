"""Before the platform has approved a merchant: what shoppers see of it, what its home says, what editing promises."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from hutong.flows import approve, jobs
from hutong.kernel import clock
from hutong.kernel.rows import scalar
from hutong.town.merchants.models import Merchant, Store
from hutong.town.merchants.types import MerchantState, Role
from hutong.town.people.models import Person
from tests.factories import joining, merchants, people, pictures, regions
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db

WORDS = "Hand-pulled noodles."


@pytest.fixture(autouse=True)
def outside(settings: Settings, tmp_path: Path) -> None:
    settings.HUTONG_SMS = settings.HUTONG_VOICE = "tray"
    settings.HUTONG_HOME = tmp_path
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def owner() -> Person:
    return people.person(name="Olga")


@pytest.fixture
def claimed(owner: Person) -> Store:
    """A place of the map that an owner has just proved to be theirs, with a text and a picture."""
    store, browser = joining.listing(), visitor(owner)
    started = browser.post(f"/merchant/join/listing/{store.public_id}/", {"method": "phone"})
    browser.post(started["Location"], {"code": joining.told(joining.SHOP_PHONE)})
    assert browser.post("/merchant/store/texts/", {"en": WORDS, "zh": "手工拉面。"}).status_code == 302
    stream = io.BytesIO(pictures.upload())
    stream.name = "shot.jpg"
    browser.post(f"/merchant/pictures/{store.public_id}/", {"file": stream})
    jobs.drain()
    store.refresh_from_db()
    return store


def seen(store: Store) -> tuple[bool, bool, bool]:
    """Whether shoppers read the words, see a picture on the page, and one in lists."""
    jobs.drain()
    page = Client().get(f"/store/{store.public_id}/").content.decode()
    cover = scalar(
        "SELECT jsonb_typeof(card->'cover') FROM search_searchstore WHERE store_ref = %s", [store.public_id]
    )
    return WORDS in page, "/media/" in page, cover == "object"


def decide(store: Store, *, yes: bool, at: datetime) -> None:
    merchant = store.merchant
    assert merchant is not None
    approve.approve_merchant(
        merchant_ref=merchant.public_id, approve=yes, reason="Call us.", by=people.operator(), at=at
    )


def test_a_listing_says_what_the_map_says_until_its_merchant_is_approved(
    claimed: Store, owner: Person
) -> None:
    at = clock.now()
    assert claimed.descriptions["en"] == WORDS
    assert seen(claimed) == (False, False, False)
    assert WORDS in visitor(owner).get("/merchant/store/preview/").content.decode()

    decide(claimed, yes=True, at=at)
    assert seen(claimed) == (True, True, True)

    assert claimed.merchant is not None
    approve.take_back(ref=claimed.merchant.public_id, by=people.operator(), at=at)
    assert seen(claimed) == (False, False, False)

    decide(claimed, yes=False, at=at)
    assert seen(claimed) == (False, False, False)


def test_a_suspended_merchant_says_nothing_either(claimed: Store) -> None:
    decide(claimed, yes=True, at=clock.now())
    decide(claimed, yes=False, at=clock.now())
    merchant = Merchant.objects.get()
    assert merchant.state == MerchantState.SUSPENDED.value
    assert seen(claimed) == (False, False, False)


def test_editing_says_that_shoppers_see_it_later(claimed: Store, owner: Person) -> None:
    browser = visitor(owner)
    page = browser.post("/merchant/store/texts/", {"en": "Other.", "zh": ""}, follow=True).content.decode()
    assert "once the platform has approved your shop" in page
    assert "Shoppers see it at once." not in page
    assert "Nobody has claimed" not in browser.get("/merchant/store/preview/").content.decode()
    decide(claimed, yes=True, at=clock.now())
    page = browser.post("/merchant/hours/", {"do": "text", "text": "24/7"}, follow=True).content.decode()
    assert "Shoppers see it at once." in page


def test_a_refused_shop_reads_why_and_applies_again(owner: Person) -> None:
    at = clock.now()
    store_ref = joining.sign_up(owner, at=at, region_ref=regions.region().public_id)
    store = Store.objects.get(public_id=store_ref)
    browser = visitor(owner)
    assert "has not approved your shop yet" in browser.get("/merchant/").content.decode()
    decide(store, yes=False, at=at)
    page = browser.get("/merchant/").content.decode()
    assert "The platform refused your shop" in page
    assert "Call us." in page
    address = f"/merchant/join/again/{Merchant.objects.get().public_id}/"
    assert f'action="{address}"' in page
    browser.post(address)
    page = browser.get("/merchant/").content.decode()
    assert "Call us." not in page
    assert address not in page
    assert "has not approved your shop yet" in page


def test_who_may_not_apply_for_the_shop_is_not_asked_to(owner: Person) -> None:

    at = clock.now()
    store = Store.objects.get(public_id=joining.sign_up(owner, at=at, region_ref=regions.region().public_id))
    manager = people.person(name="Maija")
    assert store.merchant is not None
    merchants.staff(merchant=store.merchant, person=manager, role=Role.MANAGER)
    decide(store, yes=False, at=at)
    page = visitor(manager).get("/merchant/").content.decode()
    assert "Call us." in page
    assert "/merchant/join/again/" not in page


def test_the_home_page_counts_what_is_needed(owner: Person) -> None:
    joining.sign_up(owner, at=clock.now(), region_ref=regions.region().public_id)
    response = visitor(owner).get("/merchant/")
    needed = [line for line in response.context["checks"] if line.must]
    done = [line for line in needed if line.done]
    assert 0 < len(done) < len(needed)
    page = response.content.decode()
    assert f"{len(done)} of {len(needed)}" in page
    # what only an open shop has is not there yet
    assert "Redeemed today" not in page
    assert [action["url"] for action in response.context["actions"]] == ["/merchant/deals/new/"]
