"""Quotes, orders, payments and refunds over HTTP, against the real sandbox in its own process."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from django.urls import resolve

from hutong.api.doors import Scope
from hutong.flows import expire_orders
from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.orders.models import Order
from hutong.pay.payments import queries as payments
from tests.api.caller import Answer, Caller, as_person
from tests.factories import catalog as offers
from tests.factories import giftcards, merchants, people, quoted
from tests.factories.loop import Scene, scene
from tests.factories.payments import paid_webhook
from tests.fakes.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(at: datetime) -> Scene:
    return scene(at=at, capacity=10)


@pytest.fixture
def shopper(shop: Scene, at: datetime) -> Caller:
    return as_person(shop.shopper, at, scopes=[Scope.ORDERS_READ, Scope.ORDERS_WRITE, Scope.VOUCHERS_READ])


def quote(shop: Scene, quantity: int = 1) -> dict[str, Any]:
    lines = [{"deal": shop.offer.public_id, "quantity": quantity}]
    answer = Caller().post("/quotes", {"lines": lines}, key=None)
    assert answer.status == 200, answer.text
    return {"lines": lines, "quote": answer.json["hash"]}


def order(shop: Scene, shopper: Caller, quantity: int = 1) -> str:
    placed = shopper.post("/orders", quote(shop, quantity))
    assert placed.status == 201, placed.text
    return str(placed.json["ref"])


def deliver_webhooks(sandbox: Sandbox, reference: str) -> list[Answer]:
    """Hand what the sandbox sent to our address for it, as its HTTP call would."""
    answers = []
    for hook in sandbox.listener.wait_for(reference):
        response = Caller().client.generic(
            "POST",
            "/api/v1/webhooks/sandbox",
            hook.body,
            content_type="application/json",
            headers={
                name: value for name, value in hook.headers.items() if name.lower().startswith("webhook")
            },
        )
        answers.append(Answer(response, "/webhooks/sandbox"))
    return answers


def paid(shop: Scene, shopper: Caller, sandbox: Sandbox, quantity: int = 1) -> str:
    """An order that was paid at the sandbox's own page; its ref."""
    ref = order(shop, shopper, quantity)
    started = shopper.post(f"/orders/{ref}/payments")
    assert started.status == 201, started.text
    gone_back = httpx.post(started.json["redirect_url"], data={"action": "pay"}, trust_env=False)
    assert gone_back.status_code == 303
    payment = payments.payment_for_order(ref)
    assert payment is not None
    assert [answer.json for answer in deliver_webhooks(sandbox, payment.ref)] == [{"outcome": "paid"}]
    return ref


def test_a_quote_says_every_amount(shop: Scene) -> None:
    answer = (
        Caller().post("/quotes", {"lines": [{"deal": shop.offer.public_id, "quantity": 2}]}, key=None).json
    )
    assert (answer["total"], answer["discount"]) == (
        {"minor": 3980, "unit": "EUR"},
        {"minor": 2820, "unit": "EUR"},
    )
    assert answer["lines"][0]["title"] == "Coffee and cake"


def test_from_the_order_to_the_voucher(shop: Scene, shopper: Caller, sandbox: Sandbox) -> None:
    ref = paid(shop, shopper, sandbox, quantity=2)
    seen = shopper.get(f"/orders/{ref}").json
    assert (seen["state"], seen["total"]["minor"], seen["refundable"]["minor"]) == ("paid", 3980, 3980)
    assert [unit["state"] for unit in seen["lines"][0]["units"]] == ["sold", "sold"]
    vouchers = shopper.get("/vouchers").json
    assert [voucher["order"] for voucher in vouchers] == [ref, ref]
    assert shopper.get(f"/vouchers/{vouchers[0]['ref']}").json == vouchers[0]
    assert [row["ref"] for row in shopper.get("/orders").json] == [ref]


def test_the_shopper_comes_back_to_a_page_of_ours(shop: Scene, shopper: Caller, sandbox: Sandbox) -> None:
    ref = order(shop, shopper)
    started = shopper.post(f"/orders/{ref}/payments").json
    back = httpx.post(started["redirect_url"], data={"action": "decline"}, trust_env=False).headers[
        "location"
    ]
    assert resolve(httpx.URL(back).path).url_name == "pay_return"


