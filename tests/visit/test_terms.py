"""Whether the terms of a voucher allow a use, and why not: one rule for pages, programs and scanners."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.kernel.money import Money
from hutong.visit.vouchers.rules.terms import (
    day_of,
    ends_at,
    ever_usable,
    faults,
    from_json,
    next_usable,
    not_now,
    refusal,
    starts_at,
    to_json,
)
from hutong.visit.vouchers.types import (
    Asked,
    Choice,
    Days,
    Hours,
    RefundPromise,
    Terms,
    TermsReason,
    VoucherKind,
)

ZONE = "Europe/Helsinki"
FAR = datetime(2027, 6, 1, tzinfo=UTC)
LUNCH = Hours(time(11), time(15))
NIGHT = Hours(time(22), time(2))


def terms(**said: Any) -> Terms:
    return Terms(**({"valid_days": 90, "uses": 1} | said))


def wall(text: str) -> datetime:
    """A wall time in Helsinki, in summer."""
    return datetime.fromisoformat(f"{text}+03:00")


def reason(said: Terms, at: datetime, asked: Asked | None = None) -> TermsReason | None:
    found = refusal(said, asked or Asked(), zone=ZONE, until=FAR, at=at)
    return found.reason if found else None


@pytest.mark.parametrize(
    ("at", "why"),
    [
        ("2026-06-01T10:59", TermsReason.HOUR),
        ("2026-06-01T11:00", None),
        ("2026-06-01T14:59", None),
        ("2026-06-01T15:00", TermsReason.HOUR),
        ("2026-06-07T12:00", TermsReason.WEEKDAY),  # a Sunday
        ("2026-06-19T12:00", TermsReason.CLOSED_DAY),  # Midsummer Eve
        ("2026-06-21T12:00", TermsReason.CLOSED_DAY),  # closed is said before the weekday
    ],
)
def test_days_and_hours_of_the_shops_wall(at: str, why: TermsReason | None) -> None:
    said = terms(
        weekdays=frozenset({1, 2, 3, 4, 5, 6}),
        hours=(LUNCH,),
        closed=(Days(date(2026, 6, 19), date(2026, 6, 21)),),
    )
    assert reason(said, wall(at)) is why


@pytest.mark.parametrize(
    ("at", "why"),
    [
        ("2026-06-05T21:59", TermsReason.HOUR),
        ("2026-06-05T22:00", None),
        ("2026-06-06T01:59", None),  # Saturday by the calendar, and still Friday's night
        ("2026-06-06T02:00", TermsReason.WEEKDAY),
        ("2026-06-06T23:00", TermsReason.WEEKDAY),
        ("2026-06-05T01:00", TermsReason.WEEKDAY),  # Thursday's night
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_begins(at: str, why: TermsReason | None) -> None:
    assert reason(terms(weekdays=frozenset({5}), hours=(NIGHT,)), wall(at)) is why


def test_a_refusal_says_from_when_it_holds_again() -> None:
    said = terms(weekdays=frozenset({2}), hours=(LUNCH,), closed=(Days(date(2026, 6, 2), date(2026, 6, 9)),))
    found = not_now(said, zone=ZONE, until=FAR, at=wall("2026-06-01T12:00"))
    assert found is not None
    assert found.next_at == wall("2026-06-16T11:00")
    soon = not_now(said, zone=ZONE, until=wall("2026-06-16T11:00"), at=wall("2026-06-01T12:00"))
    assert soon is not None
    assert soon.next_at is None


def test_an_hour_that_the_clock_skips_begins_where_it_skips_to() -> None:
    """On 28 March 2027 Helsinki's clock goes from 3 to 4."""
    said = terms(hours=(Hours(time(3, 30), time(5)),), first_on=date(2027, 3, 28))
    after = datetime(2027, 3, 27, 22, tzinfo=UTC)
    assert next_usable(said, zone=ZONE, after=after, until=FAR) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


def test_too_many_at_one_visit_and_on_one_day() -> None:
    said = terms(uses=10, kind=VoucherKind.CARD, at_once=2, a_day=3)
    at = wall("2026-06-01T12:00")
    assert reason(said, at, Asked(uses=2)) is None
    assert reason(said, at, Asked(uses=3)) is TermsReason.TOO_MANY
    assert reason(said, at, Asked(uses=1, used_today=2)) is None
    full = refusal(said, Asked(uses=2, used_today=2), zone=ZONE, until=FAR, at=at)
    assert full is not None
    assert (full.reason, full.most, full.next_at) == (TermsReason.DAY_IS_USED, 3, wall("2026-06-02T00:00"))


