"""Django made ready for a command, with a database behind it."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import psycopg

from hutong.kernel.errors import Unavailable


class DatabaseSilent(Unavailable):
    """The database server does not let us in."""

    code = "database_silent"
    message: Any = "The database does not answer: %(said)s. Start it, or mend DATABASE_URL."


class DatabaseNotMade(Unavailable):
    """The database is not there and we may not make it."""

    code = "database_not_made"
    message: Any = (
        "The database %(name)s is not there, and its user may not make it. As its administrator: "
        "CREATE DATABASE %(name)s OWNER ... TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8';"
    )


class EmbeddedFailed(Unavailable):
    """The PostgreSQL that comes with the house does not do what it is told."""

    code = "embedded_failed"
    message: Any = (
        "The PostgreSQL in %(home)s could not be %(done)s: %(said)s\n"
        "Look for disk space and for the rights on that folder; it also keeps a log of its own, postgres/log. "
        "Or let DATABASE_URL name another server."
    )


class HomeUnusable(Unavailable):
    """The folder of the site cannot be read or written."""

    code = "home_unusable"
    message: Any = (
        "The folder of the site cannot be used: %(said)s. "
        "Make it yours to write, or let HUTONG_HOME name another."
    )


def django(*, wait_for_database: bool) -> bool:
    """Set Django up. With `wait_for_database`, start the embedded server when no DATABASE_URL is given.

    True when it was started here, so that whoever started it can stop it. Raises `HomeUnusable`,
    `EmbeddedFailed`, `DatabaseSilent` and `DatabaseNotMade`.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hutong.config.settings")
    import django as framework

    try:
        framework.setup()
    except OSError as error:  # the settings keep a secret in that folder
        raise HomeUnusable(said=error) from error
    started = False
    if wait_for_database:
        from django.conf import settings

        from hutong.kernel import database

        if settings.HUTONG_EMBEDDED:
            with embedded(settings.HUTONG_HOME, done="started"):
                started = database.start_embedded(settings.HUTONG_HOME)
        try:
            database.ensure_database(settings.DATABASES["default"])
        except psycopg.errors.InsufficientPrivilege as error:
            raise DatabaseNotMade(name=settings.DATABASES["default"]["NAME"]) from error
        except psycopg.OperationalError as error:
            # libpq asks back "Is the server running ...?", which the end of our sentence answers.
            said = " ".join(str(error).split()).split(" Is the server running")[0].rstrip(".")
            raise DatabaseSilent(said=said) from error
    return started


@contextlib.contextmanager
def embedded(home: Path, *, done: str) -> Iterator[None]:
    """Around what starts or stops the embedded server; raises `EmbeddedFailed` with the end of what it said."""
    try:
        yield
    except (RuntimeError, OSError) as error:
        raise EmbeddedFailed(home=home, done=done, said=str(error).strip()) from error


def port_of_site() -> int:
    """Where the web process listens: the port of an address on this machine, else 8000, behind a proxy."""
    from django.conf import settings

    url = urlparse(settings.HUTONG_SITE_URL)
    if url.scheme == "http" and url.hostname in ("127.0.0.1", "localhost"):
        return url.port or 80
    return 8000


def migrate() -> None:
    """Bring the tables to this version where they are not; quiet unless something is done."""
    from hutong.cli import upgrade
    from hutong.cli.screen import progress_bar

    if upgrade.waiting():
        with progress_bar(transient=True) as progress:
            upgrade.run(progress=progress)
