"""`hutong restore`: a site put back from one file, into new places that take over only when all of it is right."""

import hmac
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
import typer
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from hutong.cli import archive, setup, site_lock, upgrade
from hutong.cli.archive import Archive, BackupNewer, Progress
from hutong.cli.backup import DATABASE, FOLDERS, KEY, SANDBOX, SHOWN
from hutong.cli.screen import console, progress_bar
from hutong.config import environment, settings_file
from hutong.kernel import clock, database, dumps
from hutong.kernel.errors import Conflict, DomainError


class DatabaseNotEmpty(Conflict):
    """A restore would take the place of data."""

    code = "database_not_empty"
    message = (
        "The database %(name)s holds data (%(rows)s rows). Nothing was changed. "
        "Make a backup of it with `hutong backup`, then say --replace to put the restored site in its place."
    )


class DatabaseInUse(Conflict):
    """Somebody is connected to the database that would be replaced."""

    code = "database_in_use"
    message = (
        "%(count)s connections to the database %(name)s are open, so a site is running on it. "
        "Stop every part of it, on every machine, then try again. Nothing was changed."
    )


class RestoreFailed(DomainError):
    """What was put back is not what the backup says; the old data stands as it was."""

    code = "restore_failed"
    message = "The restored database is not the one that was saved: %(why)s. The site's data was not touched."


@dataclass
class Outcome:
    """What came of a restore. `notes` are for people to act on; `problems` make the command fail."""

    rows: int
    tables: int
    migrated: int
    checked: tuple[str, ...]
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def ask_and_run(file: Path, *, into_home: str, replace: bool, yes: bool) -> bool:
    """Check the file, ask, restore, and say what came of it; False when something does not hold, or the answer is no."""
    if into_home:
        os.environ["HUTONG_HOME"] = str(Path(into_home).expanduser().resolve())
    with progress_bar() as progress:
        backup = archive.verify(file, progress=progress)
    adopt_settings(backup)
    setup.django(wait_for_database=True)
    require_known(backup)
    say(backup)
    if not yes and not typer.confirm(f"Restore it into {settings.HUTONG_HOME} and its database?"):
        return False
    with progress_bar() as progress:
        outcome = run(backup, replace=replace, at=clock.now(), progress=progress)
    say_outcome(outcome)
    return not outcome.problems


def adopt_settings(backup: Archive) -> None:
    """Read the settings and the secret in the backup where this machine has none of its own.

    Before Django is set up, which would make a new secret. What stands in the environment goes before them,
    DATABASE_URL above all.
    """
    here = settings_file.path_of(os.environ)
    name = f"home/{settings_file.NAME}"
    if not here.exists() and name in backup.names():
        with tempfile.TemporaryDirectory() as folder:  # readable for its owner alone
            copy = Path(folder) / settings_file.NAME
            copy.write_bytes(backup.read(name))
            for key, value in settings_file.read(copy).items():
                os.environ.setdefault(key, value)
    if not (here.parent / KEY).exists():
        os.environ.setdefault("HUTONG_SECRET_KEY", backup.read(KEY).decode())


def require_known(backup: Archive) -> None:
    """Raise `BackupNewer` when the backup has what this version does not know."""
    facts = backup.manifest
    known = MigrationLoader(None).disk_migrations
    installed = {
        config.label for config in apps.get_app_configs()
    }  # those of dropped libraries do not matter
    for name in facts["migrations"]:
        app, _dot, number = name.partition(".")
        if app in installed and (app, number) not in known:
            raise BackupNewer(file=backup.path, what=f"it has the migration {name}")
    if _number(facts["hutong"]) > _number(version("hutong")):
        raise BackupNewer(file=backup.path, what=f"{facts['hutong']}, and this is {version('hutong')}")


def run(backup: Archive, *, replace: bool, at: datetime, progress: Progress) -> Outcome:
    """Put a verified backup in the place of this site's data.

    All is made beside what is there: the database under another name, pictures and maps in a hidden folder. It is
    counted, migrated and added up, and only then it takes over by renaming. Raises `SiteRuns`, `DatabaseInUse`,
    `DatabaseNotEmpty`, `RestoreFailed` and what the tools raise; then the old data stands as it was.
    """
    with site_lock.alone(settings.HUTONG_HOME):
        old = dict(connection.settings_dict)
        _disconnect()
        _require_replaceable(old, replace=replace)
        new = {**old, "NAME": f"{old['NAME']}_restoring"}
        stamp = f"{at:%Y%m%d%H%M%S}"
        draft = settings.HUTONG_HOME / ".restoring"
        try:
            _load(backup, new, progress)
            saved_at = datetime.fromisoformat(backup.manifest["made_at"])
            migrated, checked, problems = _brought_to_now(new, saved_at, progress)
            _unpack(backup, draft, progress)
            _take_over(old, new, draft, stamp)
        except BaseException:
            connection.settings_dict["NAME"] = old["NAME"]
            database.drop_database(new)
            shutil.rmtree(draft, ignore_errors=True)
            raise
        outcome = Outcome(
            rows=sum(backup.manifest["rows"].values()), tables=len(backup.manifest["rows"]),
            migrated=migrated, checked=checked, problems=problems,
        )  # fmt: skip
        _restore_keys(draft, stamp, outcome)
        _tidy(old, draft, stamp, outcome)
    return outcome


