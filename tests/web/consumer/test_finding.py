"""Home, lists, search, map: what is shown, in how many statements, and what bad input gets."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hutong.flows import index_search
from hutong.kernel import clock
from hutong.town.merchants.models import Store
from tests.factories import catalog, merchants, people, regions

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
def test_home_in_five_statements(client: Client, town: Town, count: int) -> None:
    town(count)
    assert statements(client, "/") <= 5


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    ("query", "most"),
    [("", 5), ("?show=deals", 4), ("?q=kahvila&category=food&deal=1", 4), ("?after=1~1_", 3)],
)
def test_nearby_in_five_statements(client: Client, town: Town, count: int, query: str, most: int) -> None:
    """The town, its categories, the list, what it may be narrowed to, and paid positions; those with the first page."""
    town(count)
    assert statements(client, f"/nearby/{query}") <= most


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
        ("q=kahvil", "Kahvila 1", "Listing"),
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


def test_what_cannot_be_asked_is_said(client: Client, town: Town) -> None:
    town(1)
    for query in (
        "radius=0",
        "radius=6371000",
        "rating=many",
        "rating=9",
        "box=1,2",
        "box=9,9,1,1",
        "open_at=soon",
    ):
        answer = client.get(f"/nearby/?{query}")
        assert answer.status_code == 422, query
    assert "1 metre to 200 km" in client.get("/nearby/?radius=0").content.decode()
    for text in ("x" * 10_000, "😀😀", "'; DROP TABLE x; --", "兰州 café моск"):
        answer = client.get("/nearby/", {"q": text})
        assert answer.status_code == 200
        assert "Nothing found" in answer.content.decode()
    turned = client.get("/nearby/?at=60.17,24.94").content.decode()
    assert "Latitude and longitude came the other way round" in turned


def test_filters_that_hold_can_be_taken_out_one_by_one(client: Client, town: Town) -> None:
    town(2)
    page = client.get("/nearby/?q=kahvila&deal=1&price=1&price=2&sort=rating").content.decode()
    assert 'href="?q=kahvila&amp;price=1&amp;price=2&amp;sort=rating"' in page
    assert 'href="?q=kahvila&amp;deal=1&amp;price=2&amp;sort=rating"' in page
    assert '<input type="hidden" name="sort" value="rating">' in page


def test_suggestions_are_options(client: Client, town: Town) -> None:
    town(1)
    page = client.get("/nearby/suggestions/?q=kahv").content.decode()
    assert page.count('role="option"') >= 1
    assert "Kahvila 0" in page
    assert client.get("/nearby/suggestions/?q=%00").content.strip() == b""


def test_parts_of_the_score_are_for_operators_only(client: Client, town: Town) -> None:
    town(1)
    assert "near " not in client.get("/nearby/?q=kahvila&explain=1").content.decode()
    client.force_login(people.person(is_operator=True))
    assert "text 0." in client.get("/nearby/?q=kahvila&explain=1").content.decode()


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
    links = [part for part in first.split('"') if part.startswith("/nearby/?") and "after=" in part]
    more = links[0].replace("&amp;", "&")
    rest = client.get(more, headers={"HX-Request": "true"}).content.decode()
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


def test_card_of_a_pin(client: Client, town: Town) -> None:
    (shop,) = town(1)
    card = client.get(f"/map/card/{shop.public_id}/", headers={"HX-Request": "true"}).content.decode()
    assert "Coffee 0" in card
    assert "<html" not in card
    assert client.get(f"/map/card/{shop.public_id}/")["Location"] == f"/store/{shop.public_id}/"
    assert client.get("/map/card/sto_nothing/").status_code == 404
