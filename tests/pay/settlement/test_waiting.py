"""Two who are at the same money at one moment: the second waits, and then sees what the first did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial

import pytest

from hutong.kernel import audit
from hutong.pay.settlement import queries, services
from hutong.pay.settlement.models import Payout
from hutong.pay.settlement.types import BatchState, PayoutEvery, PayoutState
from tests.concurrency.waiting import behind
from tests.factories.settlement import IBAN, OTHER_IBAN, account, batch, days, earned, euros, paid, sent

pytestmark = pytest.mark.django_db(transaction=True)


def due(at: datetime, *merchants: str) -> None:
    for merchant in merchants or ("mer_a",):
        account(merchant, at=at)
        earned(1000, merchant=merchant, at=at)


def approved(at: datetime) -> str:
    return services.approve_batch(batch_ref=batch(at=at).ref, by="per_first", at=at).ref


def payouts(batch_ref: str) -> dict[str, str]:
    return {each.merchant_ref: each.ref for each in queries.payouts_of_batch(batch_ref)}


def state_of(batch_ref: str) -> BatchState:
    found = queries.batch(batch_ref)
    assert found is not None
    return found.state


def test_of_two_accounts_set_at_once_the_second_is_the_change(at: datetime) -> None:
    second = behind(partial(account, at=at), partial(account, iban=OTHER_IBAN, at=at))
    assert (second.details.iban, second.usable_at) == (OTHER_IBAN, at + days(3))
    assert [each.details.iban for each in queries.accounts_of("mer_a")] == [OTHER_IBAN, IBAN]


def test_the_log_says_from_what_the_terms_were_changed(at: datetime) -> None:
    def promise(holdback_days: int) -> Callable[[], None]:
        return partial(
            services.set_terms, merchant_ref="mer_a", every=PayoutEvery.WEEK, holdback_days=holdback_days,
            minimum=None, unit="EUR", by="per_o", at=at,
        )  # fmt: skip

    promise(3)()
    behind(promise(5), promise(7))
    newest = audit.search(action="payout_terms.changed").entries[0]
    assert newest.changes == {"holdback_days": [5, 7]}


def test_of_two_batches_made_at_once_the_second_finds_nothing_due(at: datetime) -> None:
    due(at)
    make = partial(batch, at=at + days(3))
    answer = behind(make, make, expected=(services.NothingToPay,))
    assert isinstance(answer, services.NothingToPay)


def test_two_people_who_approve_at_once_are_two(at: datetime) -> None:
    account(at=at)
    earned(100_001, at=at)
    approve = partial(services.approve_batch, batch_ref=batch(at=at + days(3)).ref, at=at + days(3))
    second = behind(partial(approve, by="per_first"), partial(approve, by="per_second"))
    assert (second.state, second.approved_by, second.seconded_by) == (
        BatchState.APPROVED,
        "per_first",
        "per_second",
    )


def test_a_batch_is_not_dropped_while_it_is_sent(at: datetime) -> None:
    due(at)
    ref = approved(at + days(3))
    answer = behind(
        partial(services.send_payout, payout_ref=payouts(ref)["mer_a"], at=at + days(3)),
        partial(services.drop_batch, batch_ref=ref, reason="a typo", by="per_first", at=at + days(3)),
        expected=(services.BatchMoved,),
    )
    assert isinstance(answer, services.BatchMoved)
    assert Payout.objects.get().state == PayoutState.SENT.value
    assert queries.payout_problems() == []


def test_a_payout_is_not_sent_while_its_batch_is_dropped(at: datetime) -> None:
    due(at)
    ref = approved(at + days(3))
    is_sent = behind(
        partial(services.drop_batch, batch_ref=ref, reason="a typo", by="per_first", at=at + days(3)),
        partial(services.send_payout, payout_ref=payouts(ref)["mer_a"], at=at + days(3)),
    )
    assert not is_sent
    assert queries.payout_problems() == []


def test_of_two_who_send_a_batch_one_has_sent_it(at: datetime) -> None:
    due(at)
    send = partial(services.send_batch, batch_ref=approved(at + days(3)))
    second = behind(partial(send, by="per_a", at=at + days(3)), partial(send, by="per_b", at=at + days(4)))
    assert (second.state, second.sent_at) == (BatchState.SENT, at + days(3))
    assert [each.actor_ref for each in audit.search(action="payout_batch.sent").entries] == ["per_a"]


def test_what_is_being_undone_is_not_paid_out(at: datetime) -> None:
    account(at=at)
    first, _second = earned(1000, at=at), earned(400, at=at)
    ref = approved(at + days(3))
    behind(
        partial(services.unsettle, reference=first, at=at + days(3)),
        partial(services.send_payout, payout_ref=payouts(ref)["mer_a"], at=at + days(3)),
    )
    assert Payout.objects.get().amount == 400
    assert queries.payout_problems() == []


def test_the_last_answer_of_the_bank_closes_the_batch(at: datetime) -> None:
    due(at, "mer_c")
    paid(at=at + days(3))  # the bank's account is in the books: nobody waits for who makes it
    due(at + days(3), "mer_a", "mer_b")
    ref = sent(at=at + days(6)).ref
    confirm = partial(services.confirm_paid, by="per_first", at=at + days(7))
    behind(*(partial(confirm, payout_ref=payout_ref) for payout_ref in payouts(ref).values()))
    assert state_of(ref) is BatchState.CLOSED


def test_a_bank_may_answer_before_it_is_noted_that_the_payout_left(at: datetime) -> None:
    due(at)
    ref = approved(at + days(3))
    payout_ref = payouts(ref)["mer_a"]
    arrived = behind(
        partial(services.send_payout, payout_ref=payout_ref, at=at + days(3)),
        partial(services.confirm_paid, payout_ref=payout_ref, by="per_first", at=at + days(3)),
    )
    assert (arrived.state, arrived.amount) == (PayoutState.PAID, euros(1000))


LATER = datetime(2026, 9, 3, tzinfo=UTC)
JUNE = date(2026, 6, 1)
close_june = partial(
    services.close_month, on=JUNE, unit="EUR", starts_at=datetime(2026, 6, 1, tzinfo=UTC),
    ends_at=datetime(2026, 7, 1, tzinfo=UTC), at=LATER,
)  # fmt: skip


def test_a_month_closed_by_two_at_once_is_closed_by_the_first() -> None:
    second = behind(partial(close_june, by="per_a"), partial(close_june, by="per_b"))
    assert second.closed_by == "per_a"


def test_a_month_opened_by_two_at_once_is_opened_by_the_first() -> None:
    close_june(by="per_o")
    reopen = partial(services.reopen_month, on=JUNE, unit="EUR", reason="a forgotten bill", at=LATER)
    answer = behind(
        partial(reopen, by="per_a"), partial(reopen, by="per_b"), expected=(services.MonthOutOfOrder,)
    )
    assert isinstance(answer, services.MonthOutOfOrder)
    assert [each.actor_ref for each in audit.search(action="month.reopened").entries] == ["per_a"]
