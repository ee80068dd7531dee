"""The store page: facts at once, texts with their review, the preview, the pictures."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from hutong.flows import jobs, publish
from hutong.kernel import audit, clock
from hutong.kernel.rows import scalar
from hutong.town.contents import queries as contents
from hutong.town.merchants.queries import store_by_ref
from hutong.town.merchants.types import Role, StoreView
from hutong.town.pictures import queries as pictures
from hutong.town.regions import services as regions
from hutong.town.regions.types import Feature
from tests.factories import catalog, merchants, people
from tests.factories.pictures import image, upload
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    """A folder of its own for each test."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def here() -> Shop:
    """A shop that is open now."""
    return shop()


@pytest.fixture
def owner(here: Shop) -> Client:
    """The owner's browser."""
    return visitor(here.owner)


def reviews(here: Shop, on: bool) -> None:
    """Whether the operator looks at contents before they are published."""
    regions.set_feature(
        region_ref=here.scene.store.region.public_id,
        feature=Feature.REVIEW_CONTENTS,
        on=on,
        by=people.operator().public_id,
        at=here.at,
    )


def now(here: Shop) -> StoreView:
    found = store_by_ref(here.scene.store.public_id)
    assert found is not None
    return found


def facts(here: Shop, **changes: object) -> dict[str, object]:
    store = now(here)
    plain: dict[str, object] = {
        name: getattr(store, name)
        for name in ("phone", "email", "website", "address", "postcode", "city", "lon", "lat")
    }
    return plain | {"name": store.names["name"], "category": store.category.slug} | changes


def file(data: bytes, name: str = "shot.jpg") -> dict[str, io.BytesIO]:
    stream = io.BytesIO(data)
    stream.name = name
    return {"file": stream}


def test_facts_are_live_at_once_and_found(here: Shop, owner: Client) -> None:
    sent = facts(
        here, name="Uusi nimi", name_zh="新名字", phone="+358 40 1234567", website="https://kahvila.fi"
    )
    assert owner.post("/merchant/store/facts/", sent).status_code == 302
    store = now(here)
    assert store.names == {"name": "Uusi nimi", "zh-Hans": "新名字"}
    jobs.drain()
    assert "Uusi nimi" in Client().get(f"/store/{store.ref}/").content.decode()
    assert scalar(
        "SELECT card->'names'->>'name' FROM search_searchstore WHERE store_ref = %s", [store.ref]
    ) == ("Uusi nimi")
    (entry,) = audit.search(subject=store.ref, action="store.facts").entries
    assert entry.changes["names"][1]["name"] == "Uusi nimi"
    assert "1234567" not in str(entry.changes)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"phone": "ring me"},
        {"website": "javascript:alert(1)"},
        {"email": "nobody"},
        {"category": "food"},
        {"category": "nothing"},
        {"lat": "95"},
        {"lat": "nan"},
        {"lat": "61.5"},
        {"address": "x" * 301},
    ],
)
def test_a_wrong_fact_changes_nothing_and_is_marked(here: Shop, owner: Client, wrong: dict[str, str]) -> None:
    before = now(here)
    response = owner.post("/merchant/store/facts/", facts(here, **wrong))
    assert response.status_code == 422
    assert now(here) == before
    assert response.context["facts"].errors


def test_the_map_stands_where_the_store_is_and_writes_into_the_form(here: Shop, owner: Client) -> None:
    def centre(response: Any) -> tuple[list[float], dict[str, str]]:
        config = json.loads(response.context["config"])
        return config["center"], config["pick"]

    page = owner.get("/merchant/store/")
    assert centre(page) == ([now(here).lon, now(here).lat], {"lon": "id_lon", "lat": "id_lat"})
    for name in ("lon", "lat"):
        assert f'id="id_{name}"' in page.content.decode()
    # What was typed stays on the map while another field is mended.
    refused = owner.post("/merchant/store/facts/", facts(here, name=" ", lon="24.9500", lat="60.1720"))
    assert (refused.status_code, centre(refused)[0]) == (422, [24.95, 60.172])


def test_texts_wait_for_the_operator_where_it_is_wished(here: Shop, owner: Client) -> None:
    reviews(here, on=True)
    owner.post("/merchant/store/texts/", {"en": "Best buns.", "zh": "最好的面包。"})
    assert now(here).descriptions == {}
    page = owner.get("/merchant/store/").content.decode()
    assert "Waiting for the operator" in page
    assert "Best buns." in page
    assert "Best buns." in owner.get("/merchant/store/preview/").content.decode()
    assert "Best buns." not in Client().get(f"/store/{now(here).ref}/").content.decode()
    (waiting,) = contents.waiting()
    publish.decide(
        revision_ref=waiting.ref, approve=False, reason="Say more.", by=people.operator(), at=clock.now()
    )
    page = owner.get("/merchant/store/").content.decode()
    assert "Say more." in page
    assert "Best buns." in page
    owner.post("/merchant/store/withdraw/")
    page = owner.get("/merchant/store/").content.decode()
    assert "Say more." not in page
    assert "Best buns." not in page


