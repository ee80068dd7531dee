"""Two who are at the same order at one moment: the second waits, and then sees what the first did."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import pytest

from hutong.kernel.rows import execute, scalar
from hutong.pay.orders import services
from hutong.pay.orders.types import OrderState, SoldUnit, UnitState
from tests.concurrency.waiting import behind
from tests.factories.orders import paid, placed

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_order_is_locked_before_it_is_read(at: datetime) -> None:
    order_ref = placed().order_ref
    facts = behind(
        partial(services.cancel_order, order_ref=order_ref, by="per_a", at=at),
        partial(services.lock_order, order_ref=order_ref),
    )
    assert facts.state is OrderState.CANCELLED


def test_units_are_locked_in_their_order(at: datetime) -> None:
    """Or two that use the same units could each hold what the other waits for; however the server joins them."""
    low, high = (unit.unit_ref for unit in paid(quantity=2))
    # In the table the lower one now comes last.
    execute("UPDATE orders_unit SET state = state WHERE public_id = %s", [low])

    def lock(unit_ref: str) -> object:
        return scalar(
            "SELECT public_id FROM orders_unit WHERE public_id = %s FOR UPDATE SKIP LOCKED", [unit_ref]
        )

    def the_other_is_free() -> None:
        assert lock(high) == high

    def use_both() -> tuple[SoldUnit, ...]:
        for way in ("hashjoin", "mergejoin", "indexscan", "bitmapscan"):
            execute(f"SET LOCAL enable_{way} = off")
        return services.mark_units_used(unit_refs=[high, low], at=at)

    used = behind(partial(lock, low), use_both, meanwhile=the_other_is_free)
    assert [unit.state for unit in used] == [UnitState.USED] * 2
