"""Corrections of what a merchant is owed: one operator up to a limit, two above it."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import IntegrityError, transaction

from hutong.kernel import audit
from hutong.kernel.money import Money
from hutong.kernel.rows import execute
from hutong.kernel.second import SecondPersonNeeded
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.services import ReferenceReused
from hutong.pay.ledger.types import AccountKind
from hutong.pay.settlement import queries, services
from hutong.pay.settlement.types import (
    AdjustmentReason,
    AdjustmentView,
    CorrectionState,
    CorrectionView,
)
from tests.factories.settlement import days

pytestmark = pytest.mark.django_db

LIMIT = 10_000


def ask(
    minor: int = LIMIT + 1, *, at: datetime, entry: str = "key_1", unit: str = "EUR"
) -> AdjustmentView | CorrectionView:
    return services.adjust(
        merchant_ref="mer_a", amount=Money(minor, unit), reason=AdjustmentReason.CORRECTION, entry=entry,
        note="as agreed", by="per_first", at=at, alone_up_to=LIMIT,
    )  # fmt: skip


def owed() -> int:
    return balance(AccountKind.PAYABLE, "mer_a", "EUR").minor


@pytest.mark.parametrize(("unit", "alone"), [("EUR", 10_000), ("JPY", 100), ("KWD", 100_000)])
def test_the_limit_is_a_hundred_of_any_currency(unit: str, alone: int, at: datetime) -> None:
    assert isinstance(ask(alone, at=at, unit=unit, entry="alone"), AdjustmentView)
    assert isinstance(ask(-alone - 1, at=at, unit=unit), CorrectionView)


@pytest.mark.parametrize("sign", [1, -1])
def test_above_the_limit_nothing_is_booked_before_a_second_agrees(sign: int, at: datetime) -> None:
    assert isinstance(ask(sign * LIMIT, at=at, entry="alone"), AdjustmentView)
    asked = ask(sign * (LIMIT + 1), at=at)
    assert isinstance(asked, CorrectionView)
    assert ask(sign * (LIMIT + 1), at=at) == asked
    assert (owed(), queries.waiting_corrections()) == (sign * LIMIT, [asked])

    with pytest.raises(SecondPersonNeeded):
        services.agree_to_correction(correction_ref=asked.ref, by="per_first", at=at)
    assert owed() == sign * LIMIT
    booked = services.agree_to_correction(correction_ref=asked.ref, by="per_second", at=at + days(1))
    assert (booked.amount, booked.at, booked.note) == (asked.amount, at + days(1), "as agreed")
    assert owed() == sign * (2 * LIMIT + 1)
    assert (queries.waiting_corrections(merchant_ref="mer_a"), queries.payout_problems()) == ([], [])
    told = {entry.action for entry in audit.search(subject=asked.ref, limit=9).entries}
    assert told == {"correction.asked", "correction.agreed"}

    # the same form once more, from a page that was open meanwhile
    again = ask(sign * (LIMIT + 1), at=at + days(2))
    assert isinstance(again, CorrectionView)
    assert (again.state, owed()) == (CorrectionState.BOOKED, sign * (2 * LIMIT + 1))


def test_one_that_waits_is_not_lowered_by_sending_its_form_again(at: datetime) -> None:
    ask(at=at)
    for minor in (LIMIT, LIMIT + 2):
        with pytest.raises(ReferenceReused):
            ask(minor, at=at)
    assert owed() == 0


def test_who_asked_may_give_it_up_and_then_nobody_agrees(at: datetime) -> None:
    asked = ask(at=at)
    given_up = services.decline_correction(correction_ref=asked.ref, by="per_first", at=at)
    assert (given_up.state, given_up.decided_by) == (CorrectionState.DECLINED, "per_first")
    for act in (services.agree_to_correction, services.decline_correction):
        with pytest.raises(services.CorrectionDecided):
            act(correction_ref=asked.ref, by="per_second", at=at)
        with pytest.raises(services.CorrectionNotFound):
            act(correction_ref="cor_none", by="per_second", at=at)
    assert owed() == 0


def test_a_decided_correction_has_the_moment_it_was_decided(at: datetime) -> None:
    waiting = ask(at=at)
    with pytest.raises(IntegrityError, match="settlement_correction_decided"), transaction.atomic():
        execute(
            "UPDATE settlement_correction SET state = 'declined', decided_by = 'per_second' WHERE public_id = %s",
            [waiting.ref],
        )
