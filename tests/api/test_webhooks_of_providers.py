"""The real providers by the API: each webhook gets the answer it wants, and a program chooses who takes the money."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.test import Client

from hutong.api.doors import Scope
from hutong.config import environment, providers
from hutong.flows import cart, checkout
from hutong.kernel import clock, ids
from hutong.kernel.money import Money
from hutong.pay.payments import queries as payments
from hutong.pay.payments.models import Attempt, WebhookInbox
from hutong.pay.payments.providers import registry
from hutong.pay.payments.types import Device, Payer, PaymentState, StartRequest
from hutong.town.catalog.models import Offer
from tests.api.caller import Caller, as_person
from tests.factories.loop import Scene, scene
from tests.fakes.providers.__main__ import start
from tests.fakes.providers.server import Simulator
from tests.pay.payments.contract import request_for

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = ("stripe", "wechat", "alipay")
# What each wants to hear: status and body. Stripe asks for any success, so it is told what came of it.
WANTED = {"stripe": (200, b'{"outcome": "paid"}'), "wechat": (204, b""), "alipay": (200, b"success")}


@dataclass(frozen=True)
class Stage:
    """The simulators, which tell nobody by themselves, and the settings of a site that pays with them."""

    simulators: dict[str, Simulator]
    keys: dict[str, Any]


@pytest.fixture(scope="module")
def _stage() -> Iterator[Stage]:
    with ExitStack() as stack:
        made = {name: start(stack, name) for name in NAMES}
        known = {name: value for _one, values in made.values() for name, value in values.items()}
        for simulator, _values in made.values():
            simulator.faults.rates["lose_notice"] = (1.0, 1)
        keys = providers.keys(environment.read({**known, "HUTONG_PROVIDERS": ",".join(NAMES)}))
        yield Stage({name: simulator for name, (simulator, _values) in made.items()}, keys)


@pytest.fixture
def stage(_stage: Stage, settings: Any) -> Stage:
    settings.HUTONG_PROVIDERS = list(NAMES)
    settings.HUTONG_PROVIDER_KEYS = _stage.keys
    return _stage


@pytest.fixture
def shop() -> Scene:
    """A shop that sells for renminbi now."""
    made = scene(at=clock.now())
    Offer.objects.filter(pk=made.offer.pk).update(unit="CNY")
    return made


def started(shop: Scene, provider: str) -> str:
    """An order whose payment the provider knows; the payment's ref."""
    wants = {shop.offer.public_id: 1}
    placed = checkout.place(
        person=shop.shopper,
        wants=wants,
        store_ref=None,
        shown_hash=cart.price(wants=wants, at=clock.now()).quote.hash,
        client_key=ids.new_id("key"),
        remember_consent=False,
        provider=provider,
        at=clock.now(),
    )
    checkout.pay(
        order_ref=placed.order_ref,
        person=shop.shopper,
        return_url="https://shop.example/back",
        code_url="https://shop.example/code",
        payer=Payer("203.0.113.7", Device.WECHAT),
        language="en",
        at=clock.now(),
    )
    payment = payments.payment_for_order(placed.order_ref)
    assert payment is not None
    return payment.ref


def told(provider: str, hook: tuple[dict[str, str], bytes]) -> tuple[int, bytes]:
    """What the provider hears of us."""
    headers, body = hook
    kind = {name.lower(): value for name, value in headers.items()}.get("content-type", "application/json")
    response = Client().generic(
        "POST", f"/api/v1/webhooks/{provider}", body, content_type=kind, headers=headers
    )
    return response.status_code, response.content


@pytest.mark.parametrize("provider", NAMES)
def test_each_hears_what_it_wants_also_of_a_copy(stage: Stage, shop: Scene, provider: str) -> None:
    ref = started(shop, provider)
    stage.simulators[provider].pay(ref)
    hook = stage.simulators[provider].about(ref)[-1]
    assert told(provider, hook) == WANTED[provider]
    paid = payments.payment_by_ref(ref)
    assert paid is not None
    assert paid.state is PaymentState.CAPTURED
    assert told(provider, hook) == WANTED[provider]
    # The control: what somebody changed on the way is refused.
    headers, body = hook
    assert told(provider, (headers, body.replace(b"pay", b"pya", 1) + b" "))[0] == 401


@pytest.mark.parametrize("provider", NAMES)
def test_what_is_not_ours_is_taken_and_left_alone(stage: Stage, provider: str) -> None:
    """Another shop of the same account pays: the reference is one that we never made."""
    ref = ids.new_id("pay")
    simulator = stage.simulators[provider]
    registry.provider(provider).start(_request(ref))
    simulator.pay(ref)
    status, body = told(provider, simulator.about(ref)[-1])
    assert (status, b"outcome" not in body or b'"ignored"' in body) == (WANTED[provider][0], True)
    assert [each.outcome for each in WebhookInbox.objects.all()] == ["ignored"]


def test_a_payment_is_paid_by_its_own_provider_alone(stage: Stage, shop: Scene) -> None:
    """Alipay, say, signs that one of its trades carries a number which we gave a payment at Stripe."""
    ref = started(shop, "stripe")
    registry.provider("alipay").start(_request(ref))
    stage.simulators["alipay"].pay(ref)
    assert told("alipay", stage.simulators["alipay"].about(ref)[-1]) == WANTED["alipay"]
    untouched = payments.payment_by_ref(ref)
    assert untouched is not None
    assert untouched.state is PaymentState.PENDING


def test_without_keys_there_is_no_such_door(stage: Stage, settings: Any) -> None:
    settings.HUTONG_PROVIDER_KEYS = {}
    assert told("stripe", ({}, b"{}"))[0] == 404


def test_the_shoppers_address_is_kept_for_the_call_alone(stage: Stage, shop: Scene) -> None:
    started(shop, "wechat")
    (attempt,) = Attempt.objects.all()
    assert attempt.state == "done"
    assert attempt.request["device"] == "wechat"
    assert "address" not in attempt.request


def _request(ref: str) -> StartRequest:
    """By a code, for Alipay knows nothing of a page that nobody has opened."""
    return replace(request_for(ref, Money(1990, "CNY")), payer=Payer("203.0.113.7", Device.WECHAT))


def test_a_program_chooses_too_and_gets_the_code_to_draw(stage: Stage, shop: Scene) -> None:
    shopper = as_person(shop.shopper, clock.now(), scopes=[Scope.ORDERS_READ, Scope.ORDERS_WRITE])
    lines = [{"deal": shop.offer.public_id, "quantity": 1}]
    quote = Caller().post("/quotes", {"lines": lines}, key=None).json
    assert quote["providers"] == list(NAMES)
    order = {"lines": lines, "quote": quote["hash"]}
    refused = shopper.post("/orders", {**order, "provider": "sandbox"})
    assert (refused.status, refused.json["code"]) == (422, "provider_not_offered")
    assert refused.json["offered"] == list(NAMES)
    ref = shopper.post("/orders", {**order, "provider": "wechat"}).json["ref"]
    drawn = shopper.post(f"/orders/{ref}/payments").json
    assert drawn["redirect_url"].endswith(f"/pay/{ref}/return/")
    assert drawn["code"].startswith(
        "http"
    )  # what the simulator has people open; WeChat itself gives weixin://
    page = shopper.post(f"/orders/{ref}/payments", {"provider": "stripe"}).json
    assert (page["code"], page["redirect_url"].startswith(stage.simulators["stripe"].url)) == (None, True)
