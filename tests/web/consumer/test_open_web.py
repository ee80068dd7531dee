"""What search engines and messengers read: one address, languages, cards, facts, the site map."""

import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client

from hutong.flows import index_search
from hutong.kernel import clock
from hutong.town.catalog.models import Offer
from hutong.town.merchants.models import Store
from hutong.web.consumer.open_web import slug_of
from tests.factories import catalog, merchants, regions, reviews

pytestmark = pytest.mark.django_db

SITE = "http://127.0.0.1:8000"
MAP = {
    "map": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "xhtml": "http://www.w3.org/1999/xhtml",
}


def shop(name: str = "Café Ääni", **more: Any) -> tuple[Store, Offer]:
    """A findable shop with a deal."""
    at = clock.now()
    region = regions.region(slug="helsinki")
    store = merchants.store(
        merchant=merchants.merchant(region=region, name="Chain", at=at), name=name, at=at, **more
    )
    offer = catalog.offer(stores=[store], at=at, title="Lunch </script> for two")
    index_search.index_region(region.public_id, at)
    return store, offer


def facts(page: str) -> dict[str, Any]:
    """The page's block of JSON-LD."""
    (text,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.parametrize(
    ("names", "slug"),
    [
        ({"name": "Café Ääni"}, "cafe-aani"),
        ({"name": "兰州拉面"}, "lan-zhou-la-mian"),
        ({"name": "兰州拉面", "en": "Lanzhou Noodles"}, "lanzhou-noodles"),
        ({"name": "!?"}, "-"),
        ({"name": "a" * 200}, "a" * 60),
    ],
)
def test_slug_is_made_of_letters_every_address_may_have(names: dict[str, str], slug: str) -> None:
    assert slug_of(names, "en") == slug


def test_store_has_one_address_with_its_name_and_an_old_name_leads_there(client: Client) -> None:
    store, _offer = shop()
    named = f"/store/cafe-aani/{store.public_id}/"
    for address in (f"/store/{store.public_id}/", named):
        page = client.get(address).content.decode()
        assert f'<link rel="canonical" href="{SITE}{named}">' in page
    moved = client.get(f"/store/old-name/{store.public_id}/?at=1,2")
    assert (moved.status_code, moved["Location"]) == (301, f"{named}?at=1,2")


def test_address_with_a_language_is_in_that_language_and_says_so(client: Client) -> None:
    store, _offer = shop()
    path = f"/store/cafe-aani/{store.public_id}/"
    page = client.get(f"{path}?lang=zh-hans").content.decode()
    assert '<html lang="zh-Hans"' in page
    assert f'<link rel="canonical" href="{SITE}{path}?lang=zh-hans">' in page
    for code, address in (("en", "?lang=en"), ("zh-Hans", "?lang=zh-hans"), ("x-default", "")):
        assert f'<link rel="alternate" hreflang="{code}" href="{SITE}{path}{address}">' in page
    assert '<html lang="en"' in client.get(path, headers={"Accept-Language": "en"}).content.decode()
    assert '<html lang="en"' in client.get(f"{path}?lang=klingon").content.decode()


def test_store_tells_its_facts(client: Client) -> None:
    store, offer = shop(opening_hours="Mo-Su 10:00-18:00")
    found = facts(client.get(f"/store/{store.public_id}/").content.decode())
    address = f"{SITE}/store/cafe-aani/{store.public_id}/"
    assert (found["@context"], found["name"], found["url"]) == ("https://schema.org", "Café Ääni", address)
    assert found["geo"] == {"@type": "GeoCoordinates", "latitude": store.lat, "longitude": store.lon}
    assert len(found["openingHoursSpecification"]) == 7
    assert {(one["opens"], one["closes"]) for one in found["openingHoursSpecification"]} == {
        ("10:00", "18:00")
    }
    (made,) = found["makesOffer"]
    assert (made["name"], made["price"], made["priceCurrency"]) == ("Lunch </script> for two", "19.90", "EUR")
    assert made["url"].endswith(f"/{offer.public_id}/")


def test_store_with_reviews_tells_their_mean(client: Client) -> None:
    store, _offer = shop()
    assert "aggregateRating" not in facts(client.get(f"/store/{store.public_id}/").content.decode())
    for stars in (5, 4, 4):
        reviews.review(store=store, stars=stars)
    found = facts(client.get(f"/store/{store.public_id}/").content.decode())["aggregateRating"]
    assert (found["ratingValue"], found["reviewCount"]) == ("4.3", 3)


def test_home_says_how_to_search_here(client: Client) -> None:
    shop()
    found = facts(client.get("/").content.decode())
    assert found["@type"] == "WebSite"
    template = found["potentialAction"]["target"]["urlTemplate"].removeprefix(SITE)
    assert "Café Ääni" in client.get(template.replace("{search_term_string}", "cafe")).content.decode()


def test_deal_tells_price_and_whether_it_can_be_had(client: Client) -> None:
    store, offer = shop()
    page = client.get(f"/deal/{offer.public_id}/").content.decode()
    found = facts(page)
    assert found["@type"] == "Product"
    assert found["offers"]["price"] == "19.90"
    assert found["offers"]["availability"] == "https://schema.org/InStock"
    assert found["offers"]["availableAtOrFrom"][0]["name"] == "Café Ääni"
    assert 'property="og:title" content="Lunch &lt;/script&gt; for two"' in page
    assert "noindex" not in page
    Offer.objects.filter(pk=offer.pk).update(state="paused")
    over = client.get(f"/deal/{offer.public_id}/").content.decode()
    assert '<meta name="robots" content="noindex, follow">' in over
    assert facts(over)["offers"]["availability"] == "https://schema.org/Discontinued"
    assert store.public_id in found["offers"]["availableAtOrFrom"][0]["url"]


def test_site_map_lists_pages_shops_and_deals_once_in_every_language(client: Client) -> None:
    store, offer = shop("兰州拉面")
    index = ElementTree.fromstring(client.get("/sitemap.xml").content)
    parts = [one.text or "" for one in index.findall("map:sitemap/map:loc", MAP)]
    assert len(parts) == 3
    listed: list[str] = []
    for address in parts:
        assert address.startswith(SITE)
        part = ElementTree.fromstring(client.get(address.removeprefix(SITE)).content)
        for url in part.findall("map:url", MAP):
            listed.append(url.findtext("map:loc", "", MAP))
            codes = [link.get("hreflang") for link in url.findall("xhtml:link", MAP)]
            assert codes == ["en", "zh-Hans", "x-default"]
    assert f"{SITE}/store/lan-zhou-la-mian/{store.public_id}/" in listed
    assert sum(one.endswith(f"/{offer.public_id}/") for one in listed) == 1
    assert len(listed) == len(set(listed))
    for address in listed:
        if "/store/" in address or "/deal/" in address:
            assert client.get(address.removeprefix(SITE)).status_code == 200


@pytest.mark.parametrize(
    "path", ["/sitemap/stores-99999999999.xml", "/sitemap/pages-1.xml", "/sitemap/people-0.xml"]
)
def test_no_such_part(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_robots_keep_out_of_what_is_private(client: Client, settings: Any) -> None:
    settings.HUTONG_MODE = "production"
    text = client.get("/robots.txt").content.decode()
    assert "Disallow: /me/" in text
    assert f"Sitemap: {SITE}/sitemap.xml" in text
    settings.HUTONG_MODE = "trial"
    assert client.get("/robots.txt").content.decode() == "User-agent: *\nDisallow: /\n"
