"""Points at the operator's: rules tried on an example before they hold, and what is owed."""

from typing import Any

import pytest
from django.test import Client

from hutong.kernel import audit, clock
from hutong.know.loyalty import queries
from tests.factories import people, regions
from tests.factories.points import lot, programme
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db

URL = "/operator/points/"
TYPED = {
    "on": "on", "title_en": "Town points", "title_zh": "城市积分", "earn": "1", "paid": "10", "each": "1",
    "worth": "0,10", "step": "10", "share": "50", "months": "12",
}  # fmt: skip


@pytest.fixture
def browser() -> Client:
    """An operator's, in a town with euros."""
    regions.region()
    return visitor(people.operator())


def sent(browser: Client, go: str, **other: str) -> tuple[int, str]:
    answer: Any = browser.post(URL, {**TYPED, **other, "go": go})
    return answer.status_code, answer.content.decode()


def test_a_site_begins_without_points_and_with_usual_numbers(browser: Client) -> None:
    page = browser.get(URL).content.decode()
    assert "Rules for orders in EUR" in page
    assert 'value="100"' in page
    assert "Look at what the rules come to" in page


def test_an_example_says_what_the_rules_come_to_and_saves_nothing(browser: Client) -> None:
    status, page = sent(browser, "try")
    assert status == 200
    assert "An order of €100.00 earns 10 points, worth €1.00." in page
    assert "at most €50.00 may be paid with points, 10 points (€1.00) at a time." in page
    assert queries.programmes(clock.now()) == {}


def test_what_is_saved_holds_and_is_in_the_log(browser: Client) -> None:
    status, _page = sent(browser, "save")
    assert status == 302
    found = queries.programme("EUR", clock.now())
    assert found is not None
    assert (found.on, found.titles["zh-Hans"], found.rules.paid.minor, found.rules.months) == (
        True, "城市积分", 1000, 12,
    )  # fmt: skip
    sent(browser, "save", months="", on="")
    assert "Rules of points set" in browser.get("/operator/audit/").content.decode()
    newest, _first = audit.search(action="loyalty.programme_set").entries
    assert newest.changes == {"months": [12, None], "earning": [True, False]}
    page = browser.get(URL).content.decode()
    assert page.count("1 for each €10.00; 1 are worth €0.10") == 2


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"paid": "0"}, "above nothing"),
        ({"paid": "a lot"}, "Write an amount such as"),
        ({"earn": "0"}, "greater than or equal to 1"),
        ({"earn": ""}, "This field is required"),
        ({"share": "101"}, "between 0 and 100"),
        ({"share": "0"}, "above nothing"),
        ({"months": "121"}, "less than or equal to 120"),
        ({"each": "3", "worth": "0.10", "step": "1"}, "whole number of the smallest coins"),
        ({"title_en": " "}, "This field is required"),
    ],
)
@pytest.mark.parametrize("go", ["try", "save"])
def test_rules_that_make_no_sense_are_not_saved(
    browser: Client, wrong: dict[str, str], told: str, go: str
) -> None:
    status, page = sent(browser, go, **wrong)
    assert (status, told in page) == (422, True)
    assert queries.programmes(clock.now()) == {}


@pytest.mark.unbalanced("points are earned with names here")
def test_what_is_owed_is_on_both_pages(browser: Client) -> None:
    programme(at=clock.now())
    lot(people.person().public_id, 12_345, at=clock.now())
    for url in (URL, "/operator/money/"):
        page = browser.get(url).content.decode()
        for words in ("Owed in points", "€123.45", "12,345"):
            assert words in page
    accounts = browser.get("/operator/money/points/pts_eur/").content.decode()
    assert "Points of shoppers" in accounts
    assert browser.get("/operator/money/points_issued/platform/pts_eur/").status_code == 200
