"""Months are closed in their order, and the last one can be opened again."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction

from hutong.kernel import audit
from hutong.pay.ledger.services import BooksClosed
from hutong.pay.settlement import queries, services
from hutong.pay.settlement.models import MonthClose
from hutong.pay.settlement.types import MonthView
from tests.factories.settlement import earned

pytestmark = pytest.mark.django_db

LATER = datetime(2026, 9, 3, tzinfo=UTC)


def month(number: int) -> datetime:
    return datetime(2026, number, 1, tzinfo=UTC)


def close(number: int, *, at: datetime = LATER, unit: str = "EUR") -> MonthView:
    return services.close_month(
        on=date(2026, number, 1),
        unit=unit,
        starts_at=month(number),
        ends_at=month(number + 1),
        by="per_o",
        at=at,
    )


def reopen(number: int, reason: str = "a forgotten bill") -> MonthView:
    return services.reopen_month(on=date(2026, number, 1), unit="EUR", reason=reason, by="per_o", at=LATER)


def test_nothing_is_posted_into_a_closed_month_until_it_is_opened_again() -> None:
    closed = close(6)
    assert close(6) == closed == queries.newest_closed("EUR")
    with pytest.raises(BooksClosed), transaction.atomic():
        earned(100, at=month(6))
    earned(100, at=month(7))
    earned(100, at=month(6), unit="SEK")
    opened = reopen(6)
    assert (opened.reason, opened.reopened_by, queries.newest_closed("EUR")) == (
        "a forgotten bill",
        "per_o",
        None,
    )
    earned(100, at=month(6))
    assert [each.action for each in audit.search(action="month.").entries] == [
        "month.reopened",
        "month.closed",
    ]


def test_a_month_closed_before_stays_so_when_the_last_is_opened() -> None:
    close(6)
    close(7)
    reopen(7)
    with pytest.raises(BooksClosed), transaction.atomic():
        earned(100, at=month(6))
    earned(100, at=month(7))
    again = close(7)
    assert [each.on.month for each in queries.months(unit="EUR")] == [7, 7, 6]
    assert queries.closed_month("EUR", date(2026, 7, 1)) == again


def test_months_are_closed_and_opened_in_their_order() -> None:
    with pytest.raises(services.MonthRuns):
        close(9)
    close(6)
    close(8, unit="SEK")
    for number in (5, 8):
        with pytest.raises(services.MonthOutOfOrder), transaction.atomic():
            close(number)
    close(7)
    for number in (6, 8):
        with pytest.raises(services.MonthOutOfOrder), transaction.atomic():
            reopen(number)
    with pytest.raises(services.ReasonNeeded):
        reopen(7, " ")


def test_the_database_keeps_one_closing_of_a_month_and_whole_reopenings() -> None:
    close(6)
    row = MonthClose.objects.values().get()
    for wrong, name in (
        ({}, "settlement_month_once"),
        ({"on": date(2026, 7, 1), "closed_at": month(6)}, "settlement_month_is_over"),
        ({"on": date(2026, 7, 1), "ends_at": month(6)}, "settlement_month_is_over"),
        ({"reopened_at": LATER}, "settlement_month_reopened"),
        ({"on": date(2026, 7, 1), "reason": "none"}, "settlement_month_reopened"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            MonthClose.objects.create(**{**row, "id": None, "public_id": "mcl_x", **wrong})
