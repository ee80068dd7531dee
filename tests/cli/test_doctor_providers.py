"""The doctor and the keys of payment providers: what is wrong is found before the first customer, in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from hutong.cli.checks import Mark
from hutong.cli.checks.providers import providers as check
from hutong.config import environment, providers
from tests.fakes.providers.__main__ import start
from tests.fakes.providers.alipay import AlipaySimulator
from tests.fakes.providers.alipay.keys import certified as certified_for_alipay
from tests.fakes.providers.alipay.keys import make_pair
from tests.fakes.providers.server import Simulator
from tests.fakes.providers.stripe.objects import endpoint_of
from tests.fakes.providers.stripe.simulator import StripeSimulator
from tests.fakes.providers.wechat.keys import certified, new_key
from tests.fakes.providers.wechat.simulator import WechatSimulator
from tests.fakes.sandbox import free_port

NAMES = ("stripe", "wechat", "alipay")
NO_CERTIFICATES = {"HUTONG_ALIPAY_APP_CERTIFICATE": "", "HUTONG_ALIPAY_ROOT_CERTIFICATES": ""}


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[dict[str, Simulator], dict[str, str]]]:
    with ExitStack() as stack:
        made = {name: start(stack, name) for name in NAMES}
        known = {name: value for _one, values in made.values() for name, value in values.items()}
        yield {name: simulator for name, (simulator, _values) in made.items()}, known


@pytest.fixture
def looked(
    stage: tuple[dict[str, Simulator], dict[str, str]], settings: Any
) -> Callable[..., dict[Mark, Any]]:
    """What the doctor finds, by mark, where some settings are others than the right ones."""

    def look(*names: str, **changed: str) -> dict[Mark, Any]:
        offered = list(names or NAMES)
        values = environment.given({**stage[1], **changed, "HUTONG_PROVIDERS": ",".join(offered)})
        settings.HUTONG_PROVIDERS = offered
        # as the settings hold them: a provider that nobody named has none
        settings.HUTONG_PROVIDER_KEYS = {
            name: keys for name, keys in providers.keys(values).items() if name in offered
        }
        found = list(check(True))
        return {mark: [one for one in found if one.mark is mark] for mark in Mark}

    return look


@pytest.fixture(scope="module")
def another() -> dict[str, str]:
    """A pair of keys that can be read and belongs to nobody."""
    pair = make_pair()
    return {"another": pair.private_text, "another public": pair.public_text}


Looked = Callable[..., dict[Mark, Any]]


def test_right_keys_are_taken(looked: Looked) -> None:
    assert [one.what for one in looked()[Mark.WELL]] == [
        f"{name} answers and takes our keys" for name in NAMES
    ]


@pytest.mark.parametrize(
    ("provider", "changed", "mend"),
    [
        ("stripe", {"HUTONG_STRIPE_SECRET_KEY": "sk_test_of_another"}, "copy the secret key anew"),
        ("wechat", {"HUTONG_WECHAT_MERCHANT_KEY": "another"}, "belong together"),
        ("wechat", {"HUTONG_WECHAT_MERCHANT_SERIAL": "0" * 40}, "belong together"),
        ("wechat", {"HUTONG_WECHAT_PUBLIC_KEY": "another public"}, "is not the key of"),
        ("wechat", {"HUTONG_WECHAT_API_V3_KEY": "f" * 32}, "HUTONG_WECHAT_API_V3_KEY"),
        ("wechat", {"HUTONG_WECHAT_MERCHANT_KEY": "nothing"}, "the whole key"),
        ("wechat", {"HUTONG_WECHAT_APP_SECRET": "f" * 32}, "HUTONG_WECHAT_APP_SECRET"),
        ("alipay", {"HUTONG_ALIPAY_APP_ID": "2021999"}, "HUTONG_ALIPAY_APP_ID"),
        (
            "alipay",
            {"HUTONG_ALIPAY_PRIVATE_KEY": "another", **NO_CERTIFICATES},
            "is not the key whose public half",
        ),
        ("alipay", {"HUTONG_ALIPAY_PUBLIC_KEYS": "another public"}, "支付宝公钥"),
        ("alipay", {"HUTONG_ALIPAY_PUBLIC_KEYS": "nothing"}, "the whole key"),
    ],
)
def test_a_wrong_key_is_named_with_what_to_do(
    looked: Looked, another: dict[str, str], provider: str, changed: dict[str, str], mend: str
) -> None:
    changed = {name: another.get(value, value) for name, value in changed.items()}
    [one] = looked(provider, **changed)[Mark.BROKEN]
    assert one.what.startswith(f"{provider} turns us away: ")
    assert mend in one.mend
    # The reason is for a screen: no key is in it.
    assert not any(value in one.what + one.mend for value in changed.values() if len(value) > 12)


@pytest.mark.parametrize("provider", ["stripe", "wechat"])
def test_a_clock_that_is_off_is_named(
    stage: tuple[dict[str, Simulator], dict[str, str]], looked: Looked, provider: str
) -> None:
    books = stage[0][provider].books
    books.offset = timedelta(minutes=10)
    try:
        [one] = looked(provider)[Mark.BROKEN]
    finally:
        books.offset = timedelta()
    assert "keep time" in one.mend


@pytest.mark.parametrize("provider", NAMES)
def test_a_provider_that_is_away_is_not_called_a_wrong_key(looked: Looked, provider: str) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    [one] = looked(provider, **{f"HUTONG_{provider.upper()}_URL": url})[Mark.BROKEN]
    assert one.what.startswith(f"{provider} does not answer")


def test_an_offered_provider_without_keys(settings: Any) -> None:
    settings.HUTONG_PROVIDERS, settings.HUTONG_PROVIDER_KEYS = ["alipay"], {}
    assert [one.what for one in check(True)] == ["alipay is offered at checkout and has no keys"]


ALL_EVENTS = [
    *(f"checkout.session.{name}" for name in ("completed", "expired")),
    *(f"checkout.session.async_payment_{name}" for name in ("succeeded", "failed")),
    *(f"refund.{name}" for name in ("created", "updated", "failed")),
    *(f"charge.dispute.{name}" for name in ("created", "updated", "closed")),
    *(f"charge.dispute.funds_{name}" for name in ("withdrawn", "reinstated")),
]


@pytest.mark.parametrize(
    ("status", "events", "path", "said"),
    [
        ("enabled", ["*"], "", ""),
        ("enabled", ALL_EVENTS, "", ""),
        ("enabled", ALL_EVENTS[1:], "", "does not tell of checkout.session.completed"),
        ("disabled", ["*"], "", "is switched off"),
        ("enabled", ["*"], "/of/another/site", "has the address https://town.example/api/v1/webhooks/stripe"),
    ],
)
def test_the_endpoint_at_stripe_is_looked_at(
    stage: tuple[dict[str, Simulator], dict[str, str]],
    looked: Looked,
    settings: Any,
    status: str,
    events: list[str],
    path: str,
    said: str,
) -> None:
    settings.HUTONG_SITE_URL = "https://town.example"
    stripe = stage[0]["stripe"]
    assert isinstance(stripe, StripeSimulator)
    url = f"https://town.example{path or '/api/v1/webhooks/stripe'}"
    stripe.endpoints = [endpoint_of(url, events=events, status=status)]
    found = looked("stripe")
    assert (len(found[Mark.WELL]), found[Mark.BROKEN]) == (1, [])
    assert [said in one.what and bool(one.mend) for one in found[Mark.LOOK]] == ([True] if said else [])


@pytest.mark.parametrize(
    ("forbidden", "mark", "said"),
    [
        ("GET /v1/disputes", Mark.BROKEN, "may not do this at Stripe"),
        ("GET /v1/payment_intents", Mark.BROKEN, "Payment Intents read"),
        ("POST /v1/checkout/sessions", Mark.BROKEN, "Checkout Sessions write"),
        ("POST /v1/refunds", Mark.BROKEN, "Charges and Refunds write"),
        ("POST /v1/disputes", Mark.BROKEN, "Disputes write"),
        ("POST /v1/files", Mark.BROKEN, "Files write"),
        ("POST", Mark.BROKEN, "Sessions write, Charges and Refunds write, Disputes write, Files write"),
        ("GET /v1/webhook_endpoints", Mark.LOOK, "may not read webhook endpoints"),
        ("GET /v1/transfers", Mark.LOOK, "may not pay merchants: Transfers write"),
        ("POST /v1/transfers", Mark.LOOK, "may not pay merchants: Transfers write"),
    ],
)
def test_a_restricted_key_without_a_right_is_named(
    stage: tuple[dict[str, Simulator], dict[str, str]],
    looked: Looked,
    forbidden: str,
    mark: Mark,
    said: str,
) -> None:
    stripe = stage[0]["stripe"]
    assert isinstance(stripe, StripeSimulator)
    stripe.forbidden = {forbidden}
    try:
        found, without_connect = (
            [one for one in looked("stripe", HUTONG_STRIPE_CONNECT=each)[mark] if said in one.what]
            for each in "10"
        )
    finally:
        stripe.forbidden = set()
    [one] = found
    assert "restricted key" in one.mend
    assert without_connect == ([] if "/v1/transfers" in forbidden else found)


def test_trying_the_rights_at_stripe_changes_nothing(
    stage: tuple[dict[str, Simulator], dict[str, str]], looked: Looked
) -> None:
    stripe = stage[0]["stripe"]
    assert isinstance(stripe, StripeSimulator)
    assert looked("stripe")[Mark.BROKEN] == []
    made = [stripe.books.trades, stripe.books.backs, stripe.disputes, stripe.files, stripe.transfers.sent]
    assert made == [{}] * 5


def test_what_wechat_lets_nobody_try_is_said(
    stage: tuple[dict[str, Simulator], dict[str, str]], looked: Looked
) -> None:
    wechat = stage[0]["wechat"]
    assert isinstance(wechat, WechatSimulator)
    before = wechat.signers
    wechat.signers = [signer for signer in before if not signer.certificate]
    try:
        found = looked("wechat", HUTONG_WECHAT_API_V3_KEY="f" * 32)
    finally:
        wechat.signers = before
    assert (len(found[Mark.WELL]), found[Mark.BROKEN]) == (1, [])
    [one] = found[Mark.LOOK]
    assert "the APIv3 key could not be tried" in one.what
    assert "for one fen" in one.mend


@pytest.mark.parametrize(
    ("trouble", "said", "mend"),
    [
        ("busy", "is busy", "try again"),
        ("lets_in", "not in whitelist", "IP白名单"),
        ("away", "ConnectError", "try again"),
    ],
)
def test_a_secret_of_the_app_id_that_could_not_be_tried_is_a_doubt(
    stage: tuple[dict[str, Simulator], dict[str, str]], looked: Looked, trouble: str, said: str, mend: str
) -> None:
    wechat = stage[0]["wechat"]
    assert isinstance(wechat, WechatSimulator)
    away = {"HUTONG_WECHAT_SIGN_IN_URL": f"http://127.0.0.1:{free_port()}"} if trouble == "away" else {}
    wechat.sign_ins.busy, wechat.sign_ins.lets_in = trouble == "busy", trouble != "lets_in"
    try:
        found = looked("wechat", **away)
    finally:
        wechat.sign_ins.busy, wechat.sign_ins.lets_in = False, True
    assert (len(found[Mark.WELL]), found[Mark.BROKEN]) == (1, [])
    [one] = found[Mark.LOOK]
    assert said in one.what
    assert mend in one.mend


@pytest.mark.parametrize(
    ("days", "mark", "said"),
    [
        (29, Mark.LOOK, "ends on"),
        (-1, Mark.BROKEN, "counts from"),
        (None, Mark.BROKEN, "not that of the private key"),
    ],
)
def test_the_certificate_of_the_application_is_looked_at(
    stage: tuple[dict[str, Simulator], dict[str, str]],
    looked: Looked,
    days: int | None,
    mark: Mark,
    said: str,
) -> None:
    alipay = stage[0]["alipay"]
    assert isinstance(alipay, AlipaySimulator)
    pair = alipay.keys.alipay if days is None else alipay.keys.merchant
    [one] = looked(
        "alipay", HUTONG_ALIPAY_APP_CERTIFICATE=certified_for_alipay(pair, "Hutong", days=days or 60)
    )[mark]
    assert said in one.what
    assert "HUTONG_ALIPAY_APP_CERTIFICATE" in one.mend


def test_an_application_that_may_not_send_money_is_a_doubt(
    stage: tuple[dict[str, Simulator], dict[str, str]], looked: Looked
) -> None:
    alipay = stage[0]["alipay"]
    assert isinstance(alipay, AlipaySimulator)
    alipay.may_transfer = False
    try:
        found = looked("alipay")
        with_keys = looked("alipay", **NO_CERTIFICATES)
    finally:
        alipay.may_transfer = True
    assert (len(found[Mark.WELL]), found[Mark.BROKEN]) == (1, [])
    [one] = found[Mark.LOOK]
    assert "isv.insufficient-isv-permissions" in one.what
    assert "转账到支付宝账户" in one.mend
    assert with_keys[Mark.LOOK] == []
    assert alipay.transfers.sent == {}


def test_an_expired_certificate_of_wechat_is_named(
    stage: tuple[dict[str, Simulator], dict[str, str]], looked: Looked
) -> None:
    wechat = stage[0]["wechat"]
    assert isinstance(wechat, WechatSimulator)
    before = wechat.signers
    wechat.signers = [certified(new_key(), days=-1)]
    try:
        found = looked("wechat", HUTONG_WECHAT_PUBLIC_KEY="", HUTONG_WECHAT_PUBLIC_KEY_ID="")
    finally:
        wechat.signers = before
    [one] = found[Mark.BROKEN]
    assert "have expired" in one.mend