def test_a_day_of_nights_turns_when_the_night_ends() -> None:
    said = terms(kind=VoucherKind.PASS, a_day=1, hours=(Hours(time(18), time(4)),))
    assert day_of(said, zone=ZONE, at=wall("2026-06-06T03:00")) == (
        wall("2026-06-05T04:00"),
        wall("2026-06-06T04:00"),
    )


def test_choices_are_said_one_for_each_use_and_none_too_often() -> None:
    said = terms(
        uses=2, kind=VoucherKind.CHOICE, choices=(Choice({"en": "Soup"}), Choice({"en": "Salad"}, most=2))
    )
    at = wall("2026-06-01T12:00")
    for chosen, uses, taken, why in (
        ((0, 1), 2, {}, None),
        ((1, 1), 2, {}, None),
        ((), 1, {}, TermsReason.CHOICE_MISSING),
        ((0,), 2, {}, TermsReason.CHOICE_MISSING),
        ((2,), 1, {}, TermsReason.CHOICE_MISSING),
        ((-1,), 1, {}, TermsReason.CHOICE_MISSING),
        ((0, 0), 2, {}, TermsReason.CHOICE_TAKEN),
        ((0,), 1, {0: 1}, TermsReason.CHOICE_TAKEN),
        ((1,), 1, {1: 1}, None),
    ):
        assert reason(said, at, Asked(uses=uses, choices=chosen, taken=taken)) is why, chosen


def test_a_cash_voucher_wants_its_least_bill_for_each() -> None:
    said = terms(uses=2, kind=VoucherKind.CASH, face=Money(2_000, "EUR"), least_bill=Money(5_000, "EUR"))
    at = wall("2026-06-01T12:00")
    assert reason(said, at) is TermsReason.BILL_MISSING
    assert reason(said, at, Asked(bill=Money(9_000, "SEK"))) is TermsReason.BILL_MISSING
    assert reason(said, at, Asked(bill=Money(4_999, "EUR"))) is TermsReason.BILL_SMALL
    assert reason(said, at, Asked(bill=Money(5_000, "EUR"))) is None
    small = refusal(said, Asked(uses=2, bill=Money(9_999, "EUR")), zone=ZONE, until=FAR, at=at)
    assert small is not None
    assert (small.reason, small.least) == (TermsReason.BILL_SMALL, Money(10_000, "EUR"))
    assert reason(terms(kind=VoucherKind.CASH, face=Money(2_000, "EUR")), at) is None


def test_from_the_first_day_to_the_night_of_the_last() -> None:
    sold_at = wall("2026-06-01T12:00")
    assert starts_at(terms(), zone=ZONE, at=sold_at) == sold_at
    assert starts_at(terms(first_on=date(2026, 6, 5)), zone=ZONE, at=sold_at) == wall("2026-06-05T00:00")
    assert ends_at(terms(valid_days=1), zone=ZONE, at=sold_at) == wall("2026-06-03T00:00")
    assert ends_at(terms(last_on=date(2026, 6, 10)), zone=ZONE, at=sold_at) == wall("2026-06-11T00:00")
    assert ends_at(terms(valid_days=1, hours=(NIGHT,)), zone=ZONE, at=sold_at) == wall("2026-06-03T02:00")


def test_validity_ends_at_midnight_of_the_shop_also_when_the_clock_changes() -> None:
    sold_at = datetime.fromisoformat("2026-10-24T12:00:00+03:00")
    assert ends_at(terms(valid_days=1), zone=ZONE, at=sold_at) == datetime.fromisoformat(
        "2026-10-26T00:00:00+02:00"
    )


