"""Points in lots: first in first out, and each back to where it came from."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from hutong.kernel.money import Money
from hutong.kernel.rows import scalar
from hutong.pay.ledger import queries
from hutong.pay.ledger.models import Lot, LotPart
from hutong.pay.ledger.queries import lots as read
from hutong.pay.ledger.services import lots
from hutong.pay.ledger.services.lots import PointsChanged
from hutong.pay.ledger.types import PLATFORM, AccountKind
from tests.factories.points import UNIT, lot, points

pytestmark = [pytest.mark.django_db, pytest.mark.unbalanced("orders and units are names alone here")]

ME = "per_me"
SOON, LATER, NEVER = 10, 30, None


def left(at: datetime) -> list[int]:
    """What is left of one's lots, in the order in which they are spent."""
    return [each.remaining.minor for each in read.live_lots(ME, at)]


def balances() -> tuple[int, int, int, int]:
    """What one has and has set aside, what was spent, what expired."""
    own = [queries.balance(kind, ME, UNIT).minor for kind in (AccountKind.POINTS, AccountKind.POINTS_HELD)]
    all_of = [
        queries.balance(kind, PLATFORM, UNIT).minor
        for kind in (AccountKind.POINTS_SPENT, AccountKind.POINTS_EXPIRED)
    ]
    return own[0], own[1], all_of[0], all_of[1]


def spent(
    minor: int, at: datetime, *, for_ref: str = "ord_a", pieces: list[tuple[str, int]] | None = None
) -> None:
    lots.hold(owner=ME, for_ref=for_ref, points=points(minor), at=at)
    units = pieces or [(f"unt_of_{for_ref}", minor)]
    lots.spend(for_ref=for_ref, pieces=[(ref, points(each)) for ref, each in units], at=at)


@pytest.fixture(autouse=True)
def _add_up() -> object:
    yield
    assert read.lot_problems() == []
    assert queries.problems() == []


def test_what_expires_first_is_used_first(at: datetime) -> None:
    for minor, days in ((100, LATER), (50, NEVER), (30, SOON)):
        lot(ME, minor, days=days, at=at)
    assert left(at) == [30, 100, 50]
    lots.hold(owner=ME, for_ref="ord_a", points=points(140), at=at)
    assert left(at) == [40]
    assert balances() == (40, 140, 0, 0)
    assert list(LotPart.objects.order_by("id").values_list("amount", flat=True)) == [30, 100, 10]


@pytest.mark.parametrize("wanted", [101, 1_000_000])
def test_more_than_there_is_takes_nothing(at: datetime, wanted: int) -> None:
    lot(ME, 100, at=at)
    with pytest.raises(PointsChanged), transaction.atomic():
        lots.hold(owner=ME, for_ref="ord_a", points=points(wanted), at=at)
    assert (left(at), balances()) == ([100], (100, 0, 0, 0))


@pytest.mark.parametrize("wanted", [points(0), points(-1), Money(5, "EUR")])
def test_none_less_or_money_is_a_fault_of_the_caller(at: datetime, wanted: Money) -> None:
    lot(ME, 100, at=at)
    with pytest.raises(ValueError, match="cannot be set aside"):
        lots.hold(owner=ME, for_ref="ord_a", points=wanted, at=at)


def test_nobody_spends_what_somebody_else_has(at: datetime) -> None:
    lot("per_other", 100, at=at)
    with pytest.raises(PointsChanged), transaction.atomic():
        lots.hold(owner=ME, for_ref="ord_a", points=points(1), at=at)
    lots.hold(owner="per_other", for_ref="ord_b", points=points(40), at=at)
    lot(ME, 100, at=at)
    with pytest.raises(PointsChanged), transaction.atomic():  # the order is another person's
        lots.hold(owner=ME, for_ref="ord_b", points=points(40), at=at)
    assert balances()[:2] == (100, 0)


