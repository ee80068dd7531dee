"""What a closed month had waited for is not opened again before the month is; also not while it is being closed."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from hutong.flows import close_month, differences, jobs, without_bill
from hutong.flows.close_month import Obstacle
from hutong.kernel.errors import DomainError
from hutong.kernel.money import Money
from hutong.pay.payments import queries
from hutong.pay.payments.types import Explanation
from hutong.pay.settlement import queries as settlement
from hutong.town.people.models import Person
from tests.concurrency.race import second_waits_for
from tests.concurrency.unguarded import unguarded
from tests.factories import payments as payment_factory
from tests.factories import people
from tests.factories.loop import scene
from tests.flows.test_close_month import AFTER, JUNE, bills
from tests.flows.test_without_bill import kept, say

DAY = timedelta(days=1)
TRANSACTION = pytest.mark.django_db(transaction=True)


def written_off(at: datetime, by: Person) -> str:
    """A difference of the first of June that nobody makes good; the bills of the rest of June have nothing else."""
    ref = payment_factory.difference(at=at.replace(day=1))
    bills(JUNE + DAY, 30)
    differences.explain(
        difference_ref=ref, explanation=Explanation.WRITTEN_OFF, note="Nobody knows.", by=by, at=at
    )
    return ref


def close(by: Person, at: datetime) -> None:
    close_month.close(unit="EUR", on=JUNE, by=by, at=at + AFTER)


@pytest.mark.django_db
def test_an_explanation_is_taken_back_once_its_month_is_open_again(at: datetime) -> None:
    operator = people.operator()
    ref = written_off(at, operator)
    close(operator, at)
    with pytest.raises(close_month.MonthClosed) as refused:
        differences.take_back(difference_ref=ref, by=operator, at=at + AFTER)
    assert "2026-06 (EUR)" in str(refused.value)
    assert queries.open_differences() == []
    close_month.reopen(unit="EUR", on=JUNE, reason="It was found.", by=operator, at=at + AFTER)
    differences.take_back(difference_ref=ref, by=operator, at=at + AFTER)
    (again,) = queries.open_differences()
    assert again.difference_ref == ref


@pytest.mark.django_db
def test_what_no_closed_month_waited_for_is_opened_again(at: datetime) -> None:
    operator = people.operator()
    written_off(at, operator)
    close(operator, at)
    later = payment_factory.line("", Money(5, "EUR"), provider_ref="july")
    kept(date(2026, 7, 2), date(2026, 7, 2), at + AFTER, later)
    (found,) = queries.open_differences()
    differences.explain(
        difference_ref=found.difference_ref,
        explanation=Explanation.WRITTEN_OFF,
        note="Nor this.",
        by=operator,
        at=at + AFTER,
    )
    differences.take_back(difference_ref=found.difference_ref, by=operator, at=at + AFTER)
    assert [each.difference_ref for each in queries.open_differences()] == [found.difference_ref]


@pytest.mark.django_db
def test_days_without_a_bill_are_missing_again_once_their_month_is_open(at: datetime) -> None:
    one, two = people.operator(), people.operator()
    scene(at=at).bought()
    jobs.drain()
    first, later = at.date(), at + timedelta(days=40)
    kept(first + 2 * DAY, later.date() - DAY, later)
    said = without_bill.agree(ref=say(first, first + DAY, one, later).ref, by=two, at=later)
    close_month.close(unit="EUR", on=JUNE, by=one, at=later)
    with pytest.raises(close_month.MonthClosed):
        without_bill.take_back(ref=said.ref, by=one, at=later)
    assert queries.days_without_bill("sandbox", since=first) == {first, first + DAY}
    close_month.reopen(unit="EUR", on=JUNE, reason="It was found.", by=one, at=later)
    without_bill.take_back(ref=said.ref, by=one, at=later)
    assert queries.days_without_bill("sandbox", since=first) == set()


@TRANSACTION
def test_a_month_is_not_closed_over_what_is_opened_meanwhile(at: datetime) -> None:
    operator = people.operator()
    ref = written_off(at, operator)

    def close_it() -> list[str]:
        try:
            close(operator, at)
        except close_month.MonthBlocked as blocked:
            return list(blocked.details["obstacles"])
        return []

    said = second_waits_for(
        lambda: differences.take_back(difference_ref=ref, by=operator, at=at + AFTER), close_it
    )
    assert said == [Obstacle.DIFFERENCES.value]
    assert settlement.newest_closed("EUR") is None


@TRANSACTION
def test_nothing_is_opened_while_its_month_is_being_closed(at: datetime) -> None:
    operator = people.operator()
    ref = written_off(at, operator)

    def take_back() -> str:
        try:
            differences.take_back(difference_ref=ref, by=operator, at=at + AFTER)
        except DomainError as error:
            return error.code
        return "opened"

    assert second_waits_for(lambda: close(operator, at), take_back) == "month_closed"
    assert queries.open_differences() == []


@TRANSACTION
def test_control_without_holding_the_bills_it_is_closed_over_an_open_difference(at: datetime) -> None:
    operator = people.operator()
    ref = written_off(at, operator)
    with unguarded(close_month.close, "payment_services.hold_bills()", "None"):
        with pytest.raises(AssertionError, match="it did not wait"):
            second_waits_for(
                lambda: differences.take_back(difference_ref=ref, by=operator, at=at + AFTER),
                lambda: close(operator, at),
            )
    assert settlement.newest_closed("EUR") is not None, "it was closed beside what was being opened"
