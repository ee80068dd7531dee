"""Takes guards away for a control: tables that forget what is written, and unique indexes that are not there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection

from hutong.kernel.rows import execute, rows

_FORGET = """
CREATE FUNCTION test_forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$;
"""
_FORGETS = "CREATE TRIGGER test_forget BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION test_forget()"
_INDEXES = """
SELECT indexname AS name, tablename AS table, indexdef AS definition FROM pg_indexes WHERE indexname = ANY(%s::text[])
"""
WHO_HAS_IT = ("vouchers_voucher", "vouchers_use", "orders_unit", "orders_order")
"""Where it is written down that a use was redeemed or its unit refunded."""


@contextmanager
def forgetting(*tables: str, without: Sequence[str] = ()) -> Iterator[None]:
    """An update of these tables succeeds and changes nothing: whoever comes next decides as if nobody had come before.

    `without`: unique indexes that are taken away. At the end their tables are emptied, since their rows may break
    them, and they are made again; look at what happened before.
    """
    indexes = rows(_INDEXES, [list(without)])
    assert len(indexes) == len(without), f"not all of these are there: {without}"
    with connection.cursor() as cursor:
        cursor.execute(_FORGET)
        for table in tables:
            cursor.execute(_FORGETS.format(table=table))
        for index in indexes:
            cursor.execute(f"DROP INDEX {index['name']}")
    try:
        yield
    finally:
        execute("DROP FUNCTION test_forget CASCADE")
        for index in indexes:
            execute(f"TRUNCATE {index['table']} CASCADE")
            execute(index["definition"])
