"""Who is in a batch with how much, and who has to say yes to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from django.db import IntegrityError, transaction

from hutong.kernel.money import Money
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.services import ReferenceReused
from hutong.pay.ledger.types import AccountKind
from hutong.pay.settlement import queries, services
from hutong.pay.settlement.models import Adjustment, Payout, PayoutBatch
from hutong.pay.settlement.rules.states import is_due, needs_two
from hutong.pay.settlement.types import (
    AdjustmentReason,
    BatchState,
    NotDue,
    PayoutEvery,
    PayoutState,
)
from tests.factories.settlement import (
    OTHER_IBAN,
    SITE,
    account,
    batch,
    days,
    earned,
    euros,
    paid,
    sent,
)

pytestmark = pytest.mark.django_db


def amounts(batch_ref: str) -> dict[str, int]:
    """What each merchant is paid by a batch, in minor units."""
    return {each.merchant_ref: each.amount.minor for each in queries.payouts_of_batch(batch_ref)}


def terms(at: datetime, *, every: PayoutEvery = PayoutEvery.BATCH, **own: int) -> None:
    services.set_terms(
        merchant_ref="mer_a", every=every, holdback_days=own.get("holdback"), minimum=own.get("minimum"),
        unit="EUR", by="per_operator", at=at,
    )  # fmt: skip


def test_only_what_is_past_its_holdback_is_paid(at: datetime) -> None:
    account(at=at)
    earned(1000, at=at)
    earned(700, at=at + days(1))
    with pytest.raises(services.NothingToPay), transaction.atomic():
        batch(at=at + days(2.99))
    made = batch(at=at + days(3))
    assert amounts(made.ref) == {"mer_a": 1000}
    assert (made.state, made.total, made.payouts, made.needs_two) == (BatchState.DRAFT, euros(1000), 1, False)
    assert queries.payout_problems() == []


def test_a_merchant_may_have_a_holdback_of_its_own(at: datetime) -> None:
    account(at=at)
    earned(1000, at=at)
    terms(at, holdback=10)
    claim = queries.claim("mer_a", unit="EUR", holdback_days=3, at=at + days(9))
    assert (claim.due, claim.balance, claim.next_at) == (euros(0), euros(1000), at + days(10))
    assert amounts(batch(at=at + days(10)).ref) == {"mer_a": 1000}


def test_a_row_is_in_one_batch_and_what_comes_later_in_the_next(at: datetime) -> None:
    account(at=at)
    earned(1000, at=at)
    paid(at=at + days(3))
    earned(500, at=at + days(3))
    with pytest.raises(services.NothingToPay), transaction.atomic():
        batch(at=at + days(4))
    assert amounts(batch(at=at + days(6)).ref) == {"mer_a": 500}


def test_nobody_is_in_two_batches_that_wait(at: datetime) -> None:
    account(at=at)
    earned(1000, at=at)
    batch(at=at + days(3))
    earned(500, at=at)
    with pytest.raises(services.NothingToPay), transaction.atomic():
        batch(at=at + days(3))


def test_what_went_back_after_a_payout_lowers_the_next(at: datetime) -> None:
    account(at=at)
    first = earned(1000, at=at)
    paid(at=at + days(3))
    services.unsettle(reference=first, at=at + days(4))
    earned(300, at=at)
    with pytest.raises(services.NothingToPay), transaction.atomic():
        batch(at=at + days(5))  # 300 - 1000: nothing, and it stays to be netted
    earned(900, at=at)
    assert amounts(batch(at=at + days(6)).ref) == {"mer_a": 200}
    assert queries.payout_problems() == []


def test_adjustments_count_both_ways(at: datetime) -> None:
    account(at=at)
    earned(1000, at=at)
    for amount, reason in ((-250, AdjustmentReason.PROVIDER_FEE), (40, AdjustmentReason.CORRECTION)):
        services.adjust(
            alone_up_to=100_000, merchant_ref="mer_a", amount=euros(amount), reason=reason, entry=reason, note="as agreed",
            by="per_o", at=at,
        )  # fmt: skip
    assert amounts(batch(at=at + days(3)).ref) == {"mer_a": 790}
    assert queries.payout_problems() == []
    with pytest.raises(IntegrityError, match="settlement_adjustment_of_something"), transaction.atomic():
        Adjustment.objects.update(amount=0)
    with pytest.raises(IntegrityError, match="settlement_adjustment_reason"), transaction.atomic():
        Adjustment.objects.update(reason="whim")


def test_the_same_correction_sent_again_is_booked_once(at: datetime) -> None:
    def give(minor: int = 50000, merchant: str = "mer_a", entry: str = "key_1") -> str:
        return services.adjust(
            alone_up_to=100_000, merchant_ref=merchant, amount=euros(minor), reason=AdjustmentReason.CORRECTION, entry=entry,
            note="as agreed", by="per_o", at=at,
        ).ref  # fmt: skip

    first = give()
    assert give() == first
    with pytest.raises(ReferenceReused), transaction.atomic():
        give(60000)
    assert len({first, give(entry="key_2"), give(merchant="mer_b")}) == 3
    with pytest.raises(services.NothingToAdjust):
        give(entry="")
    assert balance(AccountKind.PAYABLE, "mer_a", "EUR") == euros(100000)
    assert queries.payout_problems() == []


def test_who_is_left_out_is_said_with_the_reason(at: datetime) -> None:
    for merchant in ("mer_a", "mer_b", "mer_c", "mer_d"):
        earned(1000, merchant=merchant, at=at)
    earned(0, merchant="mer_e", at=at)
    account("mer_a", at=at)
    account("mer_b", at=at)
    account("mer_b", iban=OTHER_IBAN, at=at + days(1))
    account("mer_d", at=at)
    terms(at, minimum=1001)
    due, waiting = services.waiting_for(unit="EUR", on=at.date(), site=SITE, at=at + days(3))
    assert [claim.merchant_ref for claim in due] == ["mer_d"]
    assert {each.claim.merchant_ref: each.why for each in waiting} == {
        "mer_a": NotDue.TOO_LITTLE,
        "mer_b": NotDue.NEW_ACCOUNT,
        "mer_c": NotDue.NO_ACCOUNT,
    }
    assert amounts(batch(at=at + days(3)).ref) == {"mer_d": 1000}


def test_the_site_has_a_minimum_in_major_units(at: datetime) -> None:
    account(at=at)
    earned(999, at=at)
    ten = replace(SITE, minimum=10)
    with pytest.raises(services.NothingToPay), transaction.atomic():
        batch(at=at + days(3), site=ten)
    earned(1, at=at)
    assert amounts(batch(at=at + days(3), site=ten).ref) == {"mer_a": 1000}


def test_a_merchant_paid_by_the_week_is_paid_once_a_week(at: datetime) -> None:
    account(at=at)
    terms(at, every=PayoutEvery.WEEK)
    for number in range(3):
        earned(1000, at=at + days(number))
    paid(at=at + days(3))  # a Thursday
    with pytest.raises(services.NothingToPay), transaction.atomic():
        batch(at=at + days(6))
    assert amounts(batch(at=at + days(7)).ref) == {"mer_a": 2000}


@pytest.mark.parametrize("every", [PayoutEvery.WEEK, PayoutEvery.MONTH])
def test_what_came_back_is_in_the_next_batch_of_the_same_week(every: PayoutEvery, at: datetime) -> None:
    account(at=at)
    terms(at, every=every)
    earned(1000, at=at)
    (payout,) = queries.payouts_of_batch(sent(at=at + days(3)).ref)
    with pytest.raises(services.NothingToPay), transaction.atomic():
        batch(at=at + days(3))
    services.mark_bounced(payout_ref=payout.ref, reason="closed", by="per_o", at=at + days(3))
    assert amounts(batch(at=at + days(3)).ref) == {"mer_a": 1000}


def test_weeks_and_months_are_those_of_the_calendar(at: datetime) -> None:
    sunday, monday = datetime(2027, 1, 3).date(), datetime(2027, 1, 4).date()
    assert not is_due(PayoutEvery.WEEK, on=sunday, last_on=datetime(2026, 12, 28).date())
    assert is_due(PayoutEvery.WEEK, on=monday, last_on=sunday)
    assert not is_due(PayoutEvery.MONTH, on=monday, last_on=sunday)
    assert is_due(PayoutEvery.MONTH, on=sunday, last_on=datetime(2026, 12, 31).date())
    assert is_due(PayoutEvery.MONTH, on=monday, last_on=datetime(2026, 1, 4).date())
    assert is_due(PayoutEvery.BATCH, on=monday, last_on=monday)


@pytest.mark.parametrize(
    ("minor", "unit", "second"),
    [
        (100_000, "EUR", False),
        (100_001, "EUR", True),
        (1000, "JPY", False),
        (1001, "JPY", True),
        (1_000_000, "KWD", False),
    ],
)
def test_the_limit_is_in_major_units(minor: int, unit: str, second: bool) -> None:
    assert needs_two(Money(minor, unit), 1000) is second


def test_up_to_the_limit_one_person_is_enough_also_who_made_it(at: datetime) -> None:
    account(at=at)
    earned(100_000, at=at)
    made = batch(at=at + days(3), by="per_maker")
    assert not made.needs_two
    approved = services.approve_batch(batch_ref=made.ref, by="per_maker", at=at + days(3))
    assert (approved.state, approved.approved_by) == (BatchState.APPROVED, "per_maker")
    assert services.approve_batch(batch_ref=made.ref, by="per_maker", at=at + days(3)) == approved
    with pytest.raises(services.BatchMoved):
        services.approve_batch(batch_ref=made.ref, by="per_other", at=at + days(3))


def test_above_the_limit_it_takes_two_and_the_maker_is_not_the_second(at: datetime) -> None:
    account(at=at)
    earned(100_001, at=at)
    made = batch(at=at + days(3), by="per_maker")
    assert made.needs_two
    first = services.approve_batch(batch_ref=made.ref, by="per_first", at=at + days(3))
    assert first.state is BatchState.DRAFT
    with pytest.raises(services.BatchMoved):
        services.send_batch(batch_ref=made.ref, by="per_first", at=at + days(3))
    for who in ("per_first", "per_maker"):
        with pytest.raises(services.AnotherApproves), transaction.atomic():
            services.approve_batch(batch_ref=made.ref, by=who, at=at + days(3))
    second = services.approve_batch(batch_ref=made.ref, by="per_second", at=at + days(3))
    assert (second.state, second.seconded_by) == (BatchState.APPROVED, "per_second")


def test_the_database_keeps_two_people_apart(at: datetime) -> None:
    account(at=at)
    earned(100_001, at=at)
    rows = PayoutBatch.objects.filter(public_id=batch(at=at + days(3), by="per_maker").ref)
    for wrong, name in (
        ({"state": "lost"}, "settlement_batch_state"),
        ({"state": "approved"}, "settlement_batch_approved"),
        ({"state": "approved", "approved_by": "per_x", "approved_at": at}, "settlement_batch_approved"),
        ({"seconded_by": "per_x", "seconded_at": at}, "settlement_batch_two_people"),
        (
            {"approved_by": "per_x", "approved_at": at, "seconded_by": "per_x", "seconded_at": at},
            "settlement_batch_two_people",
        ),
        (
            {"approved_by": "per_x", "approved_at": at, "seconded_by": "per_maker", "seconded_at": at},
            "settlement_batch_two_people",
        ),
        ({"approved_by": "per_x"}, "settlement_batch_approved_at"),
        ({"seconded_at": at}, "settlement_batch_seconded_at"),
        ({"sent_at": at}, "settlement_batch_sent_at"),
        ({"closed_at": at}, "settlement_batch_closed_at"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            rows.update(**wrong)


def test_a_batch_that_is_dropped_leaves_everything_to_the_next(at: datetime) -> None:
    account(at=at)
    earned(1000, at=at)
    made = batch(at=at + days(3))
    with pytest.raises(services.ReasonNeeded):
        services.drop_batch(batch_ref=made.ref, reason="  ", by="per_first", at=at + days(3))
    dropped = services.drop_batch(batch_ref=made.ref, reason="a typo", by="per_first", at=at + days(3))
    assert (dropped.state, dropped.payouts, dropped.total) == (BatchState.DROPPED, 0, euros(0))
    assert Payout.objects.get().state == PayoutState.DROPPED.value
    with pytest.raises(services.BatchMoved), transaction.atomic():
        services.approve_batch(batch_ref=made.ref, by="per_first", at=at + days(3))
    assert amounts(batch(at=at + days(3)).ref) == {"mer_a": 1000}


def test_a_batch_that_left_cannot_be_dropped(at: datetime) -> None:
    account(at=at)
    earned(1000, at=at)
    gone = sent(at=at + days(3))
    with pytest.raises(services.BatchMoved), transaction.atomic():
        services.drop_batch(batch_ref=gone.ref, reason="a typo", by="per_first", at=at + days(3))
    with pytest.raises(services.BatchNotFound):
        services.drop_batch(batch_ref="pyb_none", reason="a typo", by="per_first", at=at + days(3))


def test_what_was_undone_before_is_in_no_batch(at: datetime) -> None:
    account(at=at)
    undone, _kept = earned(1000, at=at), earned(400, at=at)
    services.unsettle(reference=undone, at=at + days(1))
    assert amounts(batch(at=at + days(3)).ref) == {"mer_a": 400}


def test_currencies_have_batches_of_their_own(at: datetime) -> None:
    account(at=at)
    earned(1000, at=at)
    earned(900, unit="SEK", at=at)
    assert amounts(batch(at=at + days(3)).ref) == {"mer_a": 1000}
    assert amounts(batch(at=at + days(3), unit="SEK").ref) == {"mer_a": 900}
    assert queries.units_owed("mer_a") == ["EUR", "SEK"]


@pytest.mark.parametrize(("merchant", "unit"), [("mer_a", "SEK"), ("mer_b", "EUR")])
def test_a_payout_takes_nothing_of_other_merchants_or_currencies(
    merchant: str, unit: str, at: datetime
) -> None:
    """Neither what went back, nor what was corrected, nor what the bank sent back."""
    account(merchant, at=at)
    gone_back, _kept = (earned(900, merchant=merchant, unit=unit, at=at) for _time in range(2))
    for day in (3, 6):
        ref = batch(at=at + days(day), unit=unit).ref
        services.approve_batch(batch_ref=ref, by="per_first", at=at + days(day))
        services.send_batch(batch_ref=ref, by="per_first", at=at + days(day))
        (payout,) = queries.payouts_of_batch(ref)
        earned(100, merchant=merchant, unit=unit, at=at)
    services.mark_bounced(payout_ref=payout.ref, reason="closed", by="per_first", at=at + days(6))
    services.unsettle(reference=gone_back, at=at + days(6))
    services.adjust(
        alone_up_to=100_000, merchant_ref=merchant, amount=Money(-7, unit), reason=AdjustmentReason.CORRECTION,
        entry="key_1", note="as agreed", by="per_o", at=at,
    )  # fmt: skip

    if merchant != "mer_a":
        account("mer_a", at=at)
    earned(1000, at=at)
    made = batch(at=at + days(6))
    assert amounts(made.ref) == {"mer_a": 1000}
    services.approve_batch(batch_ref=made.ref, by="per_first", at=at + days(6))
    services.send_batch(batch_ref=made.ref, by="per_first", at=at + days(6))
    assert amounts(made.ref) == {"mer_a": 1000}
    claim = queries.claim(merchant, unit=unit, holdback_days=3, at=at + days(6))
    assert claim.due == claim.balance == Money(100 + 100 - 900 - 7, unit), (
        "it all waits for the next of its own"
    )


def test_what_one_payout_took_no_other_takes(at: datetime) -> None:
    account(at=at)
    gone_back, _kept = earned(900, at=at), earned(100, at=at)
    (payout,) = queries.payouts_of_batch(sent(at=at + days(3)).ref)
    services.mark_bounced(payout_ref=payout.ref, reason="closed", by="per_first", at=at + days(4))
    services.unsettle(reference=gone_back, at=at + days(4))
    services.adjust(
        alone_up_to=100_000, merchant_ref="mer_a", amount=euros(-7), reason=AdjustmentReason.CORRECTION,
        entry="key_1", note="as agreed", by="per_o", at=at,
    )  # fmt: skip
    assert amounts(sent(at=at + days(4)).ref) == {"mer_a": 1000 - 900 - 7}
    earned(500, at=at + days(1))
    assert amounts(sent(at=at + days(5)).ref) == {"mer_a": 500}
    assert queries.payout_problems() == []
