"""Opening hours and transitions, without a database."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hutong.town.merchants.rules import (
    MERCHANT_TRANSITIONS,
    RIGHTS,
    event_of,
    holds,
    next_merchant_state,
    open_state,
    role_redeems,
    week_hours,
)
from hutong.town.merchants.rules import hours as hours_rules
from hutong.town.merchants.types import MerchantEvent, MerchantState, Right, Role, StaffRole

HELSINKI = "Europe/Helsinki"


def wall(year: int, month: int, day: int, hour: int, minute: int = 0, *, fold: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, fold=fold, tzinfo=ZoneInfo(HELSINKI))


def state_at(hours: str, at: datetime) -> tuple[bool | None, datetime | None, datetime | None]:
    state = open_state(hours, zone=HELSINKI, at=at.astimezone(UTC))
    in_utc = [moment.astimezone(UTC) if moment else None for moment in (state.until, state.next_open)]
    return state.open, in_utc[0], in_utc[1]


def test_open_until_the_end_of_the_span() -> None:
    assert state_at("Mo-Fr 10:00-18:00", wall(2026, 6, 1, 12)) == (True, wall(2026, 6, 1, 18), None)


def test_what_is_known_of_hours_is_what_reading_them_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forwards, backwards, at the edges and over a change of the clock; sunsets are told anew for each place."""
    chance = random.Random(4)
    every = (
        "Mo-Fr 10:00-18:00",
        "Fr-Sa 18:00-03:00",
        "24/7",
        "",
        "nobody knows",
        "Mo-Su 08:00-sunset",
        "Oct 02:00-04:00",
    )
    first = wall(2026, 10, 24, 20).astimezone(UTC)
    asked = [
        (chance.choice(every), first + timedelta(minutes=chance.randrange(0, 2_000, 5))) for _ in range(400)
    ]
    known = [state_at(*one) for one in asked]
    monkeypatch.setattr(hours_rules, "_STATES_KEPT", 0)
    monkeypatch.setattr(hours_rules, "_STATE_KEPT", timedelta())
    assert known == [state_at(*one) for one in asked]
    north, south = (
        open_state("sunrise-sunset", zone=HELSINKI, at=wall(2026, 6, 1, 12), lon=25.0, lat=lat)
        for lat in (65.0, 60.0)
    )
    assert north.until != south.until
    independence = wall(2026, 12, 6, 12)
    at_home, abroad = (
        open_state("08:00-20:00; PH off", zone=HELSINKI, at=independence, lon=lon, lat=lat).open
        for lon, lat in ((24.94, 60.17), (18.07, 59.33))
    )
    assert (at_home, abroad) == (False, True)


def test_the_edges_are_half_open() -> None:
    assert state_at("Mo-Fr 10:00-18:00", wall(2026, 6, 1, 10))[0] is True
    assert state_at("Mo-Fr 10:00-18:00", wall(2026, 6, 1, 18))[0] is False


def test_closed_tells_the_next_opening() -> None:
    friday_evening = wall(2026, 6, 5, 19)
    monday = wall(2026, 6, 8, 10)
    assert state_at("Mo-Fr 10:00-18:00", friday_evening) == (False, monday, monday)


def test_over_midnight_belongs_to_the_evening_before() -> None:
    hours = "Fr 22:00-04:00"
    assert state_at(hours, wall(2026, 6, 6, 1)) == (True, wall(2026, 6, 6, 4), None)
    assert state_at(hours, wall(2026, 6, 5, 1))[0] is False


@pytest.mark.parametrize(
    ("hours", "closing"),
    [
        ("Mo-Th 11:00-23:00; Fr-Sa 11:00-03:00; Su 12:00-21:00", 3),
        ("Su-Th 11:00-23:00;Fr,Sa 11:00-03:00; PH off", 3),
        ("Mo-Su 18:00-04:00; PH off", 4),
        # Here Sunday is said twice, so its second rule replaces the day, as the syntax has it.
        ("Mo-Su 18:00-04:00; Su 18:00-23:00", 0),
    ],
)
def test_another_weekday_s_rule_does_not_cut_the_night_off(hours: str, closing: int) -> None:
    assert state_at(hours, wall(2026, 6, 6, 23)) == (True, wall(2026, 6, 7, closing), None)


def test_a_later_rule_still_replaces_the_days_it_names() -> None:
    assert state_at("Mo-Su 10:00-18:00; Mo 12:00-14:00", wall(2026, 6, 1, 11))[0] is False
    assert state_at("Mo-Fr 10:00-18:00; Mo off", wall(2026, 6, 1, 11))[0] is False


def test_spring_leaves_an_hour_out() -> None:
    # On 29 March 2026 the clock goes from 03:00 to 04:00.
    night = wall(2026, 3, 28, 23)
    assert state_at("Sa 22:00-05:00", night)[1] == datetime(2026, 3, 29, 2, tzinfo=UTC)
    assert state_at("Sa 22:00-03:30", night)[1] == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert state_at("Su 03:30-08:00", night) == (False, *[datetime(2026, 3, 29, 1, tzinfo=UTC)] * 2)


def test_autumn_repeats_an_hour_and_the_store_stays_open_through_it() -> None:
    # On 25 October 2026 the clock goes from 04:00 back to 03:00; 03:30 comes twice, and the second counts.
    closing = wall(2026, 10, 25, 3, 30, fold=1)
    for minute, fold in ((10, 0), (40, 0), (20, 1)):
        state = state_at("Sa 22:00-03:30", wall(2026, 10, 25, 3, minute, fold=fold))
        assert state[:2] == (True, closing.astimezone(UTC)), (minute, fold)
    assert state_at("Sa 22:00-03:30", wall(2026, 10, 25, 3, 40, fold=1))[0] is False


