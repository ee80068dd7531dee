"""The way to a shop, by the map apps people have, each in the datum it draws."""

from urllib.parse import parse_qs, urlparse

import pytest
from django.test import Client

from hutong.kernel import clock
from hutong.kernel.geo import Datum, Place, distance_m, wgs84_to_gcj02
from hutong.web.consumer.directions import ways
from tests.factories import merchants, regions

HELSINKI, BEIJING = Place(24.9414, 60.1699), Place(116.3913, 39.9075)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"
ANDROID = "Mozilla/5.0 (Linux; Android 15)"


@pytest.mark.parametrize(
    ("agent", "first"),
    [
        (IPHONE, "https://maps.apple.com"),
        (ANDROID, "geo:60.169900"),
        ("", "https://www.google.com/maps/dir/"),
    ],
)
def test_the_likeliest_app_comes_first(agent: str, first: str) -> None:
    found = ways(HELSINKI, "Café & Bar", datum=Datum.WGS84, agent=agent)
    assert found[0].url.startswith(first)
    assert len({way.name for way in found}) == len(found) == 3


def test_outside_china_positions_stay_as_they_are() -> None:
    for way in ways(HELSINKI, "Café & Bar", datum=Datum.WGS84, agent=""):
        assert "60.169900" in way.url
        assert "24.941400" in way.url


def test_chinese_apps_get_their_own_datum() -> None:
    amap, baidu, *_others = ways(BEIJING, "兰州拉面, 王府井店", datum=Datum.GCJ02, agent=ANDROID)
    lon, lat, name = parse_qs(urlparse(amap.url).query)["to"][0].split(",", 2)
    there = Place(float(lon), float(lat))
    assert distance_m(there, wgs84_to_gcj02(BEIJING)) < 1
    assert distance_m(there, BEIJING) > 100
    assert name == "兰州拉面, 王府井店"
    asked = parse_qs(urlparse(baidu.url).query)
    assert asked["coord_type"] == ["gcj02"]
    assert asked["location"] == [f"{lat},{lon}"]


@pytest.mark.django_db
def test_page_of_a_shop_leads_there(client: Client) -> None:
    at = clock.now()
    region = regions.region(slug="helsinki")
    store = merchants.store(merchant=merchants.merchant(region=region, at=at), name="Kahvila", at=at)
    address = f"/store/{store.public_id}/directions/"
    assert f'href="{address}"' in client.get(f"/store/{store.public_id}/").content.decode()
    page = client.get(address, headers={"User-Agent": ANDROID}).content.decode()
    assert page.index('href="geo:') < page.index("google.com")
    assert client.get("/store/sto_00000000000000000000000000/directions/").status_code == 404
