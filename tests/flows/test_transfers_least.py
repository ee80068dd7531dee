"""What is less than a provider sends stays with what is owed, and goes with the merchant's next payout."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from pytest_django.fixtures import Settings

from hutong.flows import payouts, transfers
from hutong.kernel.money import Money
from hutong.pay.payments.models import Transfer
from hutong.pay.payments.providers.alipay.client import AlipayProvider
from hutong.pay.settlement import queries, services
from hutong.pay.settlement.types import AdjustmentReason, BatchState, NotDue, PayoutState
from hutong.town.merchants.types import Role
from hutong.town.people.models import Person
from tests.factories import merchants, people
from tests.factories.payouts import PAYEE, account_typed, send_what_is_due, sending_alipay, worker_comes
from tests.factories.settlement import days, earned
from tests.fakes.providers.alipay import AlipaySimulator
from tests.web.visitors import visitor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.unbalanced("earned without orders")]


@pytest.fixture
def alipay(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[AlipaySimulator]:
    """Alipay, to whom this site has shown certificates."""
    with sending_alipay(settings, monkeypatch) as simulator:
        yield simulator


@pytest.fixture
def operator() -> Person:
    """Who pays out."""
    return people.operator()


def merchant(owner: Person, at: datetime, *, fen: int, account: str = "") -> str:
    """One that has earned so much."""
    made = merchants.store(at=at).merchant
    assert made is not None
    merchants.staff(merchant=made, person=owner, role=Role.OWNER)
    typed = account_typed(account=account, alipay="" if account else PAYEE)
    payouts.set_account(merchant_ref=made.public_id, typed=typed, by=owner, at=at)
    earned(fen, merchant=made.public_id, at=at, unit="CNY")
    return made.public_id


def test_what_is_less_than_the_provider_sends_goes_with_the_next_payout(
    alipay: AlipaySimulator, operator: Person, at: datetime
) -> None:
    owner = people.person()
    ref = merchant(owner, at, fen=9)
    (left_out,) = payouts.due(unit="CNY", on=at.date(), at=at + days(4))[1]
    assert (left_out.claim.merchant_ref, left_out.why) == (ref, NotDue.BELOW_LEAST)
    with pytest.raises(services.NothingToPay):
        payouts.make(unit="CNY", on=at.date(), by=operator, at=at + days(4))
    page = visitor(operator).get("/operator/payouts/").content.decode()
    assert "Less than the payment service sends; it goes with the next payout" in page
    shop = visitor(owner)
    assert "paid from CN¥0.10 on" in shop.get("/merchant/money/?unit=CNY").content.decode()
    earned(1, merchant=ref, at=at, unit="CNY")
    assert shop.get("/merchant/money/?unit=CNY").context["paid_from"] is None
    payout = send_what_is_due(operator, at + days(5))
    assert (payout.state, payout.amount) == (PayoutState.PAID, Money(10, "CNY"))
    assert [each.amount for each in alipay.transfers.sent.values()] == ["0.10"]


@pytest.mark.usefixtures("alipay")
def test_a_bank_takes_the_least_there_is(operator: Person, at: datetime) -> None:
    merchant(operator, at, fen=1, account="6222021202000000000")
    payout = send_what_is_due(operator, at + days(4))
    assert (payout.state, payout.amount, payout.via) == (PayoutState.SENT, Money(1, "CNY"), "")


def test_what_has_become_less_by_the_time_it_is_sent_stays(
    alipay: AlipaySimulator, operator: Person, at: datetime
) -> None:
    ref = merchant(operator, at, fen=30)
    batch = payouts.make(unit="CNY", on=at.date(), by=operator, at=at + days(4))
    payouts.approve(batch_ref=batch.ref, by=operator, at=at + days(4))
    payouts.adjust(
        merchant_ref=ref,
        amount=Money(-21, "CNY"),
        reason=AdjustmentReason.CORRECTION,
        entry="once",
        note="a mistake",
        by=operator,
        at=at + days(4),
    )
    assert payouts.send(batch_ref=batch.ref, by=operator, at=at + days(4)).state is BatchState.DROPPED
    (payout,) = queries.payouts_of_batch(batch.ref)
    assert (payout.state, payout.reason) == (
        PayoutState.DROPPED, "It is less than the payment service sends.",
    )  # fmt: skip
    claim = queries.claim(ref, unit="CNY", holdback_days=3, at=at + days(4))
    assert (claim.due.minor, claim.balance.minor, alipay.transfers.sent) == (9, 9, {})


def test_what_waits_since_it_is_too_little_to_send_is_owed_again(
    alipay: AlipaySimulator, operator: Person, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    merchant(operator, at, fen=9)
    with monkeypatch.context() as unknown:
        unknown.setattr(AlipayProvider, "least_transfer", staticmethod(lambda _unit: 1))
        payout = send_what_is_due(operator, at + days(4), worker=False)
    worker_comes(at + days(4))
    found = queries.payout(payout.ref)
    assert found is not None
    assert (found.state, found.reason) == (PayoutState.BOUNCED, "EXCEED_LIMIT_SM_MIN_AMOUNT")
    assert transfers.run(at=at + days(9)) == 0
    assert (Transfer.objects.get().state, alipay.transfers.sent) == ("failed", {})
