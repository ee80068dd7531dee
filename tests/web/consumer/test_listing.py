"""Lists: filters as a form, back to the same spot, paid positions, what search engines read of them."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from django.test import Client

from hutong.attract.placements import services as placements
from hutong.attract.search.models import SearchDeal, SearchStore
from hutong.flows import index_search
from hutong.kernel import clock
from hutong.town.merchants.models import Store
from hutong.town.regions.models import Region
from tests.factories import catalog, merchants, regions
from tests.factories.placements import placement

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/nearby/"}
SITE = "http://127.0.0.1:8000"
LON = 24.9414


@pytest.fixture
def region() -> Region:
    return regions.region(slug="helsinki")


Listings = Callable[[int], list[Store]]


@pytest.fixture
def listings(region: Region) -> Listings:
    """`listings(45)`: so many cafés in a row away from the middle, findable."""

    def make(count: int) -> list[Store]:
        made = [
            merchants.listing(region=region, name=f"Cafe {number:02}", lon=LON + number / 5000)
            for number in range(count)
        ]
        index_search.index_region(region.public_id, clock.now())
        return made

    return make


def shops_of(page: str) -> list[str]:
    """The public ids of the shops whose cards are on a page, in their order."""
    return re.findall(r'<h3[^>]*><a href="/store/(sto_[0-9a-z]+)/"', page)


def more_of(page: str) -> str:
    """The address of the next page."""
    (link,) = re.findall(r'<a href="([^"]*after=[^"]*)"', page)
    return unescape(link)


def fields(page: str, form: str) -> list[tuple[str, str]]:
    """What a browser without JavaScript sends with a form as it stands."""
    (inside,) = re.findall(rf'<form id="{form}".*?</form>', page, re.DOTALL)
    sent = []
    for tag in re.findall(r"<input [^>]*>", inside):
        told = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if told.get("type") not in ("radio", "checkbox") or " checked" in tag:
            sent.append((told["name"], unescape(told["value"])))
    return sent


def test_coming_back_finds_all_pages_that_were_read(client: Client, listings: Listings) -> None:
    listings(45)
    first = client.get("/nearby/?category=cafe&filters=1").content.decode()
    second = client.get(more_of(first), headers=HTMX)
    third = client.get(more_of(second.content.decode()), headers=HTMX)
    read = [*shops_of(first), *shops_of(second.content.decode()), *shops_of(third.content.decode())]
    assert len(read) == len(set(read)) == 45
    back = third["HX-Replace-Url"]
    assert parse_qs(urlsplit(back).query)["spot"][0].startswith("3~")
    assert set(parse_qs(urlsplit(back).query)) == {"category", "spot"}
    again = client.get(back).content.decode()
    assert shops_of(again) == read
    assert "more-results" not in again
    middle = client.get(second["HX-Replace-Url"]).content.decode()
    assert shops_of(middle) == read[:40]
    assert shops_of(client.get(more_of(middle), headers=HTMX).content.decode()) == read[40:]
    # Beside the map the list grows as well, and the address stays the map's.
    beside = {**HTMX, "HX-Current-URL": "http://testserver/map/?category=cafe"}
    assert "HX-Replace-Url" not in client.get(more_of(first), headers=beside)
    # Without JavaScript it is the next page alone, and a spot that is none is the beginning.
    assert shops_of(client.get(more_of(first)).content.decode()) == read[20:40]
    for spot in ("0~1", "99999~1", "2", "x~y", "2~1~plc_", "2~99999999999"):
        assert shops_of(client.get(f"/nearby/?category=cafe&spot={spot}").content.decode())[:20] == read[:20]
    # What changes the list begins it anew.
    assert "spot=" not in "".join(re.findall(r'class="chip"[^>]*href="([^"]*)"', again))


def test_a_list_comes_back_as_it_was_ordered(client: Client, listings: Listings) -> None:
    shops = listings(45)
    first = client.get("/nearby/?sort=rating").content.decode()
    second = client.get(more_of(first), headers=HTMX)
    read = [*shops_of(first), *shops_of(second.content.decode())]
    assert shops_of(client.get(second["HX-Replace-Url"]).content.decode()) == read
    assert read != [shop.public_id for shop in shops[:40]]


def test_deals_come_back_as_well(client: Client, region: Region) -> None:
    at = clock.now()
    shop = merchants.store(merchant=merchants.merchant(region=region, at=at), at=at)
    for number in range(25):
        catalog.offer(store=shop, title=f"Deal {number:02}", price=1000 + number, at=at)
    index_search.index_region(region.public_id, at)
    first = client.get("/nearby/?show=deals&sort=price").content.decode()
    second = client.get(more_of(first), headers=HTMX)
    back = client.get(second["HX-Replace-Url"]).content.decode()
    assert [f"Deal {number:02}" in back for number in range(25)] == [True] * 25
    assert re.findall(r"Deal (\d\d)</a></h3>", back) == [f"{number:02}" for number in range(25)]


def test_filters_are_a_form_that_works_without_javascript(client: Client, region: Region) -> None:
    at = clock.now()
    owner = merchants.merchant(region=region, at=at)
    cheap, dear, bar = (
        merchants.store(merchant=owner, name=name, category_slug=slug, lon=LON + place / 1000, at=at)
        for place, (name, slug) in enumerate((("Cheap", "cafe"), ("Dear", "cafe"), ("Bar", "bar")))
    )
    for store, price in ((cheap, 900), (dear, 6000), (bar, 900)):
        catalog.offer(store=store, title=f"At {store.names['name']}", price=price, list_price=9000, at=at)
    merchants.listing(region=region, name="Listed", lon=LON)
    index_search.index_region(region.public_id, at)
    SearchStore.objects.filter(store_ref=dear.public_id).update(rating=4.7)
    page = client.get("/nearby/?category=cafe&sort=price&at=24.94,60.17").content.decode()
    asked = fields(page, "filters")
    assert ("category", "cafe") in asked
    assert ("sort", "price") in asked
    assert ("at", "24.94,60.17") in asked
    assert "As chosen" not in page
    several = [(name, value) for name, value in asked if value] + [
        ("deal", "1"),
        ("price", "1"),
        ("price", "3"),
    ]
    narrowed = client.get(f"/nearby/?{urlencode(several)}").content.decode()
    assert shops_of(narrowed) == [cheap.public_id, dear.public_id]
    assert sorted(fields(narrowed, "filters")) == sorted([*several, ("open_at", ""), ("rating", "")])
    # Each filter goes by its own link, and the rest stays.
    chips = {
        re.sub(r"<[^>]*>|Take out", "", words).strip(): unescape(link)
        for link, words in re.findall(r'<a class="chip" href="([^"]*)" hx-get="[^"]*">(.*?)</a>', narrowed)
    }
    assert {"With a deal", "Low prices", "High prices"} <= set(chips)
    rest = dict(parse_qsl(chips["Low prices"][1:]))
    assert rest == {"category": "cafe", "sort": "price", "at": "24.94,60.17", "deal": "1", "price": "3"}
    assert shops_of(client.get(f"/nearby/{chips['Low prices']}").content.decode()) == [dear.public_id]
    # Nothing answers: what there is without each one, and the nearest of its kind.
    none = client.get("/nearby/?category=cafe&price=1&rating=4.5").content.decode()
    assert "Nothing found" in none
    left_out = re.findall(r'<a class="chip" href="([^"]*)">(Any \w+)\s*<span[^>]*>(\d+)</span>', none)
    assert {(words, count) for _link, words, count in left_out} == {("Any price", "1"), ("Any stars", "1")}
    for link, words, _count in left_out:
        shown = shops_of(client.get(unescape(link)).content.decode())
        assert shown == [dear.public_id if words == "Any price" else cheap.public_id]
    assert "The nearest one is" in none


def test_deals_show_and_take_the_filters_that_mean_something(client: Client, region: Region) -> None:
    at = clock.now()
    shop = merchants.store(merchant=merchants.merchant(region=region, at=at), at=at)
    catalog.offer(store=shop, title="Cheap one", price=900, list_price=9000, at=at)
    catalog.offer(store=shop, title="Dear one", price=6000, list_price=9000, at=at)
    index_search.index_region(region.public_id, at)
    SearchDeal.objects.update(tags=["takeaway"])
    page = client.get("/nearby/?show=deals&price=1&deal=1&tag=takeaway&category=food").content.decode()
    assert "Cheap one" in page
    assert "Dear one" not in page
    assert "Low prices" in page
    sent = fields(page, "filters")
    assert {("show", "deals"), ("price", "1"), ("tag", "takeaway"), ("category", "food")} <= set(sent)
    # That there is a deal goes without saying; no count of shops is shown for deals.
    assert ">With a deal<" not in page
    assert "Cheap one" not in client.get("/nearby/?show=deals&rating=4.5").content.decode()
    assert "Dear one" in client.get("/nearby/?show=deals&open_at=&price=3").content.decode()


def test_who_insists_on_the_words_gets_them(client: Client, listings: Listings) -> None:
    listings(2)
    page = client.get("/nearby/?q=cafw&sort=rating").content.decode()
    assert "Showing results for" in page
    (link,) = re.findall(r'<a class="link[^"]*" href="([^"]*)"[^>]*>Search for', page)
    asked = dict(parse_qsl(unescape(link)[1:]))
    assert asked == {"q": "cafw", "sort": "rating", "exact": "1"}
    exact = client.get(f"/nearby/?{urlencode(asked)}").content.decode()
    assert "Showing results for" not in exact
    assert "Nothing found" in exact


def test_filters_go_along_to_the_map_and_back(client: Client, region: Region, listings: Listings) -> None:
    listings(1)
    asked = "q=cafe&category=cafe&price=1&price=3&rating=4&open=1&deal=1&bookable=1&tag=takeaway&exact=1&sort=rating"
    page = client.get(f"/nearby/?{asked}&box=24.9,60.1,25,60.2&spot=2~1&filters=1").content.decode()
    (to_map,) = (unescape(link) for link in re.findall(r'href="(/map/\?[^"]*)"', page))
    on_map = client.get(to_map)
    tiles = dict(parse_qsl(urlsplit(json.loads(on_map.context["config"])["tiles"]).query))
    assert {"q", "category", "price", "rating", "open", "deal", "bookable", "tag"} == set(tiles)
    for name in ("list_url", "filters_url"):
        back = parse_qs(urlsplit(on_map.context[name]).query)
        back.pop("filters", None)
        assert back == parse_qs(asked), name
    opened = client.get(on_map.context["filters_url"]).content.decode()
    assert re.search(r'id="filters-open"[^>]* checked', opened)
    assert (
        not re.search(r'id="filters-open"[^>]* checked', page.replace("filters=1", ""))
        or "filters=1" not in to_map
    )


def paid_on(page: str) -> list[str]:
    return re.findall(r'href="/ad/(plc_[0-9a-z]+)/"', page)


def test_paid_positions_are_few_labelled_counted_and_never_there_twice(
    region: Region, listings: Listings
) -> None:
    client = Client(headers={"User-Agent": "Mozilla/5.0"})
    shops = listings(45)
    at = clock.now() - timedelta(hours=1)
    refs = [placement(shops[number], region=region, at=at) for number in (5, 30, 40)]
    placements.flush()
    page = client.get("/nearby/").content.decode()
    shown = paid_on(page)
    assert len(shown) == 2  # of 22 rows
    assert set(shown) < set(refs)
    assert page.count(">Ad<") == 2
    assert page.count('rel="sponsored nofollow"') == 2
    assert placements.waiting() == 2
    rows = re.findall(r'<h3[^>]*><a href="/(store|ad)/', page)
    assert [place for place, kind in enumerate(rows) if kind == "ad"] == [2, 12]
    # Neither is anywhere else in the list, however far one reads, nor after coming back.
    second = client.get(more_of(page), headers=HTMX)
    third = client.get(more_of(second.content.decode()), headers=HTMX)
    read = [*shops_of(page), *shops_of(second.content.decode()), *shops_of(third.content.decode())]
    subjects = {
        shops[number].public_id for ref, number in zip(refs, (5, 30, 40), strict=True) if ref in shown
    }
    assert len(read) == len(set(read)) == 43
    assert not subjects & set(read)
    back = client.get(third["HX-Replace-Url"]).content.decode()
    assert (shops_of(back), paid_on(back)) == (read, shown)
    assert placements.waiting() == 2  # seen once
    Client(headers={"User-Agent": "Googlebot/2.1 (bot.html)"}).get("/nearby/")
    assert placements.waiting() == 2
    # A list that somebody narrowed has none.
    for query in (
        "q=cafe",
        "price=1",
        "open=1",
        "box=24.9,60.1,25,60.2",
        "area=nowhere&deal=1",
        "show=deals",
    ):
        assert paid_on(client.get(f"/nearby/?{query}").content.decode()) == [], query
    assert len(paid_on(client.get("/nearby/?category=food&sort=rating").content.decode())) == 2


def test_a_paid_deal_stands_among_deals(client: Client, region: Region) -> None:
    at = clock.now()
    shop = merchants.store(merchant=merchants.merchant(region=region, at=at), at=at)
    offers = [
        catalog.offer(store=shop, title=f"Deal {number:02}", price=1000 + number, at=at)
        for number in range(12)
    ]
    ref = placement(offers[7], region=region, at=at - timedelta(hours=1))
    index_search.index_region(region.public_id, at)
    page = client.get("/nearby/?show=deals&sort=price").content.decode()
    assert paid_on(page) == [ref]
    assert page.count("Deal 07</a></h3>") == 1
    assert page.count("</a></h3>") == 12


def head(page: str) -> dict[str, Any]:
    """The address, the robots line and the facts of a page's head."""
    facts = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    return {
        "canonical": re.findall(r'<link rel="canonical" href="([^"]*)"', page),
        "robots": re.findall(r'<meta name="robots" content="([^"]*)"', page),
        "languages": re.findall(r'hreflang="([^"]*)"', page),
        "facts": [json.loads(one) for one in facts],
    }


