"""What `hutong init` wants to know: defaults, checks, and errors that name the flag."""

from pathlib import Path
from typing import Any

import pytest

from hutong.cli import init, questions
from hutong.cli.questions import AnswersMissing, AnswerWrong, settle

ALL = (*questions.SITE, *questions.REGION, *questions.OPERATOR)


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    extract = tmp_path / "town.osm"
    extract.write_text("<osm/>")
    return {
        "operator_name": "Monaco SARL",
        "operator_email": "office@example.org",
        "region": "monaco",
        "extract": str(extract),
        "currency": "eur",
        "phone": "+377 6 12 34 56 78",
    }


def test_defaults_fill_the_rest(given: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    answers = settle(ALL, given, ask=False)
    assert answers["site_url"] == "http://127.0.0.1:8000"
    assert answers["name"] == "Monaco"
    assert answers["currency"] == "EUR"
    assert answers["zone"] == "Asia/Shanghai"
    assert answers["datum"] == "wgs84"
    assert answers["phone"] == "+377612345678"
    assert answers["database_url"] == "embedded"
    assert (answers["sms"], answers["email_url"]) == ("tray", "tray:")
    assert "sms_url" not in answers, "a gateway matters only where there is one"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("site_url", "http://town.example.org", "https://"),
        ("site_url", "https://town.example.org/shop", "https://"),
        ("zone", "Europe/Monacco", "no time zone"),
        ("zone", "../../etc/passwd", "no time zone"),
        ("currency", "EURO", "no currency"),
        ("region", "mon aco", "cannot stand in an address"),
        ("region", "", "cannot stand in an address"),
        ("extract", "/no/such/file.osm.pbf", "there is no file /no/such/file.osm.pbf"),
        ("datum", "nad27", "not one of: wgs84, gcj02, bd09"),
        ("phone", "12345", "no phone number"),
        ("phone", "040 1234567", "country code"),
        ("operator_email", "office@", "no e-mail address"),
        ("languages", "en,fi", "en, zh-hans"),
        ("sms", "pigeon", "tray, console, http"),
        ("email_url", "mail.example.org", "smtp://"),
        ("database_url", "mysql://a@b/c", "postgresql://"),
        ("providers", "paypal", "stripe, wechat, alipay"),
    ],
)
def test_a_wrong_answer_names_its_flag(given: dict[str, str], key: str, value: str, said: str) -> None:
    with pytest.raises(AnswerWrong) as refused:
        settle(ALL, {**given, key: value}, ask=False)
    assert str(refused.value).startswith("--" + key.replace("_", "-") + ": ")
    assert said in str(refused.value)


def test_all_that_is_missing_is_said_at_once(given: dict[str, str]) -> None:
    with pytest.raises(AnswersMissing) as refused:
        settle(ALL, {}, ask=False)
    flags = "--operator-name, --operator-email, --region, --extract, --currency, --phone"
    assert flags in str(refused.value)
    with pytest.raises(AnswersMissing, match="--sms-url, --sms-token"):
        settle(ALL, {**given, "sms": "http"}, ask=False)


def test_the_keys_of_a_provider_are_asked_where_it_is_named(given: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(AnswersMissing, match="HUTONG_STRIPE_SECRET_KEY, HUTONG_STRIPE_WEBHOOK_SECRETS"):
        settle(ALL, {**given, "providers": "stripe"}, ask=False)
    key = tmp_path / "apiclient_key.pem"
    wechat = {
        "providers": "WeChat, sandbox",
        "wechat_mchid": "1900000109",
        "wechat_appid": "wx1",
        "wechat_merchant_serial": "51",
        "wechat_merchant_key": str(key),
        "wechat_api_v3_key": "0" * 32,
    }
    with pytest.raises(AnswerWrong, match="HUTONG_WECHAT_MERCHANT_KEY: there is no file"):
        settle(ALL, {**given, **wechat}, ask=False)
    key.write_text("a key")
    answers = settle(ALL, {**given, **wechat}, ask=False)
    assert answers["providers"] == "wechat,sandbox"
    assert answers["wechat_merchant_key"] == str(key)
    assert "stripe_secret_key" not in answers
    assert "wechat_public_key_id" not in answers  # the account has certificates


@pytest.mark.parametrize(
    ("answers", "mode"),
    [
        ({"site_url": "http://127.0.0.1:8000"}, "demo"),
        ({"site_url": "https://a.example.org"}, "trial"),
        ({"site_url": "https://a.example.org", "sms": "console", "email_url": "console:"}, "trial"),
        ({"site_url": "https://a.example.org", "sms": "console", "providers": "stripe"}, "trial"),
        (
            {
                "site_url": "https://a.example.org",
                "sms": "console",
                "email_url": "console:",
                "providers": "stripe",
            },
            "production",
        ),
    ],
)
def test_the_strictest_mode_that_fits(answers: dict[str, str], mode: str) -> None:
    assert init.mode_for({"sms": "tray", "email_url": "tray:", "providers": "sandbox", **answers}) == mode


def test_a_wrong_answer_on_the_terminal_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = iter(["Atlantis/Capital", "Europe/Monaco"])

    def prompt(_text: str, **_options: Any) -> str:
        return next(said)

    monkeypatch.setattr("typer.prompt", prompt)
    zone = [question for question in questions.REGION if question.key == "zone"]
    assert settle(zone, {}, ask=True) == {"zone": "Europe/Monaco"}
    assert "'Atlantis/Capital' is no time zone" in capsys.readouterr().out
