"""Points in any order of steps: lots, accounts and a reckoning of our own say the same, and nothing is made of nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from hutong.kernel.errors import DomainError
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger.models import Lot
from hutong.pay.ledger.queries import lots as read
from hutong.pay.ledger.services import lots
from hutong.pay.ledger.types import PLATFORM, AccountKind
from tests.factories.points import NOON, UNIT, points
from tests.properties.test_money_machine import drive

pytestmark = [pytest.mark.django_db, pytest.mark.unbalanced("orders and units are names alone here")]

ME = "per_me"
_names = count(1)


class PointsOfOne(RuleBasedStateMachine):
    """One person who earns, spends and is refunded while time passes.

    `earned` is what lasts, by source; `out` what open and paid orders have, unit by unit.
    """

    steps = 0
    sources = Bundle("sources")
    orders = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.at: datetime = NOON
        self.earned: dict[str, int] = {}
        self.lost_before = 0
        """What had expired of earnings by the time they were taken back."""
        self.out: dict[str, dict[str, int]] = {}
        self.returned: set[tuple[str, str]] = set()
        self.states: dict[str, str] = {}

    def teardown(self) -> None:
        try:
            for order_ref, state in self.states.items():
                if state == "held":
                    lots.release(for_ref=order_ref, at=self.at)
                lots.give_back(for_ref=order_ref, piece_refs=list(self.out[order_ref]), at=self.at)
            for source in self.earned:
                lots.take_back(source_ref=source, at=self.at)
            assert self.has() == 0, "all went back, and something is there"
            assert read.lot_problems() == []
        finally:
            transaction.savepoint_rollback(self.savepoint)

    def tried(self, step: Any) -> bool:
        """Whether a step was let in; where it was not, nothing may have changed."""
        PointsOfOne.steps += 1
        savepoint = transaction.savepoint()
        try:
            with transaction.atomic():
                step()
        except DomainError:
            transaction.savepoint_rollback(savepoint)
            return False
        return True

    @rule(target=sources, minor=st.integers(1, 120), days=st.sampled_from([2, 10, 40, None]))
    def earn(self, minor: int, days: int | None) -> str:
        source = f"unt_{next(_names)}"
        ends_at = None if days is None else self.at + timedelta(days=days)
        assert lots.earn(owner=ME, points=points(minor), source_ref=source, expires_at=ends_at, at=self.at)
        self.earned[source] = minor
        return source

    @rule(source=sources)
    def take_back(self, source: str) -> None:
        lot = Lot.objects.filter(source_ref=source, revoked_at=None).first()
        taken = lots.take_back(source_ref=source, at=self.at)
        assert (taken is None) == (source not in self.earned)
        if taken and lot:
            minor = self.earned.pop(source)
            owed = minor - Lot.objects.get(pk=lot.pk).expired
            found = taken.points.minor + taken.written_off.minor
            # What other lots lost to time while its own points paid is not to be had any more.
            assert found == owed or (found < owed and self.has() == 0)
            self.lost_before += minor - found

    @rule(target=orders, units=st.lists(st.integers(1, 60), min_size=1, max_size=3))
    def hold(self, units: list[int]) -> str:
        order_ref = f"ord_{next(_names)}"
        can = read.spendable(ME, UNIT, self.at).minor >= sum(units)
        amount = points(sum(units))
        held = self.tried(lambda: lots.hold(owner=ME, for_ref=order_ref, points=amount, at=self.at))
        assert held == can
        self.out[order_ref] = {f"unt_{order_ref}_{number}": minor for number, minor in enumerate(units)}
        self.states[order_ref] = "held" if held else "none"
        return order_ref

    @rule(order_ref=orders)
    def release(self, order_ref: str) -> None:
        given = lots.release(for_ref=order_ref, at=self.at)
        assert (given is not None) == (self.states[order_ref] == "held")
        if given:
            self.states[order_ref] = "released"

    @rule(order_ref=orders)
    def retake(self, order_ref: str) -> None:
        wanted = sum(self.out[order_ref].values())
        can = read.spendable(ME, UNIT, self.at).minor >= wanted
        done = self.tried(lambda: lots.retake(for_ref=order_ref, at=self.at))
        if self.states[order_ref] == "released":
            assert done == can
            self.states[order_ref] = "held" if done else "released"

    @rule(order_ref=orders)
    def spend(self, order_ref: str) -> None:
        if self.states[order_ref] != "none":
            pieces = [(ref, points(minor)) for ref, minor in self.out[order_ref].items()]
            spent = lots.spend(for_ref=order_ref, pieces=pieces, at=self.at)
            assert (spent is not None) == (self.states[order_ref] == "held")
            self.states[order_ref] = "spent" if spent else self.states[order_ref]

    @rule(order_ref=orders, number=st.integers(0, 2))
    def give_back(self, order_ref: str, number: int) -> None:
        piece = f"unt_{order_ref}_{number}"
        given = lots.give_back(for_ref=order_ref, piece_refs=[piece], at=self.at)
        minor = self.out[order_ref].get(piece, 0)
        due = minor and self.states[order_ref] == "spent" and (order_ref, piece) not in self.returned
        assert (given.points.minor if given else 0) == (minor if due else 0)
        if due:
            self.returned.add((order_ref, piece))

    @rule(days=st.sampled_from([1, 5, 30]), job=st.booleans())
    def wait(self, days: int, job: bool) -> None:
        self.at += timedelta(days=days)
        if job:
            for owner, unit in read.owners_to_expire(self.at):
                lots.expire(owner=owner, unit=unit, at=self.at)

    def has(self) -> int:
        return ledger.balance(AccountKind.POINTS, ME, UNIT).minor

    @invariant()
    def lots_and_accounts_agree(self) -> None:
        assert read.lot_problems() == []
        assert ledger.problems() == []

    @invariant()
    def the_reckoning_agrees(self) -> None:
        held = sum(sum(self.out[ref].values()) for ref, state in self.states.items() if state == "held")
        gone = sum(
            minor
            for ref, state in self.states.items()
            if state == "spent"
            for piece, minor in self.out[ref].items()
            if (ref, piece) not in self.returned
        )
        assert ledger.balance(AccountKind.POINTS_HELD, ME, UNIT).minor == held
        assert ledger.balance(AccountKind.POINTS_SPENT, PLATFORM, UNIT).minor == gone
        expired = ledger.balance(AccountKind.POINTS_EXPIRED, PLATFORM, UNIT).minor
        written_off = read.written_off(UNIT).minor
        assert 0 <= written_off <= held + gone
        lasting = sum(self.earned.values()) + self.lost_before - expired
        assert self.has() + held + gone - written_off == lasting


def run(examples: int, steps: int, *, round_number: int) -> int:
    PointsOfOne.steps = 0
    drive(PointsOfOne, examples, steps, round_number=round_number)
    return PointsOfOne.steps


def test_points_add_up_after_any_steps() -> None:
    assert run(12, 25, round_number=0) > 0


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_points_add_up_after_many_steps(part: int) -> None:
    assert run(100, 50, round_number=1 + part) > 0
