"""Whole databases in and out, through PostgreSQL's own programs.

They must not be older than the server: those that come with the embedded server, else those on the PATH.
"""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import IO, Any

import psycopg
from psycopg import sql

from hutong.kernel import database
from hutong.kernel.errors import DomainError

CHUNK = 1 << 20
_HEAD_LINES = 60


class ToolMissing(DomainError):
    """No program here is new enough for the server."""

    code = "postgresql_tool_missing"
    message = (
        "The server is PostgreSQL %(server)s, and the %(tool)s here is older or missing. "
        "Install the client programs of PostgreSQL %(server)s (Debian: postgresql-client-%(server)s)."
    )


class ToolFailed(DomainError):
    """One of PostgreSQL's programs gave up; its own words follow."""

    code = "postgresql_tool_failed"
    message = "%(tool)s failed: %(words)s"


@contextlib.contextmanager
def snapshot(settings: dict[str, Any]) -> Iterator[tuple["psycopg.Connection[Any]", str]]:
    """A connection that sees one moment and changes nothing, and the name by which a dump sees the same moment."""
    with psycopg.connect(database.patient_url(settings)) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        found = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert found is not None, "the function always answers"
        yield connection, str(found[0])


def row_counts(connection: "psycopg.Connection[Any]") -> dict[str, int]:
    """The number of rows of every table of the site, by name."""
    names = [
        str(row[0])
        for row in connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            " ORDER BY relname"
        )
    ]
    counts = {}
    for name in names:
        counted = connection.execute(
            sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))
        ).fetchone()
        assert counted is not None, "a count always answers"
        counts[name] = int(counted[0])
    return counts


def server_version(settings: dict[str, Any]) -> str:
    """The version of the server, such as `18.1`."""
    with psycopg.connect(database.patient_url(settings)) as connection:
        return _version(connection.info.server_version)


def dump(settings: dict[str, Any], *, snapshot_name: str, write: Callable[[bytes], None]) -> None:
    """Hand a compressed dump of the moment `snapshot_name` to `write`, piece by piece.

    Raises `ToolMissing`, `ToolFailed`, and whatever `write` raises.
    """
    command = [_tool("pg_dump", settings), "--format=custom", "--compress=gzip:6", "--no-owner", "--no-acl"]
    command += ["--no-comments", f"--snapshot={snapshot_name}"]
    with tempfile.TemporaryFile("w+") as words:
        process = subprocess.Popen(
            [*command, "--dbname", _without_password(settings)],
            stdout=subprocess.PIPE, stderr=words, stdin=subprocess.DEVNULL, env=_environment(settings),
        )  # fmt: skip
        assert process.stdout is not None, "it was asked for"
        try:
            while piece := process.stdout.read(CHUNK):
                write(piece)
        finally:
            process.stdout.close()  # a dump nobody reads ends by itself
            code = process.wait()
        _require_success("pg_dump", code, words)


def load(settings: dict[str, Any], source: IO[bytes]) -> None:
    """Put a dump into the empty database of `settings`, all of it or nothing. Raises `ToolMissing`, `ToolFailed`."""
    psql = [_tool("psql", settings), "--no-psqlrc", "--quiet", "--single-transaction", "--output", os.devnull]
    psql += ["--set", "ON_ERROR_STOP=1", "--dbname", _without_password(settings)]
    with tempfile.TemporaryFile("w+") as words:
        reader = subprocess.Popen(
            [_tool("pg_restore", settings), "--no-owner", "--no-acl", "--file=-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words,
        )  # fmt: skip
        writer = subprocess.Popen(psql, stdin=subprocess.PIPE, stderr=words, env=_environment(settings))
        feeder = threading.Thread(target=_feed, args=(source, reader.stdin))
        feeder.start()
        try:
            _pass_on(reader.stdout, writer.stdin)
        finally:
            assert reader.stdout is not None, "it was asked for"
            reader.stdout.close()
            feeder.join()
            codes = writer.wait(), reader.wait()
        _require_success("psql", codes[0], words)
        _require_success("pg_restore", codes[1], words)
    with psycopg.connect(database.patient_url(settings), autocommit=True) as connection:
        connection.execute("ANALYZE")  # or the first queries are planned blindly


def _feed(source: IO[bytes], into: IO[bytes] | None) -> None:
    assert into is not None, "it was asked for"
    with contextlib.suppress(BrokenPipeError):  # its end is seen by its exit code
        shutil.copyfileobj(source, into, CHUNK)
    with contextlib.suppress(BrokenPipeError):
        into.close()


def _pass_on(source: IO[bytes] | None, into: IO[bytes] | None) -> None:
    """Copy the statements, without a setting in their head that servers before 17 do not know."""
    assert source is not None, "it was asked for"
    assert into is not None, "it was asked for"
    with contextlib.suppress(BrokenPipeError):
        for _number in range(_HEAD_LINES):
            line = source.readline()
            if not line.startswith(b"SET transaction_timeout"):
                into.write(line)
        shutil.copyfileobj(source, into, CHUNK)
    with contextlib.suppress(BrokenPipeError):
        into.close()


def _tool(name: str, settings: dict[str, Any]) -> str:
    """The path of a program that is at least as new as the server."""
    needed = int(server_version(settings).partition(".")[0])
    for path in (database.tool(name), shutil.which(name)):
        if path and _major(path) >= needed:
            return path
    raise ToolMissing(tool=name, server=needed)


def _major(path: str) -> int:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)", said)
    return int(found[1]) if found else 0


def _version(number: int) -> str:
    return f"{number // 10_000}.{number % 10_000}"


def _without_password(settings: dict[str, Any]) -> str:
    """A process list shows a command's arguments to everybody on the machine."""
    return database.patient_url({**settings, "PASSWORD": ""})


def _environment(settings: dict[str, Any]) -> dict[str, str]:
    return {**os.environ, "PGPASSWORD": settings["PASSWORD"]} if settings["PASSWORD"] else dict(os.environ)


def _require_success(tool: str, code: int, words: IO[str]) -> None:
    if code:
        words.seek(0)
        raise ToolFailed(tool=tool, words=words.read()[-1500:].strip() or f"exit code {code}")
