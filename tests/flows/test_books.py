"""Checking the books: from a checkpoint the orders that money moved for, and never the square of what there is."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection

from hutong.flows import books, refund
from hutong.flows.moved_since import orders_moved_since
from hutong.kernel.rows import execute, rows, scalar
from hutong.pay.ledger import queries as ledger
from hutong.pay.payments.types import RefundReport, ReportStatus
from tests.factories.loop import Scene, scene


def statements_of_a_check(at: datetime) -> list[tuple[str, Any]]:
    """What a check sends, with its parameters."""
    sent = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        sent.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        assert books.check(at=at, ask_providers=False).problems == ()
    return sent


@pytest.mark.django_db
def test_what_was_given_up_is_not_read_again_for_each_unit(at: datetime) -> None:
    reading = [
        each
        for each in statements_of_a_check(at)
        if "payments_refund" in each[0] and "orders_unit" in each[0]
    ]
    assert reading
    for sql, params in reading:
        plan = "\n".join(next(iter(line.values())) for line in rows(f"EXPLAIN {sql}", params))
        assert "SubPlan" not in plan, plan
        assert "Anti Join" in plan, plan


@pytest.mark.django_db(transaction=True)
def test_a_large_site_is_not_cut_off_by_the_limit_of_a_page(at: datetime) -> None:
    before, limits = scalar("SHOW statement_timeout"), set()

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if "orders_line" in sql:
            limits.add(scalar("SHOW statement_timeout"))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        books.check(at=at, ask_providers=False)
    assert (before, limits, scalar("SHOW statement_timeout")) == ("30s", {"10min"}, "30s")


@pytest.fixture
def shop(at: datetime) -> Scene:
    return scene(at=at)


def checked(at: datetime) -> books.Checked:
    """What the worker checks a quarter of an hour later.

    A transaction of another database on this server that ends while the books are added up may hold the checkpoint
    back: then what is right is added up once more, as the worker does a quarter of an hour later.
    """
    for _again in range(50):
        found = books.check(at=at, ask_providers=False, since_checkpoint=True, move_checkpoint=True)
        if found.problems or scalar("SELECT next_xid FROM ledger_checkpoint") is None:
            return found
    raise AssertionError("The checkpoint does not move.")


def quarter(at: datetime) -> tuple[str, ...]:
    """What it finds."""
    return checked(at).problems


def moved() -> list[str]:
    return orders_moved_since(ledger.checkpoint().upto.transaction)


@pytest.mark.django_db(transaction=True)
def test_a_quarter_of_an_hour_later_only_what_is_new_is_read(shop: Scene, at: datetime) -> None:
    shop.bought()
    once = checked(at)
    shop.bought()
    again = checked(at)
    whole = books.check(at=at, ask_providers=False)
    assert (once.problems, again.problems, whole.problems) == ((), (), ())
    assert once.transfers == again.transfers
    assert whole.transfers == once.transfers + again.transfers
    assert books.check(at=at, ask_providers=False, since_checkpoint=True).transfers == 0


FAULTS = {
    "orders": "UPDATE orders_line SET total = total + %s"
    " WHERE order_id = (SELECT id FROM orders_order WHERE public_id = %s)",
    "vouchers": "UPDATE vouchers_voucher SET uses_total = uses_total + %s WHERE order_ref = %s",
}


@pytest.mark.parametrize("room", FAULTS)
@pytest.mark.django_db(transaction=True)
def test_a_fault_is_found_at_once_where_money_moved_and_else_by_the_whole_check(
    room: str, shop: Scene, at: datetime
) -> None:
    (old,) = shop.bought()
    assert quarter(at) == ()
    (new,) = shop.bought()
    execute(FAULTS[room], [1, new.order_ref])
    for _again in range(2):  # the checkpoint stays before it
        (problem,) = quarter(at)
        assert problem.startswith(f"{room}: ")
    execute(FAULTS[room], [-1, new.order_ref])
    assert (quarter(at), moved()) == ((), [])

    execute(FAULTS[room], [1, old.order_ref])
    assert quarter(at) == ()
    (problem,) = books.check(at=at, ask_providers=False).problems
    assert problem.startswith(f"{room}: ")
    shop.scan(old.code)
    (problem,) = quarter(at)
    assert problem.startswith(f"{room}: ")
    execute(FAULTS[room], [-1, old.order_ref])


@pytest.mark.django_db(transaction=True)
def test_every_step_of_an_order_that_moves_money_names_it(shop: Scene, at: datetime) -> None:
    placed = shop.order()
    assert (quarter(at), moved()) == ((), [placed.order_ref])
    shop.money_arrives(placed)
    assert (moved(), quarter(at), moved()) == ([placed.order_ref], (), [])

    asked = refund.refund(
        order_ref=placed.order_ref, unit_refs=None, reason="", by=shop.shopper, as_operator=False, at=at
    )
    assert (quarter(at), moved()) == ((), [placed.order_ref])
    refund.finish(report=RefundReport(asked.ref, ReportStatus.DONE, "prv_1"), at=at)
    assert (moved(), quarter(at), moved()) == ([placed.order_ref], (), [])

    (voucher,) = shop.bought()
    assert quarter(at) == ()
    shop.scan(voucher.code)
    assert (moved(), quarter(at), moved()) == ([voucher.order_ref], (), [])
