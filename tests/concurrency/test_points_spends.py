"""Many spends of one person's points at one moment: exactly what is there is granted, and never more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from itertools import count

import pytest
from django.db import transaction

from hutong.kernel.errors import Conflict
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger import services as ledger_services
from hutong.pay.ledger.queries import lots as read
from hutong.pay.ledger.rules import first_in_first_out
from hutong.pay.ledger.services import lots
from hutong.pay.ledger.types import AccountKind
from tests.concurrency.race import WAIT_S, all_at_once, constraint_dropped
from tests.concurrency.waiting import behind
from tests.factories.points import UNIT, lot, points
from tests.faults.figures import Measured

# Orders and units are names alone here; what they have to do with their points is tested with the flows.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.unbalanced]

ME = "per_me"
RUNNERS = 16
SPENDS = 2000
BALANCE = 1000
LEDGER_GUARD = " AND b.minor + delta.minor >= b.floor"
LOT_GUARD = " AND l.remaining >= d.minor"
_orders = count()


def spend(at: datetime) -> bool:
    """Set a point aside for an order of its own; whether it was granted."""
    try:
        with transaction.atomic():
            lots.hold(owner=ME, for_ref=f"ord_{next(_orders)}", points=points(1), at=at)
    except Conflict:
        return False
    return True


def spent_by(runners: int, each: int, at: datetime) -> int:
    """How many spends were granted, of so many runners that spend so often each."""
    return sum(all_at_once(runners, lambda _number: sum(spend(at) for _turn in range(each))))


def balance(kind: AccountKind) -> int:
    return ledger.balance(kind, ME, UNIT).minor


@pytest.mark.figure
def test_2000_spends_of_1000_points(at: datetime, measured: Measured) -> None:
    for minor, days in ((600, 10), (300, 20), (100, None)):
        lot(ME, minor, days=days, at=at)
    assert spent_by(RUNNERS, SPENDS // RUNNERS, at) == BALANCE
    assert (balance(AccountKind.POINTS), balance(AccountKind.POINTS_HELD)) == (0, BALANCE)
    assert read.live_lots(ME, at) == []
    assert read.lot_problems() == []
    assert ledger.problems() == []
    measured(
        3,
        "spends of one person's points",
        f"{SPENDS:,} by {RUNNERS} at once, {BALANCE:,} of {BALANCE:,} granted",
    )


def unlocked(monkeypatch: pytest.MonkeyPatch, runners: int) -> None:
    """Nobody waits for who spends before, and all have read what is left before anybody takes any of it."""
    assert " FOR UPDATE OF b" in lots._LOCK
    monkeypatch.setattr(lots, "_LOCK", lots._LOCK.replace(" FOR UPDATE OF b", ""))
    read_all = threading.Barrier(runners, timeout=WAIT_S)

    def chosen_together(pots: Sequence[tuple[int, int]], wanted: int) -> list[tuple[int, int]] | None:
        read_all.wait()
        return first_in_first_out(pots, wanted)

    monkeypatch.setattr(lots, "first_in_first_out", chosen_together)


def test_control_without_the_lock_points_that_are_there_are_refused(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both choose the first lot, which has enough for one of them; its guard refuses the other."""
    for _lot in range(2):
        lot(ME, 1, at=at)
    unlocked(monkeypatch, 2)
    assert spent_by(2, 1, at) == 1
    assert read.lot_problems() == []


def test_control_without_lock_and_guards_more_is_spent_than_is_there(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    lot(ME, 1, at=at)
    unlocked(monkeypatch, RUNNERS)
    assert LOT_GUARD in lots._TAKE
    monkeypatch.setattr(lots, "_TAKE", lots._TAKE.replace(LOT_GUARD, ""))
    assert LEDGER_GUARD in ledger_services._MOVE_BALANCES
    monkeypatch.setattr(
        ledger_services, "_MOVE_BALANCES", ledger_services._MOVE_BALANCES.replace(LEDGER_GUARD, "")
    )
    with (
        constraint_dropped("ledger_lot", "ledger_lot_not_negative"),
        constraint_dropped("ledger_balance", "ledger_balance_floor"),
    ):
        assert spent_by(RUNNERS, 1, at) == RUNNERS
        assert balance(AccountKind.POINTS) == 1 - RUNNERS
        assert f"ledger: points of {ME} in {UNIT} is at {1 - RUNNERS}, below its floor 0" in ledger.problems()


def test_who_spends_second_what_is_there_once_is_told_that_it_is_gone(at: datetime) -> None:
    """By the lock, or else by what the lot has left then; the lot's constraint would be an error of the site."""
    lot(ME, 100, at=at)
    first, second = (
        partial(lots.hold, owner=ME, for_ref=ref, points=points(60), at=at) for ref in ("ord_a", "ord_b")
    )
    gone = behind(first, second, expected=(lots.PointsChanged,))
    assert isinstance(gone, lots.PointsChanged)
    assert balance(AccountKind.POINTS) == 40


def test_points_return_once_however_many_refund_them(at: datetime) -> None:
    lot(ME, 100, at=at)
    lots.hold(owner=ME, for_ref="ord_a", points=points(100), at=at)
    lots.spend(for_ref="ord_a", pieces=[("unt_a", points(100))], at=at)
    give = partial(lots.give_back, for_ref="ord_a", piece_refs=["unt_a"], at=at)
    answers = all_at_once(8, lambda _number: give())
    assert sum(answer is not None for answer in answers) == 1
    assert balance(AccountKind.POINTS) == 100
    assert read.lot_problems() == []


def test_one_source_earns_once_however_many_tell_of_it(at: datetime) -> None:
    earn = partial(lots.earn, owner=ME, points=points(50), source_ref="unt_a", expires_at=None, at=at)
    assert sum(all_at_once(8, lambda _number: earn())) == 1
    assert balance(AccountKind.POINTS) == 50
    assert read.lot_problems() == []


def release_or_spend() -> dict[str, Callable[[datetime], object]]:
    return {
        "released": lambda at: lots.release(for_ref="ord_a", at=at),
        "spent": lambda at: lots.spend(for_ref="ord_a", pieces=[("unt_a", points(60))], at=at),
    }


@pytest.mark.parametrize(("first", "second"), [("released", "spent"), ("spent", "released")])
def test_what_was_set_aside_is_spent_or_released_never_both(at: datetime, first: str, second: str) -> None:
    lot(ME, 100, at=at)
    lots.hold(owner=ME, for_ref="ord_a", points=points(60), at=at)
    does = release_or_spend()
    assert behind(partial(does[first], at), partial(does[second], at)) is None
    assert balance(AccountKind.POINTS) == (100 if first == "released" else 40)
    assert read.lot_problems() == []


def test_who_takes_back_sees_what_was_spent_before(at: datetime) -> None:
    source = lot(ME, 100, at=at)
    taken = behind(
        partial(lots.hold, owner=ME, for_ref="ord_a", points=points(70), at=at),
        partial(lots.take_back, source_ref=source, at=at),
    )
    assert taken is not None
    assert (taken.points, taken.written_off) == (points(30), points(70))
    assert read.lot_problems() == []
