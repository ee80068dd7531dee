"""A unit that is used in the shop and refunded from the phone at one moment: one of the two, never both."""

from __future__ import annotations

import threading
from datetime import datetime

import pytest

from hutong.pay.orders import queries, services
from hutong.pay.orders.models import Unit
from tests.concurrency.race import WAIT_S, all_at_once
from tests.factories.orders import paid

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 20


def test_a_unit_is_used_or_refunded(at: datetime) -> None:
    units = paid(quantity=ROUNDS)

    def race(number: int) -> str:
        unit = units[number // 2]
        try:
            if number % 2:
                services.mark_units_used(unit_refs=[unit.unit_ref], at=at)
                return f"{unit.unit_ref} used"
            services.mark_units_refunded(
                order_ref=unit.order_ref, unit_refs=[unit.unit_ref], by="per_1", at=at
            )
        except services.UnitsNotSold:
            return ""
        return f"{unit.unit_ref} refunded"

    done = [outcome for outcome in all_at_once(2 * ROUNDS, race) if outcome]

    assert len(done) == ROUNDS
    assert sorted(done) == sorted(f"{unit.public_id} {unit.state}" for unit in Unit.objects.all())
    assert queries.problems() == []


def test_control_reading_before_writing_does_both(at: datetime) -> None:
    (unit,) = paid()
    read = threading.Barrier(2, timeout=WAIT_S)

    def naive(number: int) -> bool:
        row = Unit.objects.get(public_id=unit.unit_ref)
        read.wait()
        if row.state != "sold":
            return False
        row.state, row.used_at, row.refunded_at = ("used", at, None) if number else ("refunded", None, at)
        row.save(update_fields=["state", "used_at", "refunded_at"])
        return True

    assert all_at_once(2, naive) == [True, True]
