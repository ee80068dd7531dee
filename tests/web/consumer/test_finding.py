"""Home, lists, search, map: what is shown, in how many statements, and what bad input gets."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hutong.flows import index_search
from hutong.kernel import clock
from hutong.town.merchants.models import Store
from tests.factories import catalog, merchants, regions

pytestmark = pytest.mark.django_db

Town = Callable[[int], list[Store]]


@pytest.fixture
def town() -> Town:
    """`town(3)`: a region with three shops, each with a deal, and as many unclaimed listings; findable."""

    def make(count: int) -> list[Store]:
        at = clock.now()
        region = regions.region(slug="helsinki")
        shops = []
        for number in range(count):
            owner = merchants.merchant(region=region, name=f"Merchant {number}", at=at)
            shop = merchants.store(
                merchant=owner, name=f"Kahvila {number}", lon=24.9414 + number / 1000, at=at
            )
            catalog.offer(store=shop, at=at, title=f"Coffee {number}", price=1000 - number, list_price=2000)
            merchants.listing(
                region=region, name=f"Listing {number}", category_slug="bar", lat=60.172 + number / 1000
            )
            shops.append(shop)
        index_search.index_region(region.public_id, at)
        return shops

    return make


def statements(client: Client, path: str) -> int:
    """How many statements an anonymous visitor's page takes; the announcements were read by the page before."""
    client.get("/terms/")
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


@pytest.mark.parametrize("count", [1, 3])
def test_home_in_four_statements(client: Client, town: Town, count: int) -> None:
    town(count)
    assert statements(client, "/") <= 4


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("query", ["", "?show=deals", "?q=kahvila&category=food&open=1"])
def test_nearby_in_three_statements(client: Client, town: Town, count: int, query: str) -> None:
    town(count)
    assert statements(client, f"/nearby/{query}") <= 3


def test_home_shows_deals_without_signing_in(client: Client, town: Town) -> None:
    town(3)
    page = client.get("/").content.decode()
    assert "Helsinki" in page
    assert "Coffee 0" in page
    assert "€10.00" in page
    assert "Sample" in page
    assert "Save 50%" in page


def test_home_sorts_and_answers_htmx_with_the_list_alone(client: Client, town: Town) -> None:
    town(3)
    part = client.get("/?sort=price", headers={"HX-Request": "true", "HX-Target": "deals"}).content.decode()
    assert "<html" not in part
    assert part.index("Coffee 2") < part.index("Coffee 1") < part.index("Coffee 0")
    assert client.get("/?sort=nonsense").status_code == 200


