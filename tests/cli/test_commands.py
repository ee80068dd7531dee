"""The command line: every command explains itself, faults people can mend are sentences."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection
from typer.testing import CliRunner

from hutong.cli.app import app
from tests.factories.loop import scene

runner = CliRunner()


@pytest.mark.parametrize(
    "command", [[], ["demo"], ["up"], ["import", "osm"], ["books", "check"], ["doctor"], ["migrate"]]
)
def test_commands_explain_themselves(command: list[str]) -> None:
    shown = runner.invoke(app, [*command, "--help"])
    assert shown.exit_code == 0
    assert "Usage" in shown.output


@pytest.mark.django_db
def test_import_of_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    shown = runner.invoke(app, ["import", "osm", str(tmp_path / "no.osm.pbf"), "--region", "nowhere"])
    assert shown.exit_code == 1
    assert "Traceback" not in shown.output
    assert "no.osm.pbf" in shown.output.replace("\n", "")


@pytest.mark.unbalanced("changes units behind the services")
@pytest.mark.django_db
def test_books_check_finds_what_is_wrong(at: object) -> None:
    from datetime import UTC, datetime

    from hutong.flows import books
    from hutong.kernel.rows import execute

    moment = datetime(2026, 6, 1, 9, tzinfo=UTC)
    shop = scene(at=moment)
    shop.bought()
    assert books.check(at=moment, ask_providers=False).problems == ()
    execute("SET session_replication_role = replica")
    execute("UPDATE orders_unit SET state = 'used', used_at = now()")
    execute("SET session_replication_role = DEFAULT")
    problems = books.check(at=moment, ask_providers=False).problems
    assert any(problem.startswith("unredeemed") for problem in problems), problems
    assert any("names unit" in problem for problem in problems), problems


def test_production_with_unsafe_settings_says_which() -> None:
    environment = {
        **os.environ,
        "HUTONG_MODE": "production",
        "HUTONG_SITE_URL": "http://example.org",
        "DATABASE_URL": "",
    }
    done = subprocess.run(
        [sys.executable, "-m", "hutong", "books", "check"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    for name in ("DATABASE_URL", "HUTONG_SECRET_KEY", "HUTONG_SITE_URL", "HUTONG_SMS", "HUTONG_PROVIDERS"):
        assert name in done.stdout, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.django_db
def test_doctor_looks_at_everything() -> None:
    shown = runner.invoke(app, ["doctor"])
    assert f"PostgreSQL {connection.cursor().connection.info.server_version // 10_000}" in shown.output
    assert "capitals of all scripts" in shown.output


def test_the_demo_keeps_off_a_site_that_somebody_set_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hutong.env").write_text("HUTONG_MODE=trial\n")
    (tmp_path / "media").mkdir()
    monkeypatch.setenv("HUTONG_HOME", str(tmp_path))
    for words in (["demo"], ["demo", "--reset"]):
        shown = runner.invoke(app, words)
        assert shown.exit_code == 1
        assert "is a site of its own" in " ".join(shown.output.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hutong.env", "media"]