def test_the_same_moment_in_another_zone_is_the_same() -> None:
    in_shanghai = wall(2026, 6, 1, 12).astimezone(ZoneInfo("Asia/Shanghai"))
    assert open_state("Mo 10:00-18:00", zone=HELSINKI, at=in_shanghai).open is True


@pytest.mark.parametrize(
    "hours",
    ["", "by appointment", "Mon - Fri 11am - 11pm", "Seasonal, only summer time", "\u0000", "Mo" * 200],
)
def test_hours_that_nobody_can_read_are_unknown_not_closed(hours: str) -> None:
    assert state_at(hours, wall(2026, 6, 1, 12)) == (None, None, None)
    assert week_hours(hours, zone=HELSINKI, first_on=date(2026, 6, 1)) is None


def test_hours_said_to_be_unknown_are_unknown() -> None:
    assert state_at("Mo-Fr 10:00-18:00 unknown", wall(2026, 6, 1, 12)) == (None, wall(2026, 6, 1, 18), None)


def test_always_and_never_have_no_end() -> None:
    assert state_at("24/7", wall(2026, 6, 1, 12)) == (True, None, None)
    assert state_at("off", wall(2026, 6, 1, 12)) == (False, None, None)
    assert state_at("2020 Mo-Su 10:00-18:00", wall(2026, 6, 1, 12)) == (False, None, None)


def test_public_holidays_are_those_of_the_country_at_the_position() -> None:
    hours, christmas = "Mo-Su 10:00-18:00; PH off", wall(2026, 12, 25, 12)
    assert open_state(hours, zone=HELSINKI, at=christmas, lon=24.94, lat=60.17).open is False
    assert open_state(hours, zone=HELSINKI, at=christmas).open is True


def test_a_week_tells_each_span_on_the_day_it_begins() -> None:
    week = week_hours(
        "Mo-Th 11:00-14:00,16:00-23:00; Fr-Su 18:00-02:00", zone=HELSINKI, first_on=date(2026, 6, 1)
    )
    assert week is not None
    told = [[f"{start:%H:%M}-{end:%H:%M}" for start, end in day.spans] for day in week]
    assert told == [["11:00-14:00", "16:00-23:00"]] * 4 + [["18:00-02:00"]] * 3
    assert [day.on.day for day in week] == [1, 2, 3, 4, 5, 6, 7]


def test_a_week_that_never_closes_is_told_day_by_day() -> None:
    week = week_hours("24/7", zone=HELSINKI, first_on=date(2026, 6, 1))
    assert week is not None
    assert [len(day.spans) for day in week] == [1] * 7
    assert week[0].spans == ((datetime(2026, 6, 1), datetime(2026, 6, 2)),)


def test_moves_that_are_not_in_the_table_do_not_exist() -> None:
    for state in MerchantState:
        for event in MerchantEvent:
            assert next_merchant_state(state, event) == MERCHANT_TRANSITIONS.get((state, event))
    assert next_merchant_state(MerchantState.SUSPENDED, MerchantEvent.REJECT) is None


def test_every_yes_and_no_of_an_operator_is_a_move_of_the_table() -> None:
    meant = {(state, event_of(state, approve=yes)) for state in MerchantState for yes in (True, False)}
    assert {move for move in meant if move[1] is not None} == set(MERCHANT_TRANSITIONS)


@pytest.mark.parametrize(
    ("store_ref", "state", "covers"),
    [
        (None, MerchantState.APPROVED, True),
        ("sto_here", MerchantState.APPROVED, True),
        ("sto_other", MerchantState.APPROVED, False),
        (None, MerchantState.APPLIED, False),
        (None, MerchantState.SUSPENDED, False),
    ],
)
def test_a_cashier_redeems_in_own_stores_while_the_merchant_is_approved(
    store_ref: str | None, state: MerchantState, covers: bool
) -> None:
    role = StaffRole("mer_a", {"name": "A"}, state, store_ref, Role.CASHIER)
    assert role_redeems(role, merchant_ref="mer_a", store_ref="sto_here") is covers
    assert role_redeems(role, merchant_ref="mer_b", store_ref="sto_here") is False


def test_rights_follow_the_table() -> None:
    for held in Role:
        role = StaffRole("mer_a", {"name": "A"}, MerchantState.APPROVED, None, held)
        given = {right for right in Right if holds(role, right, merchant_ref="mer_a", store_ref="sto_x")}
        assert given == RIGHTS[held]
    assert RIGHTS[Role.OWNER] == set(Right)
    assert RIGHTS[Role.COURIER] == set()
    assert Right.MANAGE_MERCHANT not in RIGHTS[Role.MANAGER]
    assert Right.REDEEM not in RIGHTS[Role.ACCOUNTANT]


def test_a_role_in_one_store_gives_no_right_over_the_whole_merchant() -> None:
    role = StaffRole("mer_a", {"name": "A"}, MerchantState.APPROVED, "sto_here", Role.MANAGER)
    assert holds(role, Right.EDIT_STORE, merchant_ref="mer_a", store_ref="sto_here")
    assert not holds(role, Right.EDIT_STORE, merchant_ref="mer_a", store_ref="sto_other")
    assert not holds(role, Right.EDIT_STORE, merchant_ref="mer_a", store_ref=None)
