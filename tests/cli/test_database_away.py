"""A database that is away, or goes away in the middle: every command ends in a sentence that says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
from django.conf import settings as site_settings
from django.db import connection
from typer.testing import CliRunner

from hutong.cli import setup
from hutong.cli.app import app
from hutong.cli.screen import errors_as_sentences
from hutong.kernel import database
from hutong.kernel.rows import execute, scalar

NOWHERE = "postgresql://nobody:pa55word@127.0.0.1:1/none"
ARGUMENTS = {
    "import csv": ["no-such-file.csv", "--region", "town"],
    "import osm": ["no-such-file.osm", "--region", "town"],
    "import regions": ["no-such-file.geojson"],
    "people grant-operator": ["+358401234567"],
    "people revoke-operator": ["+358401234567"],
    "manage": ["check"],
}
# They ask no database, or are tried where what they need is at hand: init in test_init, restore below.
WITHOUT = {"tray", "database start", "database stop", "demo", "init", "restore"}


def every_command() -> Iterator[str]:
    def below(group: Any, name: str) -> Iterator[str]:
        for word, command in getattr(group, "commands", {}).items():
            yield from below(command, f"{name} {word}".strip())
        if not hasattr(group, "commands"):
            yield name

    return below(typer.main.get_command(app), "")


@pytest.fixture
def away(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings name a server that is not there; what is connected already stays."""
    settings.HUTONG_EMBEDDED = False
    for name, value in database.connection_settings(NOWHERE, site_settings.HUTONG_HOME).items():
        monkeypatch.setitem(site_settings.DATABASES["default"], name, value)


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize("command", sorted(set(every_command()) - WITHOUT))
def test_every_command_says_that_it_does_not_answer(command: str) -> None:
    shown = CliRunner().invoke(app, [*command.split(), *ARGUMENTS.get(command, [])])
    said = " ".join(shown.output.split())
    assert shown.exit_code == 1
    assert isinstance(shown.exception, SystemExit), shown.exception
    assert said.count("database does not answer: connection failed") == 1, said
    assert "tart it, or mend DATABASE_URL" in said
    assert "pa55word" not in said


def test_the_list_of_commands_is_whole() -> None:
    """A new command is among those that are tried, unless somebody says why not."""
    found = set(every_command())
    assert found >= WITHOUT | set(ARGUMENTS)
    assert {"up", "migrate", "backup", "books check", "doctor", "people list-operators"} <= found - WITHOUT


def test_a_worker_says_so_too(tmp_path: Path) -> None:
    environment = {**os.environ, "HUTONG_HOME": str(tmp_path), "DATABASE_URL": NOWHERE}
    done = subprocess.run(
        [sys.executable, "-m", "hutong.cli.worker"], env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("The worker cannot start. The database does not answer")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("url", [f"{NOWHERE}?ssl=yes", "postgresql://nobody:pa55word@127.0.0.1:port/none"])
def test_an_address_that_cannot_be_read_is_a_sentence(tmp_path: Path, url: str) -> None:
    environment = {**os.environ, "HUTONG_HOME": str(tmp_path), "DATABASE_URL": url}
    done = subprocess.run(
        [sys.executable, "-m", "hutong", "books", "check"], env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "DATABASE_URL: write postgresql://user:password@host:5432/name" in done.stdout
    assert "?sslmode=require" in done.stdout
    assert "Traceback" not in done.stderr
    assert "pa55word" not in done.stdout + done.stderr


@pytest.mark.django_db(transaction=True)
def test_one_that_goes_away_in_the_middle(capsys: pytest.CaptureFixture[str]) -> None:
    mine = scalar("SELECT pg_backend_pid()")
    with psycopg.connect(database.patient_url(connection.settings_dict), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", [mine])
    try:
        with pytest.raises(typer.Exit) as ended, errors_as_sentences():
            scalar("SELECT 1")
    finally:
        connection.close()
    assert ended.value.exit_code == 1
    said = capsys.readouterr().out
    assert "The database went away: " in said
    assert "`hutong doctor`" in said


@pytest.mark.django_db
@pytest.mark.unbalanced("its transaction ends in a refused statement")
def test_tables_that_are_not_there_yet(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), errors_as_sentences():
        execute("SELECT 1 FROM people_of_a_later_version")
    assert "Run `hutong migrate`" in capsys.readouterr().out


@pytest.mark.django_db
@pytest.mark.unbalanced("its transaction ends in a refused statement")
def test_a_fault_of_ours_stays_a_fault() -> None:
    from django.db import ProgrammingError

    with pytest.raises(ProgrammingError), errors_as_sentences():
        execute("SELECT this is no sentence of SQL")


def test_a_folder_that_cannot_be_used() -> None:
    environment = {**os.environ, "HUTONG_HOME": "/proc/nobody-writes-here", "DATABASE_URL": ""}
    environment |= {"HUTONG_MODE": "demo", "HUTONG_SECRET_KEY": ""}
    done = subprocess.run(
        [sys.executable, "-m", "hutong", "database", "start"], env=environment, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "The folder of the site cannot be used" in done.stdout
    assert "Traceback" not in done.stderr


def test_an_embedded_server_that_does_not_start(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands where its data should be is no database; it is neither used nor overwritten."""
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("18\n")
    settings.HUTONG_EMBEDDED, settings.HUTONG_HOME = True, tmp_path
    with pytest.raises(setup.EmbeddedFailed) as refused:
        setup.django(wait_for_database=True)
    assert f"The PostgreSQL in {tmp_path} could not be started" in str(refused.value)
    assert "postgres/log" in str(refused.value)