def test_a_voucher_that_can_never_be_used_is_noticed() -> None:
    at = wall("2026-06-01T12:00")  # a Monday
    assert ever_usable(terms(), zone=ZONE, at=at)
    assert not ever_usable(terms(valid_days=3, weekdays=frozenset({7})), zone=ZONE, at=at)
    assert ever_usable(terms(valid_days=6, weekdays=frozenset({7})), zone=ZONE, at=at)
    assert not ever_usable(terms(last_on=date(2026, 5, 31)), zone=ZONE, at=at)
    everything = (Days(date(2026, 1, 1), date(2027, 1, 1)),)
    assert not ever_usable(terms(closed=everything), zone=ZONE, at=at)
    assert not ever_usable(terms(first_on=date(2027, 1, 1)), zone=ZONE, at=at)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"valid_days": 0}, "valid_days"),
        ({"uses": 101}, "uses"),
        ({"uses": 2}, "uses_of_kind"),
        ({"kind": VoucherKind.PASS, "uses": 2}, "uses_of_kind"),
        ({"kind": VoucherKind.CARD}, "card_of_one"),
        ({"first_on": date(2026, 6, 2), "last_on": date(2026, 6, 1)}, "days"),
        ({"weekdays": frozenset({0})}, "weekdays"),
        ({"hours": (LUNCH,) * 21}, "hours"),
        ({"closed": (Days(date(2026, 6, 2), date(2026, 6, 1)),)}, "closed"),
        ({"people": 0}, "people"),
        ({"at_once": 0}, "at_once"),
        ({"a_day": 0}, "a_day"),
        ({"book_ahead_h": -1}, "book_ahead"),
        ({"kind": VoucherKind.CHOICE}, "choices"),
        ({"choices": (Choice({"en": "Soup"}),)}, "choices"),
        ({"kind": VoucherKind.CHOICE, "choices": (Choice({"en": "Soup"}),) * 41}, "choices_many"),
        ({"kind": VoucherKind.CHOICE, "uses": 2, "choices": (Choice({"en": "Soup"}),)}, "choices_few"),
        ({"kind": VoucherKind.CASH}, "face"),
        ({"face": Money(1, "EUR")}, "face"),
        ({"kind": VoucherKind.CASH, "face": Money(1_000, "SEK")}, "money"),
        ({"least_bill": Money(0, "EUR")}, ""),
    ],
)
def test_contradictions_have_a_code_each(said: dict[str, Any], fault: str) -> None:
    found = faults(terms(**said), unit="EUR")
    assert fault in found if fault else found == []


def test_what_is_said_survives_its_way_through_json() -> None:
    said = terms(
        uses=2,
        kind=VoucherKind.CHOICE,
        first_on=date(2026, 6, 5),
        last_on=date(2026, 8, 31),
        weekdays=frozenset({1, 5}),
        hours=(LUNCH, NIGHT),
        closed=(Days(date(2026, 6, 19), date(2026, 6, 21)),),
        people=2,
        at_once=1,
        a_day=2,
        book_ahead_h=24,
        refund=RefundPromise.UNTIL_EXPIRY,
        choices=(Choice({"en": "Soup"}, 2),),
        least_bill=Money(5_000, "EUR"),
    )
    assert from_json(to_json(said)) == said
    assert to_json(terms()) == {"kind": "single", "valid_days": 90, "uses": 1, "refund": "any_time"}


hours = st.builds(
    Hours,
    st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    st.times().map(lambda one: one.replace(second=0, microsecond=0)),
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda one: one.replace(tzinfo=UTC))


@given(
    weekdays=st.frozensets(st.integers(1, 7)),
    spans=st.lists(hours, max_size=3).map(tuple),
    closed_from=st.dates(date(2026, 1, 1), date(2027, 12, 1)),
    at=moments,
)
def test_the_next_moment_is_allowed_and_none_before_it_is(
    weekdays: frozenset[int], spans: tuple[Hours, ...], closed_from: date, at: datetime
) -> None:
    said = terms(
        weekdays=weekdays, hours=spans, closed=(Days(closed_from, closed_from + timedelta(days=20)),)
    )
    until = at + timedelta(days=60)
    found = next_usable(said, zone=ZONE, after=at, until=until)
    if found is None:
        steps = [at + timedelta(minutes=37 * step) for step in range(60)]
        assert all(not_now(said, zone=ZONE, until=until, at=step) for step in steps)
        return
    assert not_now(said, zone=ZONE, until=until, at=found) is None
    if found > at:
        steps = [at + (found - at) * part / 40 for part in range(40)]
        assert all(not_now(said, zone=ZONE, until=until, at=step) for step in steps)
