"""Looks are counted in memory, written together, and none is lost or counted twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from hutong.know.insight import queries
from hutong.know.insight.models import StepCount
from hutong.know.insight.rules import is_machine
from hutong.know.insight.services import AT_MOST, MOST_KINDS, Recorder
from hutong.know.insight.types import Looks, Step
from tests.factories import regions

DAY = date(2026, 6, 1)


def look(recorder: Recorder, region_id: int, *, offer: str = "off_a", step: Step = Step.SEEN) -> None:
    """One step with one offer on the day."""
    recorder.add(region_id=region_id, day=DAY, offer_ref=offer, step=step)


@pytest.mark.django_db
def test_counting_costs_nothing_and_writing_one_statement() -> None:
    recorder, region = Recorder(), regions.region()
    with CaptureQueriesContext(connection) as seen:
        for number in range(30):
            look(recorder, region.pk, offer=f"off_{number % 3}")
        look(recorder, region.pk, step=Step.CHECKOUT)
    assert len(seen) == 0
    assert recorder.waiting() == 31
    with CaptureQueriesContext(connection) as seen:
        assert recorder.flush() == 4
    assert len(seen) == 1
    assert recorder.waiting() == 0
    with CaptureQueriesContext(connection) as seen:
        assert recorder.flush() == 0
    assert len(seen) == 0
    look(recorder, region.pk, offer="off_1")
    recorder.flush()
    assert StepCount.objects.get(offer_ref="off_1").number == 11
    assert queries.looks(region_id=region.pk, first_on=DAY, last_on=DAY) == Looks(seen=31, checkouts=1)
    other = regions.region()
    assert queries.looks(region_id=other.pk, first_on=DAY, last_on=DAY) == Looks(seen=0, checkouts=0)


@pytest.mark.django_db
def test_what_could_not_be_written_waits() -> None:
    recorder, region = Recorder(), regions.region()
    look(recorder, region.pk)
    with transaction.atomic():
        connection.cursor().execute("ALTER TABLE insight_stepcount RENAME TO insight_away")
        with pytest.raises(DatabaseError), transaction.atomic():
            recorder.flush()
        connection.cursor().execute("ALTER TABLE insight_away RENAME TO insight_stepcount")
    look(recorder, region.pk)
    assert recorder.waiting() == 2
    recorder.flush()
    assert StepCount.objects.get().number == 2


def test_memory_has_an_end() -> None:
    recorder = Recorder()
    for number in range(MOST_KINDS + 5):
        look(recorder, 1, offer=f"off_{number}")
    assert recorder.waiting() == MOST_KINDS
    look(recorder, 1, offer="off_0")
    assert recorder.waiting() == MOST_KINDS + 1


@pytest.mark.django_db(transaction=True)
def test_many_threads_and_writers_lose_nothing() -> None:
    """Two recorders stand for two web processes: both write the same rows at once, over and over."""
    region = regions.region()
    recorders, offers, rounds = [Recorder(), Recorder()], [f"off_{number}" for number in range(20)], 50
    start = threading.Barrier(6)
    failures: list[BaseException] = []

    def visitor(recorder: Recorder, turn: int) -> None:
        try:
            start.wait()
            for _round in range(rounds):
                for offer in offers[:: turn or 1]:
                    look(recorder, region.pk, offer=offer)
                recorder.flush()
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=visitor, args=(recorder, turn))
        for recorder in recorders
        for turn in (-1, 1, 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert sum(recorder.waiting() for recorder in recorders) == 0
    assert dict(StepCount.objects.values_list("offer_ref", "number")) == dict.fromkeys(offers, 6 * rounds)


@pytest.mark.django_db(transaction=True)
def test_a_full_buffer_is_written_before_its_time() -> None:
    recorder, region = Recorder(), regions.region()
    written = threading.Event()
    flush = recorder.flush

    def told() -> int:
        count = flush()
        if count:
            written.set()
        return count

    recorder.flush = told  # type: ignore[method-assign]  # the real one, which also says that it ran
    recorder.start()
    try:
        for _number in range(AT_MOST):
            look(recorder, region.pk)
        assert written.wait(5), "two hundred counts do not wait ten seconds"
        look(recorder, region.pk)
    finally:
        recorder.stop()
    assert StepCount.objects.get().number == AT_MOST + 1


# As the web server does it: a forked worker loads the application, serves, and ends.
_WEB = """
import datetime, multiprocessing, os, signal, sys
sys.path.insert(0, {root!r})
def work():
    import hutong.config.wsgi
    from hutong.know.insight import services
    from hutong.know.insight.types import Step
    for _number in range(7):
        services.add(region_id={region}, day=datetime.date(2026, 6, 1), offer_ref="off_x", step=Step.SEEN)
    {then}
worker = multiprocessing.get_context("fork").Process(target=work)
worker.start()
worker.join()
sys.exit(0 if worker.exitcode == {code} else 9)
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("then", "number"), [("return", 7), ("os.kill(os.getpid(), signal.SIGKILL)", 0)])
def test_a_process_that_ends_writes_first_and_a_killed_one_cannot(then: str, number: int) -> None:
    region = regions.region()
    code = 0 if number else -signal.SIGKILL
    name = connection.settings_dict["NAME"]
    options = connection.get_connection_params()
    url = f"postgresql://{options['user']}@/{name}?host={options.get('host', '')}&port={options.get('port') or 5432}"
    done = subprocess.run(
        [sys.executable, "-c", _WEB.format(root=str(Path.cwd()), region=region.pk, then=then, code=code)],
        env={**os.environ, "DATABASE_URL": os.environ.get("DATABASE_URL_OF_TESTS", url)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    counted = StepCount.objects.filter(offer_ref="off_x").first()
    assert (counted.number if counted else 0) == number


@pytest.mark.parametrize(
    ("agent", "machine"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", False),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36",
            False,
        ),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", True),
        ("Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)", True),
        ("facebookexternalhit/1.1", True),
        ("curl/8.5.0", True),
        ("", True),
    ],
)
def test_machines_are_not_visitors(agent: str, machine: bool) -> None:
    assert is_machine(agent) is machine