def test_lists_of_categories_are_for_search_engines_and_filtered_ones_are_not(
    client: Client, listings: Listings
) -> None:
    shops = listings(25)
    own = f"{SITE}/nearby/?category=cafe"
    for query in ("category=cafe", "category=cafe&sort=rating", "at=24.94,60.17&category=cafe"):
        page = client.get(f"/nearby/?{query}").content.decode()
        told = head(page)
        assert (told["canonical"], told["robots"]) == ([own], []), query
        assert told["languages"] == ["en", "zh-Hans", "x-default"]
    page = client.get("/nearby/?category=cafe").content.decode()
    (facts,) = head(page)["facts"]
    assert (facts["@type"], facts["numberOfItems"]) == ("ItemList", 20)
    assert facts["name"] == "cafe · Helsinki"
    assert [one["position"] for one in facts["itemListElement"]] == list(range(1, 21))
    first = next(shop for shop in shops if shop.public_id == shops_of(page)[0])
    slug = first.names["name"].lower().replace(" ", "-")
    assert facts["itemListElement"][0]["url"] == f"{SITE}/store/{slug}/{first.public_id}/"
    assert "<title>cafe · Helsinki · " in page
    assert f"{first.names['name']} · Cafe " in page.split("</head>")[0]
    for query in (
        "q=cafe",
        "category=cafe&price=1",
        "deal=1",
        "open=1",
        "radius=500",
        urlsplit(more_of(page)).query,
    ):
        told = head(client.get(f"/nearby/?{query}").content.decode())
        assert (told["robots"], told["languages"], told["facts"]) == (["noindex, follow"], [], []), query
    chinese = head(client.get("/nearby/?category=cafe&lang=zh-hans").content.decode())
    assert chinese["canonical"] == [f"{own}&amp;lang=zh-hans"]
    assert head(client.get("/nearby/?show=deals").content.decode())["canonical"] == [
        f"{SITE}/nearby/?show=deals"
    ]