def test_points_whose_time_is_over_are_not_spent_before_a_job_has_come(at: datetime) -> None:
    lot(ME, 100, days=SOON, at=at)
    over = at + timedelta(days=SOON)
    assert read.spendable(ME, UNIT, over - timedelta(seconds=1)) == points(100)
    assert read.spendable(ME, UNIT, over) == points(0)
    with pytest.raises(PointsChanged), transaction.atomic():
        lots.hold(owner=ME, for_ref="ord_a", points=points(1), at=over)


def test_points_of_another_programme_do_not_expire_with_these(at: datetime) -> None:
    lot(ME, 100, days=SOON, at=at)
    ends_at = at + timedelta(days=SOON)
    others = Money(70, "pts_sek")
    assert lots.earn(owner=ME, points=others, source_ref="unt_sek", expires_at=ends_at, at=at)
    assert lots.expire(owner=ME, unit=UNIT, at=ends_at) == points(100)
    assert Lot.objects.get(unit="pts_sek").remaining == 70
    assert lots.expire(owner=ME, unit="pts_sek", at=ends_at) == others


def test_lots_that_are_empty_are_not_written_to(at: datetime) -> None:
    """However many somebody has had: each step looks for those whose time is over."""
    lot(ME, 100, days=SOON, at=at)
    ends_at = at + timedelta(days=SOON)
    lots.expire(owner=ME, unit=UNIT, at=ends_at)
    before = scalar("SELECT ctid::text FROM ledger_lot")
    assert lots.expire(owner=ME, unit=UNIT, at=ends_at) == points(0)
    assert scalar("SELECT ctid::text FROM ledger_lot") == before


def test_every_step_told_again_changes_nothing(at: datetime) -> None:
    source = lot(ME, 100, at=at)
    assert not lots.earn(owner=ME, points=points(100), source_ref=source, expires_at=None, at=at)
    for _time in range(2):
        lots.hold(owner=ME, for_ref="ord_a", points=points(60), at=at)
    with pytest.raises(PointsChanged), transaction.atomic():
        lots.hold(owner=ME, for_ref="ord_a", points=points(50), at=at)
    for _time in range(2):
        lots.spend(for_ref="ord_a", pieces=[("unt_a", points(60))], at=at)
    assert lots.release(for_ref="ord_a", at=at) is None
    assert balances() == (40, 0, 60, 0)
    for expected in (points(60), None):
        given = lots.give_back(for_ref="ord_a", piece_refs=["unt_a"], at=at)
        assert (given and given.points) == expected
    assert balances() == (100, 0, 0, 0)
    assert lots.take_back(source_ref=source, at=at) is not None
    assert lots.take_back(source_ref=source, at=at) is None
    assert balances() == (0, 0, 0, 0)
    assert lots.earn(
        owner=ME, points=points(100), source_ref=source, expires_at=None, at=at
    )  # redeemed again
    assert balances() == (100, 0, 0, 0)


def test_an_order_without_points_has_none_to_move(at: datetime) -> None:
    lots.retake(for_ref="ord_none", at=at)
    assert lots.release(for_ref="ord_none", at=at) is None
    assert lots.spend(for_ref="ord_none", pieces=[], at=at) is None
    assert lots.give_back(for_ref="ord_none", piece_refs=["unt_a"], at=at) is None
    assert lots.take_back(source_ref="unt_none", at=at) is None


@pytest.mark.parametrize(
    "pieces",
    [[], [("unt_a", 59)], [("unt_a", 61)], [("unt_a", 80), ("unt_b", -20)]],
    ids=["none", "fewer", "more", "negative"],
)
def test_units_bear_what_was_set_aside_or_nothing_is_spent(
    at: datetime, pieces: list[tuple[str, int]]
) -> None:
    lot(ME, 100, at=at)
    lots.hold(owner=ME, for_ref="ord_a", points=points(60), at=at)
    with pytest.raises(ValueError), transaction.atomic():  # each says it in its own words
        lots.spend(for_ref="ord_a", pieces=[(ref, points(minor)) for ref, minor in pieces], at=at)
    assert balances() == (40, 60, 0, 0)


