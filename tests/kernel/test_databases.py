"""Whole databases are made and removed however long the server takes, whatever limits the site's statements have."""

import os

import psycopg
import pytest
from django.conf import settings

from hutong.kernel import database

HASTY = {"options": "-c statement_timeout=1"}


def test_making_and_removing_takes_its_time() -> None:
    made = {**settings.DATABASES["default"], "NAME": f"made_{os.getpid()}", "OPTIONS": HASTY}
    try:
        assert database.ensure_database(made)
        assert not database.ensure_database(made), "it is there already"
    finally:
        database.drop_database(made)
    assert database.ensure_database(made), "it was gone"
    database.drop_database(made)


def test_control_the_sites_own_limit_would_have_ended_it() -> None:
    maintenance = {**settings.DATABASES["default"], "NAME": "postgres", "OPTIONS": HASTY}
    with (
        psycopg.connect(database.url_of(maintenance), autocommit=True) as connection,
        pytest.raises(psycopg.errors.QueryCanceled),
    ):
        connection.execute(f"CREATE DATABASE never_{os.getpid()} TEMPLATE template0")
