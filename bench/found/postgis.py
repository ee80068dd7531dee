"""Nearby beside PostGIS: the same stores, the same answer, both in Debian's PostgreSQL 15.

PostGIS has what its users would give it: a point in 3857, and a GiST index with the category before it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from rich.console import Console

from bench import ground
from bench.found import kinds
from bench.load import SCRIPTS, Statement, by_pgbench
from bench.table import Row, at_least
from hutong.kernel import clock
from hutong.kernel.rows import rows, scalar

MARK = 0.9
PROGRAMS = Path("/usr/lib/postgresql/15/bin")
EXTENSION = Path("/usr/share/postgresql/15/extension/postgis.control")
OWNER = "postgres"
DATABASE = "nearby"
# What the embedded server has as well (kernel.database).
SETTINGS = {"shared_buffers": "256MB", "jit": "off", "random_page_cost": "1.1", "max_wal_size": "2GB"}
TURNS = 3
_COLUMNS = "store_id, store_ref, place, category_id, root_category_id, lon, lat, card"
_HERE = "point(%(x)s::float8, %(y)s::float8)"
_THERE = "ST_SetSRID(ST_MakePoint(%(x)s::float8, %(y)s::float8), 3857)"
_POSTGIS = """
CREATE EXTENSION postgis;
CREATE EXTENSION btree_gist;
CREATE TABLE postgis_store AS SELECT store_id, store_ref, ST_SetSRID(ST_MakePoint(place[0], place[1]), 3857)
  ::geometry(Point, 3857) AS geom, category_id, root_category_id, lon, lat, card FROM search_searchstore ORDER BY store_id;
CREATE INDEX postgis_store_category ON postgis_store USING gist (category_id, geom);
CREATE INDEX postgis_store_group ON postgis_store USING gist (root_category_id, geom);
CREATE INDEX postgis_store_geom ON postgis_store USING gist (geom);
"""


def run(name: str, stores: int, console: Console) -> list[Row]:
    """Nearby in a category, a page of 20 as JSON: ours and PostGIS's by turns, in one server."""
    what = f"category + nearby beside PostGIS, {stores:,} stores"
    if not (PROGRAMS / "postgres").exists() or not EXTENSION.exists():
        return [Row(what, "not measured: apt-get install postgresql-15-postgis-3")]
    console.print("The same stores in Debian's PostgreSQL 15, as ours and in PostGIS")
    with _server() as folder, ground.on_database(name):
        conninfo = f"host={folder} user={OWNER} dbname={DATABASE}"
        _copy(conninfo)
        questions = kinds.drawn(kinds.KINDS[1], kinds.stores(), SCRIPTS, clock.now())
        ours = [one.statements for one in questions]
        theirs = [tuple(_in_postgis(statement) for statement in one.statements) for one in questions]
        _agree(conninfo, ours, theirs)
        rates: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(TURNS):
            rates[True].append(by_pgbench(conninfo, ours, prepared=True))
            rates[False].append(by_pgbench(conninfo, theirs, prepared=True))
    us, them = sum(rates[True]) / TURNS, sum(rates[False]) / TURNS
    return [at_least(what, ours=f"{us:,.0f}/s", limit=f"{them:,.0f}/s PostGIS", ratio=us / them, mark=MARK)]


def _in_postgis(statement: Statement) -> Statement:
    """The same statement over PostGIS's table, by its operator."""
    sql = statement.sql.replace("search_searchstore", "postgis_store")
    return Statement(sql.replace("t.place", "t.geom").replace(_HERE, _THERE), statement.params)


def _agree(conninfo: str, ours: list[tuple[Statement, ...]], theirs: list[tuple[Statement, ...]]) -> None:
    """Both find the same stores; otherwise one of them would be fast at something else."""
    import json

    def refs(connection: psycopg.Connection[tuple[str]], statement: Statement) -> list[str]:
        told = connection.execute(statement.sql.encode(), statement.params).fetchone()
        assert told is not None, "an aggregate has one row"
        return [item["ref"] for item in json.loads(told[0])["items"]]

    with psycopg.connect(conninfo, autocommit=True) as connection:
        for (mine,), (other,) in zip(ours, theirs, strict=True):
            if refs(connection, mine) != refs(connection, other):
                raise RuntimeError(f"PostGIS answers otherwise: {mine.params}")


def _copy(conninfo: str) -> None:
    """Our table with the indexes that nearby uses, and the categories, as they are; then PostGIS's table."""
    from django.db import connection

    indexes = [
        str(one["indexdef"])
        for one in rows(
            "SELECT indexdef FROM pg_indexes WHERE indexname IN"
            " ('search_store_place', 'search_store_category', 'search_store_group')"
        )
    ]
    owner = conninfo.replace(f"dbname={DATABASE}", "dbname=postgres")
    with psycopg.connect(owner, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        server.execute(
            f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
        )
    tables = {
        "search_searchstore": (
            _COLUMNS,
            "store_id int8 PRIMARY KEY, store_ref text, place point, category_id int8, root_category_id int8,"
            " lon float8, lat float8, card jsonb",
        ),
        "merchants_category": (
            "id, slug, parent_id",
            "id int8 PRIMARY KEY, slug text UNIQUE, parent_id int8",
        ),
    }
    connection.ensure_connection()
    with psycopg.connect(conninfo, autocommit=True) as target:
        target.execute("CREATE EXTENSION btree_gist")
        for table, (columns, definition) in tables.items():
            target.execute(f"CREATE TABLE {table} ({definition})".encode())
            with (
                connection.connection.cursor() as reading,
                target.cursor() as writing,
                reading.copy(f"COPY (SELECT {columns} FROM {table} ORDER BY 1) TO STDOUT") as read,
                writing.copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as write,
            ):
                for block in read:
                    write.write(block)
        for statement in [
            *indexes,
            *_POSTGIS.replace("CREATE EXTENSION btree_gist;", "").strip().split(";\n"),
        ]:
            target.execute(statement.rstrip(";").encode())
        target.execute("VACUUM (ANALYZE)")
        copied = target.execute("SELECT count(*) FROM postgis_store").fetchone()
    if copied is None or copied[0] != scalar("SELECT count(*) FROM search_searchstore"):
        raise RuntimeError("not all stores were copied")


@contextmanager
def _server() -> Iterator[Path]:
    """A server of Debian's PostgreSQL 15 with a folder of its own, until the context ends."""
    folder = Path(os.environ["HUTONG_HOME"]) / "postgresql15"
    owner = pwd.getpwnam(OWNER)

    def as_owner(*command: str) -> None:
        done = subprocess.run(
            command,
            user=owner.pw_uid if os.getuid() == 0 else None,
            group=owner.pw_gid if os.getuid() == 0 else None,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stdout[-1000:]}{done.stderr[-1000:]}")

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if os.getuid() == 0:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data = folder / "data"
    as_owner(
        str(PROGRAMS / "initdb"), "-D", str(data), "-U", OWNER, "--auth=trust", "-E", "UTF8", "--locale=C"
    )
    options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
    control = [str(PROGRAMS / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log")]
    as_owner(*control, "-o", f"-h '' -k {folder} {options}", "start")
    try:
        yield folder
    finally:
        as_owner(*control, "-m", "fast", "stop")
        shutil.rmtree(folder)
