"""The shop sets up a flash sale of a deal, changes it, and calls it off."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client

from hutong.kernel import clock
from hutong.pay.flashsales.queries import sales_of
from hutong.pay.flashsales.types import SaleView
from hutong.town.catalog.models import Offer
from hutong.visit.stock import services as stock
from tests.factories.flashsales import flash_sale
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Shop:
    made = shop()
    Offer.objects.update(per_person_limit=2)
    stock.set_capacity(offer_ref=made.scene.offer.public_id, capacity=50, by="per_test", at=clock.now())
    return made


def address(place: Shop, end: str = "") -> str:
    return f"/merchant/deals/{place.scene.offer.public_id}/flash-sale/{end}"


def wall(place: Shop, at: datetime) -> str:
    return clock.local(at, place.scene.store.region.zone).strftime("%Y-%m-%dT%H:%M")


def fields(place: Shop, **others: str) -> dict[str, str]:
    starts_at = clock.now() + timedelta(hours=2)
    said = {
        "starts_at": wall(place, starts_at),
        "ends_at": wall(place, starts_at + timedelta(hours=1)),
        "has_line": "on",
        "places": "7",
        "minutes": "4",
    }
    return {**said, **others}


def owner(place: Shop) -> Client:
    return visitor(place.owner)


def standing(place: Shop) -> SaleView | None:
    return sales_of([place.scene.offer.public_id]).get(place.scene.offer.public_id)


def test_it_is_set_up_by_the_shops_clock_and_changed(place: Shop) -> None:
    browser = owner(place)
    assert "Flash sale" in browser.get(f"/merchant/deals/{place.scene.offer.public_id}/").content.decode()
    assert "Left: 50." in browser.get(address(place)).content.decode()
    said = fields(place)
    assert browser.post(address(place), said).status_code == 302
    made = standing(place)
    assert made is not None
    assert (wall(place, made.starts_at), wall(place, made.ends_at)) == (said["starts_at"], said["ends_at"])
    assert (made.places, made.minutes) == (7, 4)
    page = browser.get(address(place)).content.decode()
    assert f'value="{said["starts_at"]}"' in page
    without = {name: value for name, value in said.items() if name not in ("has_line", "places")}
    assert browser.post(address(place), without).status_code == 302
    changed = standing(place)
    assert changed is not None
    assert (changed.ref, changed.places) == (made.ref, None)


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"ends_at": "2020-01-01T10:00"}, "It has to end after it begins."),
        ({"starts_at": "2020-01-01T10:00", "ends_at": "2020-01-01T11:00"}, "This moment has passed."),
        ({"starts_at": ""}, "This field is required."),
        ({"starts_at": "soon"}, "Enter a valid date/time."),
        ({"places": ""}, "Give a number."),
        ({"places": "0"}, "Ensure this value is greater than or equal to 1."),
        ({"minutes": "16"}, "Ensure this value is less than or equal to 15."),
    ],
)
def test_what_cannot_be_is_said_at_its_field(others: dict[str, str], said: str, place: Shop) -> None:
    answer = owner(place).post(address(place), fields(place, **others))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert standing(place) is None


def test_a_long_one_is_refused(place: Shop) -> None:
    ends_at = wall(place, clock.now() + timedelta(days=9))
    answer = owner(place).post(address(place), fields(place, ends_at=ends_at))
    assert "A flash sale lasts 7 days at most." in answer.content.decode()


def test_it_lies_within_the_days_of_sale(place: Shop) -> None:
    Offer.objects.update(ends_at=clock.now() + timedelta(hours=2, minutes=30))
    answer = owner(place).post(address(place), fields(place))
    assert "The deal is not on sale any more then." in answer.content.decode()
    Offer.objects.update(starts_at=clock.now() + timedelta(hours=3), ends_at=None)
    answer = owner(place).post(address(place), fields(place))
    assert "The deal is not on sale yet then." in answer.content.decode()


def test_a_deal_without_a_number_has_none() -> None:
    place = shop()
    browser = owner(place)
    assert "This deal has no number yet" in browser.get(address(place)).content.decode()
    answer = browser.post(address(place), fields(place))
    assert answer.status_code == 422
    assert "Say first how many there are" in answer.content.decode()


def test_a_deal_without_a_limit_for_each_person_has_none_and_one_that_was_set_up_goes_on(place: Shop) -> None:
    browser = owner(place)
    assert "This deal has no limit for each person yet" not in browser.get(address(place)).content.decode()
    Offer.objects.update(per_person_limit=None)
    assert "This deal has no limit for each person yet" in browser.get(address(place)).content.decode()
    answer = browser.post(address(place), fields(place))
    assert answer.status_code == 422
    assert "Say first how many one person can have" in answer.content.decode()
    assert standing(place) is None
    before = flash_sale(place.scene, at=clock.now(), places=None)
    placed = place.scene.order(quantity=3, at=clock.now())
    assert (placed.order_ref != "", standing(place)) == (True, before)


def test_it_is_called_off(place: Shop) -> None:
    browser = owner(place)
    browser.post(address(place), fields(place))
    assert browser.post(address(place, "call-off/")).status_code == 302
    assert standing(place) is None


def test_only_who_edits_deals_of_this_shop(place: Shop) -> None:
    elsewhere = shop()
    assert visitor(place.cashier).get(address(place)).status_code in (403, 404)
    assert visitor(elsewhere.owner).get(address(place)).status_code == 404
    assert visitor(elsewhere.owner).post(address(place), fields(place)).status_code == 404
    assert visitor(elsewhere.owner).post(address(place, "call-off/")).status_code == 404
    assert standing(place) is None


def test_one_that_runs_keeps_its_start_to_the_second(place: Shop) -> None:
    at = clock.now()
    Offer.objects.update(starts_at=at - timedelta(minutes=1))
    flash_sale(place.scene, at=at, places=3)
    before = standing(place)
    assert before is not None
    said = fields(place, starts_at=wall(place, before.starts_at), ends_at=wall(place, before.ends_at))
    assert owner(place).post(address(place), said).status_code == 302
    after = standing(place)
    assert after is not None
    assert (after.starts_at, after.ends_at, after.places) == (before.starts_at, before.ends_at, 7)
    later = {**said, "starts_at": wall(place, at + timedelta(minutes=30))}
    answer = owner(place).post(address(place), later)
    assert "Its start cannot be changed any more." in answer.content.decode()