def test_units_of_an_order_that_has_set_none_aside_are_a_fault(at: datetime) -> None:
    with pytest.raises(ValueError, match="not paid with"), transaction.atomic():
        lots.spend(for_ref="ord_none", pieces=[("unt_a", points(5))], at=at)


def test_what_is_released_is_in_its_lots_and_may_be_taken_again_from_others(at: datetime) -> None:
    lot(ME, 60, days=SOON, at=at)
    lot(ME, 60, days=LATER, at=at)
    lots.hold(owner=ME, for_ref="ord_a", points=points(60), at=at)
    lots.release(for_ref="ord_a", at=at)
    assert left(at) == [60, 60]
    lots.hold(owner=ME, for_ref="ord_b", points=points(40), at=at)
    for _time in range(2):
        lots.retake(for_ref="ord_a", at=at)
    assert left(at) == [20]
    lots.release(for_ref="ord_a", at=at)
    lots.retake(for_ref="ord_a", at=at)
    lots.spend(for_ref="ord_a", pieces=[("unt_a", points(60))], at=at)
    assert balances() == (20, 40, 60, 0)


def test_late_money_finds_too_few_points_and_takes_none(at: datetime) -> None:
    lot(ME, 60, at=at)
    lots.hold(owner=ME, for_ref="ord_a", points=points(60), at=at)
    lots.release(for_ref="ord_a", at=at)
    lots.hold(owner=ME, for_ref="ord_b", points=points(1), at=at)
    with pytest.raises(PointsChanged), transaction.atomic():
        lots.retake(for_ref="ord_a", at=at)
    with pytest.raises(PointsChanged), transaction.atomic():  # an order that ended does not begin again
        lots.hold(owner=ME, for_ref="ord_a", points=points(60), at=at)
    assert balances() == (59, 1, 0, 0)


def test_each_unit_returns_to_the_very_lots(at: datetime) -> None:
    lot(ME, 30, days=SOON, at=at)
    lot(ME, 100, days=LATER, at=at)
    spent(90, at, pieces=[("unt_a", 45), ("unt_b", 45)])
    assert left(at) == [40]
    lots.give_back(for_ref="ord_a", piece_refs=["unt_b"], at=at)
    assert left(at) == [85]
    lots.give_back(for_ref="ord_a", piece_refs=["unt_a", "unt_b"], at=at)
    assert left(at) == [30, 100]


def test_a_lot_that_is_over_stays_over_when_something_returns_to_it(at: datetime) -> None:
    lot(ME, 30, days=SOON, at=at)
    lot(ME, 100, days=LATER, at=at)
    spent(50, at)
    over = at + timedelta(days=SOON)
    given = lots.give_back(for_ref="ord_a", piece_refs=["unt_of_ord_a"], at=over)
    assert given is not None
    assert (given.points, given.expired) == (points(50), points(30))
    assert left(over) == [100]
    assert balances() == (100, 0, 0, 30)


def test_each_lot_ends_for_itself(at: datetime) -> None:
    for days in (SOON, LATER, NEVER):
        lot(ME, 10, days=days, at=at)
    over = at + timedelta(days=SOON)
    assert read.owners_to_expire(over - timedelta(seconds=1)) == []
    assert read.owners_to_expire(over) == [(ME, UNIT)]
    assert lots.expire(owner=ME, unit=UNIT, at=over) == points(10)
    assert read.owners_to_expire(over) == []
    assert lots.expire(owner=ME, unit=UNIT, at=over) == points(0)
    assert balances() == (20, 0, 0, 10)
    assert lots.expire(owner=ME, unit=UNIT, at=over, ends=True) == points(20)


def test_what_was_earned_is_taken_out_of_its_own_lot_first(at: datetime) -> None:
    lot(ME, 30, days=SOON, at=at)
    source = lot(ME, 100, days=LATER, at=at)
    spent(50, at)  # all of the first, 20 of the second
    lot(ME, 15, days=SOON, at=at)
    taken = lots.take_back(source_ref=source, at=at)
    assert taken is not None
    assert (taken.points, taken.written_off) == (points(95), points(5))
    assert left(at) == []
    assert read.written_off(UNIT) == points(5)


