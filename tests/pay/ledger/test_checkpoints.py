"""The books are added up from where they were last found right, and again from the beginning."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from hutong.kernel.rows import execute, rows, scalar
from hutong.pay.ledger import queries, services
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec
from tests.factories.ledger import NOON, added_up, capture, euros
from tests.fakes.site import database_url

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.unbalanced("damages the books in every way there is"),
]


def checkpoint(at: datetime = NOON) -> bool:
    """Add up what is new and move the checkpoint; whether it moved."""
    services.mark_checkpoint()
    return services.advance_checkpoint(added=added_up(), at=at)


def redeem(number: int) -> None:
    services.post(
        kind=TransactionKind.REDEEM,
        reference=f"redeem:{number}",
        transfers=[
            TransferSpec(AccountKind.UNREDEEMED, "mer_a", AccountKind.PAYABLE, "mer_a", euros(90)),
            TransferSpec(AccountKind.UNREDEEMED, "mer_a", AccountKind.COMMISSION, PLATFORM, euros(10)),
        ],
        at=NOON,
    )


def _account(kind: str) -> str:
    return f"(SELECT id FROM ledger_account WHERE kind = '{kind}')"


def _transfer(source: str, target: str, amount: int = 5, unit: str = "EUR", kind: str = "capture") -> None:
    execute(
        f"""WITH made AS (INSERT INTO ledger_transaction (public_id, reference, kind, at)
            VALUES ('txn_x', 'tampered', %s, now()) RETURNING id)
            INSERT INTO ledger_transfer (transaction_id, from_account_id, to_account_id, amount, unit)
            SELECT id, {_account(source)}, {_account(target)}, %s, %s FROM made""",
        [kind, amount, unit],
    )


def _drift() -> None:
    execute("UPDATE ledger_balance SET minor = minor + 1")


def _lose_balance() -> None:
    execute("DELETE FROM ledger_balance")


def _guard_too_much() -> None:
    execute(f"INSERT INTO ledger_balance (account_id, minor, floor) VALUES ({_account('clearing')}, 0, 0)")


def _below_floor() -> None:
    _transfer("unredeemed", "clearing", 9_000, kind="refund")
    execute("ALTER TABLE ledger_balance DROP CONSTRAINT ledger_balance_floor")
    execute("UPDATE ledger_balance SET minor = minor - 9000")


def _empty() -> None:
    execute(
        "INSERT INTO ledger_transaction (public_id, reference, kind, at) VALUES ('t', 'empty', 'capture', now())"
    )


def _undeclared() -> None:
    _transfer("clearing", "payable")


def _nothing() -> None:
    execute("ALTER TABLE ledger_transfer DROP CONSTRAINT ledger_transfer_positive")
    _transfer("clearing", "unredeemed", 0)


def _mixed() -> None:
    _transfer("clearing", "unredeemed", 5, "USD")
    execute("UPDATE ledger_balance SET minor = minor + 5")


def _orphan() -> None:
    execute("DELETE FROM ledger_transaction WHERE reference = 'capture:1'")


def _smaller() -> None:
    execute("UPDATE ledger_transfer SET amount = amount - 1")
    execute("UPDATE ledger_balance SET minor = minor - 1")


# What somebody did to the books, and the word by which the check names it.
TAMPERING: list[tuple[Callable[[], None], str]] = [
    (_drift, "its transfers add up to"),
    (_lose_balance, "has no balance row"),
    (_guard_too_much, "is not guarded and has a balance row"),
    (_below_floor, "below its floor"),
    (_empty, "has no transfers"),
    (_undeclared, "moved money from clearing to payable"),
    (_nothing, "mix units or move nothing"),
    (_mixed, "mix units or move nothing"),
    (_orphan, "are of no transaction"),
]


def _found(tamper: Callable[[], None], look: Callable[[], queries.Added]) -> str:
    """What a check says after the tampering; all of it is undone at the end."""
    with transaction.atomic():
        execute("SET LOCAL session_replication_role = replica")
        tamper()
        execute("SET LOCAL session_replication_role = origin")
        said = "\n".join(look().problems)
        transaction.set_rollback(True)
    return said


def test_tampering_after_the_checkpoint_is_found_by_both() -> None:
    capture(euros(1000), reference="capture:0")
    redeem(1)
    assert checkpoint()
    capture(euros(100))
    assert queries.add_up().problems == queries.add_up_since().problems == ()
    for tamper, said in TAMPERING:
        assert said in _found(tamper, queries.add_up_since), tamper.__name__
        assert said in _found(tamper, queries.add_up), tamper.__name__


def test_tampering_before_the_checkpoint_is_found_by_the_whole_check() -> None:
    capture(euros(1000))
    redeem(1)
    with (
        transaction.atomic()
    ):  # everything but the balance rows, which the short check reads as well, was done before
        pass
    assert checkpoint()
    for tamper, said in (
        (_orphan, "are of no transaction"),
        (_smaller, "at the checkpoint"),
        (lambda: execute("DELETE FROM ledger_transfer WHERE amount = 10"), "at the checkpoint"),
        (lambda: execute("DELETE FROM ledger_transfer"), "transfers up to the checkpoint, now 0"),
        (
            lambda: execute("UPDATE ledger_transaction SET kind = 'refund' WHERE kind = 'capture'"),
            "refund moved money",
        ),
        (lambda: execute("UPDATE ledger_checkpointsum SET minor = minor + 1"), "at the checkpoint"),
    ):
        assert said in _found(tamper, queries.add_up)  # type: ignore[arg-type]
    # control: the short one believes what stands before its checkpoint
    kinds = "UPDATE ledger_transaction SET kind = 'refund' WHERE kind = 'capture'"
    assert _found(lambda: execute(kinds), queries.add_up_since) == ""  # type: ignore[arg-type]


def test_what_was_tampered_with_before_is_found_whatever_it_is() -> None:
    capture(euros(1000))
    redeem(1)
    assert checkpoint()
    beyond = "UPDATE ledger_checkpoint SET upto_transfer = 99999, upto_transaction = 99999"
    for tamper, said in TAMPERING:

        def before(tamper: Callable[[], None] = tamper) -> None:
            tamper()
            execute(beyond)  # as if it had been there when the checkpoint was made

        assert said in _found(before, queries.add_up), tamper.__name__


def test_only_what_is_new_is_read() -> None:
    capture(euros(1000))
    redeem(1)
    assert checkpoint()
    assert queries.checkpoint().transfers == 3
    redeem(2)
    assert (queries.add_up_since().transfers, queries.add_up().transfers) == (2, 5)
    assert checkpoint()
    assert (queries.add_up_since().transfers, queries.checkpoint().transfers) == (0, 5)


def test_a_checkpoint_waits_for_transactions_that_are_open(at: datetime) -> None:
    """Ids are given out before commit: a later one may be seen while an earlier one is still to come."""
    capture(euros(1000), reference="capture:0")
    took_its_id, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                capture(euros(50), reference="capture:slow")
                took_its_id.set()
                assert may_commit.wait(20)
        finally:
            connection.close()

    seller = threading.Thread(target=slow)
    seller.start()
    try:
        assert took_its_id.wait(20)
        assert not checkpoint(), "nothing that began later has ended, and it is open all the same"
        capture(euros(7), reference="capture:quick", merchant="mer_b")
        ids = [each["id"] for each in rows("SELECT id FROM ledger_transfer ORDER BY id")]
        assert ids[-1] - ids[-2] == 2, "the slow one has the id between"
        assert not checkpoint(), "it may not pass an id that is still to come"
        assert queries.checkpoint().upto.transfer == 0
        # control: the end of what can be seen would have passed it
        assert ids[-1] > ids[-2] + 1
    finally:
        may_commit.set()
        seller.join()
    assert checkpoint(), "as far as the first mark"
    assert queries.checkpoint().transfers == 2
    assert checkpoint()
    assert queries.checkpoint().transfers == 3
    assert queries.balance(AccountKind.CLEARING, "sandbox", "EUR") == euros(-1057)
    assert queries.problems() == []


def test_a_checkpoint_does_not_wait_for_another_database() -> None:
    capture(euros(1000))
    with psycopg.connect(
        database_url().replace(f"/{connection.settings_dict['NAME']}", "/postgres")
    ) as other:
        other.execute("SELECT pg_current_xact_id()")
        assert checkpoint()
    assert queries.checkpoint().transfers == 1


def test_it_does_not_move_past_what_was_looked_at() -> None:
    capture(euros(1000))
    services.mark_checkpoint()
    added = added_up()
    capture(euros(5), reference="capture:2")
    assert services.advance_checkpoint(added=added, at=NOON)
    assert queries.checkpoint().transfers == 1
    assert not services.advance_checkpoint(added=added, at=NOON), "somebody has moved it meanwhile"
    assert queries.add_up_since().transfers == 1
    execute("UPDATE ledger_balance SET minor = minor + 1")
    assert not checkpoint(), "not past a problem"


def test_who_comes_second_moves_nothing_whatever_was_marked_since() -> None:
    capture(euros(1000))
    services.mark_checkpoint()
    slow = added_up()
    assert checkpoint()
    services.mark_checkpoint()
    assert not services.advance_checkpoint(added=slow, at=NOON), "its mark is there again; its sums are in"
    slow = added_up()
    assert checkpoint(), "to where it is"
    capture(euros(5), reference="capture:2")
    services.mark_checkpoint()
    assert not services.advance_checkpoint(added=slow, at=NOON), "it is where it was; another mark waits"
    assert services.advance_checkpoint(added=added_up(), at=NOON)
    assert queries.checkpoint().transfers == 2
    assert queries.problems() == []


def test_a_mark_of_another_server_is_replaced() -> None:
    capture(euros(1000))
    services.mark_checkpoint()
    execute("UPDATE ledger_checkpoint SET next_xid = next_xid + 1000000000, next_transfer = 999")
    assert queries.add_up_since().settled is None
    assert checkpoint()
    assert queries.checkpoint().transfers == 1


def test_a_balance_reads_what_moved_since_the_checkpoint(django_assert_num_queries: Any) -> None:
    for number in range(40):
        capture(euros(10), reference=f"capture:{number}")
    assert _transfers_read() >= 40, "control"
    assert checkpoint()
    capture(euros(10), reference="capture:new")
    with django_assert_num_queries(1):
        assert queries.balance(AccountKind.CLEARING, "sandbox", "EUR") == euros(-410)
    assert queries.balances(AccountKind.CLEARING) == {"sandbox": [euros(-410)]}
    assert queries.moved(AccountKind.CLEARING, TransactionKind.CAPTURE) == {("sandbox", "EUR"): -410}
    assert queries.moved(AccountKind.CLEARING, TransactionKind.REFUND) == {}
    assert _transfers_read() <= 2


def _transfers_read() -> int:
    """Rows of the transfers that PostgreSQL reads for the balance of the hottest account."""
    said: list[tuple[str, Any]] = []

    def note(run: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        said.append((sql, params))
        return run(sql, params, many, context)

    with connection.execute_wrapper(note):
        queries.balance(AccountKind.CLEARING, "sandbox", "EUR")
    ((sql, params),) = said
    plan = scalar(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
    plan = json.loads(plan) if isinstance(plan, str) else plan

    def read(node: dict[str, Any]) -> int:
        own = node.get("Relation Name") == "ledger_transfer"
        here = (
            (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] if own else 0
        )
        return int(here) + sum(read(child) for child in node.get("Plans", []))

    return read(plan[0]["Plan"])


def test_there_is_one_checkpoint_and_one_sum_for_each_kind() -> None:
    capture(euros(10))
    assert checkpoint()
    for name, sql in (
        (
            "ledger_checkpoint_only",
            'INSERT INTO ledger_checkpoint ("only", {columns}) VALUES (false, 0, 0, 0)',
        ),
        (
            "ledger_checkpoint_only_",
            'INSERT INTO ledger_checkpoint ("only", {columns}) VALUES (true, 0, 0, 0)',
        ),
        (
            "ledger_checkpoint_sum_once",
            "INSERT INTO ledger_checkpointsum (account_id, kind, minor) SELECT account_id, kind, 0"
            " FROM ledger_checkpointsum",
        ),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            execute(sql.format(columns="upto_transfer, upto_transaction, transfers"))
