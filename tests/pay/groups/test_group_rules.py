"""Which terms of groups make sense, when a group ends, and as what."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from hutong.kernel.money import Money
from hutong.pay.groups.rules import PLACE_MOVES, deadline, ends_as, faults, from_json, to_json
from hutong.pay.groups.types import GroupState, PlaceState, PriceStep, Terms

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)
PRICE = Money(1990, "EUR")


def terms(*steps: tuple[int, int], hours: int = 24, fill: int = 0, unit: str = "EUR") -> Terms:
    return Terms(
        steps=tuple(PriceStep(size, Money(minor, unit)) for size, minor in steps), hours=hours, fill=fill
    )


@pytest.mark.parametrize(
    "sound",
    [
        Terms(),
        terms((2, 1989)),
        terms((2, 1590), (5, 1290), fill=1),
        terms((50, 1), hours=168),
        Terms(minimum=2, last_on=date(2026, 6, 1)),
    ],
)
def test_what_makes_sense(sound: Terms) -> None:
    assert faults(sound, price=PRICE, today=date(2026, 6, 1)) == []
    assert from_json(to_json(sound), unit="EUR") == sound


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (terms((2, 1990)), "group_price_not_below"),
        (terms((2, 2500), (3, 1000)), "group_price_not_below"),
        (terms((2, 0)), "group_price"),
        (terms((2, 1000), unit="SEK"), "group_price"),
        (terms((1, 1000)), "group_size"),
        (terms((51, 1000)), "group_size"),
        (terms(*((size, 1000 - size) for size in range(2, 7))), "group_size"),
        (terms((2, 1000), (2, 900)), "group_steps"),
        (terms((5, 900), (2, 1000)), "group_steps"),
        (terms((2, 1000), (5, 1000)), "group_steps"),
        (terms((2, 1000), hours=0), "group_hours"),
        (terms((2, 1000), hours=169), "group_hours"),
        (terms((2, 1000), fill=2), "group_fill"),
        (terms((2, 1000), fill=-1), "group_fill"),
        (Terms(minimum=1, last_on=date(2026, 6, 2)), "campaign_minimum"),
        (Terms(minimum=100), "campaign_past"),
        (Terms(minimum=100, last_on=date(2026, 5, 31)), "campaign_past"),
        (
            Terms(steps=(PriceStep(2, Money(1, "EUR")),), minimum=2, last_on=date(2026, 6, 2)),
            "group_or_campaign",
        ),
    ],
)
def test_what_makes_none(wrong: Terms, code: str) -> None:
    assert code in faults(wrong, price=PRICE, today=date(2026, 6, 1))


def test_a_group_ends_with_its_hours_and_never_after_the_sale() -> None:
    group = terms((2, 1000), hours=24)
    assert deadline(group, zone="Europe/Helsinki", opened_at=NOON, sale_ends_at=None) == NOON + timedelta(
        days=1
    )
    soon = NOON + timedelta(hours=2)
    assert deadline(group, zone="Europe/Helsinki", opened_at=NOON, sale_ends_at=soon) == soon


@pytest.mark.parametrize(
    ("last_on", "end"),
    [
        (date(2026, 6, 3), datetime(2026, 6, 3, 21, tzinfo=UTC)),
        # The clock goes back on this day, which has 25 hours.
        (date(2026, 10, 25), datetime(2026, 10, 25, 22, tzinfo=UTC)),
    ],
)
def test_a_campaign_ends_with_the_day_of_its_shop(last_on: date, end: datetime) -> None:
    campaign = Terms(minimum=10, last_on=last_on)
    assert deadline(campaign, zone="Europe/Helsinki", opened_at=NOON, sale_ends_at=None) == end


@pytest.mark.parametrize(
    ("paid", "fill", "state", "filled"),
    [
        (5, 0, GroupState.FULL, 0),
        (6, 2, GroupState.FULL, 0),
        (4, 0, GroupState.FAILED, 0),
        (4, 1, GroupState.FULL, 1),
        (3, 1, GroupState.FAILED, 0),
        (3, 2, GroupState.FULL, 2),
        (0, 4, GroupState.FAILED, 0),
    ],
)
def test_what_becomes_of_five_at_the_deadline(paid: int, fill: int, state: GroupState, filled: int) -> None:
    assert ends_as(paid=paid, size=5, fill=fill) == (state, filled)


def test_what_is_over_stays_so() -> None:
    over = [state for state, moves in PLACE_MOVES.items() if not moves]
    assert over == [PlaceState.KEPT, PlaceState.LEFT, PlaceState.REFUNDED]
    assert set(PLACE_MOVES) == set(PlaceState)