def _require_replaceable(old: dict[str, Any], *, replace: bool) -> None:
    with psycopg.connect(database.patient_url(old)) as looking:
        others = looking.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        ).fetchone()
        if others and others[0]:
            raise DatabaseInUse(count=others[0], name=old["NAME"])
        counts = dumps.row_counts(looking)
    held = sum(counts.get(table, 0) for table in ("people_person", "regions_region", "orders_order"))
    if held and not replace:
        raise DatabaseNotEmpty(name=old["NAME"], rows=sum(counts.values()))


def _load(backup: Archive, new: dict[str, Any], progress: Progress) -> None:
    """The dump in a database of its own, with as many rows in each table as were saved."""
    progress("Database", 0, None)
    database.drop_database(new)  # left over where an earlier restore was killed
    database.ensure_database(new)
    with backup.open(DATABASE) as source:
        dumps.load(new, source)
    with psycopg.connect(database.patient_url(new)) as looking:
        counts = dumps.row_counts(looking)
    expected = backup.manifest["rows"]
    for table in sorted(set(expected) | set(counts)):
        if expected.get(table) != counts.get(table):
            raise RestoreFailed(why=f"{table} had {expected.get(table)} rows and has {counts.get(table)}")
    progress("Database", 1, 1)


def _brought_to_now(
    new: dict[str, Any], saved_at: datetime, progress: Progress
) -> tuple[int, tuple[str, ...], list[str]]:
    """Migrate the restored database to this version and add its books up; nobody else sees it yet."""
    from hutong.flows import books  # Models load only once Django is set up.

    connection.settings_dict["NAME"] = new["NAME"]
    try:
        migrated = upgrade.run(progress=progress)
        # The provider's own process is not running now; `hutong books check` compares with it later.
        # At the moment of the backup: what was on its way then is not late.
        found = books.check(at=saved_at, ask_providers=False)
    finally:
        _disconnect()
        connection.settings_dict["NAME"] = new["NAME"].removesuffix("_restoring")
    return migrated, found.checked, list(found.problems)


def _disconnect() -> None:
    """Close our own connections: a database that is renamed must have none."""
    connection.close()
    close_pool = getattr(connection, "close_pool", None)  # there is one on PostgreSQL
    if close_pool and connection.settings_dict["OPTIONS"].get("pool"):
        close_pool()


def _unpack(backup: Archive, draft: Path, progress: Progress) -> None:
    """Everything but the database into a hidden folder of HUTONG_HOME, on the same disk as its final place."""
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    for folder in FOLDERS:
        (draft / folder).mkdir(mode=0o755 if folder in SHOWN else 0o700)
    names = [name for name in backup.names() if name != DATABASE]
    for number, name in enumerate(names, 1):
        path = draft / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with backup.open(name) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, archive.CHUNK)
        path.chmod(0o644 if name.split("/", 1)[0] in SHOWN else 0o600)
        progress("Pictures, maps and keys", number, len(names))


def _take_over(old: dict[str, Any], new: dict[str, Any], draft: Path, stamp: str) -> None:
    """Rename folders, then both databases in one transaction; whatever fails, all of it is as before."""
    undo: list[Callable[[], object]] = []
    try:
        for name in (*FOLDERS, SANDBOX):
            here, aside, made = (
                settings.HUTONG_HOME / name,
                settings.HUTONG_HOME / f"{name}.before-{stamp}",
                draft / name,
            )
            if here.exists():
                here.rename(aside)
                undo.append(lambda aside=aside, here=here: aside.rename(here))  # type: ignore[misc]
            if made.exists():
                made.rename(here)
                undo.append(lambda made=made, here=here: here.rename(made))  # type: ignore[misc]
        with closing(psycopg.connect(database.patient_url({**old, "NAME": "postgres"}))) as server, server:
            for before, after in ((old["NAME"], _aside(old, stamp)), (new["NAME"], old["NAME"])):
                server.execute(
                    sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                        sql.Identifier(before), sql.Identifier(after)
                    )
                )
    except BaseException:
        for step in reversed(undo):
            step()
        raise


