"""Positions that cannot be, are the wrong way round, or of another datum, at every page that takes one."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from hutong.town.regions.types import Extent
from tests.factories import merchants, regions

pytestmark = pytest.mark.django_db
MIDDLE = (24.9414, 60.171)
PAGES = ["/", "/nearby/", "/map/", "/region/", "/region/map/"]
OUTSIDE = [
    "181,60",
    "24.9,91",
    "-181,-91",
    "1e9,0",
    "nan,nan",
    "inf,60",
    "24.9",
    "24.9,60.1,5",
    "",
    "；",
    "x" * 9_000,
]


@pytest.fixture(autouse=True)
def town() -> None:
    """Helsinki with a shop in its middle."""
    region = regions.region(slug="helsinki", extent=Extent(24.8, 60.1, 25.1, 60.3))
    merchants.listing(region=region, name="Kahvila", lon=MIDDLE[0], lat=MIDDLE[1])


def centre(client: Client, query: str) -> list[float]:
    """Where the map opens."""
    found: list[float] = json.loads(client.get(f"/map/?{query}").context["config"])["center"]
    return found


@pytest.mark.parametrize("page", PAGES)
def test_a_position_that_cannot_be_is_the_middle_of_the_town(client: Client, page: str) -> None:
    usual = client.get(page).status_code
    assert usual == 200
    for at in OUTSIDE:
        assert client.get(page, {"at": at}).status_code == 200, at
        client.cookies["hutong_here"] = at[:200].encode("ascii", "replace").decode()
        assert client.get(page).status_code == 200, at
        del client.cookies["hutong_here"]


def test_the_map_opens_in_the_town_whatever_is_asked(client: Client) -> None:
    usual = centre(client, "")
    for at in (*OUTSIDE, "-0.1,51.5", "0,0"):
        assert centre(client, f"at={at}") == usual, at
    assert centre(client, "at=24.95,60.18") == [24.95, 60.18]


def test_latitude_before_longitude_is_turned_round(client: Client) -> None:
    assert centre(client, "at=60.18,24.95") == [24.95, 60.18]
    assert "came the other way round" in client.get("/nearby/?at=60.18,24.95").content.decode()


@pytest.mark.parametrize(
    "box", ["1,2", "a,b,c,d", "24.9,60.1,24.8,60.2", "24.9,60.2,25.0,60.1", "-200,60,25,61", "24,60,25,99", "nan,nan,nan,9"]
)  # fmt: skip
def test_a_part_of_the_map_that_is_none_is_refused(client: Client, box: str) -> None:
    assert client.get(f"/nearby/?box={box}").status_code == 422


@pytest.mark.parametrize("radius", ["0", "-5", "6371000", "1e400", "nan", "far"])
def test_a_distance_of_nothing_or_of_the_earth_is_refused(client: Client, radius: str) -> None:
    assert client.get(f"/nearby/?radius={radius}").status_code == 422
