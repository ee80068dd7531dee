"""A migration killed half-way is there or is not; running it again does the rest; nobody serves meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from hutong.cli.upgrade import _OneTransactionEach
from hutong.kernel import database
from tests.cli.saved_site import ROOT, SavedSite, environment_of, run
from tests.fakes.sandbox import free_port, wait_until

pytestmark = pytest.mark.xdist_group("backup")

SLEEPING = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%%'"
)


@pytest.fixture(scope="module")
def site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SavedSite]:
    """A site of the version before: everything is migrated but the slow app."""
    home = tmp_path_factory.mktemp("upgraded")
    site = SavedSite(home, f"upgraded_{os.getpid()}", {})
    done = site.run("migrate")
    assert done.returncode == 0, done.stdout + done.stderr
    try:
        yield site
    finally:
        database.drop_database(site.settings)


def after_upgrade(site: SavedSite, *, slow_s: float = 0) -> dict[str, str]:
    """The environment of the new version, which brings the slow app."""
    environment = environment_of(site.home, site.database)
    return {**environment, "DJANGO_SETTINGS_MODULE": "tests.faults.slow_settings", "SLOW_S": str(slow_s)}


def migrating(site: SavedSite, *, slow_s: float = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "hutong", "migrate"]
    environment = after_upgrade(site, slow_s=slow_s)
    return subprocess.Popen(
        command, env=environment, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def applied(site: SavedSite) -> list[str]:
    """The slow app's migrations that are noted as applied."""
    with psycopg.connect(database.url_of(site.settings)) as looking:
        found = looking.execute(
            "SELECT name FROM django_migrations WHERE app = 'slow_migrations' ORDER BY name"
        )
        return [str(row[0]) for row in found]


def tables(site: SavedSite) -> list[str]:
    """The slow app's tables that are there."""
    with psycopg.connect(database.url_of(site.settings)) as looking:
        found = looking.execute(
            "SELECT tablename FROM pg_tables WHERE tablename LIKE 'slow\\_migrations%' ORDER BY tablename"
        )
        return [str(row[0]).removeprefix("slow_migrations_") for row in found]


def sleeping(site: SavedSite) -> list[int]:
    """The server's processes that are in the slow migration."""
    with psycopg.connect(database.url_of(site.settings)) as looking:
        return [int(row[0]) for row in looking.execute(SLEEPING, [])]


def test_killed_half_way_and_run_again(site: SavedSite) -> None:
    refused = run([sys.executable, "-m", "hutong", "up", "--port", str(free_port())], after_upgrade(site))
    assert refused.returncode == 1
    assert "3 migrations wait, first slow_migrations.0001_first" in refused.stdout
    assert "hutong migrate" in refused.stdout

    first = migrating(site, slow_s=60)
    wait_until(lambda: sleeping(site), timeout_s=60)
    # Another one does not race it: it waits for its turn.
    second = migrating(site)
    assert second.stdout is not None
    assert "Another process is migrating" in second.stdout.readline()
    first.send_signal(signal.SIGKILL)
    first.wait(10)
    said = second.communicate(timeout=90)[0]

    assert second.returncode == 0, said
    # The second found the first migration done and the second one not begun, and did the rest.
    assert "2 migrations to apply, first slow_migrations.0002_slow" in said
    assert applied(site) == ["0001_first", "0002_slow", "0003_last"]
    assert tables(site) == ["first", "last", "second"]
    assert not sleeping(site)
    again = run([sys.executable, "-m", "hutong", "migrate"], after_upgrade(site))
    assert "up to date (0 migrations applied)" in again.stdout

    # And back with the old version: it does not serve what it does not know.
    with psycopg.connect(database.url_of(site.settings), autocommit=True) as writing:
        writing.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('orders', '9999_later', now())"
        )
    refused = site.run("up", "--port", str(free_port()))
    assert refused.returncode == 1
    assert "made by a newer version of Hutong (it knows orders.9999_later)" in refused.stdout


@pytest.mark.django_db(transaction=True)
def test_django_alone_notes_a_migration_outside_its_transaction() -> None:
    """The control: Django alone notes such a migration only after its commit, which is where a kill hurts."""
    noted_inside: dict[str, bool] = {}
    for kind in (MigrationExecutor, _OneTransactionEach):

        class Watching(kind):  # type: ignore[misc, valid-type]
            """Says whether a transaction is open when the note is written."""

            def record_migration(self, migration: object) -> None:
                noted_inside[kind.__name__] = connection.in_atomic_block  # noqa: B023

        class Deferring:
            """A migration that leaves statements for the end, as every foreign key does."""

            atomic = True
            app_label, name, replaces = "slow_migrations", "0002_slow", ()

            def apply(self, state: object, editor: object) -> object:
                editor.deferred_sql.append("SELECT 1")  # type: ignore[attr-defined]
                return state

        Watching(connection).apply_migration(object(), Deferring())
    assert noted_inside == {"MigrationExecutor": False, "_OneTransactionEach": True}