def test_the_same_key_orders_once(shop: Scene, shopper: Caller) -> None:
    body = quote(shop)
    first = shopper.post("/orders", body, key="click-00000001")
    again = shopper.post("/orders", body, key="click-00000001")
    assert (again.status, again.json) == (201, first.json)
    assert Order.objects.count() == 1
    other = shopper.post("/orders", quote(shop, 2), key="click-00000001")
    assert (other.status, other.code) == (409, "idempotency_key_reused")


def test_two_people_may_choose_the_same_key(shop: Scene, shopper: Caller, at: datetime) -> None:
    other = as_person(people.person(), at)
    body = quote(shop)
    refs = {caller.post("/orders", body, key="click-00000001").json["ref"] for caller in (shopper, other)}
    assert len(refs) == 2


@pytest.mark.parametrize("key", [None, "short", "x" * 61, "with space in it", "schlüssel-0001"])
def test_an_order_needs_a_key(shop: Scene, shopper: Caller, key: str | None) -> None:
    refused = shopper.post("/orders", quote(shop), key=key)
    assert (refused.status, refused.code) == (422, "idempotency_key_missing")
    assert not Order.objects.exists()


def test_a_price_that_changed_is_not_charged(shop: Scene, shopper: Caller) -> None:
    body = quote(shop)
    type(shop.offer).objects.filter(pk=shop.offer.pk).update(price=2090)
    refused = shopper.post("/orders", body, key="click-00000001")
    assert (refused.status, refused.code, refused.json["total"]) == (409, "price_changed", 2090)
    assert not Order.objects.exists()
    # The refusal freed the key: the same click with the new price goes through.
    assert shopper.post("/orders", quote(shop), key="click-00000001").json["total"]["minor"] == 2090


def test_what_is_sold_out_is_refused(shop: Scene, shopper: Caller) -> None:
    refused = shopper.post("/orders", quote(shop, 11))
    assert (refused.status, refused.code) == (409, "sold_out")
    assert not Order.objects.exists()


def test_one_order_is_for_one_merchant(shop: Scene, at: datetime) -> None:
    other = scene(at=at)
    lines = [{"deal": shop.offer.public_id}, {"deal": other.offer.public_id}]
    assert Caller().post("/quotes", {"lines": lines}, key=None).code == "one_merchant_at_a_time"


def test_a_deal_of_nobody_is_not_for_sale() -> None:
    lines = [{"deal": "off_00000000000000000000000000"}]
    refused = Caller().post("/quotes", {"lines": lines}, key=None)
    assert (refused.status, refused.code) == (409, "not_for_sale")


def test_an_order_for_a_store_where_the_deal_does_not_hold(
    shop: Scene, shopper: Caller, at: datetime
) -> None:
    elsewhere = merchants.store(at=at)
    refused = shopper.post("/orders", {**quote(shop), "store": elsewhere.public_id})
    assert (refused.status, refused.code) == (404, "not_found")
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [{"deal": "x"}],
        [{"quantity": 1}],
        [{"deal": "off_00000000000000000000000000", "quantity": 0}],
        [{"deal": "off_00000000000000000000000000", "quantity": -1}],
        [{"deal": "off_00000000000000000000000000", "quantity": 10**30}],
        [{"deal": "off_00000000000000000000000000"}] * 21,
    ],
)
def test_carts_nobody_can_mean(lines: list[dict[str, Any]]) -> None:
    refused = Caller().post("/quotes", {"lines": lines}, key=None)
    assert (refused.status, refused.code) == (422, "request_invalid")


def test_paying_twice_leads_to_the_same_page(shop: Scene, shopper: Caller, sandbox: Sandbox) -> None:
    ref = order(shop, shopper)
    first, again = (shopper.post(f"/orders/{ref}/payments").json for _ in range(2))
    assert first == again
    assert len(sandbox.books()) == 1


def test_an_order_whose_time_is_over_cannot_be_paid(shop: Scene, shopper: Caller, sandbox: Sandbox) -> None:
    ref = order(shop, shopper)
    expire_orders.run(at=clock.now() + timedelta(minutes=16))
    refused = shopper.post(f"/orders/{ref}/payments")
    assert (refused.status, refused.code) == (409, "order_not_payable")
    assert sandbox.books() == {}


