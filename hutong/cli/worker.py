"""The worker process: hands outbox rows to Procrastinate, runs the jobs, and runs what the clock asks for."""

import logging
import signal
import threading
from collections.abc import Callable

from hutong.cli import setup

RELAY_EVERY_S = 0.2


def main() -> None:
    """Run until SIGTERM or SIGINT; running jobs are finished first."""
    setup.django(wait_for_database=True)
    from procrastinate.contrib.django import app

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
        with app.replace_connector(app.connector.get_worker_connector()) as worker_app:  # type: ignore[attr-defined]
            worker_app.run_worker(
                concurrency=jobs.CONCURRENCY, fetch_job_polling_interval=1, delete_jobs="successful"
            )
    except KeyboardInterrupt:
        pass
    finally:
        stop.set()
        for thread in threads:
            thread.join(5)


def _relay() -> bool:
    """Move outbox rows to jobs; whether there may be more."""
    from hutong.kernel import outbox

    return outbox.relay() > 0


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
