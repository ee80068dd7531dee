"""The pages of a flash sale: the deal, the line, the way to checkout."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from hutong.flows import flash_sale as flow
from hutong.kernel import clock
from hutong.pay.flashsales.models import Ticket
from hutong.town.people.models import Person
from tests.factories import people
from tests.factories.flashsales import flash_sale
from tests.factories.loop import Scene, scene
from tests.web.consumer.test_buying import shown
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db

PART = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _patient() -> None:
    flow.spacing.forget()


def shop_on_sale(
    *, places: int | None = 1, starts_in: timedelta = timedelta(minutes=-1), capacity: int = 30
) -> Scene:
    shop = scene(at=clock.now(), capacity=capacity)
    flash_sale(shop, at=clock.now(), places=places, starts_in=starts_in)
    return shop


def deal(shop: Scene, browser: Client | None = None) -> str:
    answer = (browser or visitor(None)).get(f"/deal/{shop.offer.public_id}/", follow=True)
    return answer.content.decode()


def line(shop: Scene, end: str = "") -> str:
    return f"/deal/{shop.offer.public_id}/line/{end}"


def come_in(shop: Scene, person: Person | None = None) -> Client:
    browser = visitor(person or people.person())
    answer = browser.post(line(shop, "take/"))
    assert answer["Location"] == line(shop)
    return browser


@pytest.mark.parametrize(
    ("starts_in", "places", "said"),
    [
        (timedelta(hours=2), 5, "Not open yet"),
        (timedelta(hours=2), None, "Not open yet"),
        (timedelta(minutes=10), 5, "Get in line"),
        (timedelta(minutes=-1), 5, "Get in line"),
        (timedelta(minutes=-1), None, "Buy now"),
        (timedelta(minutes=-119, seconds=-59), 5, "Get in line"),
    ],
)
def test_the_deal_says_when_it_opens_and_how_many_are_left(
    starts_in: timedelta, places: int | None, said: str
) -> None:
    page = deal(shop_on_sale(places=places, starts_in=starts_in))
    assert said in page
    assert "30 left" in page
    assert 'now="' in page  # the countdown goes by the server's clock
    assert ("Buy now" in page) == (said == "Buy now")


def test_the_deal_says_that_it_is_over_or_sold_out() -> None:
    shop = shop_on_sale(places=None, capacity=1)
    shop.order(at=clock.now())
    assert "Sold out" in deal(shop)
    ended = scene(at=clock.now(), capacity=1)
    earlier = clock.now() - timedelta(hours=5)
    flash_sale(ended, at=earlier)
    assert "Flash sale is over" in deal(ended)


def test_nobody_signed_in_goes_to_sign_in_and_comes_back() -> None:
    shop = shop_on_sale()
    answer = visitor(None).get(line(shop))
    assert answer["Location"].startswith("/sign-in/")
    assert "line" in answer["Location"]
    assert Ticket.objects.count() == 0


def test_first_and_second_in_line_and_the_second_is_let_in() -> None:
    shop = shop_on_sale()
    first, second = come_in(shop), come_in(shop)
    page = first.get(line(shop)).content.decode()
    assert "It is your turn" in page
    assert f"/deal/{shop.offer.public_id}/buy/" in page
    page = second.get(line(shop)).content.decode()
    assert "You are next" in page
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page
    assert "It is your turn" not in page
    first.post(line(shop, "leave/"))
    assert "It is your turn" in second.get(line(shop)).content.decode()
    assert "You left the line" in first.get(line(shop)).content.decode()


def test_coming_in_again_is_the_same_place() -> None:
    shop = shop_on_sale()
    come_in(shop)
    person = people.person()
    for _tab in range(3):
        come_in(shop, person)
    assert Ticket.objects.get(person=person).number == 2
    assert Ticket.objects.count() == 2


def test_a_look_by_itself_is_empty_while_nothing_moves() -> None:
    shop = shop_on_sale()
    come_in(shop)
    second = come_in(shop)
    page = second.get(line(shop)).content.decode()
    seen = page.partition('data-seen="')[2].partition('"')[0]
    answer = second.get(line(shop), {"seen": seen}, headers=PART)
    assert (answer.status_code, answer.content) == (204, b"")
    flow.spacing.forget()
    Ticket.objects.filter(number=1).update(state="done", order_ref="ord_1")
    answer = second.get(line(shop), {"seen": seen}, headers=PART)
    assert answer.status_code == 200
    assert "It is your turn" in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_looks_that_come_too_fast_are_told_how_long_to_wait() -> None:
    shop = shop_on_sale()
    browser = come_in(shop)
    assert browser.get(line(shop), headers=PART).status_code == 200
    answer = browser.get(line(shop), headers=PART)
    assert (answer.status_code, answer["Retry-After"]) == (429, "1")
    assert "Please wait 1 second" in answer.content.decode()
    assert browser.get(line(shop)).status_code == 200  # a reload by hand is no poll


def test_checkout_is_for_who_is_let_in() -> None:
    shop = shop_on_sale()
    buy = f"/deal/{shop.offer.public_id}/buy/"
    first, second = come_in(shop), come_in(shop)
    assert first.get(buy).status_code == 200
    assert second.get(buy)["Location"] == line(shop)
    answer = second.post(buy, shown(first, shop), follow=True)
    assert answer.redirect_chain[-1][0] == line(shop)
    assert "It is not your turn" in answer.content.decode()


def test_a_deal_without_a_line_has_no_page_of_it() -> None:
    shop = scene(at=clock.now(), capacity=3)
    assert visitor(people.person()).get(line(shop)).status_code == 404
    assert visitor(people.person()).post(line(shop, "take/")).status_code == 404
    assert (
        visitor(people.person()).get(line(shop).replace(shop.offer.public_id, "off_none")).status_code == 404
    )


def test_it_speaks_chinese() -> None:
    shop = shop_on_sale()
    browser = come_in(shop)
    browser.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    page = browser.get(line(shop)).content.decode()
    assert "It is your turn" not in page
    assert "轮到您了" in page
