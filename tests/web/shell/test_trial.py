"""A trial says on every page what it is, and shows its tray to whoever has the secret link alone."""

from typing import Any

import pytest
from django.test import Client

from hutong.web.shell import tray
from tests.factories.people import operator

pytestmark = pytest.mark.django_db
BANNER = "Trial: payments move no real money."


@pytest.fixture
def trial(settings: Any) -> None:
    settings.HUTONG_MODE = "trial"


@pytest.mark.parametrize(
    "path", ["/", "/sign-in/", "/no-such-page/", "/offline/", "/merchant/", "/operator/"]
)
def test_every_page_says_that_no_money_moves(client: Client, settings: Any, path: str) -> None:
    someone = operator()
    client.force_login(someone)
    assert BANNER not in client.get(path, follow=True).content.decode()
    settings.HUTONG_MODE = "trial"
    assert BANNER in client.get(path, follow=True).content.decode()
    chinese = client.get(path, follow=True, headers={"Accept-Language": "zh-hans"}).content.decode()
    assert "试运行" in chinese


def test_the_tray_opens_with_its_link_alone(client: Client, trial: None) -> None:
    assert client.get("/demo/messages/").status_code == 404
    assert client.get("/demo/messages/?key=" + "0" * 32).status_code == 404
    link = tray.link().removeprefix("http://127.0.0.1:8000")
    opened = client.get(link)
    assert opened["Location"] == "/demo/messages/", "the key leaves the address"
    assert opened.cookies["tray"]["httponly"]
    assert client.get("/demo/messages/").status_code == 200
    assert client.get("/demo/messages/", headers={"HX-Request": "true"}).status_code == 200
    assert Client().get("/demo/messages/").status_code == 404


def test_a_cookie_of_ones_own_making_opens_nothing(client: Client, trial: None) -> None:
    client.cookies["tray"] = tray.link().partition("key=")[2]  # the key itself, but not signed
    assert client.get("/demo/messages/").status_code == 404


def test_the_way_to_the_tray_is_shown_to_whom_it_is_open(client: Client, trial: None) -> None:
    asked = {"phone": "+358401234567"}
    assert "/demo/messages/" not in client.post("/sign-in/", asked, follow=True).content.decode()
    client.get(tray.link().removeprefix("http://127.0.0.1:8000"))
    assert "/demo/messages/" in client.post("/sign-in/", asked, follow=True).content.decode()


def test_the_link_of_a_demo_needs_no_key(settings: Any) -> None:
    assert tray.link() == "http://127.0.0.1:8000/demo/messages/"


def test_the_tray_is_gone_where_nothing_is_sent_to_it(client: Client, trial: None, settings: Any) -> None:
    link = tray.link().removeprefix("http://127.0.0.1:8000")
    settings.HUTONG_SMS = settings.HUTONG_VOICE = "console"
    assert client.get(link).status_code == 404
