"""Friends who open the same link at the same moment: one of them has the voucher."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import pytest

from hutong.visit.vouchers import services
from hutong.visit.vouchers.models import Gift
from hutong.visit.vouchers.services import gifts
from tests.concurrency.race import race
from tests.factories import people, vouchers
from tests.factories.vouchers import MadeVoucher

pytestmark = pytest.mark.django_db(transaction=True)

FRIENDS = 8


def opened(at: datetime) -> tuple[MadeVoucher, list[str]]:
    """A voucher whose link several friends opened at once, and who were told that it is theirs."""
    made = vouchers.voucher(at=at)
    token = services.give(voucher_ref=made.ref, message="", by=made.person, at=at).token
    friends = [people.person() for _friend in range(FRIENDS)]
    answers = race(
        [partial(services.claim, token=token, by=friend, at=at) for friend in friends],
        expected=(services.GiftGone,),
    )
    told = [
        friend.public_id for friend, answer in zip(friends, answers, strict=True) if isinstance(answer, str)
    ]
    return made, told


def test_one_of_them_has_it(at: datetime) -> None:
    made, told = opened(at)
    assert told == [made.row.person.public_id]
    assert Gift.objects.get().claimed_by_id == made.row.person_id


def test_control_without_the_guards_several_are_told_that_it_is_theirs(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, guard in (
        ("_HAND_OVER", "AND person_id = %(giver_id)s::int8 AND code_no = %(code_no)s::int4"),
        ("_CLAIM", "AND claimed_at IS NULL AND taken_back_at IS NULL"),
    ):
        statement = getattr(gifts, name)
        assert guard in statement
        monkeypatch.setattr(gifts, name, statement.replace(guard, ""))
    _made, told = opened(at)
    assert len(told) > 1
