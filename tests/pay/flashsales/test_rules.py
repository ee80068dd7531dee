"""The decisions of flash sales: windows, waits, how often to ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hutong.pay.flashsales import rules
from hutong.pay.flashsales.types import Phase, SaleView, Standing, TicketState, TicketView

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def sale(places: int | None = 10) -> SaleView:
    return SaleView("fls_1", "off_1", NOON, NOON + HOUR, NOON - rules.GATHER, places, 5)


def waiting(ahead: int) -> TicketView:
    return TicketView("tkt_1", ahead + 1, TicketState.WAITING, ahead, False, ahead, NOON, None, "")


@pytest.mark.parametrize(
    ("places", "at", "phase"),
    [
        (10, NOON - rules.GATHER - SECOND, Phase.ANNOUNCED),
        (10, NOON - rules.GATHER, Phase.GATHERING),
        (None, NOON - SECOND, Phase.ANNOUNCED),
        (10, NOON, Phase.OPEN),
        (10, NOON + HOUR - SECOND, Phase.OPEN),
        (10, NOON + HOUR, Phase.OVER),
    ],
)
def test_the_window_is_half_open_and_people_gather_before_it(
    places: int | None, at: datetime, phase: Phase
) -> None:
    assert sale(places).phase(at) is phase


@pytest.mark.parametrize(
    ("starts", "ends", "found"),
    [
        (HOUR, 2 * HOUR, []),
        (-HOUR, HOUR, []),
        (HOUR, HOUR, ["empty_window"]),
        (2 * HOUR, HOUR, ["empty_window"]),
        (timedelta(0), rules.LONGEST, []),
        (timedelta(0), rules.LONGEST + SECOND, ["long_window"]),
        (-2 * HOUR, -HOUR, ["past_window"]),
        (-2 * HOUR, timedelta(0), ["past_window"]),
    ],
)
def test_what_a_window_may_be(starts: timedelta, ends: timedelta, found: list[str]) -> None:
    assert rules.faults(starts_at=NOON + starts, ends_at=NOON + ends, at=NOON) == found


def test_a_wait_is_told_by_the_measured_rate_without_the_filling_at_the_start() -> None:
    filling = [NOON] * 10
    later = [NOON + number * 10 * SECOND for number in range(1, 7)]
    assert rules.estimate(0, filling, NOON + MINUTE) is None
    assert rules.estimate(0, filling + later[:2], NOON + MINUTE) is None
    # six in a minute: one every ten seconds
    assert rules.estimate(0, filling + later, NOON + MINUTE) == 10 * SECOND
    assert rules.estimate(11, filling + later, NOON + MINUTE) == 120 * SECOND
    # nobody was admitted since: the rate falls by itself
    assert rules.estimate(0, filling + later, NOON + 2 * MINUTE) == 20 * SECOND
    assert rules.estimate(0, [], NOON) is None


@pytest.mark.parametrize(
    ("ahead", "at", "seconds"),
    [
        (0, NOON - HOUR, 30),
        (0, NOON - 10 * SECOND, 11),
        (0, NOON - SECOND / 2, 2),
        (0, NOON, 2),
        (19, NOON, 2),
        (20, NOON, 5),
        (rules.COUNTED, NOON, 10),
    ],
)
def test_who_is_next_asks_soon_and_who_is_far_away_seldom(ahead: int, at: datetime, seconds: int) -> None:
    standing = Standing(sale(), waiting(ahead), 0, ())
    assert rules.ask_again_s(standing, at) == seconds
    assert rules.wait(standing, at).estimate is None


def test_a_ticket_is_over_when_its_time_is_or_it_was_given_up() -> None:
    until = NOON + MINUTE
    for state, over_before, over_after in (
        (TicketState.WAITING, False, False),
        (TicketState.ADMITTED, False, True),
        (TicketState.ORDERING, False, True),
        (TicketState.DONE, False, False),
        (TicketState.LAPSED, True, True),
        (TicketState.LEFT, True, True),
    ):
        ticket = TicketView("tkt_1", 1, state, None, False, 0, NOON, until, "")
        assert (ticket.is_over(until - SECOND), ticket.is_over(until)) == (over_before, over_after), state
        assert ticket.may_order(until - SECOND) == (state is TicketState.ADMITTED)
        assert not ticket.may_order(until)
