"""Signing in by phone and code: the two pages, what wrong input gets, and where it leads."""

import re

import pytest
from django.test import Client

from hutong.town.people.models import Message, Person
from tests.factories import people
from tests.web.visitors import visitor

# The budget of guesses is kept outside the test's transaction.
pytestmark = pytest.mark.django_db(transaction=True)

PHONE = "040 123 4567"


def last_code() -> str:
    """The code in the newest message."""
    message = Message.objects.order_by("-id").first()
    assert message
    found = re.search(r"\b\d{6}\b", message.body)
    assert found
    return found[0]


def test_two_steps_and_back_to_where_one_wanted_to_go(client: Client) -> None:
    asked = client.get("/wallet/")
    assert asked["Location"] == "/sign-in/?next=%2Fwallet%2F"
    sent = client.post("/sign-in/", {"phone": PHONE, "next": "/wallet/"})
    assert sent["Location"] == "/sign-in/code/?next=%2Fwallet%2F"
    page = client.get(sent["Location"]).content.decode()
    assert "+358 40 1234567" in page
    done = client.post("/sign-in/code/", {"code": last_code(), "next": "/wallet/"})
    assert done["Location"] == "/wallet/"
    assert client.get("/wallet/").status_code == 200
    assert Person.objects.get().phone == "+358401234567"


def test_strangers_are_not_led_to(client: Client) -> None:
    client.post("/sign-in/", {"phone": PHONE, "next": "https://evil.example/"})
    done = client.post("/sign-in/code/", {"code": last_code(), "next": "https://evil.example/"})
    assert done["Location"] == "/"


@pytest.mark.parametrize("written", ["", "12", "not a number", "+358 40", "0" * 60])
def test_wrong_phone_is_told_and_nothing_is_sent(client: Client, written: str) -> None:
    page = client.post("/sign-in/", {"phone": written})
    assert page.status_code == 200
    assert 'aria-invalid="true"' in page.content.decode()
    assert Message.objects.count() == 0


def test_wrong_code_costs_a_try_and_the_right_one_still_works(client: Client) -> None:
    client.post("/sign-in/", {"phone": PHONE})
    wrong = "000000" if last_code() != "000000" else "111111"
    page = client.post("/sign-in/code/", {"code": wrong})
    assert "This code is not right" in page.content.decode()
    assert client.post("/sign-in/code/", {"code": last_code()}).status_code == 302


def test_code_page_without_a_phone_goes_to_the_first_step(client: Client) -> None:
    assert client.get("/sign-in/code/?next=/me/")["Location"] == "/sign-in/?next=%2Fme%2F"


def test_htmx_goes_to_the_sign_in_page_as_a_whole(client: Client) -> None:
    answer = client.get("/wallet/", headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer["HX-Redirect"].startswith("/sign-in/")


def test_sign_out() -> None:
    browser = visitor(people.person())
    assert browser.get("/wallet/").status_code == 200
    assert browser.get("/sign-out/").status_code == 405
    browser.post("/sign-out/")
    assert browser.get("/wallet/").status_code == 302