def test_points_spent_before_they_were_taken_back_are_taken_when_they_return(at: datetime) -> None:
    """Or who refunds first the one and then the other would have points for nothing."""
    source = lot(ME, 100, at=at)
    spent(100, at, pieces=[("unt_a", 60), ("unt_b", 40)])
    taken = lots.take_back(source_ref=source, at=at)
    assert taken is not None
    assert (taken.points, taken.written_off) == (points(0), points(100))
    for piece, minor, open_still in (("unt_a", 60, 40), ("unt_b", 40, 0)):
        given = lots.give_back(for_ref="ord_a", piece_refs=[piece], at=at)
        assert given is not None
        assert (given.points, given.taken_back) == (points(minor), points(minor))
        assert read.written_off(UNIT) == points(open_still)
    assert balances() == (0, 0, 0, 0)
    assert queries.balance(AccountKind.POINTS_ISSUED, PLATFORM, UNIT) == points(0)


def test_what_expired_is_not_owed_again(at: datetime) -> None:
    source = lot(ME, 100, days=SOON, at=at)
    spent(30, at)
    lot(ME, 50, days=LATER, at=at)
    over = at + timedelta(days=SOON)
    taken = lots.take_back(source_ref=source, at=over)  # before a job has come
    assert taken is not None
    assert (taken.points, taken.written_off) == (points(30), points(0))
    assert left(over) == [20]


def test_a_lot_that_does_not_add_up_is_found(at: datetime) -> None:
    lot(ME, 100, at=at)
    Lot.objects.update(remaining=99)
    assert len(read.lot_problems()) == 2
    Lot.objects.update(remaining=100)


def test_what_returns_covers_what_was_written_off_whichever_lot_it_returns_to(at: datetime) -> None:
    """Both earnings were refunded and everything they were spent on: nothing may be left."""
    first, second = lot(ME, 100, days=SOON, at=at), lot(ME, 100, days=LATER, at=at)
    spent(50, at)  # of the first
    lots.take_back(source_ref=first, at=at)  # 50 of its own, 50 of the second
    taken = lots.take_back(source_ref=second, at=at)
    assert taken is not None
    assert taken.written_off == points(50)
    given = lots.give_back(for_ref="ord_a", piece_refs=["unt_of_ord_a"], at=at)
    assert given is not None
    assert given.taken_back == points(50)
    assert (left(at), balances(), read.written_off(UNIT)) == ([], (0, 0, 0, 0), points(0))


@pytest.mark.parametrize("many", [1, 3])
def test_statements_do_not_grow_with_the_lots(at: datetime, many: int) -> None:
    for number in range(many):
        lot(ME, 100, days=SOON + number, at=at)
    wanted = points(100 * many)
    with CaptureQueriesContext(connection) as statements:
        lots.hold(owner=ME, for_ref="ord_a", points=wanted, at=at)
        held = len(statements)
        lots.spend(for_ref="ord_a", pieces=[("unt_a", wanted)], at=at)
        spent_in = len(statements) - held
        lots.give_back(for_ref="ord_a", piece_refs=["unt_a"], at=at)
    # The first posting into an account makes it.
    assert (held, spent_in, len(statements) - held - spent_in) == (10, 9, 10)


def test_no_more_is_written_off_than_may_return(at: datetime) -> None:
    """What time took from one lot, while another paid in its place, nobody has any more."""
    first, second = lot(ME, 100, days=SOON, at=at), lot(ME, 100, days=LATER, at=at)
    spent(50, at)  # of the first
    lots.take_back(source_ref=first, at=at)  # 50 of its own, 50 of the second
    over = at + timedelta(days=SOON)
    given = lots.give_back(for_ref="ord_a", piece_refs=["unt_of_ord_a"], at=over)
    assert given is not None
    assert given.expired == points(50)
    taken = lots.take_back(source_ref=second, at=over)
    assert taken is not None
    assert (taken.points, taken.written_off) == (points(50), points(0))
    assert left(over) == []
