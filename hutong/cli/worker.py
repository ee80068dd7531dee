"""The worker process: hands outbox rows to Procrastinate, runs the jobs, and runs what the clock asks for."""

import signal
import threading

from hutong.cli import setup

RELAY_EVERY_S = 0.2


def main() -> None:
    """Run until SIGTERM or SIGINT; running jobs are finished first."""
    setup.django(wait_for_database=True)
    from procrastinate.contrib.django import app

    from hutong.flows import jobs

    stop = threading.Event()
    relaying = threading.Thread(target=_relay, args=(stop,), name="relay", daemon=True)
    ticking = threading.Thread(target=_tick, args=(stop,), name="tick", daemon=True)
    relaying.start()
    ticking.start()
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
        relaying.join(5)
        ticking.join(5)


def _relay(stop: threading.Event) -> None:
    """Move outbox rows to jobs, at once when there are many, five times a second when there are none."""
    import logging

    from django.db import Error, connection

    from hutong.kernel import outbox

    while not stop.is_set():
        try:
            moved = outbox.relay()
        except Error:
            # The database is away or restarting: the rows wait in it, and so do we.
            logging.getLogger("hutong.worker").exception("outbox relay")
            moved = 0
        finally:
            connection.close()
        if not moved:
            stop.wait(RELAY_EVERY_S)


def _tick(stop: threading.Event) -> None:
    """Run the flows that the clock asks for. Each guards itself, so several workers do no harm."""
    import logging

    from django.db import Error, connection

    from hutong.flows import jobs
    from hutong.kernel import clock

    while not stop.wait(jobs.TICK_S):
        try:
            jobs.tick(at=clock.now())
        except Error:
            logging.getLogger("hutong.worker").exception("tick")
        finally:
            connection.close()


if __name__ == "__main__":
    main()
