"""Two operators at the same days without a bill, at one moment: the second waits, and then sees what the first did."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import pytest

from hutong.pay.payments import services
from hutong.pay.payments.models import WithoutBill
from hutong.pay.payments.types import WithoutBillState, WithoutBillView
from tests.concurrency.waiting import behind

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


def ask(at: datetime, *, days: int = 1) -> WithoutBillView:
    """Of so many days, the last of them today."""
    return services.ask_without_bill(
        provider="sandbox",
        first_on=at.date() - (days - 1) * DAY,
        last_on=at.date(),
        reason="kept for a week",
        by="per_one",
        at=at,
    )


def test_a_day_is_said_to_have_no_bill_once(at: datetime) -> None:
    refused = behind(partial(ask, at), partial(ask, at, days=3), expected=(services.WithoutBillSaid,))
    assert isinstance(refused, services.WithoutBillSaid)
    assert WithoutBill.objects.count() == 1


@pytest.mark.parametrize("agreed_first", [True, False])
def test_what_is_just_decided_is_not_decided_again(agreed_first: bool, at: datetime) -> None:
    ref = ask(at).ref
    agree = partial(services.agree_without_bill, ref=ref, by="per_two", at=at)
    decline = partial(services.decline_without_bill, ref=ref, by="per_one", at=at)
    first, second = (agree, decline) if agreed_first else (decline, agree)
    refused = behind(first, second, expected=(services.WithoutBillDecided,))
    assert isinstance(refused, services.WithoutBillDecided)
    stays = WithoutBillState.AGREED if agreed_first else WithoutBillState.DECLINED
    assert WithoutBill.objects.get().state == stays.value
