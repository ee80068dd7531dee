"""Paying inside WeChat: signed in with it once, then our page hands the payment to the app; else a code as before."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from django.test import Client

from hutong.config import environment, providers
from hutong.kernel import clock
from hutong.pay.orders import queries as orders
from hutong.pay.payments import queries as payments
from hutong.pay.payments.models import Attempt
from hutong.pay.payments.types import PaymentState
from hutong.town.catalog.models import Offer
from hutong.town.people.models import WechatId
from hutong.town.regions.models import Region
from tests.factories import people
from tests.factories.loop import Scene, scene
from tests.fakes.providers.__main__ import start
from tests.fakes.providers.wechat.simulator import WechatSimulator
from tests.fakes.sandbox import free_port
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db(transaction=True)
INSIDE = "Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 Mobile MicroMessenger/8.0.50"
OUTSIDE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130 Mobile Safari/537.36"
BACK = "/pay/wechat/back/"


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[WechatSimulator, dict[str, str]]]:
    with ExitStack() as stack:
        made, values = start(stack, "wechat")
        assert isinstance(made, WechatSimulator)
        made.faults.rates["lose_notice"] = (1.0, 1)
        yield made, values


@pytest.fixture
def wechat(stage: tuple[WechatSimulator, dict[str, str]], settings: Any) -> WechatSimulator:
    """A site that takes WeChat Pay alone, and knows the secret of its app id."""
    made, values = stage
    given = environment.given({**values, "HUTONG_PROVIDERS": "wechat"})
    settings.HUTONG_PROVIDERS, settings.HUTONG_PROVIDER_KEYS = ["wechat"], providers.keys(given)
    settings.HUTONG_SITE_URL = "https://town.example"
    made.sign_ins.busy = False
    return made


@pytest.fixture
def shop(wechat: WechatSimulator) -> Scene:
    """A shop that sells for renminbi."""
    made = scene(at=clock.now())
    Region.objects.update(currency="CNY")
    Offer.objects.update(unit="CNY")
    return made


def buys(browser: Client, shop: Scene, agent: str = INSIDE) -> str:
    """Where a shopper is sent who taps on "Pay"."""
    url = f"/deal/{shop.offer.public_id}/buy/"
    page = browser.get(url, headers={"user-agent": agent}).content.decode()
    fields = dict(re.findall(r'name="(client_key|shown_\w+|store)" value="([^"]*)"', page))
    sent = {**fields, "quantity": "1", "provider": "wechat"}
    return str(browser.post(url, sent, headers={"user-agent": agent})["Location"])


def comes_back(page: str) -> dict[str, str]:
    """WeChat's browser opens the sign-in, and is sent back to us; with what."""
    answer = httpx.get(page, trust_env=False)
    assert answer.status_code == 302, answer.text
    where = urlsplit(answer.headers["location"])
    assert f"{where.scheme}://{where.netloc}{where.path}" == f"https://town.example{BACK}"
    return {name: values[0] for name, values in parse_qs(where.query).items()}


def enters(browser: Client, query: dict[str, str], agent: str = INSIDE) -> Any:
    return browser.get(BACK, query, headers={"user-agent": agent})


def handed_over(browser: Client, path: str, agent: str = INSIDE) -> dict[str, str] | None:
    """What the page at `path` would hand to WeChat."""
    page = browser.get(path, headers={"user-agent": agent}).content.decode()
    found = re.search(r'<wechat-pay[^>]* data-call="([^"]*)"', page)
    return json.loads(html.unescape(found[1])) if found else None


def paid(shop: Scene) -> list[bool]:
    return [order.paid_at is not None for order in orders.orders_of(shop.shopper.pk)]


def test_a_shopper_inside_wechat_signs_in_once_and_pays_there(wechat: WechatSimulator, shop: Scene) -> None:
    browser = visitor(shop.shopper)
    signing_in = buys(browser, shop)
    assert signing_in.startswith(f"{wechat.url}/connect/oauth2/authorize?appid={wechat.account.appid}&")
    assert signing_in.endswith("#wechat_redirect")
    back = enters(browser, comes_back(signing_in))
    (order,) = orders.orders_of(shop.shopper.pk)
    assert back["Location"] == f"https://town.example/pay/{order.order_ref}/return/"
    (kept,) = WechatId.objects.filter(person__pk=shop.shopper.pk)
    assert (kept.appid, kept.openid) == (wechat.account.appid, wechat.sign_ins.openid)
    call = handed_over(browser, f"/pay/{order.order_ref}/return/")
    assert call is not None
    with pytest.raises(InvalidSignature):
        wechat.hand_over({**call, "timeStamp": "1700000000"})
    wechat.hand_over(call)
    assert "Your voucher is ready" in browser.get(f"/pay/{order.order_ref}/return/").content.decode()
    # who pays stands in no call that has ended
    assert not any("openid" in one.request for one in Attempt.objects.all())
    again = buys(browser, shop)
    assert again.endswith("/return/")
    assert handed_over(browser, again.removeprefix("https://town.example")) is not None
    assert WechatId.objects.count() == 1


