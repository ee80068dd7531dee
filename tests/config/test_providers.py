"""Settings of payment providers: what is missing is named, keys are read from files, and no key is ever repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from hutong.config import environment, providers
from hutong.pay.payments.providers import registry

WECHAT = {
    "HUTONG_WECHAT_MCHID": "1900000109",
    "HUTONG_WECHAT_APPID": "wx1",
    "HUTONG_WECHAT_MERCHANT_SERIAL": "51",
    "HUTONG_WECHAT_MERCHANT_KEY": "file:apiclient_key.pem",
    "HUTONG_WECHAT_API_V3_KEY": "0" * 32,
}
STRIPE = {"HUTONG_STRIPE_SECRET_KEY": "sk_test_secret", "HUTONG_STRIPE_WEBHOOK_SECRETS": "whsec_a, whsec_b"}
MINE = {"HUTONG_SECRET_KEY": "k" * 48, "HUTONG_SITE_URL": "https://shop.example", "HUTONG_LIVE_URL": "/live"}
LIVE = {"HUTONG_MODE": "production", "DATABASE_URL": "embedded", "HUTONG_SMS": "console", **MINE}
LIVE["HUTONG_EMAIL_URL"] = "console:"


def said(values: dict[str, str]) -> str:
    """What starting with these settings says."""
    with pytest.raises(environment.SettingsUnsafe) as refused:
        environment.read(values)
    return str(refused.value)


def test_the_settings_and_the_registry_know_the_same_providers() -> None:
    assert set(providers.NAMES) == set(registry._MAKERS)
    assert set(providers.KEYS) == set(providers.NAMES) - {"sandbox"}
    known = {setting.name for setting in environment.SETTINGS}
    assert {name for keys in providers.KEYS.values() for name in keys.settings.values()} <= known


@pytest.mark.parametrize("value", ["", ",", "paypal", "stripe,stripe", "stripe;wechat"])
def test_a_list_of_providers_that_cannot_be_meant(value: str) -> None:
    assert "- HUTONG_PROVIDERS: " in said({"HUTONG_PROVIDERS": value})


@pytest.mark.parametrize(
    "value", ["pay.shop.example", "https://a.example; script-src *", "https://a.example/x y"]
)
def test_pages_that_are_no_addresses_are_refused(value: str) -> None:
    assert "- HUTONG_PAYMENT_PAGES: " in said({"HUTONG_PAYMENT_PAGES": value})


def test_what_a_provider_lacks_is_named() -> None:
    lacking = said({"HUTONG_PROVIDERS": "sandbox,stripe,alipay", "HUTONG_STRIPE_SECRET_KEY": "sk_1"})
    assert "- HUTONG_STRIPE_WEBHOOK_SECRETS: must be set for payments with stripe" in lacking
    for name in ("APP_ID", "SELLER_ID", "PRIVATE_KEY", "PUBLIC_KEYS"):
        assert f"- HUTONG_ALIPAY_{name}: " in lacking
    assert "HUTONG_STRIPE_SECRET_KEY:" not in lacking
    assert "WECHAT" not in lacking


def test_keys_are_read_from_files_and_a_missing_file_is_named(tmp_path: Path) -> None:
    values = {**WECHAT, "HUTONG_HOME": str(tmp_path), "HUTONG_PROVIDERS": "wechat"}
    assert "HUTONG_WECHAT_MERCHANT_KEY: the file file:apiclient_key.pem cannot be read" in said(values)
    (tmp_path / "apiclient_key.pem").write_text(
        "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n"
    )
    read = providers.keys(environment.read(values))["wechat"]
    assert str(read["merchant_key"]).splitlines()[1] == "abc"
    absolute = {**values, "HUTONG_WECHAT_MERCHANT_KEY": str(tmp_path / "apiclient_key.pem")}
    assert providers.keys(environment.read(absolute))["wechat"] == read
    (tmp_path / "apiclient_key.pem").write_bytes(b"x" * 70_000)
    assert "too large for a key" in said(values)
    (tmp_path / "apiclient_key.pem").write_bytes(b"\xff\xfe")
    assert "HUTONG_WECHAT_MERCHANT_KEY" in said(values)


def test_a_key_without_its_frame_gets_it() -> None:
    bare = "M" * 400
    values = {**WECHAT, "HUTONG_WECHAT_MERCHANT_KEY": bare}
    read = providers.keys(environment.read(values))["wechat"]["merchant_key"]
    assert read == f"-----BEGIN PRIVATE KEY-----\n{bare}\n-----END PRIVATE KEY-----\n"


def test_a_public_key_and_its_id_go_together() -> None:
    values = {**WECHAT, "HUTONG_WECHAT_MERCHANT_KEY": "key", "HUTONG_WECHAT_PUBLIC_KEY_ID": "PUB_KEY_ID_1"}
    assert "HUTONG_WECHAT_PUBLIC_KEY and HUTONG_WECHAT_PUBLIC_KEY_ID: set both" in said(values)


def test_a_provider_taken_away_from_checkout_keeps_its_keys() -> None:
    values = environment.read({**STRIPE, "HUTONG_PROVIDERS": "sandbox"})
    assert providers.keys(values)["stripe"]["webhook_secrets"] == ["whsec_a", "whsec_b"]
    assert providers.keys(environment.read({})) == {}


def test_no_value_is_repeated() -> None:
    values = {**WECHAT, "HUTONG_WECHAT_MERCHANT_KEY": "a-secret", "HUTONG_PROVIDERS": "wechat,stripe"}
    assert "a-secret" not in said({**values, "HUTONG_STRIPE_SECRET_KEY": "a-secret"})


def test_production_takes_no_simulator_and_no_sandbox_among_others() -> None:
    live = {**LIVE, **STRIPE, "HUTONG_PROVIDERS": "stripe"}
    assert environment.read(live)["HUTONG_PROVIDERS"] == "stripe"
    assert "HUTONG_STRIPE_URL: must be an https" in said(
        {**live, "HUTONG_STRIPE_URL": "http://127.0.0.1:8090"}
    )
    assert "HUTONG_PROVIDERS: the sandbox" in said({**live, "HUTONG_PROVIDERS": "stripe,sandbox"})
    assert environment.read({**live, "HUTONG_MODE": "trial", "HUTONG_PROVIDERS": "stripe,sandbox"})


def test_forms_may_lead_to_the_payment_pages_of_what_is_offered() -> None:
    values = environment.given(
        {"HUTONG_PROVIDERS": "stripe,alipay", "HUTONG_PAYMENT_PAGES": "https://pay.shop.example"}
    )
    assert providers.pages(values) == [
        "https://checkout.stripe.com", "https://*.alipay.com", "https://pay.shop.example",
    ]  # fmt: skip
    values = environment.given(
        {"HUTONG_PROVIDERS": "sandbox,wechat", "HUTONG_WECHAT_URL": "http://127.0.0.1:8117/x"}
    )
    assert providers.pages(values) == [
        *("http://127.0.0.1:8002", "http://127.0.0.1:8117", "https://wx.tenpay.com"),
        "https://open.weixin.qq.com",
    ]
    second = {"HUTONG_PROVIDERS": "wechat", "HUTONG_WECHAT_URL": "https://api2.mch.weixin.qq.com"}
    values = environment.given({**second, "HUTONG_WECHAT_SIGN_IN_URL": "http://127.0.0.1:8118/"})
    assert providers.pages(values) == [
        *("https://api2.mch.weixin.qq.com", "http://127.0.0.1:8118", "https://wx.tenpay.com"),
        "https://open.weixin.qq.com",
    ]
