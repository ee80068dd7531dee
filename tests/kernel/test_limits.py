"""What comes too fast is refused before any work: by address, by person, by token; others go on."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from hutong.kernel import budget, limits
from hutong.kernel.errors import TooMany
from hutong.kernel.models import Budget
from tests.factories import people
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db


def switch(browser: Client, address: str = "10.0.0.1") -> int:
    return browser.post("/scheme/", {"scheme": "dark"}, REMOTE_ADDR=address).status_code


def test_an_address_is_stopped_and_told_how_long(settings: Settings) -> None:
    settings.HUTONG_ADDRESS_LIMIT = 3
    assert [switch(Client()) for _ in range(4)] == [302, 302, 302, 429]
    answer = Client().post("/scheme/", REMOTE_ADDR="10.0.0.1")
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert answer["X-Request-Id"] in answer.content.decode()
    assert switch(Client(), address="10.0.0.2") == 302
    assert Client().get("/sign-in/", REMOTE_ADDR="10.0.0.1").status_code == 200


def test_a_person_is_stopped_from_wherever_and_nobody_else(settings: Settings) -> None:
    settings.HUTONG_ACTOR_LIMIT = 2
    person = people.person()
    assert [switch(visitor(person), f"10.0.0.{number}") for number in range(3)] == [302, 302, 429]
    assert switch(visitor(people.person()), "10.0.0.1") == 302


def test_the_api_counts_reads_too_by_token(settings: Settings) -> None:
    settings.HUTONG_ACTOR_LIMIT = 2
    first, second = ({"Authorization": f"Bearer per_{letter * 43}"} for letter in "ab")
    asked = [Client().get("/api/v1/regions", headers=first).status_code for _ in range(3)]
    assert asked == [200, 200, 429]
    refused = Client().get("/api/v1/regions", headers=first)
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == TooMany.code
    assert Client().get("/api/v1/regions", headers=second).status_code == 200


def reads(times: int, address: str = "10.0.0.1") -> list[int]:
    return [Client().get("/api/v1/regions", REMOTE_ADDR=address).status_code for _number in range(times)]


def spent_on_counting(times: int) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert set(reads(times)) == {200}
    return sum("kernel_budget" in query["sql"] for query in captured.captured_queries)


def test_reads_are_counted_without_a_statement_for_each(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HUTONG_ADDRESS_LIMIT = 1_000
    assert spent_on_counting(40) == 40
    monkeypatch.setattr(limits, "AT_ONCE", 20)
    assert spent_on_counting(40) == 2


def test_no_read_too_many_is_let_through(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three at once of 150: the last ones are taken one by one, as they would be by several processes."""
    monkeypatch.setattr(limits, "AT_ONCE", 20)
    settings.HUTONG_ADDRESS_LIMIT = 151
    answers = reads(153)
    assert answers == [200] * 151 + [429] * 2
    assert reads(1, "10.0.0.2") == [200]


def test_what_was_taken_by_a_process_counts_for_all(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may ask for no more than is left, so all of them together never answer too often."""
    monkeypatch.setattr(limits, "AT_ONCE", 20)
    settings.HUTONG_ADDRESS_LIMIT = 100
    answered = 0
    for _process in range(60):
        limits.held.forget()
        answered += reads(1).count(200)
    assert answered == 50  # two at once, of which each process used one


def test_what_was_taken_is_good_for_some_seconds(at: datetime) -> None:
    limits.held.keep("a", 2, at=at)
    assert limits.held.use("a", at=at + timedelta(seconds=4))
    assert not limits.held.use("a", at=at + timedelta(seconds=5))
    assert not limits.held.use("a", at=at - timedelta(seconds=1))
    assert limits.held.use("a", at=at)
    assert not limits.held.use("a", at=at)


def test_a_providers_notifications_are_never_counted(settings: Settings) -> None:
    settings.HUTONG_ADDRESS_LIMIT = 1
    answers = {Client().post("/api/v1/webhooks/sandbox", b"{}", "text/plain").status_code for _ in range(3)}
    assert 429 not in answers


def test_no_token_and_no_session_key_is_stored() -> None:
    token = "per_" + "s" * 43
    Client().get("/api/v1/regions", headers={"Authorization": f"Bearer {token}"})
    assert Budget.objects.count() == 2
    assert not Budget.objects.filter(key__contains="sss").exists()


def test_the_window_ends(at: datetime) -> None:
    limits = {"a": 1, "b": 5}
    budget.spend_all(limits, window_s=60, at=at)
    with pytest.raises(TooMany) as refused:
        budget.spend_all(limits, window_s=60, at=at + timedelta(seconds=20))
    assert refused.value.details["retry_after_s"] == 40
    budget.spend_all(limits, window_s=60, at=at + timedelta(seconds=60))


def test_budgets_long_over_are_forgotten(at: datetime) -> None:
    budget.spend("old", limit=1, window_s=60, at=at - timedelta(days=3))
    budget.spend("new", limit=1, window_s=60, at=at)
    assert budget.sweep(at=at) == 1
    assert list(Budget.objects.values_list("key", flat=True)) == ["new"]
