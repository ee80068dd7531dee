"""A pool of connections finds its server soon after it is back."""

from __future__ import annotations

import itertools
import time
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg_pool import ConnectionPool
from psycopg_pool.base import AttemptWithBackoff

from hutong.kernel import database
from tests.fakes.sandbox import wait_until

DEAD = 4  # of its own a pool pauses 0, 1, 2 and 4 s between as many


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a site has it; tests have no pools."""
    for name in ("INITIAL_DELAY", "DELAY_BACKOFF"):
        monkeypatch.setattr(
            AttemptWithBackoff, name, getattr(AttemptWithBackoff, name)
        )  # for what comes after
    monkeypatch.setattr(ConnectionPool, "check_connection", staticmethod(ConnectionPool.check_connection))
    database.let_pools_try_soon()
    database.let_pools_look_before_they_ask()


@pytest.mark.usefixtures("_soon")
def test_a_pool_tries_as_often_however_long_its_server_is_away() -> None:
    tried: list[float] = []

    def nowhere() -> dict[str, Any]:
        tried.append(time.monotonic())
        return {"host": "127.0.0.1", "port": 1, "dbname": "none"}

    with ConnectionPool(kwargs=nowhere, min_size=1, open=True):
        wait_until(lambda: len(tried) >= 5, timeout_s=12)  # of its own it is there after 15 s
    pauses = [later - before for before, later in itertools.pairwise(tried)]
    assert min(pauses) > 0.3, "it does not try without a pause"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_soon")
def test_a_lone_visitor_does_not_wait_for_each_dead_connection_longer_than_for_the_last() -> None:
    url = database.patient_url(connection.settings_dict)
    with ConnectionPool(url, min_size=DEAD, open=True, check=ConnectionPool.check_connection) as pool:
        pool.wait(20)
        held = [pool.getconn() for _ in range(DEAD)]
        with psycopg.connect(url, autocommit=True) as other:
            for each in held:
                other.execute("SELECT pg_terminate_backend(%s, 10000)", [each.info.backend_pid])
        for each in held:
            pool.putconn(each)  # it is not told that they are dead, as where a server ends while nobody asks
        wait_until(lambda: pool.get_stats()["pool_available"] == DEAD)
        began = time.monotonic()
        with pool.connection(timeout=20) as alive:
            assert alive.info.backend_pid not in {each.info.backend_pid for each in held}
        assert time.monotonic() - began < 5


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_soon")
def test_a_connection_that_lies_still_is_not_asked_and_one_that_was_ended_is_found_out() -> None:
    url = database.patient_url(connection.settings_dict)
    last = "SELECT query FROM pg_stat_activity WHERE pid = %s"
    with psycopg.connect(url, autocommit=True) as still, psycopg.connect(url, autocommit=True) as other:
        still.execute("SELECT 1")
        ConnectionPool.check_connection(still)
        assert other.execute(last, [still.info.backend_pid]).fetchone() == ("SELECT 1",)
        other.execute("SELECT pg_terminate_backend(%s, 10000)", [still.info.backend_pid])
        with pytest.raises(psycopg.OperationalError):
            ConnectionPool.check_connection(still)