def test_nobody_is_signed_in_by_a_link_that_somebody_sent(wechat: WechatSimulator, shop: Scene) -> None:
    mine, other = visitor(shop.shopper), visitor(people.person())
    query = comes_back(buys(mine, shop))
    assert enters(other, query).status_code == 404
    for wrong in ({**query, "state": "0" * 32}, {"code": query["code"]}):
        assert enters(mine, wrong).status_code == 404
    # a wrong answer ends the question, too
    assert enters(mine, query).status_code == 404
    assert not WechatId.objects.exists()
    fresh = comes_back(buys(mine, shop))
    assert enters(mine, fresh).status_code == 302
    assert enters(mine, fresh).status_code == 404


def test_each_of_two_people_with_one_account_pays_as_who_they_are(
    wechat: WechatSimulator, shop: Scene
) -> None:
    first, second = visitor(shop.shopper), visitor(shop.shopper)
    mine = wechat.sign_ins.openid
    enters(first, comes_back(buys(first, shop)))
    wechat.sign_ins.openid = "oUpF8uOfTheSecondPerson00000"
    try:
        enters(second, comes_back(buys(second, shop)))
    finally:
        wechat.sign_ins.openid = mine
    for browser, openid in ((first, mine), (second, "oUpF8uOfTheSecondPerson00000")):
        order_ref = buys(browser, shop).split("/")[-3]
        payment = payments.payment_for_order(order_ref)
        assert payment is not None
        asked = [json.loads(call.body) for call in wechat.calls if call.path.endswith("/jsapi")]
        assert [one["payer"] for one in asked if one["out_trade_no"] == payment.ref] == [{"openid": openid}]


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("busy", "is busy"),
        ("code", "invalid code"),
        ("secret", "invalid appsecret"),
        ("away", "ConnectError"),
    ],
)
def test_where_wechat_does_not_say_who_it_is_a_code_is_shown(
    wechat: WechatSimulator,
    shop: Scene,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
    trouble: str,
    said: str,
) -> None:
    browser = visitor(shop.shopper)
    query = comes_back(buys(browser, shop))
    wechat.sign_ins.busy = trouble == "busy"
    if trouble == "code":
        query["code"] = "used"
    changed = {
        "secret": {"app_secret": "f" * 32},
        "away": {"sign_in_url": f"http://127.0.0.1:{free_port()}"},
    }.get(trouble, {})
    keys = settings.HUTONG_PROVIDER_KEYS["wechat"]
    settings.HUTONG_PROVIDER_KEYS = {"wechat": {**keys, **changed}}
    enters(browser, query)
    [logged] = [one.getMessage() for one in caplog.records if one.levelname == "ERROR"]
    assert said in logged
    for secret in (wechat.sign_ins.secret, "f" * 32, wechat.sign_ins.openid, query["code"]):
        assert secret not in logged
    (order,) = orders.orders_of(shop.shopper.pk)
    page = browser.get(f"/pay/{order.order_ref}/return/", headers={"user-agent": INSIDE}).content.decode()
    assert "WeChat did not say who you are" in page
    assert "Scan with WeChat to pay" in page
    assert buys(browser, shop).endswith("/return/")
    assert wechat.sign_ins.secret not in page


def test_without_the_secret_of_the_app_id_a_code_is_shown_as_before(
    wechat: WechatSimulator, shop: Scene, settings: Any
) -> None:
    keys = settings.HUTONG_PROVIDER_KEYS["wechat"]
    settings.HUTONG_PROVIDER_KEYS = {"wechat": {**keys, "app_secret": ""}}
    browser = visitor(shop.shopper)
    path = buys(browser, shop).removeprefix("https://town.example")
    assert "Scan with WeChat to pay" in browser.get(path, headers={"user-agent": INSIDE}).content.decode()


def test_who_goes_on_outside_of_wechat_pays_there(wechat: WechatSimulator, shop: Scene) -> None:
    browser = visitor(shop.shopper)
    enters(browser, comes_back(buys(browser, shop)))
    (order,) = orders.orders_of(shop.shopper.pk)
    path = f"/pay/{order.order_ref}/return/"
    assert handed_over(browser, path, OUTSIDE) is None
    first = payments.payment_for_order(order.order_ref)
    assert first is not None
    answer = browser.post(f"/pay/{order.order_ref}/", {"provider": "wechat"}, headers={"user-agent": OUTSIDE})
    assert answer["Location"].startswith(wechat.url)
    second = payments.payment_for_order(order.order_ref)
    assert second is not None
    assert second.ref != first.ref
    ended = payments.payment_by_ref(first.ref)
    assert ended is not None
    assert ended.state is PaymentState.CLOSED
    wechat.pay(second.ref)
    browser.get(path)
    assert paid(shop) == [True]
