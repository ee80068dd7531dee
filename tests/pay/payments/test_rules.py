"""The table of states, whole, and the janitor's plan."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hutong.pay.payments.rules import UNDER_WAY, next_ask_at, next_state, states_before
from hutong.pay.payments.types import PaymentEvent, PaymentState

S, E = PaymentState, PaymentEvent

# Rows: state. Columns: started, called, absent, captured, failed, mismatched, closed. A dot: old news.
TABLE = """
created   pending unknown .       captured failed failed closed
pending   .       unknown .       captured failed failed closed
unknown   pending .       created captured failed failed closed
captured  .       .       .       .        .      .      .
failed    .       .       .       captured .      failed .
closed    .       .       .       captured .      failed .
"""
COLUMNS = [E.STARTED, E.CALLED, E.ABSENT, E.CAPTURED, E.FAILED, E.MISMATCHED, E.CLOSED]
CASES = [
    (S(line.split()[0]), event, None if to == "." else S(to))
    for line in TABLE.strip().splitlines()
    for event, to in zip(COLUMNS, line.split()[1:], strict=True)
]


def test_the_table_is_whole() -> None:
    assert {(state, event) for state, event, _ in CASES} == {(s, e) for s in S for e in E}


@pytest.mark.parametrize(("state", "event", "to"), CASES)
def test_a_payment_moves_by_the_table(
    state: PaymentState, event: PaymentEvent, to: PaymentState | None
) -> None:
    assert next_state(state, event) is to
    assert (state in states_before(event)) is (to is not None)


def test_nothing_moves_captured_money_and_money_moves_everything_else() -> None:
    assert set(states_before(E.CAPTURED)) == set(S) - {S.CAPTURED}
    assert S.CAPTURED not in UNDER_WAY


def test_the_questions_come_after_5_s_15_s_60_s_5_min_1_h_and_then_daily() -> None:
    at = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
    waits = [next_ask_at(asked, at) - at for asked in range(8)]
    day = timedelta(days=1)
    assert [wait.total_seconds() for wait in waits[:5]] == [5, 15, 60, 300, 3600]
    assert waits[5:] == [day, day, day]
