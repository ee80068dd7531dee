"""The home page: its order, its statements, what is personal about it, and what is paid for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hutong.attract.placements import services as placements
from hutong.attract.saved import services as saved
from hutong.attract.saved.types import Seen
from hutong.flows import index_search
from hutong.kernel import clock
from hutong.town.merchants.models import Store
from hutong.town.regions.models import Region
from hutong.web.consumer import home
from tests.factories import catalog, merchants, people, regions
from tests.factories.placements import placement
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
Town = Callable[[int], list[Store]]


@pytest.fixture
def region() -> Region:
    return regions.region(slug="helsinki")


@pytest.fixture
def town(region: Region) -> Town:
    """`town(9)`: as many hotels, each 100 m further away than the one before; findable."""

    def make(count: int) -> list[Store]:
        made = [
            merchants.listing(
                region=region, name=f"Hotel {number:02}", category_slug="hotel", lon=24.945 + number / 500
            )
            for number in range(count)
        ]
        index_search.index_region(region.public_id, clock.now())
        return made

    return make


@pytest.fixture
def client() -> Client:
    return Client(headers={"User-Agent": BROWSER})


def order(page: str, *names: str) -> list[str]:
    """The names in the order they stand on the page; the list of shops comes last on it."""
    return sorted(names, key=page.rindex)


def statements(client: Client, path: str, **headers: str) -> int:
    client.get("/terms/")
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path, headers=headers).status_code == 200
    return len(captured)


@pytest.mark.parametrize("count", [1, 3, 30])
def test_five_statements_for_a_stranger_and_one_more_for_what_was_seen(
    client: Client, town: Town, count: int
) -> None:
    shops = town(count)
    assert statements(client, "/") == 5
    client.get(f"/store/{shops[0].public_id}/")
    assert statements(client, "/") == 6
    assert statements(client, "/?sort=price", **{"HX-Request": "true", "HX-Target": "deals"}) <= 6


@pytest.mark.parametrize("count", [1, 3])
def test_nine_statements_for_who_is_signed_in(town: Town, region: Region, count: int) -> None:
    shops, person = town(count), people.person()
    for shop in shops:
        saved.save(person=person, ref=shop.public_id, at=clock.now())
        saved.remember(person=person, seen=[Seen(shop.public_id, "hotel", clock.now())])
    placement(shops[0], region=region, at=clock.now() - timedelta(hours=1))
    browser = visitor(person)
    # who it is (2), region, categories, taste (2), paid positions, cards of what was seen, deals, shops, hearts
    assert statements(browser, "/") == 11


def test_with_nothing_known_the_nearest_comes_first_and_nothing_is_said(client: Client, town: Town) -> None:
    town(4)
    page = client.get("/").content.decode()
    names = [f"Hotel {number:02}" for number in range(4)]
    assert order(page, *names) == names
    assert "Because you like" not in page
    assert "Recently seen" not in page
    assert "Suggested" in page


def test_what_one_looked_at_comes_first_and_says_why(client: Client, region: Region, town: Town) -> None:
    museums = [
        merchants.listing(
            region=region, name=f"Museum {number}", category_slug="museum", lon=24.9451 + number / 500
        )
        for number in range(3)
    ]
    town(3)
    page = client.get("/").content.decode()
    assert order(page, "Hotel 00", "Museum 0") == ["Hotel 00", "Museum 0"]
    for shop in museums:
        client.get(f"/store/{shop.public_id}/")
    page = client.get("/").content.decode()
    assert order(page, "Hotel 00", "Museum 0") == ["Museum 0", "Hotel 00"]
    assert "Because you like museum" in page
    assert "Because you like hotel" not in page
    assert "Recently seen" in page
    shelf = page[page.index("Recently seen") : page.index("Around you")]
    assert shelf.index("Museum 2") < shelf.index("Museum 1") < shelf.index("Museum 0")
    client.post("/me/seen/clear/")
    page = client.get("/").content.decode()
    assert "Because you like" not in page
    assert "Recently seen" not in page
    client.post("/me/seen/switch/", {"to": "off"})
    client.get(f"/store/{museums[0].public_id}/")
    assert "Recently seen" not in client.get("/").content.decode()


def test_the_list_goes_on_and_comes_back_to_the_same_spot(client: Client, town: Town) -> None:
    town(30)
    first = client.get("/").content.decode()
    more = first[first.index('id="more-shops"') :]
    link = more[more.index('href="?feed=') + 6 :].split('"')[0].replace("&amp;", "&")
    assert first.count("<article") == 12
    part = client.get(f"/{link}", headers={"HX-Request": "true", "HX-Target": "more-shops"}).content.decode()
    assert "<html" not in part
    assert "Hotel 11" not in part
    assert [f"Hotel {number:02}" in part for number in (12, 23, 24)] == [True, True, False]
    back = client.get(f"/{link}").content.decode()
    assert back.count("<article") == 24
    assert order(back, "Hotel 00", "Hotel 12", "Hotel 23") == ["Hotel 00", "Hotel 12", "Hotel 23"]


@pytest.mark.parametrize(
    "feed", ["", "24", "~", "24~", "abc~1", "24~99999999999", "-5~1", "99999~1", "٣~٣", "24~1~2", "2" * 5000]
)
def test_a_spot_that_is_none_begins_anew(client: Client, town: Town, feed: str) -> None:
    town(14)
    answer = client.get("/", {"feed": feed})
    assert answer.status_code == 200
    assert answer.content.decode().count("<article") in (12, 14)


def test_beyond_the_hundred_nearest_the_list_goes_on_by_distance(
    client: Client, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hutong.flows.home_feed.CANDIDATES", 10)
    monkeypatch.setattr(home, "MOST_STORES", 24)
    town(30)
    now = int(clock.now().timestamp())
    page = client.get(f"/?feed=24~{now}").content.decode()
    assert order(page, *(f"Hotel {n:02}" for n in range(24))) == [f"Hotel {n:02}" for n in range(24)]
    assert "more-shops" not in page
    assert page.count("<article") == 24


def test_a_paid_position_is_labelled_counted_and_followed(client: Client, region: Region, town: Town) -> None:
    shops = town(12)
    ref = placement(shops[9], region=region, at=clock.now() - timedelta(hours=1))
    page = client.get("/").content.decode()
    assert page.count(">Ad<") == 1
    assert f'href="/ad/{ref}/" rel="sponsored nofollow"' in page
    assert order(page, "Hotel 01", "Hotel 09", "Hotel 02") == ["Hotel 01", "Hotel 09", "Hotel 02"]
    assert page.count(f"/store/{shops[9].public_id}/") == 0  # not there a second time
    answer = client.get(f"/ad/{ref}/")
    assert answer["Location"] == f"/store/{shops[9].public_id}/"
    assert placements.waiting() == 2
    for machine in ("", "curl/8", "Googlebot/2.1 (bot.html)"):
        Client(headers={"User-Agent": machine}).get("/")
        Client(headers={"User-Agent": machine}).get(f"/ad/{ref}/")
    assert placements.waiting() == 2
    assert client.get("/ad/plc_none/").status_code == 404
    Store.objects.filter(pk=shops[9].pk).update(state="closed")
    assert ">Ad<" not in client.get("/").content.decode()


def test_a_deal_in_a_paid_position(client: Client, region: Region) -> None:
    at = clock.now()
    shop = merchants.store(merchant=merchants.merchant(region=region, at=at), category_slug="hotel", at=at)
    offers = [
        catalog.offer(store=shop, title=f"Night {number}", price=1000 + number, at=at) for number in range(9)
    ]
    ref = placement(offers[8], region=region, at=at - timedelta(hours=1))
    index_search.index_region(region.public_id, at)
    page = client.get("/").content.decode()
    deals = page[page.index('id="deals"') :]
    assert deals.count(">Ad<") == 1
    assert f'href="/ad/{ref}/"' in deals
