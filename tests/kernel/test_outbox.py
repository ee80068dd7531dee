"""The outbox: a row with its transaction, a job for each row, nothing lost when a job fails."""

import json
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from hutong.kernel import outbox
from hutong.kernel.rows import execute, rows, scalar


@pytest.mark.django_db
def test_rolled_back_rows_are_gone(at: datetime) -> None:
    with pytest.raises(LookupError), transaction.atomic():
        outbox.send("remember_visit", at=at, redemption_ref="red_1")
        raise LookupError
    assert scalar("SELECT count(*) FROM kernel_outboxrow") == 0


@pytest.mark.django_db
def test_drain_runs_in_order(at: datetime) -> None:
    seen: list[str] = []
    for ref in ("a", "b", "c"):
        outbox.send("note", at=at, ref=ref)
    assert outbox.drain({"note": lambda ref: seen.append(ref)}) == 3
    assert seen == ["a", "b", "c"]


@pytest.mark.django_db
def test_failing_job_keeps_its_row(at: datetime) -> None:
    outbox.send("note", at=at, ref="a")

    def fail(ref: str) -> None:
        raise LookupError(ref)

    with pytest.raises(LookupError):
        outbox.drain({"note": fail})
    assert outbox.age_s(at + timedelta(seconds=5)) == 5


@pytest.mark.django_db
def test_relay_makes_jobs(at: datetime) -> None:
    outbox.send("remember_visit", at=at, redemption_ref="red_1")
    outbox.send("remember_visit", at=at, redemption_ref="red_2")
    assert outbox.relay() == 2
    assert scalar("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'remember_visit'") == 2
    assert outbox.relay() == 0
    assert outbox.age_s(at) == 0


@pytest.mark.django_db
def test_takes_no_more_than_asked_whatever_the_plan(at: datetime) -> None:
    """With the statistics of an empty table a nested loop is planned, in which a subquery would run again."""
    execute("ANALYZE kernel_outboxrow")
    done: list[int] = []
    for number in range(5):
        outbox.send("count", at=at, number=number)
    assert len(outbox._take(2)) == 2
    assert outbox.drain({"count": lambda number: done.append(number)}) == 3
    assert done == [2, 3, 4]


@pytest.mark.django_db
def test_rows_of_one_job_become_one_with_each_value_once(at: datetime) -> None:
    """A row that says more stays alone, and so do the rows of other jobs."""
    for ref in ("b", "a", "b"):
        outbox.send("index_store", at=at, store_ref=ref)
    outbox.send("index_store", at=at, store_ref="c", why="it says more")
    outbox.send("remember_visit", at=at, redemption_ref="red_1")
    together = {"index_store": outbox.Together("index_stores", one="store_ref", many="store_refs")}
    assert outbox.relay(together=together) == 5
    found = rows("SELECT task_name, args FROM procrastinate_jobs ORDER BY id")
    assert [(one["task_name"], json.loads(one["args"])) for one in found] == [
        ("index_store", {"store_ref": "c", "why": "it says more"}),
        ("index_stores", {"store_refs": ["b", "a"]}),
        ("remember_visit", {"redemption_ref": "red_1"}),
    ]


@pytest.mark.django_db
def test_a_job_that_does_many_does_a_bounded_number(at: datetime) -> None:
    for number in range(outbox.AT_ONCE + 1):
        outbox.send("index_store", at=at, store_ref=str(number))
    together = {"index_store": outbox.Together("index_stores", one="store_ref", many="store_refs")}
    outbox.relay(together=together)
    sizes = rows("SELECT jsonb_array_length(args->'store_refs') AS size FROM procrastinate_jobs ORDER BY id")
    assert [one["size"] for one in sizes] == [outbox.AT_ONCE, 1]