def test_the_way_back_is_to_this_site(shop: Scene, shopper: Caller) -> None:
    ref = order(shop, shopper)
    refused = shopper.post(f"/orders/{ref}/payments", {"return_url": "https://evil.example/"})
    assert (refused.status, refused.code) == (422, "return_url_elsewhere")


def test_somebody_elses_order_is_as_if_it_did_not_exist(shop: Scene, shopper: Caller, at: datetime) -> None:
    there, nowhere = order(shop, shopper), "ord_00000000000000000000000000"
    stranger = as_person(people.person(), at)

    def answers(ref: str) -> list[tuple[int, str]]:
        asked = (
            stranger.get(f"/orders/{ref}"),
            stranger.post(f"/orders/{ref}/payments"),
            stranger.post(f"/orders/{ref}/refunds"),
        )
        same_but_for_the_id = ("request_id", "order_ref")
        for answer in asked:
            assert answer.json.pop("request_id")
        return [
            (one.status, str({key: said for key, said in one.json.items() if key not in same_but_for_the_id}))
            for one in asked
        ]

    assert answers(there) == answers(nowhere)
    assert {status for status, _said in answers(there)} == {404}


def test_a_provider_that_is_away_is_said_so_and_the_key_is_free_again(
    shop: Scene, shopper: Caller, settings: Any, sandbox: Sandbox
) -> None:
    ref = order(shop, shopper)
    there, settings.HUTONG_SANDBOX_URL = settings.HUTONG_SANDBOX_URL, "http://127.0.0.1:9"
    refused = shopper.post(f"/orders/{ref}/payments", key="payment-0001")
    assert (refused.status, refused.code) == (503, "provider_unavailable")
    settings.HUTONG_SANDBOX_URL = there
    assert shopper.post(f"/orders/{ref}/payments", key="payment-0001").status == 201


def test_what_is_not_used_is_refunded(shop: Scene, shopper: Caller, sandbox: Sandbox) -> None:
    ref = paid(shop, shopper, sandbox, quantity=2)
    unit = shopper.get(f"/orders/{ref}").json["lines"][0]["units"][0]["ref"]
    sent = shopper.post(
        f"/orders/{ref}/refunds", {"units": [unit], "reason": "One too many"}, key="refund-0001"
    )
    assert (sent.status, sent.json["amount"]["minor"], sent.json["state"]) == (201, 1990, "done")
    assert (
        shopper.post(
            f"/orders/{ref}/refunds", {"units": [unit], "reason": "One too many"}, key="refund-0001"
        ).json
        == sent.json
    )
    twice = shopper.post(f"/orders/{ref}/refunds", {"units": [unit]})
    assert twice.status == 409
    rest = shopper.post(f"/orders/{ref}/refunds")
    assert (rest.json["amount"]["minor"], shopper.get(f"/orders/{ref}").json["state"]) == (1990, "refunded")
    nothing = shopper.post(f"/orders/{ref}/refunds")
    assert (nothing.status, nothing.code) == (409, "nothing_to_refund")


def test_what_terms_take_off_is_told_before(shop: Scene, shopper: Caller, at: datetime) -> None:
    """Three at 8.00, of which two would be 10.00 each: 4.00 come back of one, and only if that was shown."""
    ref = quoted.bought(shop, quoted.quoted([quoted.bulk(shop)]), at=at)
    unit = shopper.get(f"/orders/{ref}").json["lines"][0]["units"][0]["ref"]
    told = shopper.post(f"/orders/{ref}/refunds/preview", {"units": [unit]}, key=None)
    assert (told.status, told.json["amount"]["minor"], told.json["less"]["minor"]) == (200, 400, 400)
    (lost,) = told.json["lost"]
    assert (lost["reason"], lost["pieces"], lost["price"]["minor"]) == ("step_lost", 3, 1000)
    other = {"units": [unit], "amount": {"minor": 800, "unit": "EUR"}}
    refused = shopper.post(f"/orders/{ref}/refunds", other)
    assert (refused.status, refused.code) == (409, "refund_changed")
    sent = shopper.post(f"/orders/{ref}/refunds", {"units": [unit], "amount": {"minor": 400, "unit": "EUR"}})
    assert (sent.status, sent.json["amount"]["minor"]) == (201, 400)
    after = shopper.post(f"/orders/{ref}/refunds/preview", {}, key=None)
    assert (after.json["amount"]["minor"], after.json["lost"]) == (2000, [])


