"""Many spends on one balance at one moment: exactly what it holds is granted, and never more."""

from __future__ import annotations

import threading
from datetime import datetime

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from hutong.pay.ledger import queries, services
from hutong.pay.ledger.models import Account, Balance, Transfer
from hutong.pay.ledger.types import AccountKind, TransactionKind
from tests.concurrency.race import WAIT_S, all_at_once, constraint_dropped
from tests.factories.ledger import capture, capture_transfer, euros, refund_transfer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.unbalanced("books money of no payment")]

RUNNERS = 32
SPENDS_EACH = 20
HELD = 300
GUARD = " AND b.minor + delta.minor >= b.floor"


def spend(number: int, at: datetime) -> int:
    """One cent at a time; how many of this runner's spends were granted."""
    granted = 0
    for turn in range(SPENDS_EACH):
        try:
            services.post(
                kind=TransactionKind.REFUND,
                reference=f"refund:{number}:{turn}",
                transfers=[refund_transfer(euros(1))],
                at=at,
            )
        except services.BalanceTooLow:
            continue
        granted += 1
    return granted


def test_no_more_is_spent_than_is_there(at: datetime) -> None:
    capture(euros(HELD))
    granted = all_at_once(RUNNERS, lambda number: spend(number, at))

    assert sum(granted) == HELD < RUNNERS * SPENDS_EACH
    assert queries.balance(AccountKind.UNREDEEMED, "mer_a", "EUR") == euros(0)
    assert queries.balance(AccountKind.CLEARING, "sandbox", "EUR") == euros(0)
    assert queries.problems() == []


def test_control_without_its_two_guards_the_balance_is_overdrawn(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture(euros(HELD))
    assert GUARD in services._MOVE_BALANCES
    monkeypatch.setattr(services, "_MOVE_BALANCES", services._MOVE_BALANCES.replace(GUARD, ""))
    with constraint_dropped("ledger_balance", "ledger_balance_floor"):
        granted = all_at_once(RUNNERS, lambda number: spend(number, at))

        overdrawn = RUNNERS * SPENDS_EACH - HELD
        assert sum(granted) == HELD + overdrawn
        assert queries.problems() == [
            f"ledger: unredeemed of mer_a in EUR is at {-overdrawn}, below its floor 0"
        ]


def test_control_reading_before_writing_grants_the_same_cents_again(at: datetime) -> None:
    """The obvious code, with the floor still a constraint: read, check, write. Nothing falls below nothing,
    and yet everybody gets all of it."""
    capture(euros(HELD))
    read = threading.Barrier(RUNNERS, timeout=WAIT_S)

    def naive(_number: int) -> bool:
        balance = Balance.objects.get()
        read.wait()
        if balance.minor < HELD:
            return False
        balance.minor -= HELD
        balance.save(update_fields=["minor"])
        return True

    assert sum(all_at_once(RUNNERS, naive)) > 1


def test_the_constraint_alone_also_keeps_the_floor(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    capture(euros(1))
    monkeypatch.setattr(services, "_MOVE_BALANCES", services._MOVE_BALANCES.replace(GUARD, ""))

    def one(number: int) -> bool:
        try:
            services.post(
                kind=TransactionKind.REFUND,
                reference=f"refund:{number}",
                transfers=[refund_transfer(euros(1))],
                at=at,
            )
        except IntegrityError:
            return False
        return True

    assert sum(all_at_once(RUNNERS, one)) == 1
    assert queries.problems() == []


def test_an_account_is_made_once_however_many_need_it_first(at: datetime) -> None:
    all_at_once(RUNNERS, lambda number: capture(euros(5), merchant="mer_new", reference=f"capture:{number}"))

    assert Account.objects.filter(kind="unredeemed").count() == 1
    assert queries.balance(AccountKind.UNREDEEMED, "mer_new", "EUR") == euros(5 * RUNNERS)
    assert queries.problems() == []


def test_one_reference_is_posted_once_however_many_post_it(at: datetime) -> None:
    posted = all_at_once(RUNNERS, lambda _number: capture(euros(5)))

    assert sum(not each.replayed for each in posted) == 1
    assert len({each.transaction_ref for each in posted}) == 1
    assert Transfer.objects.count() == 1
    assert queries.balance(AccountKind.UNREDEEMED, "mer_a", "EUR") == euros(5)


def test_postings_in_opposite_order_do_not_wait_for_each_other_in_a_ring(at: datetime) -> None:
    merchants = [f"mer_{letter}" for letter in "abcdef"]

    def post(number: int) -> None:
        names = merchants if number % 2 else merchants[::-1]
        for turn in range(5):
            services.post(
                kind=TransactionKind.CAPTURE,
                reference=f"capture:{number}:{turn}",
                transfers=[capture_transfer(euros(1), merchant=name) for name in names],
                at=at,
            )

    all_at_once(RUNNERS, post)  # a deadlock would come out of it as an error
    for name in merchants:
        assert queries.balance(AccountKind.UNREDEEMED, name, "EUR") == euros(5 * RUNNERS)
    assert queries.problems() == []


def test_control_balances_taken_in_the_callers_order_end_in_a_deadlock(at: datetime) -> None:
    capture(euros(5), merchant="mer_a", reference="capture:1")
    capture(euros(5), merchant="mer_b", reference="capture:2")
    ids = list(Balance.objects.order_by("pk").values_list("pk", flat=True))
    first_taken = threading.Barrier(2, timeout=WAIT_S)

    def naive(number: int) -> str | None:
        first, second = ids if number else ids[::-1]
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("UPDATE ledger_balance SET minor = minor + 1 WHERE account_id = %s", [first])
                first_taken.wait()
                cursor.execute("UPDATE ledger_balance SET minor = minor + 1 WHERE account_id = %s", [second])
        except DatabaseError as error:
            return getattr(error.__cause__, "sqlstate", None)
        return None

    assert sorted(map(str, all_at_once(2, naive))) == ["40P01", "None"]
