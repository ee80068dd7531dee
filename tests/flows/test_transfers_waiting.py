"""Payouts by a provider that wait: a worker asks for them, and what the merchant changed meanwhile counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from pytest_django.fixtures import Settings

from hutong.flows import books, jobs, payouts, transfers
from hutong.kernel import outbox
from hutong.pay.payments import queries as payments
from hutong.pay.payments.models import Transfer
from hutong.pay.payments.providers import registry
from hutong.pay.payments.services.transferring import LEASE
from hutong.pay.payments.types import TransferState
from hutong.pay.settlement import services
from hutong.pay.settlement.types import ACCOUNT_CHANGED, PayoutState, PayoutView
from hutong.town.notifications import queries as notifications
from hutong.town.people.models import Person
from tests.factories import people
from tests.factories.payouts import (
    HOLDER,
    Slow,
    account_typed,
    now,
    pay_out,
    send_what_is_due,
    sending_alipay,
    worker_comes,
)
from tests.factories.settlement import days
from tests.fakes.providers.alipay import AlipaySimulator

pytestmark = pytest.mark.django_db(transaction=True)

NEW = "new@example.org"


@pytest.fixture
def alipay(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[AlipaySimulator]:
    """Alipay, to whom this site has shown certificates, and which knows both accounts of the merchant."""
    with sending_alipay(settings, monkeypatch) as simulator:
        simulator.transfers.payees[NEW] = HOLDER
        yield simulator


@pytest.fixture
def operator() -> Person:
    """Who pays out."""
    return people.operator()


@pytest.fixture
def owner() -> Person:
    """To whom it is paid."""
    return people.person(name="Owner")


def change_account(payout: PayoutView, owner: Person, at: datetime) -> None:
    """The owner wants its money at another account."""
    typed = account_typed(alipay=NEW)
    payouts.set_account(merchant_ref=payout.merchant_ref, typed=typed, by=owner, at=at)


def is_not_sent_and_goes_to_the_new_account(
    payout: PayoutView, alipay: AlipaySimulator, operator: Person, at: datetime
) -> None:
    """It is owed again, and once the new account may be used it goes there."""
    assert (now(payout).state, now(payout).reason) == (PayoutState.BOUNCED, ACCOUNT_CHANGED)
    assert alipay.transfers.sent == {}
    with pytest.raises(services.NothingToPay):
        payouts.make(unit="CNY", on=at.date(), by=operator, at=at)
    again = send_what_is_due(operator, at + days(4))
    assert (again.state, again.amount) == (PayoutState.PAID, payout.amount)
    assert [(each.ref, each.account) for each in alipay.transfers.sent.values()] == [(again.ref, NEW)]
    assert transfers.run(at=at + days(9)) == 0
    assert books.check(at=at, ask_providers=False).problems == ()


def test_an_operator_who_sends_a_batch_does_not_wait_for_the_provider(
    alipay: AlipaySimulator, operator: Person, owner: Person, at: datetime
) -> None:
    payout = pay_out(operator, owner, at, worker=False)
    assert (payout.state, payout.via, alipay.transfers.sent) == (PayoutState.SENT, "alipay", {})
    assert payments.transfers([payout.ref]) == {}
    worker_comes(at + days(4))
    assert (now(payout).state, list(alipay.transfers.sent)) == (PayoutState.PAID, [payout.ref])


def test_without_its_job_a_payout_is_sent_by_the_clock(
    alipay: AlipaySimulator, operator: Person, owner: Person, at: datetime
) -> None:
    payout = pay_out(operator, owner, at, worker=False)
    outbox.drain(dict.fromkeys(jobs.HANDLERS, lambda **_payload: None))
    jobs.tick(at=at + days(4))
    assert (now(payout).state, list(alipay.transfers.sent)) == (PayoutState.PAID, [payout.ref])


def test_what_waits_at_the_provider_is_not_sent_to_an_account_that_was_replaced(
    alipay: AlipaySimulator, operator: Person, owner: Person, at: datetime
) -> None:
    alipay.transfers.refuse = "too_little"
    payout = pay_out(operator, owner, at)
    for after in (timedelta(seconds=6), timedelta(minutes=1), timedelta(minutes=9), timedelta(hours=3)):
        transfers.run(at=at + days(4) + after)
    later = at + days(4) + timedelta(hours=3, minutes=5)
    alipay.transfers.refuse = ""
    assert transfers.run(at=later) == 0  # its turn is in an hour
    change_account(payout, owner, later)
    assert transfers.run(at=later) == 1
    is_not_sent_and_goes_to_the_new_account(payout, alipay, operator, later)
    jobs.drain()
    for language, words in (
        ("en", "the account was changed before it was sent"), ("zh-hans", "发出前收款账户已更换"),
    ):  # fmt: skip
        shown = notifications.page_of(owner.pk, language=language).items
        assert any(words in one.text.body for one in shown), language


def test_what_no_worker_has_seen_yet_is_not_sent_to_an_account_that_was_replaced(
    alipay: AlipaySimulator, operator: Person, owner: Person, at: datetime
) -> None:
    payout = pay_out(operator, owner, at, worker=False)
    change_account(payout, owner, at + days(4))
    worker_comes(at + days(4))
    is_not_sent_and_goes_to_the_new_account(payout, alipay, operator, at + days(4))


def test_an_account_that_is_replaced_while_a_worker_asks_gets_nothing(
    alipay: AlipaySimulator, operator: Person, owner: Person, at: datetime
) -> None:
    alipay.transfers.refuse = "too_little"
    payout = pay_out(operator, owner, at)
    alipay.transfers.refuse = ""
    later = at + days(4) + timedelta(minutes=3)
    worker = registry.provider("alipay")
    assert isinstance(worker, Slow)
    worker.meanwhile["query_transfer"] = lambda: change_account(payout, owner, later)
    assert transfers.run(at=later) == 1
    is_not_sent_and_goes_to_the_new_account(payout, alipay, operator, later)


def test_what_the_provider_has_got_ends_as_the_provider_says(
    alipay: AlipaySimulator, operator: Person, owner: Person, at: datetime
) -> None:
    alipay.transfers.pending = True
    payout = pay_out(operator, owner, at)
    later = at + days(4) + timedelta(minutes=3)
    change_account(payout, owner, later)
    assert transfers.run(at=later) == 0
    assert payments.transfers([payout.ref])[payout.ref].state is TransferState.PENDING
    alipay.transfers.end(payout.ref, "SUCCESS")
    assert transfers.run(at=later + days(1)) == 1
    assert now(payout).state is PayoutState.PAID


def test_what_a_worker_has_for_itself_is_hurried_only_after_its_time(
    alipay: AlipaySimulator, operator: Person, owner: Person, at: datetime
) -> None:
    alipay.transfers.refuse = "too_little"
    payout = pay_out(operator, owner, at)
    taken = at + days(5)
    Transfer.objects.update(tried_at=taken, next_ask_at=taken + days(1))
    change_account(payout, owner, taken + timedelta(seconds=1))
    assert Transfer.objects.get().next_ask_at == taken + LEASE
    Transfer.objects.update(next_ask_at=taken + timedelta(seconds=30))
    typed = account_typed(alipay="third@example.org")
    payouts.set_account(merchant_ref=payout.merchant_ref, typed=typed, by=owner, at=taken + days(1))
    assert Transfer.objects.get().next_ask_at == taken + timedelta(seconds=30)
