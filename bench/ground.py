"""What every bench stands on: a fixed environment, and databases that are made once and copied."""

from __future__ import annotations

import atexit
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

ROOT = Path(__file__).parents[1]


def set_up() -> None:
    """Set Django up, and start the embedded PostgreSQL, until this process ends, unless DATABASE_URL names a server.

    The secret key is fixed, since cached databases hold hashes made with it.
    """
    os.environ.setdefault("HUTONG_HOME", str(ROOT / "var" / "bench"))
    os.environ["HUTONG_MODE"] = "demo"
    # One client stands for a town; its requests are counted all the same.
    os.environ["HUTONG_ADDRESS_LIMIT"] = os.environ["HUTONG_ACTOR_LIMIT"] = "1000000"
    os.environ["HUTONG_SECRET_KEY"] = "the fixed key of the benches; it guards invented data only"
    os.environ["DJANGO_SETTINGS_MODULE"] = "hutong.config.settings"
    import django

    django.setup()
    from django.conf import settings

    from hutong.kernel import database

    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    # A bench holds one connection itself; the servers it starts have their pools.
    settings.DATABASES["default"]["OPTIONS"].pop("pool", None)
    if not os.environ.get("DATABASE_URL") and not database.is_running(settings.HUTONG_HOME):
        database.start_embedded(settings.HUTONG_HOME)
        atexit.register(database.stop_embedded, settings.HUTONG_HOME)


def template(name: str, version: int, fill: Callable[[], None]) -> str:
    """A database `hutong_bench_{name}_...` with today's tables, filled by `fill` once for each `version`.

    Made under another name first, so that one half filled is never taken for whole. Earlier ones are dropped.
    """
    prefix = f"hutong_bench_{name}_v"
    wanted = f"{prefix}{version}_{_schema_digest()}"
    with maintenance() as server:
        known = {row[0] for row in server.execute("SELECT datname FROM pg_database")}
    if wanted in known:
        return wanted
    for old in known:
        if old.startswith(prefix):
            drop(old)
    from django.core.management import call_command

    from hutong.kernel import database

    draft = f"{wanted}_draft"
    database.ensure_database(_settings(draft))
    with on_database(draft):
        call_command("migrate", verbosity=0, interactive=False)
        fill()
    with maintenance() as server:
        server.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(draft), sql.Identifier(wanted))
        )
        # What was filled is on the disk before anything is measured.
        server.execute("CHECKPOINT")
    return wanted


def copy(source: str, name: str) -> None:
    """Make the database `name` a copy of `source`, in place of what had that name."""
    drop(name)
    with maintenance() as server:
        server.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(source))
        )


def drop(name: str) -> None:
    """Remove a database, and end its connections."""
    from hutong.kernel import database

    database.drop_database(_settings(name))


@contextmanager
def on_database(name: str) -> Iterator[None]:
    """Django's connection leads to the database `name` for as long as the context lasts."""
    from django.db import connection

    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def conninfo(name: str) -> str:
    """The libpq connection text of the database `name`, with the options the site connects with."""
    from hutong.kernel import database

    return database.url_of(_settings(name))


def url(name: str) -> str:
    """The DATABASE_URL of the database `name`, for processes of the site."""
    found = _settings(name)
    user, password, host = quote(found["USER"]), quote(found["PASSWORD"] or ""), found["HOST"]
    if host.startswith("/"):
        return f"postgresql://{user}@/{name}?host={quote(host)}"
    port = f":{found['PORT']}" if found["PORT"] else ""
    return f"postgresql://{user}:{password}@{host}{port}/{name}"


@contextmanager
def maintenance() -> Iterator[psycopg.Connection[Any]]:
    """A connection to the server itself, for making and dropping databases."""
    with psycopg.connect(conninfo("postgres"), autocommit=True) as connection:
        yield connection


def _settings(name: str) -> dict[str, Any]:
    from django.conf import settings

    return {**settings.DATABASES["default"], "NAME": name}


def _schema_digest() -> str:
    """Eight characters that change with our migrations."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "hutong").glob("**/migrations/*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]
