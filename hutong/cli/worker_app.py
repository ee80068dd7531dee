"""Procrastinate's app as the worker runs it; a module of its own, because one that is started may not make an app."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import psycopg
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from psycopg_pool import PoolClosed

AGAIN_AFTER_S = 0.5

_AS_IT_WAS = """
SELECT EXISTS (
    SELECT 1 FROM procrastinate_jobs WHERE id = %(job_id)s AND status = 'doing' AND attempts = %(attempts)s
) AS as_it_was
"""


class PatientJobs(JobManager):
    """Writes how a job ended also when the database is away just then, once it is back, until `over` is set.

    Procrastinate's own tries once. The job then looks as if it ran for ever, for nobody gives away the jobs of a
    worker that lives; the rescue of lost workers' jobs is for those that were killed.
    """

    def __init__(self, connector: Any, *, over: asyncio.Event) -> None:
        super().__init__(connector)
        self._over = over

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """The job has ended, and is kept or deleted. Raises `ConnectorException` when `over` is set meanwhile."""
        await self._write(job, lambda: super(PatientJobs, self).finish_job(job, status, delete_job))

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """The job runs again, at `retry_at` or at once. Raises `ConnectorException` when `over` is set meanwhile."""
        await self._write(
            job, lambda: super(PatientJobs, self).retry_job(job, retry_at, priority, queue, lock)
        )

    async def _write(self, job: Job, write: Callable[[], Awaitable[None]]) -> None:
        tried = False
        while True:
            try:
                # It may have been written, and the answer was lost; or another worker has the job by now.
                if not tried or await self._is_as_it_was(job):
                    await write()
                return
            except ConnectorException as error:
                if self._over.is_set() or not is_away(error):
                    raise
            tried = True
            logging.getLogger("hutong.worker").warning(
                "how job %s ended could not be written; tried again", job.id
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), AGAIN_AFTER_S)

    async def _is_as_it_was(self, job: Job) -> bool:
        found = await self.connector.execute_query_one_async(_AS_IT_WAS, job_id=job.id, attempts=job.attempts)
        return bool(found["as_it_was"])


def is_away(error: ConnectorException) -> bool:
    """Whether the database did not take it because it was away, or too busy, and may take it later."""
    away = psycopg.OperationalError | psycopg.InterfaceError
    return isinstance(error.__cause__, away) and not isinstance(error.__cause__, PoolClosed)


def app_of_this_loop(over: asyncio.Event) -> Any:
    """The jobs of the house on asynchronous connections of their own; `over` says that the worker ends.

    Procrastinate's own way is to put these connections into the one app there is. Then the relay's thread has them,
    too: it hands rows over outside of its transaction, and both wait for each other for 30 s when it does so while
    they are being opened.
    """
    made = App(connector=app.connector.get_worker_connector())  # type: ignore[attr-defined]  # Django's has one
    made.tasks = app.tasks
    made.job_manager = PatientJobs(made.connector, over=over)
    return made
