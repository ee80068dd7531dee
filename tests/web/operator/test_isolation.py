"""The operator's pages are for operators. The list of addresses is read from the code."""

from __future__ import annotations

import pytest
from django.urls import reverse

from hutong.town.people.models import Person
from hutong.web.operator.urls import urlpatterns
from tests.factories import people
from tests.web.visitors import shop, visitor

pytestmark = pytest.mark.django_db

NAMES = [str(pattern.name) for pattern in urlpatterns]
PAGES = {"operator_figures", "operator_queue", "operator_orders", "operator_refunds", "operator_books"}


def answers(person: Person | None, method: str) -> dict[str, int]:
    """The status of every address, with refs that do not exist; 401 stands for the way to the sign-in page."""
    browser = visitor(person)
    found = {}
    for pattern in urlpatterns:
        keys = pattern.pattern.converters
        address = reverse(str(pattern.name), kwargs=dict.fromkeys(keys, "ord_none"))
        response = browser.post(address) if method == "post" else browser.get(address)
        to_sign_in = response.status_code == 302 and response["Location"].startswith("/sign-in/")
        found[str(pattern.name)] = 401 if to_sign_in else response.status_code
    return found


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_is_asked_to_sign_in(method: str) -> None:
    assert answers(None, method) == dict.fromkeys(NAMES, 401)


@pytest.mark.parametrize("method", ["get", "post"])
def test_shoppers_and_shop_owners_are_turned_away(method: str) -> None:
    made = shop()
    for person in (made.scene.shopper, made.owner, made.cashier):
        assert answers(person, method) == dict.fromkeys(NAMES, 403)


def test_an_operator_opens_pages_and_finds_no_thing_that_is_not_there() -> None:
    shop()
    found = answers(people.operator(), "get")
    assert {name for name, status in found.items() if status == 200} == PAGES
    assert {status for name, status in found.items() if name not in PAGES} == {404, 405}
