"""Settings: documented in one table, and production refuses an unsafe one by its name."""

from pathlib import Path

import pytest

from hutong.config import environment

TABLE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"
SAFE = {
    "HUTONG_MODE": "production",
    "DATABASE_URL": "postgresql://hutong@db/hutong",
    "HUTONG_SECRET_KEY": "k" * 48,
    "HUTONG_SITE_URL": "https://example.org",
    "HUTONG_LIVE_URL": "/live",
    "HUTONG_SMS": "console",
    "HUTONG_EMAIL_URL": "console:",
    "HUTONG_PROVIDERS": "stripe",
    "HUTONG_STRIPE_SECRET_KEY": "sk_live_of_nobody",
    "HUTONG_STRIPE_WEBHOOK_SECRETS": "whsec_of_nobody",
}


def test_table_is_documented() -> None:
    assert environment.as_table() in TABLE.read_text()


def test_safe_production_starts() -> None:
    assert environment.read(SAFE)["HUTONG_SITE_URL"] == "https://example.org"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUTONG_SECRET_KEY", "short"),
        ("HUTONG_SITE_URL", "http://example.org"),
        ("HUTONG_SMS", "tray"),
        ("HUTONG_VOICE", "tray"),
        ("HUTONG_EMAIL_URL", "tray:"),
        ("HUTONG_PROVIDERS", "sandbox"),
        ("HUTONG_DEBUG", "1"),
        ("DATABASE_URL", ""),
    ],
)
def test_production_refuses_unsafe_setting(name: str, value: str) -> None:
    with pytest.raises(environment.SettingsUnsafe, match=name):
        environment.read({**SAFE, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUTONG_SMS", "tray"),
        ("HUTONG_VOICE", "tray"),
        ("HUTONG_EMAIL_URL", "tray:"),
        ("HUTONG_PROVIDERS", "sandbox"),
    ],
)
def test_a_trial_may_send_nothing_and_take_no_money(name: str, value: str) -> None:
    assert environment.read({**SAFE, "HUTONG_MODE": "trial", name: value})[name] == value


@pytest.mark.parametrize(
    ("name", "value"),
    [("HUTONG_SITE_URL", "http://example.org"), ("HUTONG_SECRET_KEY", "short"), ("HUTONG_DEBUG", "1")],
)
def test_a_trial_is_as_strict_as_production_in_all_else(name: str, value: str) -> None:
    with pytest.raises(environment.SettingsUnsafe, match=f"trial refuses to start:\n- {name}"):
        environment.read({**SAFE, "HUTONG_MODE": "trial", name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUTONG_WORKERS", "two"),
        ("HUTONG_TRUSTED_PROXIES", "-1"),
        ("HUTONG_LANGUAGES", "en,fi"),
        ("HUTONG_LANGUAGES", ""),
        ("HUTONG_SMS", "pigeon"),
        ("HUTONG_EMAIL_URL", "mail.example.org"),
        ("DATABASE_URL", "mysql://a:secret@b/c"),
        ("HUTONG_SITE_URL", "example.org"),
    ],
)
@pytest.mark.parametrize("mode", ["demo", "production"])
def test_what_cannot_be_understood_is_said_in_every_mode(mode: str, name: str, value: str) -> None:
    with pytest.raises(environment.SettingsUnsafe, match=f"- {name}: ") as refused:
        environment.read({**SAFE, "HUTONG_MODE": mode, name: value})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["", "http://sms.example.org/send", "sms.example.org"])
def test_a_gateway_needs_an_address_that_keeps_secrets(url: str) -> None:
    with pytest.raises(environment.SettingsUnsafe, match="HUTONG_SMS_URL"):
        environment.read({**SAFE, "HUTONG_SMS": "http", "HUTONG_SMS_URL": url})


@pytest.mark.parametrize(
    ("values", "voice"),
    [
        ({"HUTONG_SMS": "tray"}, "tray"),
        ({"HUTONG_SMS": "http"}, "console"),
        ({"HUTONG_SMS": "http", "HUTONG_VOICE_URL": "https://v.example.org"}, "http"),
        ({"HUTONG_SMS": "http", "HUTONG_VOICE": "tray"}, "tray"),
    ],
)
def test_the_voice_goes_as_the_messages_do(values: dict[str, str], voice: str) -> None:
    assert environment.voice_of(environment.given(values)) == voice


def test_the_embedded_server_is_chosen_on_purpose() -> None:
    assert environment.read({**SAFE, "DATABASE_URL": "embedded"})["DATABASE_URL"] == ""


def test_mode_is_known() -> None:
    with pytest.raises(environment.SettingsUnsafe, match="HUTONG_MODE"):
        environment.read({"HUTONG_MODE": "live"})
