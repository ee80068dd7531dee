"""A lock over calls outside: whoever comes second does not have it, and nobody waits."""

from __future__ import annotations

import threading

import pytest
from django.db import OperationalError, connection, transaction

from hutong.kernel.locking import advisory, having
from hutong.kernel.rows import execute, scalar
from tests.concurrency.race import race
from tests.fakes.sandbox import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def somebody_else_gets(key: str) -> bool:
    def take() -> bool:
        with having("a test", key) as mine:
            return mine

    (found,) = race([take])
    return found


def test_one_has_it_until_its_block_ends_however_it_ends() -> None:
    with pytest.raises(ZeroDivisionError), having("a test", "a") as mine:
        assert mine
        assert not somebody_else_gets("a")
        assert somebody_else_gets("b")
        raise ZeroDivisionError
    assert somebody_else_gets("a")
    assert somebody_else_gets("a")


def test_a_job_waits_longer_than_pages_do_and_leaves_the_limit_as_it_was() -> None:
    seen: list[str] = []

    def job() -> None:
        try:
            execute("SET lock_timeout = '50ms'")
            with pytest.raises(OperationalError), transaction.atomic():
                advisory("a test", "a")  # the control: at the limit of the site
            with transaction.atomic():
                advisory("a test", "a", wait_s=60)
                seen.append(scalar("SHOW lock_timeout"))
        finally:
            connection.close()

    thread = threading.Thread(target=job)
    # Longer than the limit: whoever still waits does so patiently.
    waits = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        " AND clock_timestamp() - waitstart > '200ms'"
    )
    with transaction.atomic():
        advisory("a test", "a")
        thread.start()
        wait_until(lambda: scalar(waits), timeout_s=30)
        assert seen == []
    thread.join(60)
    assert seen == ["50ms"]
