"""Buying together over HTTP: how a deal is sold to groups, a group opened and joined, and how it stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from hutong.api.doors import Scope
from hutong.kernel import clock
from tests.api.caller import Caller, as_person
from tests.factories import people
from tests.factories.groups import group_scene, opened
from tests.factories.loop import Scene

pytestmark = pytest.mark.django_db(transaction=True)

SCOPES = [Scope.ORDERS_READ, Scope.ORDERS_WRITE]


@pytest.fixture
def shop() -> Scene:
    return group_scene(at=clock.now())


def body(shop: Scene, **together: Any) -> dict[str, Any]:
    wanted = {"lines": [{"deal": shop.offer.public_id}], **together}
    answer = Caller().post("/quotes", wanted, key=None)
    assert answer.status == 200, answer.text
    return {**wanted, "quote": answer.json["hash"], "total": answer.json["total"]}


def order(caller: Caller, wanted: dict[str, Any]) -> Any:
    return caller.post("/orders", {name: value for name, value in wanted.items() if name != "total"})


def test_a_group_is_opened_joined_and_shown(shop: Scene, at: datetime) -> None:
    deal = Caller().get(f"/deals/{shop.offer.public_id}/groups").json
    assert [(step["size"], step["price"]["minor"]) for step in deal["steps"]] == [(2, 1590), (5, 1290)]
    assert (deal["hours"], deal["minimum"], deal["open"]) == (24, None, [])
    opener = as_person(shop.shopper, clock.now(), scopes=SCOPES)
    wanted = body(shop, group_size=2)
    assert wanted["total"]["minor"] == 1590
    placed = order(opener, wanted)
    assert placed.status == 201, placed.text
    group_ref = placed.json["group"]
    again = as_person(people.person(), clock.now(), scopes=SCOPES)
    joined = order(again, body(shop, group=group_ref))
    assert joined.json["group"] == group_ref
    group = Caller().get(f"/groups/{group_ref}").json
    assert (group["state"], group["size"], group["paid"], group["left"]) == ("open", 2, 0, 2)
    assert group["joinable"] is False
    assert [member["paid"] for member in group["members"]] == [False, False]
    own = opener.get(f"/orders/{placed.json['ref']}").json
    assert (own["group"]["ref"], own["place"]) == (group_ref, "held")


@pytest.mark.parametrize(
    ("asked", "code"),
    [({"group_size": 3}, "group_not_offered"), ({"group": "grp_" + "0" * 26}, "group_unknown")],
)
def test_what_is_not_there_has_no_price(shop: Scene, asked: dict[str, Any], code: str) -> None:
    wanted = {"lines": [{"deal": shop.offer.public_id}], **asked}
    assert Caller().post("/quotes", wanted, key=None).json["code"] == code


def test_a_price_of_a_group_is_none_alone_and_nobody_joins_twice(shop: Scene) -> None:
    group_ref, _order = opened(shop)
    opener = as_person(shop.shopper, clock.now(), scopes=SCOPES)
    wanted = body(shop, group=group_ref)
    alone = {name: value for name, value in wanted.items() if name != "group"}
    assert order(opener, alone).json["code"] == "price_changed"
    assert order(opener, wanted).json["code"] == "already_in_group"


def test_what_waits_is_given_back_whole(shop: Scene) -> None:
    _group_ref, placed = opened(shop)
    opener = as_person(shop.shopper, clock.now(), scopes=SCOPES)
    assert opener.get(f"/orders/{placed.order_ref}").json["place"] == "paid"
    assert Caller().get("/groups/grp_none").status == 404
    assert Caller().get("/deals/off_none/groups").status == 404
