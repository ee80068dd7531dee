"""`hutong backup`: everything a site is, in one file, while it runs."""

import re
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from hutong.cli.archive import BackupFailed, Progress, Writer
from hutong.kernel import dumps

DATABASE = "database.dump"
SANDBOX = "sandbox.sqlite3"
KEY = "secret-key"
# What the web server may read, and what only the site itself may: documents of claims.
SHOWN = ("media", "basemaps")
FOLDERS = (*SHOWN, "private")
KEEP = 14
_NAME = re.compile(r"hutong-\d{8}-\d{6}\.tar")
# What is made anew wherever it is missing, or belongs to this machine alone.
_NOT_TAKEN = re.compile(r"\..*|.*\.lock|.*\.log|.*\.before-\d+|secret-key|sandbox\.sqlite3.*")
_SMALL = 1 << 20


def run(*, to: str, keep: int, at: datetime, progress: Progress) -> tuple[Path, list[Path]]:
    """Write a backup; its path, and the older ones that were removed because there are more than `keep`.

    `to` is a file, or a folder in which a name is chosen; empty: `backups` in HUTONG_HOME. Only in a folder are
    older ones removed. Raises `BackupFailed`, and then there is no new file.
    """
    if keep < 1:
        raise BackupFailed(why="--keep is at least 1: the one that is made now.")
    folder = Path(to).expanduser() if to else settings.HUTONG_HOME / "backups"
    in_folder = not to or to.endswith("/") or folder.is_dir()
    target = folder / f"hutong-{at:%Y%m%d-%H%M%S}.tar" if in_folder else folder
    with Writer(target) as archive:
        counts = _database(archive, progress)
        # After the database: what a provider or a page did meanwhile, the janitor finds out; the other way
        # round, the database would know of money or pictures that are nowhere.
        _sandbox(archive)
        _files(archive, progress)
        archive.finish(
            {
                "hutong": version("hutong"),
                "made_at": at.isoformat(),
                "site": settings.HUTONG_SITE_URL,
                "postgresql": dumps.server_version(connection.settings_dict),
                "migrations": _migrations(),
                "rows": counts,
            }
        )
    return target, _rotate(target.parent, keep) if in_folder else []


def _database(archive: Writer, progress: Progress) -> dict[str, int]:
    """The dump, and the number of rows of every table at the same moment."""
    written = 0
    with dumps.snapshot(connection.settings_dict) as (same_moment, name):
        with archive.member(DATABASE) as write:

            def counted(piece: bytes) -> None:
                nonlocal written
                write(piece)
                written += len(piece)
                progress("Database, KiB", written >> 10, None)

            dumps.dump(connection.settings_dict, snapshot_name=name, write=counted)
        progress("Database, KiB", written >> 10, written >> 10)
        return dumps.row_counts(same_moment)


def _migrations() -> list[str]:
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())


def _sandbox(archive: Writer) -> None:
    """The sandbox's books, as its own process sees them, where this site has one."""
    books = settings.HUTONG_HOME / SANDBOX
    if "sandbox" not in settings.HUTONG_PROVIDERS or not books.exists():
        return
    with tempfile.TemporaryDirectory(dir=archive.target.parent) as folder:
        copy = Path(folder) / SANDBOX
        with closing(sqlite3.connect(books)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        archive.add_file(SANDBOX, copy)


def _files(archive: Writer, progress: Progress) -> None:
    """The root secret as it is in force, the other small files of HUTONG_HOME, pictures and maps.

    Pictures carry their contents' hash as name and never change, so copying them while the site runs is enough.
    """
    archive.add_bytes(KEY, settings.SECRET_KEY.encode())
    for path in sorted(settings.HUTONG_HOME.iterdir()):
        if path.is_file() and not _NOT_TAKEN.fullmatch(path.name) and path.stat().st_size <= _SMALL:
            archive.add_file(f"home/{path.name}", path)
    found = list(_in_folders())
    for number, path in enumerate(found, 1):
        archive.add_file(str(path.relative_to(settings.HUTONG_HOME)), path)
        progress("Pictures and maps", number, len(found))


def _in_folders() -> Iterator[Path]:
    for name in FOLDERS:
        folder = settings.HUTONG_HOME / name
        yield from sorted(
            path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")
        )


def _rotate(folder: Path, keep: int) -> list[Path]:
    """Remove all but the newest `keep` backups of a folder; nothing but what has a name that we chose."""
    ours = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    old = ours[:-keep]
    for path in old:
        path.unlink()
    return old
