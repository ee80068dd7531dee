"""Regions, categories, stores and deals, for anybody."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import jsonschema
import pytest

from hutong.api.schemas.question import FindingOut
from hutong.api.v1 import api
from hutong.flows import index_search
from hutong.town.catalog import services as catalog
from tests.api.caller import Caller
from tests.factories import catalog as offers
from tests.factories import merchants, regions
from tests.factories.loop import scene

pytestmark = pytest.mark.django_db

HERE = "lon=24.9414&lat=60.1710"


def shape_of(operation_id: str) -> dict[str, Any]:
    """The JSON schema that the document promises for the 200 of a route, with everything it refers to."""
    document = json.loads(json.dumps(api.get_openapi_schema()))
    for methods in document["paths"].values():
        for described in methods.values():
            if described["operationId"] == operation_id:
                schema = described["responses"]["200"]["content"]["application/json"]["schema"]
                return {**schema, "components": document["components"]}
    raise AssertionError(f"no route {operation_id}")


def test_regions_and_categories(at: datetime) -> None:
    region = regions.region(slug="helsinki")
    merchants.category("cafe")
    (shown,) = Caller().get("/regions").json
    assert (shown["ref"], shown["name"], shown["currency"]) == (region.public_id, "Helsinki", "EUR")
    assert Caller().get("/regions", **{"Accept-Language": "zh-Hans"}).json[0]["name"] == "赫尔辛基"
    (group,) = Caller().get("/categories").json
    assert (group["slug"], [child["slug"] for child in group["children"]]) == ("food", ["cafe"])


def test_nearby_keeps_what_the_document_promises(at: datetime) -> None:
    near = scene(at=at).store
    far = merchants.store(lon=24.9500, at=at)
    listed = merchants.listing(name="Vanha kauppa", lon=24.9415, at=at)
    index_search.index_region(region_ref=near.region.public_id, at=at)
    for store in (near, far, listed):
        index_search.index_store(store_ref=store.public_id, at=at)
    found = Caller().get(f"/stores/nearby?{HERE}")
    jsonschema.validate(found.json, shape_of("list_nearby"))
    assert [item["ref"] for item in found.json["items"]] == [near.public_id, listed.public_id, far.public_id]
    assert found.json["items"][0]["price_from"] == 1990
    assert found.json["next"] is None


def test_nearby_pages_neither_repeat_nor_leave_out(at: datetime) -> None:
    stores = [merchants.listing(lon=24.9414 + step / 1000, at=at) for step in range(5)]
    for store in stores:
        index_search.index_store(store_ref=store.public_id, at=at)
    seen: list[str] = []
    after = ""
    while True:
        page = Caller().get(f"/stores/nearby?{HERE}&limit=2{after}").json
        seen += [item["ref"] for item in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == [store.public_id for store in stores]


def test_nearby_is_one_statement_and_its_budget(at: datetime, django_assert_num_queries: Any) -> None:
    for number in (1, 2):
        for _ in range(number):
            index_search.index_store(store_ref=merchants.listing(at=at).public_id, at=at)
        with django_assert_num_queries(1 + 1):  # and the budget of requests
            Caller().get(f"/stores/nearby?{HERE}")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "lon=24.9",
        "lon=x&lat=60",
        "lon=181&lat=60",
        "lon=24&lat=89",
        "lon=nan&lat=60",
        "lon=inf&lat=60",
        f"{HERE}&limit=0",
        f"{HERE}&limit=101",
        f"{HERE}&after=nonsense",
        f"{HERE}&after=1~sto_%00",
        f"{HERE}&text=%00",
        f"{HERE}&text={'x' * 201}",
        f"{HERE}&category=%00",
        f"{HERE}&category=../x",
        f"{HERE}&radius_m=-1",
    ],
)
def test_questions_that_make_no_sense_are_refused(query: str) -> None:
    for path in ("/stores/nearby", "/deals/near"):
        refused = Caller().get(f"{path}?{query}")
        assert refused.status == 422, refused.text
        assert refused.code in ("request_invalid", "cursor_invalid")


def test_an_unknown_category_has_nothing(at: datetime) -> None:
    index_search.index_store(store_ref=merchants.listing(at=at).public_id, at=at)
    assert Caller().get(f"/stores/nearby?{HERE}&category=nothing").json == {"items": [], "next": None}


def test_deals_near(at: datetime) -> None:
    shop = scene(at=at)
    index_search.index_offer(offer_ref=shop.offer.public_id, at=at)
    for sort in ("nearest", "price", "discount", "sold"):
        (deal,) = Caller().get(f"/deals/near?{HERE}&sort={sort}").json["items"]
        assert (deal["ref"], deal["price"]) == (shop.offer.public_id, {"minor": 1990, "unit": "EUR"})
        assert (deal["store"], deal["discount_percent"]) == (shop.store.public_id, 41)


def test_a_deal_and_its_store(at: datetime) -> None:
    shop = scene(at=at)
    deal = Caller().get(f"/deals/{shop.offer.public_id}").json
    assert (deal["title"], deal["list_price"]["minor"]) == ("Coffee and cake", 3400)
    assert [store["ref"] for store in deal["stores"]] == [shop.store.public_id]
    store = Caller().get(f"/stores/{shop.store.public_id}").json
    assert [one["ref"] for one in store["deals"]] == [shop.offer.public_id]
    assert store["now"]["open"] in (True, False)
    assert store["claimed"]


def test_what_is_not_on_sale_is_not_there(at: datetime) -> None:
    shop = scene(at=at)
    draft = offers.offer(store=shop.store, live=False, at=at)
    catalog.pause_offer(offer_ref=shop.offer.public_id, by=None, at=at)
    for offer in (shop.offer, draft):
        assert Caller().get(f"/deals/{offer.public_id}").code == "not_found"
    assert Caller().get(f"/stores/{shop.store.public_id}").json["deals"] == []


@pytest.mark.parametrize(
    "ref", ["off_00000000000000000000000000", "x", "%00", "off_" + "0" * 5000, "../orders"]
)
def test_unknown_ids_are_all_alike(ref: str) -> None:
    for path in ("/deals/", "/stores/"):
        assert Caller().get(path + ref).code == "not_found"


def test_one_question_has_its_shape(at: datetime) -> None:
    store = merchants.store(name="Kahvila Ääni")
    offers.offer(store=store)
    index_search.index_store(store_ref=store.public_id, at=at)
    found = Caller().get(f"/stores/find?{HERE}&text=kahvila&has_deal=true&price=1&price=2&facets=true").json
    jsonschema.validate(found, shape_of("find_stores"))
    assert [one["ref"] for one in found["items"]] == [store.public_id]
    assert (found["total"], found["corrected"]) == ({"number": 1, "more": False}, "")
    assert found["items"][0]["parts"] == []
    assert {facet["value"] for facet in found["facets"]["categories"]} == {"food"}
    assert Caller().get(f"/stores/find?{HERE}&text=kahvila&box=24.9,60.1,25.0,60.2").json["items"]
    assert Caller().get(f"/stores/find?{HERE}&box=25.0,60.1,24.9,60.2").status == 422
    assert Caller().get(f"/stores/find?{HERE}&price=7").status == 422
    begun = Caller().get(f"/stores/suggest?{HERE}&text=kah").json
    assert store.public_id in [one["ref"] for one in begun]
    assert Caller().get(f"/operator/stores/find?{HERE}").status == 401


def test_what_is_found_is_written_like_its_shape(at: datetime) -> None:
    """The answer is made of plain values: read into its shape and written by that, it is the same."""
    store = merchants.store(name="Kahvila Ääni")
    offers.offer(store=store)
    index_search.index_store(store_ref=store.public_id, at=at)
    found = Caller().get(f"/stores/find?{HERE}&facets=true").json
    assert found["items"][0]["deals"]
    assert found == FindingOut.model_validate(found).model_dump(mode="json")