def test_without_review_texts_are_live_in_both_languages(here: Shop, owner: Client) -> None:
    reviews(here, on=False)
    owner.post("/merchant/store/texts/", {"en": "Best buns.", "zh": "最好的面包。"})
    assert now(here).descriptions == {"en": "Best buns.", "zh-Hans": "最好的面包。"}
    assert "Best buns." in Client().get(f"/store/{now(here).ref}/").content.decode()
    chinese = Client(headers={"Accept-Language": "zh-Hans"})
    assert "最好的面包。" in chinese.get(f"/store/{now(here).ref}/").content.decode()
    assert owner.post("/merchant/store/texts/", {"en": "x" * 2001, "zh": ""}).status_code == 422


def test_pictures_are_added_shown_ordered_and_taken_away(here: Shop, owner: Client) -> None:
    reviews(here, on=False)
    ref = now(here).ref
    page = f"/merchant/pictures/{ref}/"
    for shade in (0, 90):
        assert owner.post(page, file(upload(image(colour=(200, 40, shade))))).status_code == 302
    first, second = (picture.ref for picture in pictures.shown(ref))
    jobs.drain()
    shown = Client().get(f"/store/{ref}/").content.decode()
    assert shown.count("<picture>") >= 2
    assert "/media/" in shown
    owner.post(f"{page}{second}/", {"do": "move", "to": "0"})
    assert [picture.ref for picture in pictures.shown(ref)] == [second, first]
    owner.post(f"{page}{second}/", {"do": "words", "en": "The counter", "zh": "吧台"})
    assert 'alt="The counter"' in Client().get(f"/store/{ref}/").content.decode()
    gone = owner.post(f"{page}{second}/", {"do": "remove"}, follow=True)
    assert "The picture was taken away." in gone.content.decode()
    assert [picture.ref for picture in pictures.shown(ref)] == [first]
    owner.post(f"{page}{second}/", {"do": "restore", "to": "0"})
    assert [picture.ref for picture in pictures.shown(ref)] == [second, first]
    part = owner.get(page, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "a.svg", "SVG drawings"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "a.jpg", "SVG drawings"),
        (upload()[:900], "cut.jpg", "not a picture we can read"),
        (b"", "empty.jpg", "not a picture we can read"),
        (upload(image(100, 100)), "small.jpg", "at least 200 pixels"),
    ],
)
def test_a_bad_upload_is_refused_in_words(
    here: Shop, owner: Client, data: bytes, name: str, words: str
) -> None:
    response = owner.post(f"/merchant/pictures/{now(here).ref}/", file(data, name))
    assert response.status_code == 422
    assert words in response.content.decode()
    assert scalar("SELECT count(*) FROM pictures_picture") == 0


def test_forty_megabytes_are_refused_before_they_are_read(here: Shop, owner: Client) -> None:
    class Unread(io.BytesIO):
        """A body that must not be read."""

        def read(self, *_size: int | None) -> bytes:
            raise AssertionError("the body was read")

    environ: Any = {"CONTENT_LENGTH": str(40 * 1024 * 1024), "wsgi.input": Unread()}
    response = owner.generic(
        "POST",
        f"/merchant/pictures/{now(here).ref}/",
        b"",
        content_type="multipart/form-data; boundary=x",
        **environ,
    )
    assert response.status_code == 413
    assert "at most 20 MB" in response.content.decode()


def test_an_upload_needs_the_token_against_forged_forms(here: Shop) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = visitor(here.owner).cookies
    response = browser.post(f"/merchant/pictures/{now(here).ref}/", file(upload()))
    assert response.status_code == 403
    assert scalar("SELECT count(*) FROM pictures_picture") == 0


def test_pictures_of_others_are_not_there(here: Shop, owner: Client) -> None:
    other = merchants.store(at=here.at)
    deal = catalog.offer(store=other, at=here.at)
    for ref in (other.public_id, deal.public_id, "sto_nothing", "off_nothing"):
        assert owner.get(f"/merchant/pictures/{ref}/").status_code == 404
        assert owner.post(f"/merchant/pictures/{ref}/", file(upload())).status_code == 404
    assert scalar("SELECT count(*) FROM pictures_picture") == 0


def test_a_manager_of_one_store_changes_no_deal(here: Shop) -> None:
    manager = people.person(name="Manager of one")
    merchants.staff(merchant=here.scene.merchant, person=manager, role=Role.MANAGER, store=here.scene.store)
    browser = visitor(manager)
    assert browser.get(f"/merchant/pictures/{here.scene.store.public_id}/").status_code == 200
    assert browser.get(f"/merchant/pictures/{here.scene.offer.public_id}/").status_code == 404


def test_a_deal_is_previewed_before_it_is_on_sale(here: Shop, owner: Client) -> None:
    draft = catalog.offer(store=here.scene.store, live=False, title="Soup", at=here.at)
    page = owner.get(f"/merchant/deals/{draft.public_id}/preview/").content.decode()
    assert "Soup" in page
    assert "Only you see this" in page
    assert f"/deal/{draft.public_id}/buy/" not in page
    assert Client().get(f"/deal/{draft.public_id}/").status_code == 404


def test_a_deal_leads_to_its_pictures_and_its_preview(here: Shop, owner: Client) -> None:
    ref = here.scene.offer.public_id
    page = owner.get(f"/merchant/deals/{ref}/").content.decode()
    for address in (f"/merchant/pictures/{ref}/", f"/merchant/deals/{ref}/preview/"):
        assert f'href="{address}"' in page
        assert owner.get(address).status_code == 200
