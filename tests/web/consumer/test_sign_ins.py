"""Browsers that are signed in: listed, logged out from elsewhere, noted without a statement too many."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hutong.kernel.secret import keyed_hex
from hutong.town.people import queries, rules
from hutong.town.people.models import Person, SignIn
from hutong.web.shell.sessions import BACKEND
from tests.factories import people
from tests.town.people.codes import last_code
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = "+358401234567"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.0 Mobile/15E148 Safari/604.1"
)
WECHAT = (
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36 MicroMessenger/8.0"
)


@pytest.mark.parametrize(
    ("agent", "named"),
    [
        (IPHONE, ("Safari", "iPhone")),
        (WECHAT, ("WeChat", "Android")),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            ("Edge", "Windows"),
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", ("Firefox", "Linux")),
        ("", ("", "")),
        ("curl/8.0", ("", "")),
    ],
)
def test_browsers_are_named_simply(agent: str, named: tuple[str, str]) -> None:
    assert rules.browser_of(agent) == named


@pytest.mark.parametrize(
    ("address", "masked"),
    [("203.0.113.7", "203.0.•.•"), ("2001:db8:1::7", "2001:db8:•"), ("unknown", ""), ("", "")],
)
def test_half_an_address_is_kept(address: str, masked: str) -> None:
    assert rules.mask_address(address) == masked


def sign_in(browser: Client, agent: str = IPHONE) -> None:
    browser.post("/sign-in/", {"phone": PHONE}, headers={"User-Agent": agent})
    browser.post("/sign-in/code/", {"code": last_code(PHONE)}, headers={"User-Agent": agent})


def test_signing_in_notes_the_browser_and_not_the_key_of_its_session() -> None:
    browser = Client()
    sign_in(browser)
    noted = SignIn.objects.get()
    assert (noted.browser, noted.system, noted.place) == ("Safari", "iPhone", "127.0.•.•")
    assert noted.proved_at == noted.signed_in_at
    key = str(browser.session.session_key)
    assert noted.session_hmac == keyed_hex(queries.SESSION_PURPOSE, key)
    assert "Safari · iPhone" in browser.get("/me/sign-ins/").content.decode()


def test_signing_out_ends_it() -> None:
    browser = Client()
    sign_in(browser)
    browser.post("/sign-out/")
    assert SignIn.objects.get().ended_at is not None


def test_one_is_logged_out_from_another() -> None:
    person = people.person(phone=PHONE)
    here, there = visitor(person), visitor(person)
    assert there.get("/wallet/").status_code == 200
    other = SignIn.objects.order_by("-pk")[0]
    assert here.post(f"/me/sign-ins/{other.public_id}/end/").status_code == 302
    assert there.get("/wallet/").status_code == 302
    assert there.get("/wallet/").status_code == 302  # and not noted anew
    assert SignIn.objects.filter(ended_at=None).count() == 1
    assert here.get("/wallet/").status_code == 200


def test_all_others_are_logged_out() -> None:
    person = people.person(phone=PHONE)
    here, *others = [visitor(person) for _ in range(3)]
    here.post("/me/sign-ins/others/end/")
    assert [browser.get("/wallet/").status_code for browser in (here, *others)] == [200, 302, 302]


def test_somebody_elses_browser_is_not_there() -> None:
    mine, stranger = visitor(people.person(phone=PHONE)), visitor(people.person())
    ref = SignIn.objects.get(person__phone=PHONE).public_id
    assert stranger.post(f"/me/sign-ins/{ref}/end/").status_code == 404
    token = people.token_of(Person.objects.get(phone=PHONE), scopes=["orders:read"])
    listed = queries.tokens_of(Person.objects.get(phone=PHONE).public_id, timezone.now())
    assert token
    assert stranger.post(f"/me/tokens/{listed[0].ref}/revoke/").status_code == 404
    assert mine.get("/wallet/").status_code == 200
    assert mine.post(f"/me/tokens/{listed[0].ref}/revoke/").status_code == 302
    assert queries.tokens_of(Person.objects.get(phone=PHONE).public_id, timezone.now()) == []


def test_a_session_of_another_door_is_noted_and_can_be_ended() -> None:
    """The back office signs in by password, and sessions made before browsers were noted live on."""
    browser = Client()
    person = people.person(phone=PHONE)
    browser.force_login(person, backend=BACKEND)
    assert browser.get("/wallet/").status_code == 200
    noted = SignIn.objects.get()
    assert noted.proved_at is None
    SignIn.objects.update(ended_at=timezone.now(), ended_by="per_x")
    assert browser.get("/wallet/").status_code == 302
    # Even where the row is gone: the session says that it was noted.
    browser.force_login(person, backend=BACKEND)
    browser.get("/wallet/")
    SignIn.objects.all().delete()
    assert browser.get("/wallet/").status_code == 302
    assert not SignIn.objects.exists()


def test_a_blocked_person_is_nobody() -> None:
    person = people.person(phone=PHONE)
    browser = visitor(person)
    Person.objects.update(is_active=False)
    assert browser.get("/wallet/").status_code == 302


def test_being_seen_costs_a_statement_every_five_minutes_only() -> None:
    browser = visitor(people.person(phone=PHONE))

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            browser.get("/me/")
        return len(captured)

    usual = statements()
    seen = SignIn.objects.get().last_seen_at
    assert statements() == usual
    assert SignIn.objects.get().last_seen_at == seen
    SignIn.objects.update(last_seen_at=seen - timedelta(minutes=6))
    assert statements() == usual + 1
    assert SignIn.objects.get().last_seen_at > seen
    assert statements() == usual


def test_a_visitor_costs_nothing() -> None:
    with CaptureQueriesContext(connection) as captured:
        Client().get("/me/")
    assert [query["sql"] for query in captured if "people" in query["sql"]] == []
