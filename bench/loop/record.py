"""Notes what each database connection of a process sends; and opens connections whose ids can be had again."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import psycopg
from django.db.backends.postgresql.base import ServerBindingCursor

# What was called, statement, parameters, rows touched, the SQLSTATE it failed with or "".
Entry = tuple[str, Any, Any, int, str]

EXECUTE, MANY, COMMIT, ROLLBACK, AUTOCOMMIT = "execute", "executemany", "commit", "rollback", "autocommit"

# One lock for all connections of a database, so that blocks of ids are handed out in the order of their numbers.
_PRIME = """
SELECT n.ordinal, count(nextval(c.oid::regclass))
FROM (SELECT nextval('bench_connection') AS ordinal) n, pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
WHERE c.relkind = 'S' AND s.nspname = 'public' AND c.relname <> 'bench_connection'
GROUP BY n.ordinal
"""


class Notes:
    """What this process has noted since it last wrote: the entries of each connection by its number."""

    def __init__(self) -> None:
        self.connections: dict[int, list[Entry]] = {}

    def write(self, path: Path) -> None:
        """Leave everything in a file for `read`, and forget it. Only while no connection is in use."""
        with path.open("wb") as file:
            pickle.dump(self.connections, file, protocol=pickle.HIGHEST_PROTOCOL)
        for entries in self.connections.values():
            entries.clear()


def read(path: Path) -> dict[int, list[Entry]]:
    """The entries of each connection of one process, as `Notes.write` left them."""
    with path.open("rb") as file:
        found: dict[int, list[Entry]] = pickle.load(file)
    return found


notes = Notes()


def prime(connection: psycopg.Connection[Any]) -> int:
    """Give a new connection its number in this database, counted from 1, and its block of every sequence."""
    cursor = psycopg.Cursor(connection)
    cursor.execute("SELECT pg_advisory_lock(1)", prepare=False)
    row = cursor.execute(_PRIME, prepare=False).fetchone()
    cursor.execute("SELECT pg_advisory_unlock(1)", prepare=False)
    assert row is not None, "there are sequences"
    return int(row[0])


class NotedConnection(psycopg.Connection[Any]):
    """A connection that notes its transactions. One entry costs under a microsecond."""

    entries: list[Entry]

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> NotedConnection:
        """Connect, and take a number."""
        connection = super().connect(conninfo, **options)
        assert isinstance(connection, NotedConnection)
        connection.entries = notes.connections.setdefault(prime(connection), [])
        return connection

    def commit(self) -> None:
        """As psycopg's."""
        super().commit()
        self.entries.append((COMMIT, None, None, 0, ""))

    def rollback(self) -> None:
        """As psycopg's."""
        super().rollback()
        self.entries.append((ROLLBACK, None, None, 0, ""))

    def set_autocommit(self, value: bool) -> None:
        """As psycopg's; it sends nothing, but decides whether the next statement begins a transaction."""
        super().set_autocommit(value)
        self.entries.append((AUTOCOMMIT, value, None, 0, ""))


class NotedCursor(ServerBindingCursor):
    """Django's cursor, noting what it is given."""

    connection: NotedConnection
    rowcount: int

    def execute(self, query: Any, params: Any = None, **options: Any) -> NotedCursor:
        """As psycopg's."""
        return self._noted(EXECUTE, query, params, options)

    def executemany(self, query: Any, params_seq: Any, **options: Any) -> NotedCursor:
        """As psycopg's."""
        return self._noted(MANY, query, list(params_seq), options)

    def _noted(self, what: str, query: Any, params: Any, options: dict[str, Any]) -> NotedCursor:
        entries = self.connection.entries
        try:
            getattr(super(), what)(query, params, **options)
        except psycopg.Error as error:
            entries.append((what, query, params, -1, error.sqlstate or "lost"))
            raise
        entries.append((what, query, params, self.rowcount, ""))
        return self
