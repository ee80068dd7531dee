"""`hutong demo --providers`: the keys that simulators left in the demo's folder go behind what was said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hutong.cli import demo
from hutong.cli.app import app
from hutong.config import environment, settings_file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo's folder, and an environment that is put back."""
    monkeypatch.setattr(os, "environ", {"HUTONG_HOME": str(tmp_path), "HUTONG_STRIPE_SECRET_KEY": "sk_mine"})
    return tmp_path


def test_keys_of_simulators_are_taken_where_nothing_was_said(folder: Path) -> None:
    left = {
        "HUTONG_STRIPE_SECRET_KEY": "sk_test",
        "HUTONG_STRIPE_WEBHOOK_SECRETS": "whsec_1",
        "HUTONG_STRIPE_URL": "http://127.0.0.1:8090",
    }
    settings_file.write(folder / "simulators.env", left, replace=False)
    demo._choose_providers("sandbox,stripe")
    values = environment.read(os.environ)
    assert values["HUTONG_PROVIDERS"] == "sandbox,stripe"
    assert values["HUTONG_STRIPE_SECRET_KEY"] == "sk_mine"
    assert values["HUTONG_STRIPE_URL"] == "http://127.0.0.1:8090"


def test_without_simulators_it_is_said_what_is_missing(folder: Path) -> None:
    demo._choose_providers("alipay")
    with pytest.raises(environment.SettingsUnsafe, match="HUTONG_ALIPAY_APP_ID: must be set"):
        environment.read(os.environ)


def test_the_command_names_the_option() -> None:
    shown = CliRunner().invoke(app, ["demo", "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert "--providers" in shown.output