def test_a_copy_of_a_webhook_gets_the_same_answer(shop: Scene, shopper: Caller, sandbox: Sandbox) -> None:
    ref = paid(shop, shopper, sandbox)
    payment = payments.payment_for_order(ref)
    assert payment is not None
    assert [answer.json for answer in deliver_webhooks(sandbox, payment.ref)] == [{"outcome": "paid"}]
    assert len(shopper.get("/vouchers").json) == 1


def test_a_forged_webhook_changes_nothing(
    shop: Scene, shopper: Caller, sandbox: Sandbox, at: datetime
) -> None:
    ref = order(shop, shopper)
    payment = payments.payment_for_order(ref)
    assert payment is not None
    headers, body = paid_webhook(payment, secret="not the secret we share", at=clock.now())
    refused = Caller().client.generic("POST", "/api/v1/webhooks/sandbox", body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "signature_invalid")
    assert shopper.get(f"/orders/{ref}").json["state"] == "awaiting_payment"


def test_the_wrong_amount_does_not_pay(shop: Scene, shopper: Caller, sandbox: Sandbox) -> None:
    ref = order(shop, shopper)
    shopper.post(f"/orders/{ref}/payments")
    payment = payments.payment_for_order(ref)
    assert payment is not None
    headers, body = paid_webhook(payment, secret=sandbox.secret, at=clock.now(), money=Money(1, "EUR"))
    answer = Caller().client.generic("POST", "/api/v1/webhooks/sandbox", body, headers=headers)
    assert answer.status_code == 200
    assert shopper.get(f"/orders/{ref}").json["state"] == "awaiting_payment"


@pytest.mark.parametrize("provider", ["nobody", "stripe", "SANDBOX", "%00", "x" * 300])
def test_webhooks_of_unknown_providers(provider: str) -> None:
    refused = Caller().post(f"/webhooks/{provider}")
    assert refused.status == 404
    assert refused.code in ("not_found", "provider_not_found")


def test_a_deal_of_another_currency_keeps_its_unit(shop: Scene, at: datetime) -> None:
    yen = offers.offer(store=shop.store, at=at, draft=offers.draft(unit="JPY", starts_at=at))
    answer = Caller().post("/quotes", {"lines": [{"deal": yen.public_id}]}, key=None).json
    assert answer["total"] == {"minor": 1990, "unit": "JPY"}


def test_a_balance_pays_a_part_and_then_all(
    shop: Scene, shopper: Caller, sandbox: Sandbox, at: datetime
) -> None:
    card = giftcards.card(2500, at=at)
    opened = shopper.post("/balance", {"code": card.code}, key=None)
    assert (opened.status, opened.json["left"]) == (200, {"minor": 2500, "unit": "EUR"})
    assert shopper.get("/balance").json == [opened.json]
    part = shopper.post("/orders", {**quote(shop), "from_balance": {"minor": 510, "unit": "EUR"}}).json
    assert (part["state"], part["to_pay"]["minor"]) == ("awaiting_payment", 1480)
    whole = shopper.post("/orders", {**quote(shop), "from_balance": {"minor": 1990, "unit": "EUR"}}).json
    assert (whole["state"], whole["to_pay"]["minor"]) == ("paid", 0)
    assert shopper.get(f"/orders/{whole['ref']}").json["from_balance"]["minor"] == 1990
    (left,) = shopper.get("/balance").json
    assert (left["left"]["minor"], left["held"]["minor"]) == (0, 510)
    more = shopper.post("/orders", {**quote(shop), "from_balance": {"minor": 1, "unit": "EUR"}})
    assert (more.status, more.code) == (409, "balance_changed")
    back = shopper.post(f"/orders/{whole['ref']}/refunds").json
    assert (back["state"], back["amount"]["minor"]) == ("done", 1990)
