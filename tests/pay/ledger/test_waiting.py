"""Two who post at one moment: the second waits for the rows of the first, in the same order, and all of it is there."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import pytest

from hutong.kernel.rows import execute, rows, scalar
from hutong.pay.ledger import queries, services
from hutong.pay.ledger.types import AccountKind, Posted, TransactionKind
from tests.concurrency.waiting import behind
from tests.factories.ledger import added_up, capture, capture_transfer, euros

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_account_that_two_make_at_once_is_made_once(at: datetime) -> None:
    behind(partial(capture, euros(100), reference="one"), partial(capture, euros(20), reference="two"))
    assert queries.balance(AccountKind.UNREDEEMED, "mer_a", "EUR") == euros(120)
    assert queries.problems() == []


def test_a_reference_that_two_post_at_once_is_in_the_books_once(at: datetime) -> None:
    second: Posted = behind(partial(capture, euros(100)), partial(capture, euros(100)))
    assert second.replayed
    assert queries.balance(AccountKind.UNREDEEMED, "mer_a", "EUR") == euros(100)


def test_balances_are_locked_in_the_order_of_their_accounts(at: datetime) -> None:
    """Or two that move the same balances could each hold what the other waits for; however the server joins them."""
    for merchant in ("mer_a", "mer_b"):
        capture(euros(100), merchant=merchant, reference=merchant)
    low, high = (
        row["account_id"] for row in rows("SELECT account_id FROM ledger_balance ORDER BY account_id")
    )
    # In the table the lower one now comes last.
    execute("UPDATE ledger_balance SET minor = minor WHERE account_id = %s", [low])

    def lock(account_id: int) -> object:
        return scalar(
            "SELECT account_id FROM ledger_balance WHERE account_id = %s FOR UPDATE SKIP LOCKED", [account_id]
        )

    def the_other_is_free() -> None:
        assert lock(high) == high

    def move_both() -> None:
        for way in ("nestloop", "mergejoin", "indexscan", "bitmapscan"):
            execute(f"SET LOCAL enable_{way} = off")
        transfers = [capture_transfer(euros(1), merchant=merchant) for merchant in ("mer_b", "mer_a")]
        services.post(kind=TransactionKind.CAPTURE, reference="both", transfers=transfers, at=at)

    behind(partial(lock, low), move_both, meanwhile=the_other_is_free)
    assert queries.problems() == []


def test_a_checkpoint_that_two_move_at_once_moves_once(at: datetime) -> None:
    capture(euros(100))
    services.mark_checkpoint()
    advance = partial(services.advance_checkpoint, added=added_up(), at=at)
    assert not behind(advance, advance)
    assert queries.problems() == []
