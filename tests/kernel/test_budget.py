"""Budgets count exactly, together, and start anew with their window."""

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection

from hutong.kernel import budget
from hutong.kernel.errors import TooMany


@pytest.mark.django_db
def test_budget_is_spent_and_comes_back(at: datetime) -> None:
    for _ in range(3):
        budget.spend("code:a", limit=3, window_s=60, at=at)
    with pytest.raises(TooMany) as refused:
        budget.spend("code:a", limit=3, window_s=60, at=at + timedelta(seconds=20))
    assert refused.value.details == {"retry_after_s": 40}
    budget.spend("code:b", limit=3, window_s=60, at=at)
    budget.spend("code:a", limit=3, window_s=60, at=at + timedelta(seconds=60))


@pytest.mark.django_db
def test_check_spends_nothing(at: datetime) -> None:
    for _ in range(5):
        budget.check("scan:a", limit=1, window_s=60, at=at)
    budget.spend("scan:a", limit=1, window_s=60, at=at)
    with pytest.raises(TooMany):
        budget.check("scan:a", limit=1, window_s=60, at=at)


@pytest.mark.django_db(transaction=True)
def test_parallel_tries_count_exactly(at: datetime) -> None:
    granted, start = [], threading.Barrier(20, timeout=20)

    def attempt() -> None:
        start.wait()
        try:
            budget.spend("race", limit=7, window_s=60, at=at)
            granted.append(1)
        except TooMany:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(granted) == 7
