"""Django made ready for a command, with a database behind it."""

import os
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


def django(*, wait_for_database: bool) -> bool:
    """Set Django up. With `wait_for_database`, start the embedded server when no DATABASE_URL is given.

    True when it was started here, so that whoever started it can stop it. Raises `DatabaseSilent` and
    `DatabaseNotMade`.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hutong.config.settings")
    import django as framework

    framework.setup()
    started = False
    if wait_for_database:
        from django.conf import settings

        from hutong.kernel import database

        if settings.HUTONG_EMBEDDED:
            started = database.start_embedded(settings.HUTONG_HOME)
        try:
            database.ensure_database(settings.DATABASES["default"])
        except psycopg.errors.InsufficientPrivilege as error:
            raise DatabaseNotMade(name=settings.DATABASES["default"]["NAME"]) from error
        except psycopg.OperationalError as error:
            raise DatabaseSilent(said=" ".join(str(error).split())) from error
    return started


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

    if upgrade.waiting():
        upgrade.run()
