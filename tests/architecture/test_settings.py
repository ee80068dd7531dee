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
    "HUTONG_PROVIDER": "other",
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
        ("HUTONG_PROVIDER", "sandbox"),
        ("HUTONG_DEBUG", "1"),
        ("DATABASE_URL", ""),
    ],
)
def test_production_refuses_unsafe_setting(name: str, value: str) -> None:
    with pytest.raises(environment.SettingsUnsafe, match=name):
        environment.read({**SAFE, name: value})


def test_mode_is_known() -> None:
    with pytest.raises(environment.SettingsUnsafe, match="HUTONG_MODE"):
        environment.read({"HUTONG_MODE": "live"})
