"""The line of a flash sale for programs: a place, the order that needs it, a pause between two questions."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hutong.flows import flash_sale as flow
from hutong.kernel import clock
from tests.api.caller import Answer, Caller, as_person
from tests.factories import people
from tests.factories.flashsales import flash_sale
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db


def order(shop: Scene, who: Caller) -> Answer:
    lines = [{"deal": shop.offer.public_id}]
    quote = Caller().post("/quotes", {"lines": lines}, key=None).json["hash"]
    return who.post("/orders", {"lines": lines, "quote": quote})


def place(shop: Scene) -> str:
    return f"/deals/{shop.offer.public_id}/line"


def test_a_place_then_an_order(at: datetime) -> None:
    flow.spacing.forget()
    shop = scene(at=at, capacity=5)
    flash_sale(shop, at=clock.now())
    first, second = (as_person(people.person(), at) for _person in range(2))
    assert first.get(place(shop)).json["state"] == "none"
    assert order(shop, first).code == "ticket_needed"
    took = first.post(place(shop), key=None)
    assert (took.status, took.json["state"], took.json["number"]) == (200, "admitted", 1)
    waits = second.post(place(shop), key=None).json
    assert (waits["state"], waits["number"], waits["ahead"], waits["left"]) == ("waiting", 2, 0, 5)
    assert second.post(place(shop), key=None).json["number"] == 2
    assert order(shop, second).code == "ticket_needed"
    placed = order(shop, first)
    assert placed.status == 201
    flow.spacing.forget()
    assert first.get(place(shop)).json["order"] == placed.json["ref"]
    assert second.delete(place(shop)).status == 204
    flow.spacing.forget()
    assert second.get(place(shop)).json["state"] == "left"


def test_asking_too_soon_is_refused_with_the_time_to_wait(at: datetime) -> None:
    flow.spacing.forget()
    shop = scene(at=at, capacity=5)
    flash_sale(shop, at=clock.now())
    who = as_person(people.person(), at)
    assert who.get(place(shop)).json["ask_again_s"] == 5
    again = who.get(place(shop))
    assert (again.code, again.headers["Retry-After"]) == ("too_many", "1")
    assert "Please wait 1 second" in again.json["detail"]


def test_before_and_after_the_sale(at: datetime) -> None:
    flow.spacing.forget()
    shop = scene(at=at, capacity=5)
    sale = flash_sale(shop, at=clock.now(), starts_in=timedelta(hours=1))
    who = as_person(people.person(), at)
    refused = who.post(place(shop), key=None)
    assert (refused.status, refused.code) == (409, "flash_sale_not_open")
    assert datetime.fromisoformat(refused.json["starts_at"]) == sale.starts_at
    assert order(shop, who).code == "flash_sale_not_open"
    told = who.get(place(shop)).json
    assert (told["phase"], told["state"]) == ("announced", "none")
    assert datetime.fromisoformat(told["now"]) < datetime.fromisoformat(told["starts_at"])
    none = scene(at=at, capacity=5)
    assert who.post(place(none), key=None).code == "not_found"
