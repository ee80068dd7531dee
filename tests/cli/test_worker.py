"""The worker's threads go on whatever one round brings, and end when they are told to."""

import asyncio
import os
import signal
import threading

import psycopg
import pytest
from django.db import connection, transaction

from hutong.cli import worker
from hutong.cli.worker import keep_doing
from hutong.kernel import clock, database, outbox
from hutong.kernel.errors import Conflict
from tests.fakes.sandbox import wait_until


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("trouble", [Conflict("no"), OSError("the database is away"), ValueError("a fault")])
def test_a_failing_round_is_logged_and_the_next_one_runs(
    trouble: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    stop = threading.Event()
    rounds: list[int] = []

    def act() -> bool:
        rounds.append(len(rounds))
        if len(rounds) == 1:
            raise trouble
        if len(rounds) == 4:
            stop.set()
        return True

    keep_doing(act, stop=stop, pause_s=0)
    assert rounds == [0, 1, 2, 3]
    assert str(trouble) in caplog.text


def test_it_ends_also_with_a_task_that_misses_being_cancelled(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker, "LEFTOVERS_S", 0.05)
    ended = []

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue

    async def obedient() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("obedient")

    async def work() -> None:
        tasks.extend(asyncio.create_task(task()) for task in (stubborn, obedient))
        await asyncio.sleep(0)

    tasks: list[asyncio.Task[None]] = []
    worker.run_to_end(work())
    assert ended == ["obedient"]
    assert "stubborn" in caplog.text
    assert "obedient" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_rows_are_handed_over_in_their_transaction_also_while_jobs_run() -> None:
    """The relay of the worker's own process: what is rolled back, or not committed yet, is no job."""
    stop, seen = threading.Event(), []

    def count(table: str) -> int:
        with psycopg.connect(database.patient_url(connection.settings_dict), autocommit=True) as other:
            found = other.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(found[0]) if found else 0

    def relaying() -> None:
        try:
            wait_until(lambda: count("procrastinate_workers"), timeout_s=30)
            with transaction.atomic():
                outbox.send("index_region", at=clock.now(), no_such_argument="so that it would stay")
                seen.append(outbox.relay())
                seen.append(count("procrastinate_jobs"))
                transaction.set_rollback(True)
            seen.append(count("procrastinate_jobs"))
        finally:
            connection.close()
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=relaying)
    thread.start()
    asyncio.run(worker._run_jobs(stop))
    thread.join(30)
    assert stop.is_set()
    assert seen == [1, 0, 0]
