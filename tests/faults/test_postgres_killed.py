"""PostgreSQL and all of its processes are killed: an order that somebody was told of is there afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from hutong.kernel import clock
from hutong.kernel.rows import rows
from tests.factories import people
from tests.factories.loop import scene
from tests.faults.crowd import Told
from tests.faults.own_postgres import Server, run_own_postgres

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("postgres killed")]


@pytest.fixture(scope="module")
def server(django_db_setup: None, django_db_blocker: Any) -> Iterator[Server]:
    """A server that nobody else needs."""
    with django_db_blocker.unblock(), run_own_postgres() as own:
        yield own


def lost(told: Told) -> set[str]:
    """The orders that somebody was told of, and that are not there."""
    with told.lock:
        acknowledged = set(told.ordered)
    return acknowledged - {str(row["public_id"]) for row in rows("SELECT public_id FROM orders_order")}


@pytest.mark.parametrize("written_first", [True, False])
def test_orders_outlive_a_server_that_writes_before_it_answers(
    server: Server, *, written_first: bool
) -> None:
    """The guard is that a commit is answered once it is written; the control, without it, loses what was told."""
    name = f"written_first_{written_first}".lower()
    # Read at the next start. It would write five times a second, and a kill in time before that is luck.
    server.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
    server.kill()
    server.start()
    before = server.recoveries()
    with server.site_database(name):
        server.execute(f"ALTER DATABASE {name} SET synchronous_commit = {'on' if written_first else 'off'}")
        shop, told = scene(at=clock.now(), capacity=100), Told()
        for _number in range(10):
            told.note("ordered", shop.order(by=people.person(), at=clock.now()).order_ref)
        assert lost(told) == set()
        connection.close()
        server.kill()
        server.start()
        assert server.recoveries() == before + 1, "it was killed, not stopped"
        assert bool(lost(told)) is not written_first
