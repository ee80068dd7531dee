"""Rows of any table, found by trial: what its constraints let in, and for which a condition holds.

So a table that is new has rows in tests of its constraints without anybody writing them down.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.db import DataError, IntegrityError, connection, transaction

from hutong.kernel.rows import execute, rows, scalar
from tests.factories import merchants, people, regions

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)
TRIES = 2000
_numbers = count(1)
_making: list[str] = []

# Rows of other rooms come from their factories.
OTHERS: dict[str, Callable[[], object]] = {
    "people_person": people.person,
    "merchants_merchant": merchants.merchant,
    "merchants_store": merchants.store,
    "regions_region": regions.region,
}

Row = dict[str, Any]


class NoSuchRow(AssertionError):
    """No row was found that is let in and for which the condition holds."""


@dataclass(frozen=True)
class Column:
    """A column as the catalog has it."""

    name: str
    type: str
    length: int | None
    nullable: bool
    made: bool
    """Whether the database makes its value."""


@dataclass(frozen=True)
class Parent:
    """A foreign key: columns that name a row of another table by these columns there."""

    name: str
    columns: tuple[str, ...]
    table: str
    named: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """What is to be known of a table to find rows of it."""

    name: str
    columns: dict[str, Column]
    checks: dict[str, str]
    parents: tuple[Parent, ...]
    unique: frozenset[str]
    literals: dict[str, list[str]] = field(default_factory=dict)


_COLUMNS = """
SELECT a.attname AS name, t.typname AS type, NULLIF(a.atttypmod, -1) - 4 AS length, NOT a.attnotnull AS nullable,
       a.attidentity <> '' AS made
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_CONSTRAINTS = """
SELECT c.conname AS name, c.contype AS kind, pg_get_constraintdef(c.oid) AS text, c.confrelid::regclass::text AS parent,
       (SELECT array_agg(attname::text ORDER BY k.n) FROM unnest(c.conkey) WITH ORDINALITY AS k (num, n)
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num) AS columns,
       (SELECT array_agg(attname::text ORDER BY k.n) FROM unnest(c.confkey) WITH ORDINALITY AS k (num, n)
        JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.num) AS named
FROM pg_constraint c WHERE c.conrelid = %s::regclass AND c.contype IN ('c', 'f')
"""
_UNIQUE = """
SELECT DISTINCT a.attname AS name FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid
WHERE i.indrelid = %s::regclass AND i.indisunique AND a.attnum = ANY (i.indkey)
"""


def table(name: str) -> Table:
    """The table as the database has it now."""
    columns = {found["name"]: Column(**found) for found in rows(_COLUMNS, [name])}
    found = rows(_CONSTRAINTS, [name])
    checks = {each["name"]: each["text"] for each in found if each["kind"] == "c"}
    parents = tuple(
        Parent(each["name"], tuple(each["columns"]), each["parent"], tuple(each["named"]))
        for each in found
        if each["kind"] == "f"
    )
    literals = {
        column: sorted({word for text in checks.values() for word in _words(text, column)})
        for column in columns
    }
    unique = frozenset(each["name"] for each in rows(_UNIQUE, [name]))
    return Table(name, columns, checks, parents, unique, literals)


def _words(definition: str, column: str) -> list[str]:
    """The texts that a definition compares a column with."""
    found = re.findall(
        rf"\(?\(?\b{column}\)?::text\)? (?:=|<>) (?:ANY \(\(ARRAY\[([^\]]*)\]|('[^']*'))", definition
    )
    return [word for pair in found for word in re.findall(r"'([^']*)'", "".join(pair))]


def columns_in(definition: str, of: Table) -> list[str]:
    """The columns that a definition speaks of."""
    return [name for name in of.columns if re.search(rf'\b"?{name}"?\b', definition)]


def make(
    of: Table, *, where: str = "TRUE", wild: int = 0, keep: bool = True, given: Row | None = None
) -> Row:
    """Insert a row for which `where` holds; its values. The rows it names are made as well. Raises `NoSuchRow`.

    It starts from the plainest row, or, with `wild`, from one drawn by that number. Without `keep` the row itself is
    taken back, and the rows it names stay. What is `given` is not changed.
    """
    draw = random.Random(f"{of.name} {where} {wild}")
    _making.append(of.name)
    try:
        row: Row = dict(given or {})
        for name, column in of.columns.items():
            if not column.made and name not in row:
                row[name] = draw.choice(_values(of, column, row)) if wild else _plain(of, column, row)
        for _try in range(TRIES):
            refused = insert(of, row, where=where, keep=keep)
            if refused is None:
                return row
            for name in _blamed(of, refused, where):
                if name in row and name not in (given or {}) and draw.random() < 0.6:
                    row[name] = draw.choice(_values(of, of.columns[name], row))
    finally:
        _making.pop()
    raise NoSuchRow(f"{of.name} where {where}: refused by {refused}, last {row}")


