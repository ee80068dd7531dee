"""Plain SQL, thinly: statements go to PostgreSQL as written, rows come back as dicts."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import QuerySet

Params = Sequence[Any] | Mapping[str, Any] | None


def rows(sql: str, params: Params = None) -> list[dict[str, Any]]:
    """All rows of one statement, each a dict by column name."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def row(sql: str, params: Params = None) -> dict[str, Any] | None:
    """The first row of one statement, or None."""
    found = rows(sql, params)
    return found[0] if found else None


def scalar(sql: str, params: Params = None) -> Any:
    """The first column of the first row, or None."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        first = cursor.fetchone()
        return first[0] if first else None


def execute(sql: str, params: Params = None) -> int:
    """Run one statement that changes rows; how many it changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def values(found: "QuerySet[Any]", *fields: str) -> list[dict[str, Any]]:
    """The rows of a query in the order of their keys, each a dict of `fields`; one statement."""
    return [dict(zip(fields, row, strict=True)) for row in found.order_by("pk").values_list(*fields)]