def test_empty_site_says_what_to_do(client: Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 404
    assert "hutong import osm" in answer.content.decode()


@pytest.mark.parametrize(
    ("query", "found", "missing"),
    [
        ("q=hvila+1", "Kahvila 1", "Kahvila 0"),
        ("q=LISTING", "Listing 2", "Kahvila"),
        ("category=bar", "Listing 0", "Kahvila"),
        ("category=cafe&show=deals", "Coffee 1", "Listing"),
        ("category=no-such-thing", "Kahvila 0", "No such"),
    ],
)
def test_filters(client: Client, town: Town, query: str, found: str, missing: str) -> None:
    town(3)
    page = client.get(f"/nearby/?{query}").content.decode()
    assert found in page
    assert missing not in page


def test_nothing_found_says_so(client: Client, town: Town) -> None:
    town(1)
    page = client.get("/nearby/?q=zzzz").content.decode()
    assert "Nothing found" in page


def test_filters_go_along_to_the_map_and_back(client: Client, town: Town) -> None:
    town(1)
    page = client.get("/nearby/?q=kahvila&category=food").content.decode()
    assert 'href="/map/?q=kahvila&amp;category=food"' in page
    on_map = client.get("/map/?q=kahvila&category=food").content.decode()
    assert 'href="/nearby/?q=kahvila&amp;category=food"' in on_map
    assert 'href="?q=kahvila" data-keep-place' in on_map
    assert 'href="?category=food" data-keep-place' in on_map
    assert 'href="?q=kahvila&amp;category=food" data-keep-place aria-current="true"' in on_map


def test_unknown_hours_leave_room_for_the_address(client: Client) -> None:
    region = regions.region(slug="helsinki")
    merchants.listing(region=region, name="Silent", opening_hours="")
    index_search.index_region(region.public_id, clock.now())
    page = client.get("/nearby/").content.decode()
    assert "Silent" in page
    assert "Hours not known" not in page


def test_category_has_an_address(client: Client, town: Town) -> None:
    town(1)
    assert client.get("/category/bar/")["Location"] == "/nearby/?category=bar"


def test_list_goes_on_where_it_ended(client: Client) -> None:
    at, region = clock.now(), regions.region(slug="helsinki")
    for number in range(25):
        merchants.listing(region=region, name=f"Place {number:02}", lon=24.9414 + number / 5000)
    index_search.index_region(region.public_id, at)
    first = client.get("/nearby/").content.decode()
    assert first.count('href="/store/') == 20
    links = [part for part in first.split('"') if part.startswith("?") and "after=" in part]
    more = links[0].replace("&amp;", "&")
    rest = client.get(f"/nearby/{more}", headers={"HX-Request": "true"}).content.decode()
    assert rest.count('href="/store/') == 5
    assert "<html" not in rest
    assert client.get("/nearby/?after=rubbish").status_code == 422


def test_position_counts_only_near_the_region(client: Client, town: Town) -> None:
    shops = town(3)
    client.cookies["hutong_here"] = f"{shops[2].lon},{shops[2].lat}"
    page = client.get("/nearby/?category=cafe").content.decode()
    assert page.index("Kahvila 2") < page.index("Kahvila 0")
    for elsewhere in ("-0.1,51.5", "999,999", "rubbish", "24.9;60"):
        client.cookies["hutong_here"] = elsewhere
        page = client.get("/nearby/?category=cafe").content.decode()
        assert "Kahvila 0" in page


def test_region_is_chosen_and_remembered(client: Client, town: Town) -> None:
    town(1)
    other = regions.region(slug="tampere")
    client.cookies["hutong_here"] = "24.94,60.17"
    answer = client.post("/region/", {"region": "tampere", "next": "https://evil.example"})
    assert answer["Location"] == "/"
    assert client.cookies["hutong_region"].value == other.slug
    assert client.cookies["hutong_here"].value == ""
    assert client.post("/region/", {"region": "atlantis"}).status_code == 302
    assert client.cookies["hutong_region"].value == other.slug


def pins(client: Client, query: str) -> list[dict[str, Any]]:
    """The properties of the pins in an answer."""
    answer = client.get(f"/map/points/?{query}")
    assert answer.status_code == 200
    return [feature["properties"] for feature in json.loads(answer.content)["features"]]


def test_pins_have_prices_where_there_are_deals(client: Client, town: Town) -> None:
    town(2)
    found = pins(client, "box=24.9,60.1,25.0,60.2")
    assert sorted(pin["price_from"] or 0 for pin in found) == [0, 0, 999, 1000]
    assert [pin["names"]["name"] for pin in pins(client, "box=24.9,60.1,25.0,60.2&q=kahvila+1")] == [
        "Kahvila 1"
    ]
    assert pins(client, "box=10,10,11,11") == []


@pytest.mark.parametrize("box", ["", "1,2,3", "a,b,c,d", "24.9,60.1,25.0,95"])
def test_impossible_box_is_refused(client: Client, town: Town, box: str) -> None:
    town(1)
    assert client.get("/map/points/", {"box": box}).status_code == 422


def test_card_of_a_pin(client: Client, town: Town) -> None:
    (shop,) = town(1)
    card = client.get(f"/map/card/{shop.public_id}/", headers={"HX-Request": "true"}).content.decode()
    assert "Coffee 0" in card
    assert "<html" not in card
    assert client.get(f"/map/card/{shop.public_id}/")["Location"] == f"/store/{shop.public_id}/"
    assert client.get("/map/card/sto_nothing/").status_code == 404
