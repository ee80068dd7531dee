"""The operator's list of brands, and giving one to its merchant and back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hutong.kernel import audit, clock
from hutong.town.merchants.models import Brand, BrandGift, Store
from hutong.web.operator import brands as pages
from tests.factories import merchants, people, regions
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db
LIST = "/operator/brands/"


@pytest.fixture
def browser() -> Client:
    """An operator's browser."""
    return visitor(people.operator())


def brand(name: str, *stores: Store) -> Brand:
    """A brand with these stores."""
    made = Brand.objects.create(key=name.casefold(), names={"name": name})
    Store.objects.filter(pk__in=[store.pk for store in stores]).update(brand=made)
    return made


def test_brands_are_found_and_counted(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    town = regions.region()
    for name in ("Zeta", "Alpha", "Kahvila"):
        brand(name, merchants.listing(region=town), merchants.listing(region=town))
    taken = merchants.store(merchant=merchants.merchant(region=town))
    Store.objects.filter(pk=taken.pk).update(brand=Brand.objects.get(key="alpha"))

    def found(query: str = "") -> list[tuple[str, int, int]]:
        page = browser.get(LIST + query)
        return [(line.names["name"], line.stores, line.free) for line in page.context["brands"]]

    assert found() == [("Alpha", 3, 2), ("Kahvila", 2, 2), ("Zeta", 2, 2)]
    assert found("?q=KÁHV") == [("Kahvila", 2, 2)]
    assert found("?q=nothing") == []
    monkeypatch.setattr(pages, "PAGE", 2)
    page = browser.get(LIST)
    assert [line.key for line in page.context["brands"]] == ["alpha", "kahvila"]
    assert [line.key for line in browser.get(page.context["next_url"]).context["brands"]] == ["zeta"]
    used = []
    for more in (0, 3):
        for number in range(more):
            brand(f"More {number}", merchants.listing(region=town))
        with CaptureQueriesContext(connection) as counted:
            browser.get(LIST)
        used.append(len(counted))
    assert used[0] == used[1]


def test_a_brand_is_given_and_taken_back(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = merchants.merchant(name="Kahvila Oy")
    free, elsewhere = merchants.listing(region=chain.region), merchants.listing(region=regions.region())
    made = brand("Kahvila", free, elsewhere)
    waiting = merchants.merchant(name="Kahvila Waiting", region=chain.region, approved=False)
    page = browser.get(f"{LIST}{made.public_id}/")
    assert [(each.ref, number) for each, number in page.context["merchants"]] == [(chain.public_id, 1)]
    refused = browser.post(f"{LIST}{made.public_id}/give/", {"merchant": waiting.public_id})
    assert refused.status_code == 404
    given = browser.post(f"{LIST}{made.public_id}/give/", {"merchant": chain.public_id}, follow=True)
    assert "Given, with 1 listing." in given.content.decode()
    free.refresh_from_db()
    made.refresh_from_db()
    assert (free.merchant, made.merchant) == (chain, chain)
    gift = BrandGift.objects.get()
    assert gift.store_refs == [free.public_id]
    address = f"{LIST}{made.public_id}/take-back/{gift.public_id}/"
    assert address in given.content.decode()
    # Another brand's address does not undo it.
    assert browser.post(address.replace(made.public_id, brand("Other").public_id)).status_code == 404
    back = browser.post(address, follow=True)
    assert "Taken back." in back.content.decode()
    assert address not in back.content.decode()
    free.refresh_from_db()
    made.refresh_from_db()
    assert (free.merchant, made.merchant) == (None, None)
    told = [entry.action for entry in audit.search(subject=made.public_id).entries]
    assert sorted(told) == ["brand.given", "brand.taken_back"]


def test_it_stands_after_five_minutes_and_once_it_was_given_again(browser: Client) -> None:
    first = merchants.merchant(name="First")
    second = merchants.merchant(name="Second", region=first.region)
    made = brand("Kahvila", merchants.listing(region=first.region))
    for merchant in (first, second):
        browser.post(f"{LIST}{made.public_id}/give/", {"merchant": merchant.public_id})
    older, newer = BrandGift.objects.order_by("pk")
    assert (len(older.store_refs), newer.store_refs) == (1, [])

    def take_back(gift: BrandGift) -> str:
        address = f"{LIST}{made.public_id}/take-back/{gift.public_id}/"
        return browser.post(address, follow=True).content.decode()

    assert "Taken back." not in take_back(older)
    BrandGift.objects.filter(pk=newer.pk).update(at=clock.now() - timedelta(minutes=6))
    assert "Taken back." not in take_back(newer)
    BrandGift.objects.filter(pk=newer.pk).update(at=clock.now())
    assert "Taken back." in take_back(newer)
    # The merchant of before has it again, and its stores, which the second gift never had.
    made.refresh_from_db()
    assert made.merchant == first
    assert first.stores.count() == 1


def test_nobody_else_sees_them() -> None:
    made = brand("Kahvila")
    for person in (None, people.person()):
        stranger = visitor(person)
        assert stranger.get(LIST).status_code in (302, 403, 404)
        assert stranger.post(f"{LIST}{made.public_id}/give/", {"merchant": "mer_x"}).status_code in (
            302,
            403,
            404,
        )
    assert not BrandGift.objects.exists()
