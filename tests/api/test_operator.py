"""The operator's side: decisions with a reason, orders, refunds, the figures of a day."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hutong.flows import jobs
from hutong.town.catalog.services import submit_offer
from hutong.town.merchants.models import MerchantDecision
from tests.api.caller import Caller, as_person
from tests.api.stage import merchant_of
from tests.factories import catalog, merchants, people
from tests.factories.loop import Scene, scene
from tests.fakes.sandbox import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(at: datetime) -> Scene:
    return scene(at=at)


@pytest.fixture
def operator(at: datetime) -> Caller:
    return as_person(people.operator(), at)


def test_merchants_and_deals_wait_and_are_decided(shop: Scene, operator: Caller, at: datetime) -> None:
    waiting = merchants.merchant(approved=False, at=at)
    draft = catalog.offer(store=shop.store, live=False, at=at)
    submit_offer(offer_ref=draft.public_id, by=None, at=at)
    queue = operator.get("/operator/queue").json
    assert [one["ref"] for one in queue["merchants"]] == [waiting.public_id]
    assert [one["ref"] for one in queue["deals"]] == [draft.public_id]
    yes = operator.post(f"/operator/merchants/{waiting.public_id}/decision", {"approve": True})
    assert yes.json == {"ref": waiting.public_id, "state": "approved"}
    no = operator.post(
        f"/operator/deals/{draft.public_id}/decision", {"approve": False, "reason": "The picture"}
    )
    assert no.json == {"ref": draft.public_id, "state": "rejected"}
    assert operator.get("/operator/queue").json == {"merchants": [], "deals": []}
    assert MerchantDecision.objects.latest("pk").to_state == "approved"


def test_a_no_needs_a_reason(shop: Scene, operator: Caller) -> None:
    for path in (f"merchants/{merchant_of(shop).public_id}", f"deals/{shop.offer.public_id}"):
        refused = operator.post(f"/operator/{path}/decision", {"approve": False, "reason": "  "})
        assert (refused.status, refused.code) == (422, "reason_missing")


def test_decisions_about_nothing(operator: Caller) -> None:
    for path in ("merchants/mer_00000000000000000000000000", "deals/off_00000000000000000000000000"):
        refused = operator.post(f"/operator/{path}/decision", {"approve": True})
        assert refused.status == 404


def test_orders_of_everybody_page_by_page(shop: Scene, operator: Caller) -> None:
    refs = [shop.order().order_ref for _ in range(3)]
    first = operator.get("/operator/orders?limit=2").json
    second = operator.get(f"/operator/orders?limit=2&after={first['next']}").json
    assert [row["ref"] for row in first["items"] + second["items"]] == refs[::-1]
    assert second["next"] is None
    assert first["items"][0]["phone"].startswith("+358 •••")
    assert operator.get("/operator/orders?state=paid").json["items"] == []
    assert operator.get("/operator/orders?region=nowhere").code == "not_found"
    assert len(operator.get(f"/operator/orders?region={shop.store.region.slug}").json["items"]) == 3


def test_the_operator_refunds(shop: Scene, operator: Caller, sandbox: Sandbox) -> None:
    (voucher,) = shop.bought()
    sent = operator.post(f"/operator/orders/{voucher.order_ref}/refunds", {"reason": "Shop closed"})
    assert (sent.status, sent.json["amount"]["minor"]) == (201, 1990)
    shopper = as_person(shop.shopper, shop.at)
    assert shopper.get(f"/vouchers/{voucher.ref}").json["state"] == "refunded"


def test_the_figures_of_a_day(shop: Scene, operator: Caller, at: datetime) -> None:
    (voucher, _other) = shop.bought(quantity=2)
    shop.scan(voucher.code)
    jobs.drain()
    slug = shop.store.region.slug
    figures = operator.get(f"/operator/figures?region={slug}").json
    assert (figures["paid"], figures["gmv"]["minor"], figures["redeemed"]["minor"]) == (1, 3980, 1990)
    before = (at - timedelta(days=3)).date()
    assert operator.get(f"/operator/figures?region={slug}&on={before}").json["gmv"]["minor"] == 0


@pytest.mark.parametrize("on", ["0001-01-01", "9999-12-31", "1999-12-31", "yesterday", "2026-02-30"])
def test_days_that_cannot_be_asked_about(shop: Scene, operator: Caller, on: str) -> None:
    refused = operator.get(f"/operator/figures?region={shop.store.region.slug}&on={on}")
    assert (refused.status, refused.code) == (422, "request_invalid")


def test_an_operators_scope_is_not_enough(shop: Scene, at: datetime) -> None:
    caller = as_person(people.person(), at)
    for path in ("queue", "orders", "figures"):
        assert caller.get(f"/operator/{path}").code == "forbidden"
