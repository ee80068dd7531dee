"""A merchant's own side: its day, its customers, its deals, its devices and keys."""

from __future__ import annotations

from datetime import datetime

import pytest

from hutong.flows import jobs
from hutong.town.catalog.models import OfferDecision
from hutong.town.merchants.types import Role
from tests.api.caller import Caller, as_device, as_merchant, as_person
from tests.api.stage import merchant_of, owner_of
from tests.factories import merchants, people
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(at: datetime) -> Scene:
    return scene(at=at)


@pytest.fixture
def owner(shop: Scene, at: datetime) -> Caller:
    return as_person(owner_of(shop), at)


@pytest.fixture
def key(shop: Scene, at: datetime) -> Caller:
    return as_merchant(merchant_of(shop), owner_of(shop), at)


def visited(shop: Scene) -> None:
    """Somebody who agreed to be remembered came once."""
    (voucher,) = shop.bought()
    shop.scan(voucher.code)
    jobs.drain()


def test_the_day(shop: Scene, owner: Caller, key: Caller) -> None:
    visited(shop)
    for caller in (owner, key):
        day = caller.get("/merchant/today").json
        assert (day["takings"]["sold_units"], day["takings"]["used"]["minor"]) == (1, 1990)
        assert [line["store"] for line in day["redemptions"]] == [shop.store.public_id]
        assert day["redemptions"][0]["by"] == shop.device.public_id


def test_who_works_in_one_store_sees_that_store(shop: Scene, at: datetime) -> None:
    visited(shop)
    other = merchants.store(merchant=merchant_of(shop), at=at)
    here, there = people.person(), people.person()
    merchants.staff(merchant=merchant_of(shop), person=here, store=shop.store)
    merchants.staff(merchant=merchant_of(shop), person=there, store=other)
    seen = as_person(here, at).get("/merchant/today").json
    assert (len(seen["redemptions"]), seen["takings"]) == (1, None)
    assert as_person(there, at).get("/merchant/today").json["redemptions"] == []


def test_the_stores_one_works_in(shop: Scene, owner: Caller, at: datetime) -> None:
    other = merchants.store(merchant=merchant_of(shop), at=at)
    assert {store["ref"] for store in owner.get("/merchant/stores").json} == {
        shop.store.public_id,
        other.public_id,
    }
    cashier = people.person()
    merchants.staff(merchant=merchant_of(shop), person=cashier, store=other)
    (store,) = as_person(cashier, at).get("/merchant/stores").json
    assert (store["ref"], store["state"]) == (other.public_id, "open")


def test_customers_who_agreed(shop: Scene, owner: Caller, key: Caller) -> None:
    visited(shop)
    for caller in (owner, key):
        (customer,) = caller.get("/merchant/customers").json["items"]
        assert (customer["visits"], customer["spent"]["minor"]) == (1, 1990)
        assert customer["phone"].startswith("+358 •••")
        page = caller.get(f"/merchant/customers/{customer['ref']}").json
        assert {line["kind"] for line in page["timeline"]} == {"purchase", "redemption"}
        assert str(shop.shopper.phone) not in str(page)


def test_a_customers_list_goes_on(shop: Scene, owner: Caller, at: datetime) -> None:
    for _ in range(3):
        shop.shopper = people.person()
        visited(shop)
    first = owner.get("/merchant/customers?limit=2").json
    second = owner.get(f"/merchant/customers?limit=2&after={first['next']}").json
    assert (len(first["items"]), len(second["items"]), second["next"]) == (2, 1, None)
    assert not {one["ref"] for one in first["items"]} & {one["ref"] for one in second["items"]}
    assert owner.get("/merchant/customers?after=nonsense").code == "cursor_invalid"


def test_cashiers_do_not_see_customers(shop: Scene, at: datetime) -> None:
    visited(shop)
    cashier = people.person()
    merchants.staff(merchant=merchant_of(shop), person=cashier)
    caller = as_person(cashier, at)
    assert caller.get("/merchant/today").status == 200
    for refused in (
        caller.get("/merchant/customers"),
        caller.post(f"/merchant/deals/{shop.offer.public_id}/pause"),
        caller.get("/merchant/devices"),
        caller.get("/merchant/keys"),
    ):
        assert (refused.status, refused.code) == (403, "forbidden")


