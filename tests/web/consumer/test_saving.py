"""The heart, lists and their links, and what was looked at, as pages: signed in, signed out, without JavaScript."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hutong.attract.saved import queries, services
from hutong.attract.saved.types import Seen
from hutong.flows import index_search
from hutong.kernel import clock
from hutong.town.merchants.models import Store
from hutong.town.people.models import Message, Person
from hutong.town.regions.models import Region
from hutong.web.consumer import seeing
from tests.factories import catalog, merchants, people, regions
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def shops() -> list[Store]:
    region = regions.region(slug="helsinki")
    made = [merchants.listing(region=region, name=f"Kahvila {number}") for number in range(3)]
    index_search.index_region(region.public_id, clock.now())
    return made


@pytest.fixture
def person() -> Person:
    return people.person()


def saved_refs(person: Person) -> set[str]:
    return set(queries.saved_refs(person.pk))


def pressed(page: str, ref: str) -> str:
    found = re.search(rf'id="heart-{ref}" aria-pressed="(\w+)"', page)
    assert found, f"no heart of {ref}"
    return found[1]


def sign_in(client: Client, person: Person, target: str) -> str:
    """By phone and code, as a person does; where it leads."""
    client.post(f"/sign-in/?next={target}", {"phone": person.phone})
    body = Message.objects.filter(to=person.phone).latest("pk").body
    code = re.search(r"\b\d{6}\b", body)
    assert code
    return str(client.post(f"/sign-in/code/?next={target}", {"code": code[0]})["Location"])


def test_a_heart_fills_and_empties_in_place(shops: list[Store], person: Person) -> None:
    browser, ref = visitor(person), shops[0].public_id
    assert pressed(browser.get("/nearby/").content.decode(), ref) == "false"
    answer = browser.post("/save/", {"ref": ref, "name": "Kahvila 0", "next": "/nearby/"}, headers=HTMX)
    assert "<html" not in answer.content.decode()
    assert pressed(answer.content.decode(), ref) == "true"
    assert "Saved" in answer["HX-Trigger"]
    assert saved_refs(person) == {ref}
    for page in ("/nearby/", f"/store/{ref}/", "/", "/me/seen/"):
        if page == "/me/seen/":
            services.remember(person=person, seen=[Seen(ref, "cafe", clock.now())])
        assert pressed(browser.get(page).content.decode(), ref) == "true"
    answer = browser.post("/save/", {"ref": ref, "next": "/nearby/"})
    assert answer["Location"] == "/nearby/"
    assert saved_refs(person) == set()
    assert browser.post("/save/", {"ref": "sto_none"}).status_code == 404
    assert browser.post("/save/", {"ref": ref, "next": "https://evil.example/"})["Location"] == "/"
    assert browser.get("/save/").status_code == 405


def test_from_a_list_that_goes_on_the_heart_leads_back_to_the_list(person: Person) -> None:
    region = regions.region(slug="helsinki")
    for number in range(25):
        merchants.listing(region=region, name=f"Baari {number}")
    index_search.index_region(region.public_id, clock.now())
    page = Client().get("/nearby/?category=cafe").content.decode()
    assert "after=" in page
    assert set(re.findall(r'name="next" value="([^"]*)"', page)) == {"/nearby/?category=cafe"}


def test_hearts_cost_one_statement_however_many_there_are(shops: list[Store], person: Person) -> None:
    browser = visitor(person)

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            browser.get("/nearby/")
        return len([each for each in captured if "saved_savedentry" in each["sql"]])

    services.save(person=person, ref=shops[0].public_id, at=clock.now())
    assert cost() == 1
    for shop in shops:
        services.save(person=person, ref=shop.public_id, at=clock.now())
    assert cost() == 1


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_signed_out_one_signs_in_and_then_it_is_saved(
    shops: list[Store], person: Person, headers: dict[str, str]
) -> None:
    client, ref = Client(headers={"User-Agent": BROWSER}), shops[0].public_id
    client.get(f"/store/{shops[1].public_id}/")
    assert pressed(client.get("/nearby/").content.decode(), ref) == "false"
    answer = client.post("/save/", {"ref": ref, "next": f"/store/{ref}/"}, headers=headers)
    to = answer["HX-Redirect"] if headers else answer["Location"]
    assert to == f"/sign-in/?next=%2Fstore%2F{ref}%2F"
    assert saved_refs(person) == set()
    assert sign_in(client, person, f"/store/{ref}/") == f"/store/{ref}/"
    assert saved_refs(person) == {ref}
    # and what this browser remembered is the person's now
    assert [one.store_ref for one in queries.seen_of(person.pk)] == [shops[1].public_id]
    assert client.cookies[seeing.COOKIE].value == ""
    client.post("/sign-out/")
    sign_in(client, people.person(), "/")
    assert saved_refs(person) == {ref}


def test_what_is_gone_meanwhile_does_not_stop_a_sign_in(shops: list[Store], person: Person) -> None:
    client = Client()
    client.post("/save/", {"ref": shops[0].public_id})
    Store.objects.filter(pk=shops[0].pk).update(state="closed")
    assert sign_in(client, person, "/") == "/"
    assert saved_refs(person) == set()


def test_a_list_with_notes_an_order_and_undo(shops: list[Store], person: Person) -> None:
    browser = visitor(person)
    assert "Nothing saved yet" in browser.get("/me/saved/").content.decode()
    entries = [services.save(person=person, ref=shop.public_id, at=clock.now()) for shop in shops]
    url = f"/me/saved/things/{entries[0]}/"
    ref = queries.lists_of(person.pk)[0].ref
    assert browser.post(url, {"do": "note", "note": "Window <seat>", "list": ref})["Location"] == (
        f"/me/saved/{ref}/#{entries[0]}"
    )
    browser.post(url, {"do": "up", "list": ref})
    page = browser.get("/me/saved/").content.decode()
    assert page.index("Kahvila 2") < page.index("Kahvila 0") < page.index("Kahvila 1")
    assert "Window &lt;seat&gt;" in page
    to = browser.post(url, {"do": "remove", "list": ref})["Location"]
    assert to == f"/me/saved/{ref}/?undo={entries[0]}"
    assert "Kahvila 0 is taken out." in browser.get(to).content.decode()
    browser.post(url, {"do": "restore", "list": ref})
    assert saved_refs(person) == {shop.public_id for shop in shops}
    assert browser.post(url, {"do": "remove", "list": "//evil.example"})["Location"].startswith(
        "/me/saved/?undo="
    )
    assert browser.post(url, {"do": "remove"}).status_code == 404
    assert browser.post(url, {"do": "sell"}).status_code == 404
    Store.objects.filter(pk=shops[1].pk).update(state="closed")
    index_search.index_store(shops[1].public_id, clock.now())
    page = browser.get("/me/saved/").content.decode()
    assert "This shop is not on the site at the moment." in page


def test_lists_are_made_named_deleted_and_had_back(shops: list[Store], person: Person) -> None:
    browser = visitor(person)
    to = browser.post("/me/saved/new/", {"name": "Brunch"})["Location"]
    ref = to.split("/")[-2]
    assert "Brunch" in browser.get(to).content.decode()
    assert browser.post("/me/saved/new/", {"name": " "})["Location"] == "/me/saved/"
    assert "Give the list a name." in browser.get("/me/saved/").content.decode()
    browser.post(f"/me/saved/{ref}/rename/", {"name": "Late brunch"})
    entry = services.save(person=person, ref=shops[0].public_id, at=clock.now())
    browser.post(f"/me/saved/things/{entry}/", {"do": "put", "into": ref})
    assert [(one.name, one.size) for one in queries.lists_of(person.pk)] == [("", 0), ("Late brunch", 1)]
    to = browser.post(f"/me/saved/{ref}/delete/")["Location"]
    assert "The list “Late brunch” is deleted." in browser.get(to).content.decode()
    browser.post(f"/me/saved/{ref}/restore/")
    assert [(one.name, one.size) for one in queries.lists_of(person.pk)] == [("", 0), ("Late brunch", 1)]


def test_a_link_shows_a_list_to_a_stranger_until_it_is_off(shops: list[Store], person: Person) -> None:
    person.name = "Aino Ankkuri"
    person.save()
    browser, stranger = visitor(person), Client(headers={"User-Agent": BROWSER})
    offer = catalog.offer(
        store=merchants.store(merchant=merchants.merchant(region=Region.objects.get(slug="helsinki")))
    )
    index_search.index_region(shops[0].region.public_id, clock.now())
    for ref in (*(shop.public_id for shop in shops), offer.public_id):
        entry = services.save(person=person, ref=ref, at=clock.now())
    services.note(person=person, entry_ref=entry, text="Good cake")
    ref = queries.lists_of(person.pk)[0].ref
    browser.post(f"/me/saved/{ref}/share/", {"to": "on"})
    page = browser.get("/me/saved/").content.decode()
    found = re.search(r"http://testserver(/lists/shl_[\w-]+/)", page)
    assert found
    answer = stranger.get(found[1])
    seen = answer.content.decode()
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert "Kahvila 0" in seen
    assert "Coffee and cake" in seen
    assert "Aino" not in seen
    assert "Good cake" not in seen
    browser.post(f"/me/saved/{ref}/share/", {"to": "on", "notes": "on"})
    assert "Good cake" in stranger.get(found[1]).content.decode()
    friend = people.person()
    assert stranger.post(f"{found[1]}copy/")["Location"].startswith("/sign-in/")
    sign_in(stranger, friend, "/me/saved/")
    assert saved_refs(friend) == {*(shop.public_id for shop in shops), offer.public_id}
    assert visitor(friend).post(f"{found[1]}copy/").status_code == 302
    assert len(queries.lists_of(friend.pk)) == 2
    browser.post(f"/me/saved/{ref}/share/", {"to": "off"})
    assert stranger.get(found[1]).status_code == 404
    assert visitor(friend).post(f"{found[1]}copy/").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_statements_of_the_pages(shops: list[Store], person: Person, count: int) -> None:
    for shop in shops[:count]:
        services.save(person=person, ref=shop.public_id, at=clock.now())
    ref = queries.lists_of(person.pk)[0].ref
    key = services.share_list(person=person, list_ref=ref, with_notes=True, at=clock.now())
    browser, stranger = visitor(person), Client()
    for client, page, budget in ((browser, "/me/saved/", 6), (stranger, f"/lists/{key}/", 4)):
        client.get("/terms/")
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page).status_code == 200
        assert len(captured) <= budget, [each["sql"][:90] for each in captured]


def test_the_cookie_is_small_signed_and_bounded(shops: list[Store]) -> None:
    many = [
        merchants.listing(region=shops[0].region, name=f"Baari {n}", category_slug="beauty-salon")
        for n in range(22)
    ]
    client = Client(headers={"User-Agent": BROWSER})
    for shop in many:
        client.get(f"/store/{shop.public_id}/")
    cookie = client.cookies[seeing.COOKIE]
    assert len(cookie.value) < 1_500
    assert cookie["httponly"]
    index_search.index_region(shops[0].region.public_id, clock.now())
    page = client.get("/me/seen/").content.decode()
    assert [f"Baari {n}<" in page for n in (0, 1, 2, 21)] == [False, False, True, True]
    another = "A" if cookie.value[-1] != "A" else "E"
    for forged in (cookie.value[:-1] + another, "x:y:z", "", "[]", "a" * 5000):
        client.cookies[seeing.COOKIE] = forged
        assert "Nothing seen yet" in client.get("/me/seen/").content.decode()
        assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": ""},
        {"User-Agent": "Googlebot/2.1 (bot.html)"},
        {"User-Agent": BROWSER, "Sec-Purpose": "prefetch"},
    ],
)
def test_machines_and_pages_fetched_in_advance_look_at_nothing(
    shops: list[Store], headers: dict[str, str]
) -> None:
    client = Client()
    client.get(f"/store/{shops[0].public_id}/", headers=headers)
    assert seeing.COOKIE not in client.cookies


def test_what_was_seen_is_cleared_and_switched_off(shops: list[Store], person: Person) -> None:
    for browser in (Client(), visitor(person)):
        browser.defaults["HTTP_USER_AGENT"] = BROWSER

        def seen(browser: Client = browser) -> list[bool]:
            page = browser.get("/me/seen/").content.decode()
            return [shop.public_id in page for shop in shops]

        for shop in shops[:2]:
            browser.get(f"/store/{shop.public_id}/")
        assert seen() == [True, True, False]
        browser.post("/me/seen/clear/")
        assert seen() == [False, False, False]
        browser.get(f"/store/{shops[2].public_id}/")
        assert seen() == [False, False, True]
        browser.post("/me/seen/switch/", {"to": "off"})
        browser.get(f"/store/{shops[0].public_id}/")
        assert seen() == [False, False, False]
        browser.post("/me/seen/switch/", {"to": "on"})
        browser.get(f"/store/{shops[0].public_id}/")
        assert seen() == [True, False, False]


def test_a_look_at_a_deal_is_a_look_at_its_shop(person: Person) -> None:
    offer = catalog.offer(at=clock.now() - timedelta(days=1))
    browser = visitor(person)
    browser.get(f"/deal/{offer.public_id}/", headers={"User-Agent": BROWSER})
    (seen,) = queries.seen_of(person.pk)
    assert seen.category == "cafe"
