"""Hours in which something holds: wall time of the shop, over midnight, and when the clock is changed."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from hutong.kernel import clock
from hutong.pay.pricing.rules.prices import is_on_day, is_within
from hutong.pay.pricing.types import Window

FRIDAY_NIGHT = Window(frozenset({4}), time(22), time(2))


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        ("2026-06-05 22:00", True),
        ("2026-06-06 01:59", True),
        ("2026-06-06 02:00", False),
        ("2026-06-05 01:00", False),
        ("2026-06-06 22:00", False),
    ],
    ids=["Friday night", "after midnight", "over", "the night before", "Saturday night"],
)
def test_a_night_belongs_to_its_evening(at: str, holds: bool) -> None:
    assert is_within([FRIDAY_NIGHT], datetime.fromisoformat(at)) is holds


def test_without_hours_it_is_the_whole_day_and_without_days_every_day() -> None:
    tuesday = Window(frozenset({1}))
    assert is_within([tuesday], datetime.fromisoformat("2026-06-02 00:00"))
    assert is_within([tuesday], datetime.fromisoformat("2026-06-02 23:59"))
    assert not is_within([tuesday], datetime.fromisoformat("2026-06-03 00:00"))
    assert is_within([Window()], datetime.fromisoformat("2026-06-07 03:00"))


def test_one_of_several_is_enough() -> None:
    lunch, dinner = Window(opens=time(11), closes=time(14)), Window(opens=time(17), closes=time(21))
    assert is_within([lunch, dinner], datetime.fromisoformat("2026-06-02 18:00"))
    assert not is_within([lunch, dinner], datetime.fromisoformat("2026-06-02 15:00"))


def test_the_day_is_right_and_the_hour_is_not() -> None:
    afternoon = Window(frozenset({1}), time(14), time(17))
    assert is_on_day([afternoon], datetime.fromisoformat("2026-06-02 09:00"))
    assert not is_on_day([afternoon], datetime.fromisoformat("2026-06-03 15:00"))
    # Saturday still has some of Friday's night, Sunday has not.
    assert is_on_day([FRIDAY_NIGHT], datetime.fromisoformat("2026-06-06 12:00"))
    assert not is_on_day([FRIDAY_NIGHT], datetime.fromisoformat("2026-06-07 01:00"))


def test_when_the_clock_is_changed_the_wall_time_counts() -> None:
    """On 25 October 2026 Helsinki has the hour from 3 to 4 twice: 0:30 and 1:30 in UTC are both half past three."""
    early = Window(opens=time(3), closes=time(4))
    moments = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in range(3)]
    assert [is_within([early], clock.local(at, "Europe/Helsinki")) for at in moments] == [True, True, False]
    # On 29 March it has none: half past two is followed by four.
    moments = [datetime(2026, 3, 29, hour, 30, tzinfo=UTC) for hour in range(3)]
    assert [is_within([early], clock.local(at, "Europe/Helsinki")) for at in moments] == [False, False, False]
    assert clock.local(moments[1], "Europe/Helsinki").hour == 4
