"""From one version to the next: the tables are brought along, one migration at a time, each whole or not at all."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor

from hutong.cli.screen import Report, console
from hutong.kernel import database
from hutong.kernel.errors import Conflict

LOCK_KEY = 0x6875746F6E67  # "hutong" in ASCII: this lock belongs to nothing else in the database
# No statement of a migration is too long; but one that waits for a lock of a running site gives up and is
# rolled back. The server looks whether we are still there, so that a killed process leaves nothing running.
_SESSION = {
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "lock_timeout": "15s",
    "client_connection_check_interval": "1s",
}


class MigrationsWait(Conflict):
    """The tables are older than the code."""

    code = "migrations_wait"
    message = (
        "The tables are older than this version (%(count)s migrations wait, first %(first)s). "
        "Make a backup with `hutong backup`, then run `hutong migrate`, then start again."
    )


class DatabaseNewer(Conflict):
    """The tables are newer than the code."""

    code = "database_newer"
    message = (
        "The database was made by a newer version of Hutong (it knows %(first)s). "
        "Install that version, or restore a backup made by this one."
    )


class _OneTransactionEach(MigrationExecutor):
    """Applies a migration and the note that it was applied in one transaction.

    Django writes that note after the commit where a migration has deferred statements (foreign keys, indexes):
    a process killed in between would find its own tables in the way when it is run again.
    """

    def apply_migration(
        self, state: Any, migration: Migration, fake: bool = False, fake_initial: bool = False
    ) -> Any:
        """As Django's, but whole or not at all, unless the migration itself asks for no transaction."""
        if not migration.atomic:
            return super().apply_migration(state, migration, fake=fake, fake_initial=fake_initial)
        with transaction.atomic():
            return super().apply_migration(state, migration, fake=fake, fake_initial=fake_initial)


def waiting() -> list[str]:
    """The migrations that are not applied yet, as `app.name`, in their order."""
    executor = MigrationExecutor(connection)
    return [
        _name(migration) for migration, _back in executor.migration_plan(executor.loader.graph.leaf_nodes())
    ]


def unknown() -> list[str]:
    """The migrations that are applied and that this version does not have: a newer one made them."""
    loader = MigrationExecutor(connection).loader
    installed = loader.migrated_apps
    return sorted(
        f"{app}.{name}"
        for app, name in loader.applied_migrations
        if app in installed and (app, name) not in loader.disk_migrations and not _replaced(loader, app, name)
    )


def require_current() -> None:
    """Raise `MigrationsWait` or `DatabaseNewer` unless the tables are those of this version."""
    newer = unknown()
    if newer:
        raise DatabaseNewer(first=newer[0])
    names = waiting()
    if names:
        raise MigrationsWait(count=len(names), first=names[0])


def run(*, progress: Report | None = None) -> int:
    """Bring the tables to this version; how many migrations were applied. Each is said by its name, or counted
    in `progress` where all that matters is how long it takes: a new site has a hundred.

    Two at once do not race: the second waits. Killed half-way, each migration is there or is not, and running
    it again does the rest. Raises `DatabaseNewer`, and whatever a migration raises.
    """
    with _alone():
        newer = unknown()
        if newer:
            raise DatabaseNewer(first=newer[0])
        executor = _OneTransactionEach(connection)
        targets = executor.loader.graph.leaf_nodes()
        plan = executor.migration_plan(targets)
        if plan:
            if progress is None or not console.is_terminal:
                console.print(f"{len(plan)} migrations to apply, first {_name(plan[0][0])}.")
            executor.progress_callback = _counted(len(plan), progress) if progress else _said  # type: ignore[assignment]  # its stubs name other arguments
            with _patient_session():
                executor.migrate(targets, plan)
        # Nothing is left to apply: this makes what follows from it, such as permissions and content types.
        call_command("migrate", verbosity=0, interactive=False)
    return len(plan)


def _said(action: str, migration: Any = None, fake: bool = False) -> None:
    assert not fake, "nothing here only pretends to migrate"
    if action == "apply_start" and migration is not None:
        console.print(f"  {_name(migration)} ...", end=" ")
    if action == "apply_success":
        console.print("done")


def _counted(total: int, progress: Report) -> Callable[..., None]:
    """Tells `progress` how many migrations are applied."""
    done = 0

    def callback(action: str, _migration: Any = None, _fake: bool = False) -> None:
        nonlocal done
        done += action == "apply_success"
        progress("Making the tables", done, total)

    return callback


@contextlib.contextmanager
def _patient_session() -> Iterator[None]:
    with connection.cursor() as cursor:
        for name, value in _SESSION.items():
            cursor.execute(f"SET {name} = '{value}'")
        yield
        for name in _SESSION:
            cursor.execute(f"RESET {name}")


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock of migrations on a connection of its own: it ends with this process, however that ends."""
    with psycopg.connect(database.patient_url(connection.settings_dict), autocommit=True) as held:
        said = False
        while not held.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY]).fetchone()[0]:  # type: ignore[index]
            if not said:
                console.print("Another process is migrating; waiting for it ...")
                said = True
            time.sleep(0.2)  # between two tries to get the lock
        yield


def _name(migration: Migration) -> str:
    return f"{migration.app_label}.{migration.name}"


def _replaced(loader: Any, app: str, name: str) -> bool:
    return any((app, name) in migration.replaces for migration in loader.disk_migrations.values())
