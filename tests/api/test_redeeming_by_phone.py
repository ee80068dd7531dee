"""Redeeming by a phone number over the API: the till asks, the shopper's program confirms."""

from __future__ import annotations

from datetime import datetime

import pytest

from hutong.kernel import clock
from hutong.visit.vouchers.models import Redemption
from tests.api.caller import as_device, as_person
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db

REQUESTS = "/redemptions/requests"


@pytest.fixture
def shop() -> Scene:
    return scene(at=clock.now())


def test_the_till_asks_the_shopper_confirms_and_the_till_reads_what_was_redeemed(shop: Scene) -> None:
    first, second = shop.bought(quantity=2)
    till, shopper = as_device(shop.device, shop.at), as_person(shop.shopper, shop.at)
    body = {"phone": shop.shopper.phone, "uses": 2}
    asked = till.post(REQUESTS, body, key="question-of-a-till")
    assert (asked.status, asked.json["state"], asked.json["redemption"]) == (202, "waiting", None)
    ref = asked.json["ref"]
    assert till.post(REQUESTS, body, key="question-of-a-till").json["ref"] == ref
    (waiting,) = shopper.get("/voucher-requests").json
    assert (waiting["ref"], waiting["store"], waiting["uses"]) == (ref, shop.store.public_id, 2)
    answer = f"/voucher-requests/{ref}/confirm"
    done = shopper.post(answer, {"voucher": first.ref}, key="confirmed-by-a-phone")
    assert done.status == 200
    assert done.json["receipt"] == f"/used/{done.json['ref']}/"
    assert shopper.post(answer, {"voucher": first.ref}, key="confirmed-by-a-phone").json == done.json
    seen = till.get(f"{REQUESTS}/{ref}").json
    assert seen["state"] == "confirmed"
    assert {use["voucher"] for use in seen["redemption"]["uses"]} == {first.ref, second.ref}
    assert seen["redemption"]["receipt"] == f"/merchant/used/{done.json['ref']}/"
    assert shop.shopper.public_id not in str(seen)
    assert Redemption.objects.count() == 2
    assert shopper.get("/voucher-requests").json == []


def test_a_number_of_nobody_gets_the_answer_of_any_other(shop: Scene, at: datetime) -> None:
    other = scene(at=clock.now())
    answers = []
    for made, phone in ((shop, shop.shopper.phone), (other, "+358401234567")):
        till = as_device(made.device, made.at)
        asked = till.post(REQUESTS, {"phone": phone})
        ref = asked.json["ref"]
        if made is shop:
            shopper = as_person(shop.shopper, at)
            assert shopper.post(f"/voucher-requests/{ref}/refuse", key=None).status == 204
        again = till.post(REQUESTS, {"phone": phone})
        seen, gone = till.get(f"{REQUESTS}/{ref}"), till.delete(f"{REQUESTS}/{ref}")
        answers.append(
            [
                (asked.status, sorted(asked.json)),
                (again.status, again.code),
                seen.json["state"],
                gone.json["state"],
            ]
        )
    assert answers[0] == answers[1]
    assert answers[0][1:] == [(409, "request_open"), "waiting", "withdrawn"]
    assert as_device(shop.device, at).post(REQUESTS, {"phone": "12"}).code == "phone_invalid"
