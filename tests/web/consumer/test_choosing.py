"""Choosing a place: by list and by typing, without JavaScript; an area narrows an address and brings its town."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from hutong.flows import place_stores
from hutong.town.regions.services import store_regions
from hutong.town.regions.services.outlines import read_outline
from hutong.town.regions.types import Extent, RegionKind, RegionSpec
from hutong.web.consumer.place import HERE_COOKIE, REGION_COOKIE, whereabouts
from tests.factories import merchants, regions
from tests.town.regions.test_outlines import polygon, square

pytestmark = pytest.mark.django_db


@pytest.fixture
def towns(at: datetime) -> None:
    """Finland with Helsinki, which has a district with a circle and three shops, and Tampere, which has none."""
    city = regions.region(slug="helsinki", extent=Extent(24.8, 60.1, 25.1, 60.3))
    finland = RegionSpec(
        slug="finland", names={"en": "Finland", "zh-Hans": "芬兰"}, kind=RegionKind.COUNTRY, zone="Europe/Helsinki",
        currency="EUR", centre=(25.0, 62.0),
    )  # fmt: skip

    def part(slug: str, kind: RegionKind, parent: str, west: float, side: float) -> RegionSpec:
        shape = read_outline(polygon(square(west, 60.16, side)))
        return RegionSpec(slug=slug, names={"en": slug.title()}, kind=kind, parent_slug=parent, shape=shape)

    specs = [
        finland,
        RegionSpec(slug="helsinki", names={}, kind=RegionKind.CITY, parent_slug="finland"),
        RegionSpec(
            slug="tampere", names={"en": "Tampere", "zh-Hans": "坦佩雷"}, kind=RegionKind.CITY,
            parent_slug="finland", centre=(23.76, 61.5),
        ),
        part("kamppi", RegionKind.DISTRICT, "helsinki", 24.93, 0.02),
        part("empty", RegionKind.DISTRICT, "helsinki", 25.0, 0.02),
        part("forum", RegionKind.CIRCLE, "kamppi", 24.935, 0.008),
    ]  # fmt: skip
    store_regions(specs=specs, at=at)
    for number in range(3):
        merchants.listing(region=city, name=f"Shop {number}", lon=24.938, lat=60.165)
    place_stores.place_region(city.public_id, at)


def test_the_list_is_a_tree_with_counts(client: Client, towns: None) -> None:
    page = client.get("/region/").content.decode()
    assert page.index("In Helsinki") < page.index("Kamppi") < page.index("Forum") < page.index("Finland")
    assert page.index("Finland") < page.index("Tampere")
    assert "3 shops" in page
    assert 'value="empty"' not in page
    assert "Districts of" not in page
    other = client.get("/region/", headers={"Cookie": f"{REGION_COOKIE}=tampere"}).content.decode()
    assert "Districts of Helsinki" in other
    opened = client.get(
        "/region/?in=helsinki", headers={"Cookie": f"{REGION_COOKIE}=tampere"}
    ).content.decode()
    assert 'value="kamppi"' in opened


def test_the_page_takes_few_statements(client: Client, towns: None) -> None:
    client.get("/terms/")
    with CaptureQueriesContext(connection) as captured:
        assert client.get("/region/").status_code == 200
    assert len(captured) <= 8
    with CaptureQueriesContext(connection) as captured:
        assert client.get("/region/?q=forum").status_code == 200
    assert len(captured) <= 6


@pytest.mark.parametrize("typed", ["tampere", "坦佩雷", "tanpeilei", "tpl", "TAMP"])
def test_typing_finds_in_every_language_and_says_where_it_is(client: Client, towns: None, typed: str) -> None:
    page = client.get("/region/", {"q": typed, "next": "/map/"}).content.decode()
    assert 'value="tampere"' in page
    assert "City" in page
    assert "Finland" in page
    assert 'name="next" value="/map/"' in page


def test_htmx_gets_the_list_alone(client: Client, towns: None) -> None:
    part = client.get("/region/?q=forum", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "Business circle" in part
    assert "Kamppi" in part


@pytest.mark.parametrize("typed", ["zzzz", "'; DROP TABLE x --", "%", "🍜" * 400, "\x00\x00a%00"])
def test_what_is_not_found_says_so(client: Client, towns: None, typed: str) -> None:
    answer = client.get("/region/", {"q": typed})
    assert answer.status_code == 200
    assert "No place here is called" in answer.content.decode()


def test_a_town_is_kept_in_a_cookie_and_a_circle_goes_into_the_address(client: Client, towns: None) -> None:
    answer = client.post("/region/", {"region": "tampere", "next": "/map/"})
    assert (answer["Location"], answer.cookies[REGION_COOKIE].value) == ("/map/", "tampere")
    answer = client.post("/region/", {"region": "forum", "next": "/map/"})
    assert (answer["Location"], answer.cookies[REGION_COOKIE].value) == ("/nearby/?area=forum", "helsinki")
    answer = client.post("/region/", {"region": "finland", "next": "/map/"})
    assert (answer["Location"], REGION_COOKIE in answer.cookies) == ("/map/", False)


def test_an_area_brings_its_town_and_its_middle(rf: RequestFactory, towns: None) -> None:
    request = rf.get("/nearby/?area=kamppi")
    request.COOKIES[REGION_COOKIE] = "tampere"
    where = whereabouts(request)
    assert where.area is not None
    assert (where.region.slug, where.area.slug, where.located) == ("helsinki", "kamppi", False)
    assert where.area.extent.holds(where.place.lon, where.place.lat)
    request.COOKIES[HERE_COOKIE] = "24.9400,60.1700"
    assert (whereabouts(request).located, whereabouts(request).place.lon) == (True, 24.94)
    request.COOKIES[HERE_COOKIE] = "25.0500,60.2000"
    assert not whereabouts(request).located


@pytest.mark.parametrize("area", ["nowhere", "tampere", "finland", "", "x" * 300])
def test_what_is_no_area_is_left_aside(rf: RequestFactory, towns: None, area: str) -> None:
    where = whereabouts(rf.get("/nearby/", {"area": area}))
    assert (where.area, where.region.slug) == (None, "helsinki")
