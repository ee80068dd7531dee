"""Several operators send one batch at one moment: each payout is posted once."""

from __future__ import annotations

import threading
from datetime import datetime
from functools import partial

import pytest
from django.db import transaction

from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger import services as books
from hutong.pay.ledger.types import AccountKind, TransactionKind, TransferSpec
from hutong.pay.settlement import queries, services
from hutong.pay.settlement.models import Payout
from hutong.pay.settlement.types import BatchState, PayoutState
from tests.concurrency.race import WAIT_S, all_at_once, race
from tests.factories.settlement import account, batch, days, earned, euros

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.unbalanced("settles what nobody bought")]

OPERATORS = 4
MERCHANTS = ("mer_a", "mer_b", "mer_c")


def approved(at: datetime) -> str:
    for merchant in MERCHANTS:
        account(merchant, at=at)
        earned(1000, merchant=merchant, at=at)
        earned(250, merchant=merchant, at=at + days(3))
    made = batch(at=at + days(3))
    return services.approve_batch(batch_ref=made.ref, by="per_first", at=at + days(3)).ref


def test_each_payout_of_a_batch_leaves_once(at: datetime) -> None:
    ref = approved(at)
    send = [
        partial(services.send_batch, batch_ref=ref, by=f"per_{number}", at=at + days(3))
        for number in range(OPERATORS)
    ]
    race(send)
    found = queries.batch(ref)
    assert found is not None
    assert (found.state, found.open) == (BatchState.SENT, len(MERCHANTS))
    for merchant in MERCHANTS:
        assert ledger.balance(AccountKind.PAYOUT, merchant, "EUR") == euros(1000)
        assert ledger.balance(AccountKind.PAYABLE, merchant, "EUR") == euros(250)
    assert queries.payout_problems() == ledger.problems() == []


def test_a_bank_that_says_so_twice_at_once_is_heard_once(at: datetime) -> None:
    ref = approved(at)
    services.send_batch(batch_ref=ref, by="per_first", at=at + days(3))
    payouts = [each.ref for each in queries.payouts_of_batch(ref)]
    paid = [partial(services.confirm_paid, payout_ref=each, by="per_a", at=at + days(4)) for each in payouts]
    race([*paid, *paid], expected=(services.PayoutMoved,))
    found = queries.batch(ref)
    assert found is not None
    # the last of them closed the batch, whichever that was
    assert (found.state, found.open) == (BatchState.CLOSED, 0)
    assert queries.payout_problems() == ledger.problems() == []


def test_control_reading_before_writing_posts_it_more_than_once(at: datetime) -> None:
    ref = approved(at)
    payout = queries.payouts_of_batch(ref)[0]
    read = threading.Barrier(OPERATORS, timeout=WAIT_S)

    def naive(number: int) -> bool:
        with transaction.atomic():
            pending = Payout.objects.filter(public_id=payout.ref, state=PayoutState.PENDING.value).exists()
            read.wait()
            if not pending:
                return False
            Payout.objects.filter(public_id=payout.ref).update(state=PayoutState.SENT.value, sent_at=at)
            owner = payout.merchant_ref
            move = TransferSpec(AccountKind.PAYABLE, owner, AccountKind.PAYOUT, owner, payout.amount)
            books.post(kind=TransactionKind.PAYOUT_SENT, reference=f"naive:{number}", transfers=[move], at=at)
        return True

    assert all_at_once(OPERATORS, naive) == [True] * OPERATORS
    assert ledger.balance(AccountKind.PAYOUT, payout.merchant_ref, "EUR") == euros(1000 * OPERATORS)
