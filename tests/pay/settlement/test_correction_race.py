"""Two operators decide about one correction at one moment: the second finds that it is decided."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from hutong.kernel import audit
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import AccountKind
from hutong.pay.settlement import services
from hutong.pay.settlement.services import correcting
from hutong.pay.settlement.types import AdjustmentReason, AdjustmentView, CorrectionView
from tests.concurrency.unguarded import unguarded
from tests.concurrency.waiting import behind
from tests.factories.settlement import euros

pytestmark = pytest.mark.django_db(transaction=True)

AMOUNT, LIMIT = 10_001, 10_000


def asked(at: datetime) -> str:
    """A correction that waits for a second operator."""
    made = services.adjust(
        merchant_ref="mer_a", amount=euros(AMOUNT), reason=AdjustmentReason.CORRECTION, entry="key_1",
        note="as agreed", by="per_first", at=at, alone_up_to=LIMIT,
    )  # fmt: skip
    assert isinstance(made, CorrectionView)
    return made.ref


def decide(verb: Callable[..., Any], ref: str, by: str, at: datetime) -> Callable[[], Any]:
    return partial(verb, correction_ref=ref, by=by, at=at)


def owed() -> int:
    return balance(AccountKind.PAYABLE, "mer_a", "EUR").minor


def decided(ref: str) -> list[str]:
    """What the log says of it, oldest first, after that it was asked for."""
    entries = audit.search(subject=ref, limit=9).entries
    return [entry.action for entry in reversed(entries) if entry.action != "correction.asked"]


@pytest.mark.parametrize("second", [services.agree_to_correction, services.decline_correction])
def test_of_two_who_decide_at_once_the_first_does(second: Callable[..., Any], at: datetime) -> None:
    ref = asked(at)
    answer = behind(
        decide(services.agree_to_correction, ref, "per_second", at),
        decide(second, ref, "per_third", at),
        expected=(services.CorrectionDecided,),
    )
    assert isinstance(answer, services.CorrectionDecided)
    assert (owed(), decided(ref)) == (AMOUNT, ["correction.agreed"])


def test_of_two_who_agree_after_it_was_given_up_none_books_it(at: datetime) -> None:
    ref = asked(at)
    answer = behind(
        decide(services.decline_correction, ref, "per_first", at),
        decide(services.agree_to_correction, ref, "per_second", at),
        expected=(services.CorrectionDecided,),
    )
    assert isinstance(answer, services.CorrectionDecided)
    assert (owed(), decided(ref)) == (0, ["correction.declined"])


@pytest.mark.unbalanced("a control")
def test_control_without_the_lock_both_decide(at: datetime) -> None:
    """What was given up is booked all the same; the second waits only for the row that the first has changed."""
    ref = asked(at)
    with unguarded(correcting._locked, ".select_for_update()"):
        answer = behind(
            decide(services.decline_correction, ref, "per_first", at),
            decide(services.agree_to_correction, ref, "per_second", at),
            expected=(services.CorrectionDecided,),
        )
    assert isinstance(answer, AdjustmentView)
    assert (owed(), decided(ref)) == (AMOUNT, ["correction.declined", "correction.agreed"])
