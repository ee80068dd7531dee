"""`hutong init`: asked on a terminal, cut off and run again, run again with other flags, written anew."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from django.conf import settings

from hutong.config import settings_file
from hutong.kernel import database

ROOT = Path(__file__).parents[2]
EXTRACT = ROOT / "data" / "helsinki-centre.osm.pbf"
COMMAND = [sys.executable, "-m", "hutong", "init"]
FLAGS = {
    "--site-url": "http://127.0.0.1:8000",
    "--operator-name": "Town Market Ltd",
    "--operator-email": "office@example.org",
    "--region": "our-town",
    "--extract": str(EXTRACT),
    "--currency": "EUR",
    "--zone": "Europe/Helsinki",
    "--phone": "+358 40 1234567",
}


class Place:
    """A HUTONG_HOME and a database of its own on the server of the tests, for one site that is made."""

    def __init__(self, folder: Path, name: str) -> None:
        self.home = folder
        default = settings.DATABASES["default"]
        self.entry = {**default, "NAME": name, "OPTIONS": {}}
        host, user = default["HOST"], default["USER"]
        at = f"{user}:{default['PASSWORD']}@{host}:{default['PORT'] or 5432}"
        self.url = (
            f"postgresql://{user}@/{name}?host={quote(host)}"
            if host.startswith("/")
            else f"postgresql://{at}/{name}"
        )
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith("HUTONG_") and key not in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")
        }
        self.environment = {**kept, "HUTONG_HOME": str(folder), "PYTHONPATH": str(ROOT)}

    def command(self, **changed: str) -> list[str]:
        flags = {**FLAGS, "--database-url": self.url, **changed}
        return [*COMMAND, "--yes", *(word for pair in flags.items() for word in pair)]

    def run(self, *words: str, **changed: str) -> tuple[int, str]:
        done = subprocess.run(
            [*self.command(**changed), *words], env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=300,
        )  # fmt: skip
        return done.returncode, done.stdout

    def counts(self) -> tuple[int, int, int]:
        """Regions, stores and operators."""
        with psycopg.connect(database.url_of(self.entry)) as connection:
            found = connection.execute(
                "SELECT (SELECT count(*) FROM regions_region), (SELECT count(*) FROM merchants_store), "
                "(SELECT count(*) FROM people_person WHERE is_operator)"
            ).fetchone()
        assert found
        return found[0], found[1], found[2]

    def settings(self) -> dict[str, str]:
        return settings_file.read(self.home / settings_file.NAME)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path, f"init_{os.getpid()}")
    yield made
    database.drop_database(made.entry)


@pytest.mark.slow
def test_asked_on_a_terminal(place: Place) -> None:
    """Somebody types; a wrong answer is asked for again; a default is taken with Enter."""
    answers = [
        ("Address of the site", ""),
        ("Name of the site", "Our town"),
        ("Who runs it", "Town Market Ltd"),
        ("E-mail address", "office@"),
        ("E-mail address", "office@example.org"),
        ("Languages", "zh-Hans, en"),
        ("Who sends text messages", ""),
        ("Mail server", ""),
        ("Payment provider", ""),
        ("PostgreSQL", place.url),
        ("Short name", "our-town"),
        ("Its name in English", ""),
        ("Its name in Chinese", "小城"),
        ("OpenStreetMap extract", "/no/such/file"),
        ("OpenStreetMap extract", str(EXTRACT)),
        ("Currency", "euro"),
        ("Currency", "eur"),
        ("Time zone", "Europe/Helsinki"),
        ("Datum", ""),
        ("Phone of the first operator", "+358 40 1234567"),
        ("What the first operator is called", "Olivia"),
    ]
    said = typed(COMMAND, place.environment, answers)
    for part in ("no e-mail address", "there is no file /no/such/file", "no currency", "Our town is set up"):
        assert part in said, said
    assert place.counts() == (1, 1024, 1)
    made = place.settings()
    assert made["HUTONG_LANGUAGES"] == "zh-hans,en"
    assert made["HUTONG_PHONE_COUNTRY"] == "FI"
    assert made["HUTONG_DEFAULT_REGION"] == "our-town"
    assert made["DATABASE_URL"] == place.url
    assert made["HUTONG_MODE"] == "demo"


@pytest.mark.slow
def test_cut_off_at_any_step_and_run_again(place: Place) -> None:
    for step in ("Settings: written", "migrations to apply", "Storing the shops"):
        killed_at(step, place)
    code, said = place.run()
    assert code == 0, said
    assert place.counts() == (1, 1024, 1)
    key = place.settings()["HUTONG_SECRET_KEY"]
    code, said = place.run(**{"--site-url": "http://127.0.0.1:9000", "--phone": "+358 40 7654321"})
    assert (code, said.count("already there")) == (0, 4), said
    assert "--site-url is not what the settings file says; it stays" in said
    assert place.counts() == (1, 1024, 1)
    code, said = place.run("--force", **{"--site-url": "https://town.example.org"})
    assert code == 0, said
    made = place.settings()
    assert made["HUTONG_SECRET_KEY"] == key, "codes and tokens are hashed with it"
    assert made["HUTONG_MODE"] == "trial"
    assert made["HUTONG_SANDBOX_PAGES_URL"] == "https://town.example.org/sandbox"
    assert (made["HUTONG_LIVE_URL"], made["HUTONG_TRUSTED_PROXIES"]) == ("/live", "1")


def test_wrong_answers_leave_nothing_behind(place: Place) -> None:
    code, said = place.run(**{"--zone": "Atlantis/Capital"})
    assert (code, "--zone: 'Atlantis/Capital' is no time zone" in said) == (1, True), said
    code, said = place.run(**{"--mode": "production"})
    assert code == 1
    assert "HUTONG_PROVIDERS" in said
    assert list(place.home.iterdir()) == []


def test_a_database_that_does_not_answer_is_a_sentence(place: Place) -> None:
    code, said = place.run(**{"--database-url": "postgresql://nobody:secret@127.0.0.1:1/none"})
    assert code == 1
    assert "The database does not answer" in said
    assert "Traceback" not in said
    assert "secret" not in said


def killed_at(step: str, place: Place) -> None:
    """Run it and SIGKILL it as soon as it has said `step`."""
    process = subprocess.Popen(
        place.command(), env=place.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    assert process.stdout
    said = b""
    while step.encode() not in said:
        chunk = os.read(process.stdout.fileno(), 4096)
        assert chunk, f"it never said {step!r}: {said.decode()}"
        said += chunk
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)
    process.stdout.close()


def typed(command: list[str], environment: dict[str, str], answers: list[tuple[str, str]]) -> str:
    """Run `command` on a terminal, type each answer when its question shows, and return all that was shown."""
    terminal, theirs = pty.openpty()
    process = subprocess.Popen(
        command, env={**environment, "COLUMNS": "300", "TERM": "dumb"}, stdin=theirs, stdout=theirs,
        stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown, seen = "", 0
    end = time.monotonic() + 300
    try:
        waiting = list(answers)
        while time.monotonic() < end:
            if select.select([terminal], [], [], 1)[0]:
                try:
                    chunk = os.read(terminal, 65536)
                except OSError:
                    break  # the other side is closed: it has ended
                shown += chunk.decode(errors="replace")
            if waiting and re.search(rf"{re.escape(waiting[0][0])}[^\n]*: $", shown[seen:]):
                seen = len(shown)
                os.write(terminal, (waiting.pop(0)[1] + "\n").encode())
        assert waiting == [], f"never asked: {waiting}\n{shown}"
        assert process.wait(10) == 0, shown
    finally:
        process.kill()
        os.close(terminal)
    return shown
