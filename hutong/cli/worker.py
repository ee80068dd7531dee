"""The worker process: hands outbox rows to Procrastinate, runs the jobs, and runs what the clock asks for."""

import asyncio
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

from hutong.cli import setup
from hutong.kernel.errors import DomainError

RELAY_EVERY_S = 0.2
HEARTBEAT_S = 4.0
LOST_AFTER_S = 20.0  # a worker that gave no sign for so long is gone, and its jobs are given to others
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 5.0
WELL_AFTER_S = 30.0
LEFTOVERS_S = 5.0


def main() -> None:
    """Run until SIGTERM or SIGINT; running jobs are finished first. Without a database it ends with a sentence."""
    try:
        setup.django(wait_for_database=True)
    except DomainError as error:
        # The supervisor starts it again, and a sentence each time is easier to read than a traceback.
        sys.exit(f"The worker cannot start. {error}")
    from hutong.flows import jobs

    stop = threading.Event()
    threads = [
        threading.Thread(
            target=keep_doing, args=(act,), kwargs={"stop": stop, "pause_s": pause_s}, daemon=True
        )
        for act, pause_s in ((_relay, RELAY_EVERY_S), (_tick, jobs.TICK_S))
    ]
    for thread in threads:
        thread.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    try:
        keep_running(lambda: run_to_end(_run_jobs(stop)), stop=stop)
    except KeyboardInterrupt:
        pass
    finally:
        stop.set()
        for thread in threads:
            thread.join(5)


def keep_running(run: Callable[[], None], *, stop: threading.Event) -> None:
    """Call `run` again whenever it ends, after 0.5 s to 5 s, until `stop` is set or Ctrl-C.

    It ends when the database goes away, for minutes perhaps: the process outlives that.
    """
    pause_s = FIRST_PAUSE_S
    while not stop.is_set():
        started_at = time.monotonic()
        try:
            run()
        except Exception:
            logging.getLogger("hutong.worker").exception("jobs stopped; they go on in %.1f s", pause_s)
        if time.monotonic() - started_at > WELL_AFTER_S:
            pause_s = FIRST_PAUSE_S
        stop.wait(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


def run_to_end(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` in an event loop of its own, and end with it, whatever tasks it leaves behind.

    `asyncio.run` waits for those without end, and a task may miss that it is cancelled: before Python 3.12
    `asyncio.wait_for`, which psycopg waits with, forgets a cancellation that comes together with its result. Here they
    have `LEFTOVERS_S`; what is still there then is logged with the line it waits in.
    """
    loop = asyncio.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(work)
        finally:
            loop.run_until_complete(_end_leftovers())
            loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def _end_leftovers() -> None:
    leftovers = asyncio.all_tasks() - {asyncio.current_task()}
    if not leftovers:
        return
    for task in leftovers:
        task.cancel()
    _ended, left = await asyncio.wait(leftovers, timeout=LEFTOVERS_S)
    for task in left:
        logging.getLogger("hutong.worker").warning("a task did not end, and is left: %r", task)


async def _run_jobs(stop: threading.Event) -> None:
    """Run jobs until SIGTERM or SIGINT, which set `stop`, or until the database is lost."""
    from hutong.cli.worker_app import app_of_this_loop
    from hutong.flows import jobs

    this, over = asyncio.current_task(), asyncio.Event()
    assert this is not None

    def end() -> None:
        stop.set()
        over.set()
        this.cancel()  # Procrastinate then finishes the jobs that run

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)
    try:
        worker_app = app_of_this_loop(over)
        async with worker_app.open_async():
            rescue = asyncio.create_task(_rescue(worker_app))
            try:
                await worker_app.run_worker_async(
                    concurrency=jobs.CONCURRENCY,
                    fetch_job_polling_interval=1,
                    delete_jobs="successful",
                    update_heartbeat_interval=HEARTBEAT_S,
                    stalled_worker_timeout=LOST_AFTER_S,
                    install_signal_handlers=False,
                )
            finally:
                rescue.cancel()
    except asyncio.CancelledError:
        if not stop.is_set():
            raise


async def _rescue(app: Any) -> None:
    """Give jobs back whose worker was killed: Procrastinate leaves them as being done for ever.

    A job may so run twice; each of ours has its effect once.
    """
    while True:
        try:
            for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=LOST_AFTER_S):
                logging.getLogger("hutong.worker").warning("job %s lost its worker; it runs again", job.id)
                await app.job_manager.retry_job(job)
        except Exception:
            logging.getLogger("hutong.worker").exception("jobs of lost workers were not found; tried again")
        await asyncio.sleep(HEARTBEAT_S)


def _relay() -> bool:
    """Move outbox rows to jobs; whether there may be more. What comes until the next time goes together."""
    from hutong.flows import jobs
    from hutong.kernel import outbox

    return outbox.relay(together=jobs.TOGETHER) == outbox.RELAYED_AT_ONCE


def _tick() -> bool:
    """Run the flows that the clock asks for. Each guards itself, so several workers do no harm."""
    from hutong.flows import jobs
    from hutong.kernel import clock

    jobs.tick(at=clock.now())
    return False


def keep_doing(act: Callable[[], bool], *, stop: threading.Event, pause_s: float) -> None:
    """Call `act` until `stop` is set: at once again while it says there is more, else after `pause_s`.

    Whatever it raises is logged and tried again after the pause: the thread must not end while the process
    looks alive, for then orders would never expire and nothing would be remembered.
    """
    from django.db import connection

    while not stop.is_set():
        try:
            more = act()
        except Exception:
            logging.getLogger("hutong.worker").exception("%s failed; it is tried again", act.__name__)
            more = False
        finally:
            connection.close()
        if not more:
            stop.wait(pause_s)


if __name__ == "__main__":
    main()
