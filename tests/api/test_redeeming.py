"""Redeeming over HTTP: by a device, by staff, once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from hutong.api.doors import Scope
from hutong.town.merchants import services as merchant_services
from hutong.town.merchants.types import Role
from hutong.visit.vouchers.models import Redemption
from tests.api.caller import Caller, as_device, as_person
from tests.api.stage import merchant_of
from tests.factories import merchants, people
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(at: datetime) -> Scene:
    return scene(at=at)


@pytest.fixture
def till(shop: Scene, at: datetime) -> Caller:
    return as_device(shop.device, at)


def test_a_device_redeems_in_its_store(shop: Scene, till: Caller) -> None:
    (voucher,) = shop.bought()
    done = till.post("/redemptions", {"code": voucher.code})
    assert done.status == 201, done.text
    assert (done.json["store"], done.json["uses_left"], done.json["replay"]) == (
        shop.store.public_id,
        0,
        False,
    )
    again = till.post("/redemptions", {"code": voucher.code})
    assert (again.status, again.code) == (409, "voucher_already_used")
    assert again.json["store_ref"] == shop.store.public_id


def test_the_same_key_is_the_same_answer(shop: Scene, till: Caller) -> None:
    first, second = shop.bought(quantity=2)
    done = till.post("/redemptions", {"code": first.qr_text}, key="scan-000001")
    again = till.post("/redemptions", {"code": first.qr_text}, key="scan-000001")
    assert again.json == {**done.json, "replay": True}
    other = till.post("/redemptions", {"code": second.code}, key="scan-000001")
    assert (other.status, other.code) == (409, "nonce_reused")
    assert Redemption.objects.count() == 1


def test_redeeming_needs_a_key(shop: Scene, till: Caller) -> None:
    (voucher,) = shop.bought()
    assert till.post("/redemptions", {"code": voucher.code}, key=None).code == "idempotency_key_missing"
    assert not Redemption.objects.exists()


def test_codes_that_open_nothing(shop: Scene, till: Caller, at: datetime) -> None:
    other = scene(at=at)
    (foreign,) = other.bought()
    refused = till.post("/redemptions", {"code": foreign.code})
    assert (refused.status, refused.code) == (404, "voucher_unknown")
    assert "store" not in refused.json
    for code in ("", "hello", "\x00", "A" * 101, "ABCD-EFGH-JKMN-PQR"):
        wrong = till.post("/redemptions", {"code": code})
        assert (wrong.status, wrong.code) in (
            (422, "request_invalid"),
            (422, "voucher_code_mistyped"),
        ), wrong.text


def test_a_refunded_voucher_is_told_apart(shop: Scene, till: Caller, sandbox: Any) -> None:
    (voucher,) = shop.bought()
    as_person(shop.shopper, shop.at).post(f"/orders/{voucher.order_ref}/refunds")
    refused = till.post("/redemptions", {"code": voucher.code})
    assert (refused.status, refused.code) == (410, "voucher_refunded")


def test_staff_redeem_where_they_work(shop: Scene, at: datetime) -> None:
    vouchers = shop.bought(quantity=2)
    cashier = people.person()
    merchants.staff(merchant=merchant_of(shop), person=cashier, store=shop.store)
    caller = as_person(cashier, at, scopes=[Scope.REDEMPTIONS_WRITE])
    assert caller.post("/redemptions", {"code": vouchers[0].code}).status == 201
    named = caller.post("/redemptions", {"code": vouchers[1].code, "store": shop.store.public_id})
    assert named.status == 201


def test_staff_of_two_stores_say_which(shop: Scene, at: datetime) -> None:
    (voucher,) = shop.bought()
    merchants.store(merchant=merchant_of(shop), at=at)
    manager = people.person()
    merchants.staff(merchant=merchant_of(shop), person=manager, role=Role.MANAGER)
    caller = as_person(manager, at)
    refused = caller.post("/redemptions", {"code": voucher.code})
    assert (refused.status, refused.code) == (422, "store_unclear")
    assert shop.store.public_id in refused.json["stores"]
    assert caller.post("/redemptions", {"code": voucher.code, "store": shop.store.public_id}).status == 201


@pytest.mark.parametrize("whose", ["another shop's", "a made-up", "no"])
def test_people_who_do_not_work_there(shop: Scene, at: datetime, whose: str) -> None:
    (voucher,) = shop.bought()
    stores = {
        "another shop's": shop.store.public_id,
        "a made-up": "sto_00000000000000000000000000",
        "no": None,
    }
    refused = as_person(people.person(), at).post(
        "/redemptions", {"code": voucher.code, "store": stores[whose]}
    )
    assert (refused.status, refused.code) == (403, "may_not_redeem")
    assert not Redemption.objects.exists()


def test_a_device_cannot_pick_another_store(shop: Scene, till: Caller, at: datetime) -> None:
    (voucher,) = shop.bought()
    elsewhere = merchants.store(merchant=merchant_of(shop), at=at)
    done = till.post("/redemptions", {"code": voucher.code, "store": elsewhere.public_id})
    assert done.json["store"] == shop.store.public_id


def test_an_unpaired_device_is_out_at_once(shop: Scene, till: Caller, at: datetime) -> None:
    (voucher,) = shop.bought()
    merchant_services.revoke_device(device_ref=shop.device.public_id, by=people.operator(), at=at)
    assert till.post("/redemptions", {"code": voucher.code}).code == "may_not_redeem"


def test_undo_and_redeem_again(shop: Scene, till: Caller) -> None:
    (voucher,) = shop.bought()
    done = till.post("/redemptions", {"code": voucher.code}).json
    undone = till.post(f"/redemptions/{done['ref']}/undo", key="undo-000001")
    assert (undone.status, undone.json["voucher_state"]) == (200, "ready")
    assert till.post(f"/redemptions/{done['ref']}/undo", key="undo-000001").json == undone.json
    assert till.post("/redemptions", {"code": voucher.code}).status == 201


def test_another_device_cannot_undo(shop: Scene, till: Caller, at: datetime) -> None:
    (voucher,) = shop.bought()
    done = till.post("/redemptions", {"code": voucher.code}).json
    beside = as_device(merchants.device(store=shop.store), at)
    stranger = as_device(scene(at=at).device, at)
    for other in (beside, stranger):
        assert other.post(f"/redemptions/{done['ref']}/undo").code == "not_found"
    assert till.post("/redemptions/red_00000000000000000000000000/undo").code == "not_found"


def test_redeeming_keeps_its_budget_of_statements(
    shop: Scene, till: Caller, django_assert_max_num_queries: Any
) -> None:
    first, second = shop.bought(quantity=2)
    # As in a running shop: the accounts exist, and the token's last use was noted within the minute.
    assert till.post("/redemptions", {"code": first.code}).status == 201
    with django_assert_max_num_queries(15 + 2):  # the flow, whose token it is, and its budget of requests
        assert till.post("/redemptions", {"code": second.code}).status == 201
