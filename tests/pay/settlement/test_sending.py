"""Payouts on their way, and what the bank says of them: the books follow, once."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import IntegrityError, transaction

from hutong.kernel.money import Money
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger.services import post
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec
from hutong.pay.settlement import queries, services
from hutong.pay.settlement.models import Payout, PayoutBatch, Settled
from hutong.pay.settlement.types import AdjustmentReason, BatchState, PayoutState, PayoutView
from tests.factories.settlement import OTHER_IBAN, account, batch, days, earned, euros, paid, sent

pytestmark = pytest.mark.django_db


def balance(kind: AccountKind) -> Money:
    return ledger.balance(kind, PLATFORM if kind is AccountKind.BANK else "mer_a", "EUR")


def books() -> tuple[int, int, int]:
    """What is owed, what is on its way, and what left our bank account; it all adds up."""
    assert queries.payout_problems() == queries.problems() == ledger.problems() == []
    return (
        balance(AccountKind.PAYABLE).minor,
        balance(AccountKind.PAYOUT).minor,
        balance(AccountKind.BANK).minor,
    )


def approved(at: datetime) -> str:
    made = batch(at=at)
    return services.approve_batch(batch_ref=made.ref, by="per_first", at=at).ref


def only(batch_ref: str) -> PayoutView:
    (found,) = queries.payouts_of_batch(batch_ref)
    return found


def test_a_payout_leaves_and_arrives(at: datetime) -> None:
    account(at=at)
    earned(1000, at=at)
    gone = sent(at=at + days(3))
    assert (gone.state, gone.open, books()) == (BatchState.SENT, 1, (0, 1000, 0))
    payout = only(gone.ref)
    for _time in range(2):
        arrived = services.confirm_paid(payout_ref=payout.ref, by="per_first", at=at + days(4))
        assert (arrived.state, arrived.paid_at, books()) == (PayoutState.PAID, at + days(4), (0, 0, 1000))
    closed = queries.batch(gone.ref)
    assert closed is not None
    assert (closed.state, closed.closed_at) == (BatchState.CLOSED, at + days(4))


def test_a_batch_is_sent_once(at: datetime) -> None:
    account(at=at)
    earned(1000, at=at)
    ref = approved(at + days(3))
    first = services.send_batch(batch_ref=ref, by="per_first", at=at + days(3))
    assert services.send_batch(batch_ref=ref, by="per_second", at=at + days(4)) == first
    assert not services.send_payout(payout_ref=only(ref).ref, at=at + days(4))
    assert books() == (0, 1000, 0)
    with pytest.raises(services.BatchNotFound):
        services.send_batch(batch_ref="pyb_none", by="per_first", at=at)
    with pytest.raises(services.PayoutNotFound):
        services.send_payout(payout_ref="pyt_none", at=at)


def test_a_payout_that_bounced_is_owed_again_and_in_the_next_batch(at: datetime) -> None:
    account(at=at)
    earned(1000, at=at)
    payout = only(sent(at=at + days(3)).ref)
    with pytest.raises(services.ReasonNeeded):
        services.mark_bounced(payout_ref=payout.ref, reason=" ", by="per_first", at=at + days(4))
    for _time in range(2):
        back = services.mark_bounced(payout_ref=payout.ref, reason="closed", by="per_first", at=at + days(4))
        assert (back.state, back.reason, books()) == (PayoutState.BOUNCED, "closed", (1000, 0, 0))
    with pytest.raises(services.PayoutMoved), transaction.atomic():
        services.confirm_paid(payout_ref=payout.ref, by="per_first", at=at + days(4))
    earned(50, at=at + days(1))
    again = only(sent(at=at + days(5)).ref)
    assert (again.amount, books()) == (euros(1050), (0, 1050, 0))
    assert {line.ref: line.amount.minor for line in queries.lines_of_payout(again.ref)}[payout.ref] == 1000


def test_a_bank_may_send_back_what_it_said_had_arrived(at: datetime) -> None:
    account(at=at)
    earned(1000, at=at)
    (arrived,) = paid(at=at + days(3))
    services.mark_bounced(payout_ref=arrived.ref, reason="recalled", by="per_first", at=at + days(6))
    assert books() == (1000, 0, 0)
    assert only(sent(at=at + days(7)).ref).amount == euros(1000)


def test_what_was_undone_while_the_batch_waited_falls_out_of_it(at: datetime) -> None:
    account(at=at)
    first, _second = earned(1000, at=at), earned(400, at=at)
    ref = approved(at + days(3))
    services.unsettle(reference=first, at=at + days(3))
    services.send_batch(batch_ref=ref, by="per_first", at=at + days(3))
    assert (only(ref).amount, books()) == (euros(400), (0, 400, 0))
    with pytest.raises(services.NothingToPay), transaction.atomic():
        batch(at=at + days(9))


def test_what_the_merchant_came_to_owe_meanwhile_is_taken_from_it(at: datetime) -> None:
    account(at=at)
    earned(1000, at=at)
    ref = approved(at + days(3))
    for amount in (-300, 77):
        services.adjust(
            alone_up_to=100_000, merchant_ref="mer_a", amount=euros(amount), reason=AdjustmentReason.CORRECTION, note="so",
            entry=f"of {amount}", by="per_o", at=at + days(3),
        )  # fmt: skip
    services.send_batch(batch_ref=ref, by="per_first", at=at + days(3))
    # what was approved never grows: the 77 wait
    assert (only(ref).amount, books()) == (euros(700), (77, 700, 0))


def test_a_payout_of_nothing_any_more_is_dropped_and_its_batch_with_it(at: datetime) -> None:
    account(at=at)
    reference = earned(1000, at=at)
    ref = approved(at + days(3))
    services.unsettle(reference=reference, at=at + days(3))
    found = services.send_batch(batch_ref=ref, by="per_first", at=at + days(3))
    assert (found.state, only(ref).state, books()) == (BatchState.DROPPED, PayoutState.DROPPED, (0, 0, 0))
    assert not Settled.objects.exclude(payout=None).exists()


def test_nothing_is_sent_to_an_account_that_changed_meanwhile(at: datetime) -> None:
    account(at=at)
    earned(1000, at=at)
    ref = approved(at + days(3))
    account(iban=OTHER_IBAN, at=at + days(3))
    services.send_batch(batch_ref=ref, by="per_first", at=at + days(3))
    dropped = only(ref)
    assert (dropped.state, dropped.reason) == (PayoutState.DROPPED, "The bank account changed.")
    assert books() == (1000, 0, 0)
    again = only(sent(at=at + days(6)).ref)
    assert (again.details.iban, again.amount) == (OTHER_IBAN, euros(1000))


@pytest.mark.unbalanced("takes from the books what no service would")
def test_a_payout_stays_where_the_books_owe_less(at: datetime) -> None:
    account(at=at)
    earned(1000, at=at)
    ref = approved(at + days(3))
    # a posting that nobody noted as an adjustment
    loss = TransferSpec(AccountKind.PAYABLE, "mer_a", AccountKind.LOSSES, PLATFORM, euros(1))
    post(kind=TransactionKind.ADJUST, reference="adjust:stray", transfers=[loss], at=at)
    with pytest.raises(services.PayoutTooLarge), transaction.atomic():
        services.send_batch(batch_ref=ref, by="per_first", at=at + days(3))
    assert only(ref).state is PayoutState.PENDING
    assert balance(AccountKind.PAYOUT) == euros(0)
    assert queries.payout_problems() == [
        "payable of mer_a in EUR is 999 in the books, 1000 by redemptions, adjustments and payouts"
    ]


def test_a_batch_that_was_interrupted_goes_on_where_it_was(at: datetime) -> None:
    for merchant in ("mer_a", "mer_b"):
        account(merchant, at=at)
        earned(1000, merchant=merchant, at=at)
    ref = approved(at + days(3))
    taken = TransferSpec(AccountKind.PAYABLE, "mer_b", AccountKind.LOSSES, PLATFORM, euros(1))
    post(kind=TransactionKind.ADJUST, reference="adjust:stray", transfers=[taken], at=at)
    with pytest.raises(services.PayoutTooLarge):
        services.send_batch(batch_ref=ref, by="per_first", at=at + days(3))
    states = {each.merchant_ref: each.state for each in queries.payouts_of_batch(ref)}
    assert states == {"mer_a": PayoutState.SENT, "mer_b": PayoutState.PENDING}
    services.note_adjustment(
        merchant_ref="mer_b", amount=euros(-1), reason=AdjustmentReason.CORRECTION, reference="adjust:stray",
        by="per_o", at=at,
    )  # fmt: skip
    done = services.send_batch(batch_ref=ref, by="per_first", at=at + days(4))
    assert (done.state, done.total) == (BatchState.SENT, euros(1999))
    assert books() == (0, 1000, 0)
    assert ledger.balance(AccountKind.PAYOUT, "mer_b", "EUR") == euros(999)


def test_an_adjustment_of_the_callers_own_posting_is_noted_once(at: datetime) -> None:
    earned(1000, at=at)
    for _time in range(2):
        taken = TransferSpec(AccountKind.PAYABLE, "mer_a", AccountKind.DISPUTED, "sandbox", euros(600))
        post(kind=TransactionKind.DISPUTE_LOST, reference="dispute_lost:1", transfers=[taken], at=at)
        services.note_adjustment(
            merchant_ref="mer_a", amount=euros(-600), reason=AdjustmentReason.DISPUTE,
            reference="dispute_lost:1", subject_ref="ord_1", by="platform", at=at,
        )  # fmt: skip
    assert [each.amount for each in queries.adjustments_of("mer_a")] == [euros(-600)]
    assert books() == (400, 0, 0)
    with pytest.raises(services.NothingToAdjust):
        services.note_adjustment(
            merchant_ref="mer_a",
            amount=euros(0),
            reason=AdjustmentReason.DISPUTE,
            reference="x",
            by="x",
            at=at,
        )


@pytest.mark.unbalanced("changes a payout behind the services")
def test_the_check_finds_a_payout_whose_lines_do_not_add_up(at: datetime) -> None:
    account(at=at)
    earned(1000, at=at)
    payout = only(sent(at=at + days(3)).ref)
    Settled.objects.update(payout=None)
    assert queries.payout_problems() == [f"payout {payout.ref} is 1000, its lines add up to 0"]


def test_the_database_keeps_the_states_of_payouts(at: datetime) -> None:
    account(at=at)
    earned(1000, at=at)
    ref = approved(at + days(3))
    rows = Payout.objects.filter(public_id=only(ref).ref)
    for wrong, name in (
        ({"amount": 0}, "settlement_payout_positive"),
        ({"state": "sent"}, "settlement_payout_sent_at"),
        ({"sent_at": at}, "settlement_payout_sent_at"),
        ({"state": "paid", "sent_at": at}, "settlement_payout_paid_at"),
        ({"state": "bounced", "sent_at": at}, "settlement_payout_bounced_at"),
        ({"bounced_at": at}, "settlement_payout_bounced_at"),
        ({"repaid_by": rows.get()}, "settlement_payout_bounced_at"),
        ({"state": "lost"}, "settlement_payout_sent_at"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            rows.update(**wrong)
    copy = rows.values().get()
    for wrong, name in (
        ({}, "settlement_payout_once_a_batch"),
        ({"batch_id": only_batch_else(at).pk}, "settlement_one_pending"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Payout.objects.create(**{**copy, "id": None, "public_id": "pyt_x", **wrong})
    with pytest.raises(IntegrityError, match="settlement_taken_back_once_paid"), transaction.atomic():
        Settled.objects.update(undo_payout=rows.get())


def only_batch_else(at: datetime) -> PayoutBatch:
    """Another batch, without a payout."""
    return PayoutBatch.objects.create(on=at.date(), unit="EUR", needs_two=False, made_by="x", made_at=at)


def test_a_payout_leaves_only_once_its_batch_is_approved(at: datetime) -> None:
    account(at=at)
    earned(1000, at=at)
    payout = only(batch(at=at + days(3)).ref)
    assert not services.send_payout(payout_ref=payout.ref, at=at + days(3))
    assert books() == (1000, 0, 0)


def test_a_batch_whose_sending_was_interrupted_is_not_closed_by_the_bank(at: datetime) -> None:
    for merchant in ("mer_a", "mer_b"):
        account(merchant, at=at)
        earned(1000, merchant=merchant, at=at)
    ref = approved(at + days(3))
    payouts = {each.merchant_ref: each.ref for each in queries.payouts_of_batch(ref)}
    assert services.send_payout(payout_ref=payouts["mer_a"], at=at + days(3))
    account("mer_b", iban=OTHER_IBAN, at=at + days(3))
    assert not services.send_payout(payout_ref=payouts["mer_b"], at=at + days(3))
    services.confirm_paid(payout_ref=payouts["mer_a"], by="per_first", at=at + days(4))
    waiting = queries.batch(ref)
    assert waiting is not None
    assert waiting.state is BatchState.APPROVED
    assert services.send_batch(batch_ref=ref, by="per_first", at=at + days(5)).state is BatchState.CLOSED


def test_what_went_back_in_one_currency_is_not_in_the_batch_of_another(at: datetime) -> None:
    account(at=at)
    earned(900, unit="SEK", at=at)
    undone = earned(500, unit="SEK", at=at)
    made = services.approve_batch(
        batch_ref=batch(at=at + days(3), unit="SEK").ref, by="per_first", at=at + days(3)
    )
    services.send_batch(batch_ref=made.ref, by="per_first", at=at + days(3))
    services.unsettle(reference=undone, at=at + days(4))
    services.mark_bounced(payout_ref=only(made.ref).ref, reason="closed", by="per_first", at=at + days(4))
    services.adjust(
        alone_up_to=100_000, merchant_ref="mer_a", amount=Money(-30, "SEK"), reason=AdjustmentReason.CORRECTION,
        note="so", entry="of -30", by="per_o", at=at + days(4),
    )  # fmt: skip
    earned(1000, at=at)
    assert only(batch(at=at + days(5)).ref).amount == euros(1000)
    assert only(batch(at=at + days(5), unit="SEK").ref).amount == Money(1400 - 500 - 30, "SEK")