def _aside(old: dict[str, Any], stamp: str) -> str:
    return f"{old['NAME']}_before_{stamp}"


def _restore_keys(draft: Path, stamp: str, outcome: Outcome) -> None:
    """The root secret, the settings and the other small files. Another secret that was here is kept aside."""
    home: Path = settings.HUTONG_HOME
    key, saved = home / KEY, (draft / KEY).read_text()
    if key.exists() and not _same(key.read_text().strip(), saved):
        aside = key.rename(home / f"{KEY}.before-{stamp}")
        outcome.notes.append(f"Another secret key was here; it is kept as {aside}.")
    (draft / KEY).rename(key)
    _restore_settings(home / settings_file.NAME, draft / "home" / settings_file.NAME, saved, stamp, outcome)
    for path in sorted((draft / "home").glob("*")):
        here = home / path.name
        if not here.exists():
            path.rename(here)
        elif here.read_bytes() != path.read_bytes():
            beside = path.rename(home / f"{path.name}.restored")
            outcome.notes.append(f"{here} was kept as it is; the backup's is {beside}.")


def _restore_settings(here: Path, theirs: Path, secret: str, stamp: str, outcome: Outcome) -> None:
    """The settings file. This machine's own stays, with the backup's secret: by it codes are found and signed.

    Where there is none the backup's is taken, with the database that this restore was told to use.
    """
    before = settings_file.read(here)
    given = os.environ.get("HUTONG_SECRET_KEY", "")
    if given and not _same(given, secret) and given != before.get("HUTONG_SECRET_KEY"):
        outcome.problems.append(
            "HUTONG_SECRET_KEY in the environment is another secret than the backup's: no voucher's code would "
            f"be found. Set it to what {here.parent / KEY} says, or leave it out."
        )
    if here.exists():
        theirs.unlink(missing_ok=True)
        own = before.get("HUTONG_SECRET_KEY", "")
        if own and not _same(own, secret):
            aside = here.rename(here.with_name(f"{here.name}.before-{stamp}"))
            settings_file.write(here, {**before, "HUTONG_SECRET_KEY": secret}, replace=True)
            outcome.notes.append(f"{here} has the backup's secret key now; as it was it is kept as {aside}.")
    elif theirs.exists():
        values = settings_file.read(theirs)
        url = os.environ.get("DATABASE_URL", "")
        if url != values.get("DATABASE_URL", ""):
            values["DATABASE_URL"] = url or environment.EMBEDDED
            outcome.notes.append(f"{here} is the backup's, with the DATABASE_URL of this restore.")
        settings_file.write(here, values, replace=True)
        theirs.unlink()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _tidy(old: dict[str, Any], draft: Path, stamp: str, outcome: Outcome) -> None:
    """Remove what was there before, unless something does not hold: then it is kept, and said where."""
    shutil.rmtree(draft, ignore_errors=True)
    aside = [settings.HUTONG_HOME / f"{name}.before-{stamp}" for name in (*FOLDERS, SANDBOX)]
    if outcome.problems:
        kept = [str(path) for path in aside if path.exists()]
        outcome.notes.append(
            f"What was here before is kept: database {_aside(old, stamp)}" + "".join(f", {p}" for p in kept)
        )
        return
    database.drop_database({**old, "NAME": _aside(old, stamp)})
    for path in aside:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _number(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def say(backup: Archive) -> None:
    """What the backup holds, for whoever is asked whether to restore it."""
    facts = backup.manifest
    console.print(
        f"A backup of {facts['site']} made at {facts['made_at']} by Hutong {facts['hutong']}: "
        f"{sum(facts['rows'].values())} rows in {len(facts['rows'])} tables, "
        f"pictures and maps: {sum(name.startswith(FOLDERS) for name in facts['members'])}."
    )


def say_outcome(outcome: Outcome) -> None:
    """What came of it, with the books' own lines."""
    console.print(f"[green]✓[/] {outcome.rows} rows in {outcome.tables} tables, as many as were saved")
    if outcome.migrated:
        console.print(f"[green]✓[/] {outcome.migrated} migrations brought it to this version")
    for line in outcome.checked:
        console.print(f"[green]✓[/] {line}")
    for problem in outcome.problems:
        console.print(f"[red]✗[/] {problem}")
    for note in outcome.notes:
        console.print(f"[yellow]•[/] {note}")
