"""Books that are closed: nothing is posted into them, until somebody opens them again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from hutong.kernel.money import Money
from hutong.pay.ledger import queries, services
from tests.factories.ledger import capture, euros

pytestmark = pytest.mark.django_db


def test_nothing_is_posted_before_the_moment_until_which_the_books_are_closed(at: datetime) -> None:
    services.close_books(unit="EUR", until=at)
    with pytest.raises(services.BooksClosed), transaction.atomic():
        capture(euros(100), reference="capture:late", at=at - timedelta(microseconds=1))
    assert queries.entries("capture:late") == []

    capture(euros(100), reference="capture:now", at=at)
    capture(Money(100, "SEK"), reference="capture:other", at=at - timedelta(days=1))
    assert queries.problems() == []


def test_what_was_posted_before_may_be_said_again_after(at: datetime) -> None:
    first = capture(euros(100), at=at)
    services.close_books(unit="EUR", until=at + timedelta(days=1))
    again = capture(euros(100), at=at)
    assert again.replayed
    assert again.transaction_ref == first.transaction_ref
    with pytest.raises(services.ReferenceReused), transaction.atomic():
        capture(euros(101), at=at)


def test_books_can_be_opened_again(at: datetime) -> None:
    services.close_books(unit="EUR", until=at + timedelta(days=1))
    services.close_books(unit="EUR", until=at)
    assert not capture(euros(100), at=at).replayed


def test_the_guard_costs_no_statement(at: datetime) -> None:
    capture(euros(100), reference="capture:0", at=at)
    services.close_books(unit="EUR", until=at)
    with CaptureQueriesContext(connection) as statements:
        capture(euros(100), reference="capture:1", at=at)
    assert len(statements) == 3