def test_a_deal_off_and_on_again(shop: Scene, owner: Caller, key: Caller) -> None:
    address = f"/merchant/deals/{shop.offer.public_id}"
    assert owner.post(f"{address}/pause").json["state"] == "paused"
    assert Caller().get(f"/deals/{shop.offer.public_id}").status == 404
    refused = owner.post(f"{address}/pause")
    assert (refused.status, refused.code) == (409, "offer_move_refused")
    assert key.post(f"{address}/resume").json["state"] == "live"
    # A key acts in the name of whoever gave it out.
    assert OfferDecision.objects.latest("pk").by == owner_of(shop)


def test_pairing_a_device_gives_its_token_once(shop: Scene, owner: Caller) -> None:
    paired = owner.post("/merchant/devices", {"store": shop.store.public_id, "name": "Bar"})
    assert paired.status == 201, paired.text
    (voucher,) = shop.bought()
    device = Caller(paired.json["token"])
    assert device.post("/redemptions", {"code": voucher.code}).status == 201
    listed = owner.get("/merchant/devices").json
    assert {one["name"] for one in listed} == {"Till 1", "Bar"}
    assert paired.json["token"] not in str(listed)
    assert owner.delete(f"/merchant/devices/{paired.json['ref']}").status == 204
    assert device.post("/redemptions", {"code": voucher.code}).code == "token_invalid"
    assert owner.delete(f"/merchant/devices/{paired.json['ref']}").code == "not_found"


@pytest.mark.parametrize("name", ["", " ", "\x00", "x" * 81])
def test_a_device_needs_a_name(shop: Scene, owner: Caller, name: str) -> None:
    refused = owner.post("/merchant/devices", {"store": shop.store.public_id, "name": name})
    assert refused.status == 422
    assert refused.code in ("request_invalid", "name_missing")


def test_keys_are_given_out_and_revoked_by_owners(shop: Scene, owner: Caller) -> None:
    made = owner.post("/merchant/keys", {"name": "Till system", "scopes": ["customers:read"]})
    assert made.status == 201, made.text
    key = Caller(made.json["token"])
    assert key.get("/merchant/customers").status == 200
    assert key.get("/merchant/today").code == "scope_missing"
    (listed,) = owner.get("/merchant/keys").json
    assert (listed["ref"], listed["scopes"]) == (made.json["ref"], ["customers:read"])
    assert owner.delete(f"/merchant/keys/{listed['ref']}").status == 204
    assert key.get("/merchant/customers").code == "token_invalid"
    assert owner.get("/merchant/keys").json == []


@pytest.mark.parametrize("scope", ["orders:write", "keys:write", "operator:write"])
def test_a_key_holds_only_what_is_a_merchants(shop: Scene, owner: Caller, scope: str) -> None:
    refused = owner.post("/merchant/keys", {"name": "Too much", "scopes": [scope]})
    assert (refused.status, refused.code) == (422, "scope_not_grantable")


def test_managers_do_not_give_out_keys(shop: Scene, at: datetime) -> None:
    manager = people.person()
    merchants.staff(merchant=merchant_of(shop), person=manager, role=Role.MANAGER)
    refused = as_person(manager, at).post("/merchant/keys", {"name": "x", "scopes": ["customers:read"]})
    assert (refused.status, refused.code) == (403, "forbidden")


def test_who_works_for_two_merchants_says_which(shop: Scene, at: datetime) -> None:
    other = scene(at=at)
    both = people.person()
    for one in (shop, other):
        merchants.staff(merchant=merchant_of(one), person=both, role=Role.MANAGER)
    caller = as_person(both, at)
    refused = caller.get("/merchant/today")
    assert (refused.status, refused.code) == (422, "merchant_unclear")
    assert sorted(refused.json["merchants"]) == sorted(
        [merchant_of(shop).public_id, merchant_of(other).public_id]
    )
    assert caller.get(f"/merchant/today?merchant={merchant_of(other).public_id}").status == 200


def test_a_suspended_merchant_is_out(shop: Scene, owner: Caller, key: Caller, at: datetime) -> None:
    operator = as_person(people.operator(), at)
    suspended = operator.post(
        f"/operator/merchants/{merchant_of(shop).public_id}/decision",
        {"approve": False, "reason": "Complaints"},
    )
    assert suspended.json["state"] == "suspended"
    for caller in (owner, key):
        assert caller.get("/merchant/customers").code == "forbidden"
    (device,) = (as_device(shop.device, at),)
    assert device.post("/redemptions", {"code": "ABCD-EFGH-JKMN-PQRS"}).code == "may_not_redeem"