def insert(of: Table, row: Row, *, where: str = "TRUE", keep: bool = True) -> str | None:
    """Insert, if every constraint allows it and `where` holds then; else the name of what refused, or `where`."""
    names = ", ".join(f'"{name}"' for name in row)
    places = ", ".join("%s::jsonb" if of.columns[name].type == "jsonb" else "%s" for name in row)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {of.name} ({names}) VALUES ({places}) RETURNING ({where})", list(row.values())
            )
            holds = bool(cursor.fetchone()[0])
            transaction.set_rollback(not (holds and keep))
    except (IntegrityError, DataError) as error:
        return str(error.__cause__.diag.constraint_name or error)  # type: ignore[union-attr]
    return None if holds else "where"


def fresh(of: Table, row: Row, *, but: list[str]) -> Row:
    """The same row as another one: every value that has to be unique is new, `but` for these columns."""
    kept = dict(row)
    for name in of.unique & set(row) - set(but):
        parent = _parent_of(of, name)
        if row[name] is None or of.literals[name]:
            continue
        if parent:
            kept[name] = _named(parent, name, _fixed(parent, row), anew=True)[0]
        else:
            kept[name] = _values(of, of.columns[name], row)[0]
    return kept


def _blamed(of: Table, refused: str, where: str) -> list[str]:
    if refused == "where":
        return columns_in(where, of)
    if refused in of.checks:
        return columns_in(of.checks[refused], of)
    for parent in of.parents:
        if parent.name == refused:
            return list(parent.columns)
    return sorted(of.unique)


def _parent_of(of: Table, name: str) -> Parent | None:
    return next((parent for parent in of.parents if parent.columns[0] == name), None)


def _fixed(parent: Parent, row: Row) -> Row:
    """What is said already of the row that is named: the other columns of a composite key."""
    pairs = zip(parent.columns[1:], parent.named[1:], strict=True)
    return {named: row[column] for column, named in pairs if column in row}


def _named(parent: Parent, column: str, fixed: Row, *, anew: bool = False) -> list[Any]:
    """The keys of rows that can be named: up to three that are there, and one that is made where there are few."""
    where = " AND ".join(["TRUE", *(f"\"{name}\" = '{value}'" for name, value in fixed.items())])
    sql = f"SELECT {parent.named[0]} AS key FROM {parent.table} WHERE {where} ORDER BY 1 DESC LIMIT 3"
    found = rows(sql)
    few = len(found) < (1 if parent.table in _making else 2)
    if (anew or few) and _making.count(parent.table) < 2:
        maker = OTHERS.get(parent.table)
        if maker:
            maker()
        else:
            make(table(parent.table), given=fixed)
        found = rows(sql)
    return [each["key"] for each in found]


def _plain(of: Table, column: Column, row: Row) -> Any:
    """The plainest value of a column."""
    return None if column.nullable else _values(of, column, row)[0]


def _values(of: Table, column: Column, row: Row) -> list[Any]:
    """Values that are tried for a column, the plainest first; one that has to be unique is new."""
    parent = _parent_of(of, column.name)
    if parent:
        nothing = [None] if column.nullable else []
        return [*_named(parent, column.name, _fixed(parent, row), anew=column.name in of.unique), *nothing]
    number = next(_numbers)
    own = column.name in of.unique
    values: list[Any]
    if column.type in ("varchar", "text"):
        new = [f"x{number}"[: column.length or 60]]
        values = [*of.literals[column.name], *([] if of.literals[column.name] and own else new), "EUR", ""]
        values = new if own and not of.literals[column.name] else values
        values = [value for value in values if len(value) <= (column.length or 10_000)]
    elif column.type in ("int2", "int4", "int8"):
        values = [number % 30_000] if own else [0, 1, 2, 3, -1]
    elif column.type == "bool":
        values = [False, True]
    elif column.type == "timestamptz":
        values = [NOON + timedelta(hours=hours) for hours in (0, 1, 2, -1)]
    elif column.type == "date":
        values = [NOON.date() + timedelta(days=number if own else 0), NOON.date() + timedelta(days=1)]
    elif column.type == "jsonb":
        values = [json.dumps({}), json.dumps([])]
    elif column.type == "bytea":
        values = [f"b{number}".encode()]
    else:
        raise NoSuchRow(f"{of.name}.{column.name}: say which values a {column.type} can have")
    return [*values, None] if column.nullable else values


@contextmanager
def without(kind: str, on: str, name: str) -> Iterator[None]:
    """A guard is away inside, and there again afterwards if it was there before."""
    definition = scalar(_DEFINITION, {"name": name, "on": on})
    drop(kind, on, name)
    yield
    if definition and kind == "index":
        execute(definition)
    elif definition:
        execute(f"ALTER TABLE {on} ADD CONSTRAINT {name} {definition}")
        execute("SET CONSTRAINTS ALL IMMEDIATE")


_DEFINITION = """
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %(name)s AND conrelid = %(on)s::regclass
UNION ALL SELECT indexdef FROM pg_indexes WHERE indexname = %(name)s LIMIT 1
"""


def drop(kind: str, on: str, name: str) -> None:
    """Take a guard away; nothing happens where it is not there."""
    if kind == "trigger":
        execute(f"DROP TRIGGER IF EXISTS {name} ON {on}")
    elif kind == "index":
        execute(f"DROP INDEX IF EXISTS {name}")
    else:
        execute(f"ALTER TABLE {on} DROP CONSTRAINT IF EXISTS {name} CASCADE")
