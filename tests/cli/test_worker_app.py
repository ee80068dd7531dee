"""How a job ended is written also when the database goes away at that very moment."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

from hutong.cli.worker_app import PatientJobs, app_of_this_loop
from hutong.kernel import database
from hutong.kernel.rows import execute, rows
from tests.fakes.sandbox import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

_WAITS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
Write = Callable[[Any, Job], Awaitable[None]]


@pytest.fixture(autouse=True)
def _one_job(db: None) -> Iterator[None]:
    """One job, and none afterwards: Procrastinate's tables are its own, nothing else empties them."""
    execute("DELETE FROM procrastinate_jobs")
    execute("INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('default', 'count_sold')")
    yield
    execute("DELETE FROM procrastinate_jobs")


def finish(jobs: Any, job: Job) -> Awaitable[None]:
    written: Awaitable[None] = jobs.finish_job(job, Status.SUCCEEDED, delete_job=True)
    return written


def again(jobs: Any, job: Job) -> Awaitable[None]:
    written: Awaitable[None] = jobs.retry_job(job)
    return written


def jobs_there() -> list[tuple[str, int]]:
    return [
        (str(job["status"]), int(job["attempts"]))
        for job in rows("SELECT status::text, attempts FROM procrastinate_jobs")
    ]


class CutOff(threading.Thread):
    """Holds the jobs so that whoever writes one has to wait, and ends that connection; then lets go."""

    def __init__(self) -> None:
        super().__init__()
        self._other = psycopg.connect(database.patient_url(connection.settings_dict))
        self._other.execute("SELECT id FROM procrastinate_jobs FOR UPDATE")
        self.cut = 0

    def run(self) -> None:
        with psycopg.connect(database.patient_url(connection.settings_dict), autocommit=True) as seer:
            waiting = wait_until(lambda: seer.execute(_WAITS).fetchall(), timeout_s=20)
            for (pid,) in waiting:
                seer.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
                self.cut += 1
        self._other.rollback()
        self._other.close()


@asynccontextmanager
async def taken(over: asyncio.Event) -> AsyncIterator[tuple[Any, Job]]:
    """The worker's jobs, and one of them that is being done."""
    app = app_of_this_loop(over)
    async with app.open_async():
        worker_id = await app.job_manager.register_worker()
        job = await app.job_manager.fetch_job(queues=None, worker_id=worker_id)
        assert job is not None
        yield app.job_manager, job


@pytest.mark.parametrize(("write", "left"), [(finish, []), (again, [("todo", 1)])])
def test_it_is_written_although_the_connection_ends_meanwhile(
    write: Write, left: list[tuple[str, int]]
) -> None:
    async def run() -> int:
        async with taken(asyncio.Event()) as (jobs, job):
            cut_off = CutOff()
            cut_off.start()
            await write(jobs, job)
            await asyncio.to_thread(cut_off.join)
            return cut_off.cut

    assert asyncio.run(run()) == 1
    assert jobs_there() == left


def test_control_procrastinate_alone_leaves_it_as_being_done() -> None:
    async def run() -> None:
        async with taken(asyncio.Event()) as (jobs, job):
            cut_off = CutOff()
            cut_off.start()
            with pytest.raises(ConnectorException):
                await finish(JobManager(jobs.connector), job)
            await asyncio.to_thread(cut_off.join)

    asyncio.run(run())
    assert jobs_there() == [("doing", 0)]


def test_a_worker_that_ends_does_not_wait_for_it() -> None:
    async def run() -> None:
        over = asyncio.Event()
        over.set()
        async with taken(over) as (jobs, job):
            cut_off = CutOff()
            cut_off.start()
            with pytest.raises(ConnectorException):
                await finish(jobs, job)
            await asyncio.to_thread(cut_off.join)

    asyncio.run(run())
    assert jobs_there() == [("doing", 0)]


class Deaf:
    """A connector that does what it is told, and loses the answer of the first statement."""

    def __init__(self, real: Any) -> None:
        self._real, self.lost = real, 0

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:
        await self._real.execute_query_async(query, **arguments)
        if not self.lost:
            self.lost += 1
            raise ConnectorException from psycopg.OperationalError("server closed the connection")

    async def execute_query_one_async(self, query: Any, **arguments: Any) -> Any:
        return await self._real.execute_query_one_async(query, **arguments)


@pytest.mark.parametrize(("write", "left"), [(finish, []), (again, [("todo", 1)])])
def test_what_was_written_is_not_written_again(write: Write, left: list[tuple[str, int]]) -> None:
    async def run() -> int:
        async with taken(asyncio.Event()) as (jobs, job):
            deaf = Deaf(jobs.connector)
            await write(PatientJobs(deaf, over=asyncio.Event()), job)
            return deaf.lost

    assert asyncio.run(run()) == 1
    assert jobs_there() == left


def test_a_fault_is_not_repeated() -> None:
    async def run() -> None:
        async with taken(asyncio.Event()) as (jobs, job):
            await finish(jobs, job)
            with pytest.raises(ConnectorException) as raised:
                await finish(jobs, job)
            assert "Job was not found" in str(raised.value.__cause__)

    asyncio.run(run())
