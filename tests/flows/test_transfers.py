"""Payouts that a provider sends: each once whatever is lost, and both the books and the merchant hear how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from pytest_django.fixtures import Settings

from hutong.flows import books, close_month, jobs, payouts, transfers, watch
from hutong.flows.close_month import Obstacle
from hutong.kernel.money import Money
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger.types import PLATFORM, AccountKind
from hutong.pay.payments import queries as payments
from hutong.pay.payments.models import Transfer
from hutong.pay.payments.providers import registry
from hutong.pay.payments.providers.errors import ProviderRefused
from hutong.pay.payments.services import TransferUnderWay
from hutong.pay.payments.types import TransferState
from hutong.pay.settlement import queries, services
from hutong.pay.settlement.types import BatchState, PayoutState, PayoutView
from hutong.town.notifications.models import Notification
from hutong.town.people.models import Person
from tests.concurrency.race import race
from tests.factories import people
from tests.factories.payouts import (
    MINOR,
    PRICE,
    Service,
    Slow,
    account_typed,
    now,
    pay_out,
    send_what_is_due,
    sending,
)
from tests.factories.settlement import days
from tests.fakes.providers.alipay import AlipaySimulator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["alipay", "stripe"])
def service(
    request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Service]:
    """Each provider that sends money, and this site may have it do so."""
    with sending(request.param, settings, monkeypatch) as found:
        yield found


def paid_to(service: Service, operator: Person, owner: Person, at: datetime, *, to: str = "") -> PayoutView:
    """`pay_out` to the owner's account with this provider, or to another one there."""
    return pay_out(operator, owner, at, typed=account_typed(**{service.name: to or service.account}))


@pytest.fixture
def operator() -> Person:
    """Who pays out."""
    return people.operator()


@pytest.fixture
def owner() -> Person:
    """To whom it is paid."""
    return people.person(name="Owner")


def owed(payout: PayoutView) -> int:
    return ledger.balance(AccountKind.PAYABLE, payout.merchant_ref, "CNY").minor


def told(owner: Person) -> list[str]:
    jobs.drain()
    found = Notification.objects.filter(person=owner, kind__startswith="payout")
    return list(found.order_by("pk").values_list("kind", flat=True))


def wrong(service: Service, at: datetime) -> list[str]:
    """What does not add up, of all our books, and of what was sent by the provider's own."""
    jobs.drain()
    done = Transfer.objects.filter(state=TransferState.DONE)
    ours = {each.ref: service.written(Money(each.amount, each.unit)) for each in done}
    return [*books.check(at=at, ask_providers=False).problems, *service.transfers.judge(ours)]


def test_money_goes_out_of_what_the_provider_holds(
    service: Service, operator: Person, owner: Person, at: datetime
) -> None:
    payout = paid_to(service, operator, owner, at)
    (sent,) = service.transfers.sent.values()
    assert (sent.ref, sent.amount, sent.account) == (
        payout.ref, service.written(Money(MINOR, "CNY")), service.account,
    )  # fmt: skip
    assert (payout.via, payout.state) == (service.name, PayoutState.PAID)
    assert payout.details.masked == service.masked
    assert told(owner) == ["payout_paid"]
    # less with the provider, and nothing of it from the bank
    assert ledger.balance(AccountKind.CLEARING, service.name, "CNY") == Money(MINOR - PRICE, "CNY")
    assert ledger.balance(AccountKind.BANK, PLATFORM, "CNY") == Money(0, "CNY")
    assert (owed(payout), wrong(service, at)) == (0, [])
    batch = queries.batch(payout.batch_ref)
    assert batch is not None
    assert batch.state is BatchState.CLOSED
    assert payouts.for_bank([payout]) == ([], [])
    with pytest.raises(services.PayoutMoved):
        payouts.bounced(payout_ref=payout.ref, reason="x", by=operator, at=at + days(5))


@pytest.mark.parametrize("fault", ["error_before", "error_after"])
def test_what_is_lost_on_the_way_is_sent_once(
    fault: str, service: Service, operator: Person, owner: Person, at: datetime
) -> None:
    service.simulator.faults.ask(fault, call="transfer")
    payout = paid_to(service, operator, owner, at)
    assert payout.state is PayoutState.SENT
    assert payments.transfers([payout.ref])[payout.ref].state is TransferState.UNKNOWN
    for act in (payouts.paid, payouts.bounced):
        word = {"reason": "x"} if act is payouts.bounced else {}
        with pytest.raises(TransferUnderWay):
            act(payout_ref=payout.ref, by=operator, at=at + days(4), **word)
    assert payouts.all_paid(batch_ref=payout.batch_ref, by=operator, at=at + days(4)) == 0
    at += days(4)
    assert transfers.run(at=at + timedelta(seconds=4)) == 0
    assert transfers.run(at=at + timedelta(seconds=6)) == 1
    assert transfers.run(at=at + days(1)) == 0
    assert (now(payout).state, len(service.transfers.sent)) == (PayoutState.PAID, 1)
    assert payments.transfers([payout.ref])[payout.ref].tries == (2 if fault == "error_before" else 1)
    assert (told(owner), owed(payout), wrong(service, at)) == (["payout_paid"], 0, [])


def test_what_cannot_arrive_is_owed_again(
    service: Service, operator: Person, owner: Person, at: datetime
) -> None:
    payout = paid_to(service, operator, owner, at, to=service.nobody)
    assert (payout.state, payout.reason) == (PayoutState.BOUNCED, service.no_payee)
    assert (told(owner), owed(payout), wrong(service, at)) == (["payout_bounced"], MINOR, [])
    assert transfers.run(at=at + days(9)) == 0


@pytest.mark.parametrize("service", ["alipay"], indirect=True)
def test_one_that_takes_its_time_and_then_fails_is_owed_again(
    service: Service, operator: Person, owner: Person, at: datetime
) -> None:
    assert isinstance(service.simulator, AlipaySimulator)
    service.simulator.transfers.pending = True
    payout = paid_to(service, operator, owner, at)
    assert payments.transfers([payout.ref])[payout.ref].state is TransferState.PENDING
    service.transfers.end(payout.ref, "FAIL", "PAYEE_ACC_OCUPIED")
    jobs.tick(at=at + days(5))
    assert (now(payout).state, now(payout).reason) == (PayoutState.BOUNCED, "PAYEE_ACC_OCUPIED")
    assert (told(owner), owed(payout), wrong(service, at)) == (["payout_bounced"], MINOR, [])


def test_what_is_refused_for_another_reason_waits_and_may_be_given_up(
    service: Service, operator: Person, owner: Person, at: datetime
) -> None:
    service.transfers.refuse = "too_little"
    payout = paid_to(service, operator, owner, at)
    later = at + days(4)
    transfers.run(at=later + timedelta(seconds=6))
    waits = payments.transfers([payout.ref])[payout.ref]
    assert (waits.state, waits.tries) == (TransferState.UNKNOWN, 2)
    assert waits.reason.startswith(service.too_little)
    # somebody may be sending it at this very moment
    with pytest.raises(TransferUnderWay):
        payouts.bounced(payout_ref=payout.ref, reason="by hand", by=operator, at=later + timedelta(minutes=1))
    after_a_day = later + timedelta(hours=25)
    assert payments.unknown_since(later) == []
    assert payments.unknown_since(after_a_day) == [payout.ref]
    assert watch.tell_of_provider(at=later + timedelta(minutes=11))
    jobs.drain()
    assert not watch.tell_of_provider(at=later + timedelta(hours=3))
    alarm = Notification.objects.get(person=operator, kind="payouts_wait")
    assert alarm.url == f"/operator/payouts/batches/{payout.batch_ref}/"
    (problem,) = wrong(service, after_a_day)
    assert problem.startswith(f"payments: transfer_open {payout.ref}: unknown since")
    assert service.too_little in problem
    blocked = close_month.obstacles(unit="CNY", on=at.date().replace(day=1), at=at + days(40))
    assert {each.what: each.example for each in blocked}[Obstacle.UNKNOWN] == payout.ref
    payouts.bounced(payout_ref=payout.ref, reason="by hand", by=operator, at=later + timedelta(minutes=3))
    assert (payments.unknown_since(after_a_day), wrong(service, after_a_day)) == ([], [])
    assert (now(payout).state, owed(payout)) == (PayoutState.BOUNCED, MINOR)
    service.transfers.refuse = ""
    assert transfers.run(at=later + days(2)) == 0
    assert service.transfers.sent == {}


def given_up_by_itself(
    service: Service,
    operator: Person,
    owner: Person,
    *,
    at: datetime,
    still_in: str,
    lost: bool = False,
) -> PayoutView:
    """A worker stands still with a transfer, loses its database and with it the lock, and the payout is given up.

    Its own connection gives it up, which a lock does not keep from itself. `lost`: the answer to its call, later.
    """
    service.transfers.refuse = "too_little"
    payout = paid_to(service, operator, owner, at)
    service.transfers.refuse = ""
    if lost:
        service.simulator.faults.ask("error_after", call="transfer")
    at += days(4)

    def give_up() -> None:
        with pytest.raises(TransferUnderWay):
            payouts.bounced(
                payout_ref=payout.ref, reason="by hand", by=operator, at=at + timedelta(minutes=2)
            )
        payouts.bounced(payout_ref=payout.ref, reason="by hand", by=operator, at=at + timedelta(minutes=3))

    service.worker.meanwhile[still_in] = give_up
    transfers.run(at=at + timedelta(minutes=1))
    assert service.worker.meanwhile == {}
    return now(payout)


def test_who_stood_still_after_asking_does_not_send_what_was_given_up(
    service: Service, operator: Person, owner: Person, at: datetime
) -> None:
    payout = given_up_by_itself(service, operator, owner, at=at, still_in="query_transfer")
    assert (payout.state, owed(payout), service.transfers.sent) == (PayoutState.BOUNCED, MINOR, {})
    asked = service.worker.asked
    for after in (days(5), days(6), days(8), days(9)):
        assert transfers.run(at=at + after) == 0
    assert service.worker.asked == asked + 3
    assert (service.transfers.sent, wrong(service, at)) == ({}, [])


@pytest.mark.parametrize("paid_again", [False, True])
def test_what_was_sent_after_it_was_given_up_is_found_and_set_against_what_is_owed(
    paid_again: bool,
    service: Service, operator: Person, owner: Person, at: datetime,
) -> None:  # fmt: skip
    payout = given_up_by_itself(service, operator, owner, at=at, still_in="transfer", lost=True)
    assert (list(service.transfers.sent), payout.state) == ([payout.ref], PayoutState.BOUNCED)
    sent = service.written(Money(MINOR, "CNY"))
    found = [f"{payout.ref}: {service.transfers.name} sent {sent}, not nothing"]
    assert (owed(payout), wrong(service, at)) == (MINOR, found)
    later = at + days(5)
    if paid_again:
        send_what_is_due(operator, later)
        assert len(service.transfers.sent) == 2
    else:
        assert transfers.run(at=later) == 1
    assert payments.transfers([payout.ref])[payout.ref].state is TransferState.DONE
    assert (owed(payout), wrong(service, at)) == (-MINOR if paid_again else 0, [])
    assert sorted(told(owner)) == ["payout_bounced", *["payout_paid"] * (2 if paid_again else 1)]
    with pytest.raises(services.NothingToPay):
        payouts.make(unit="CNY", on=(later + days(1)).date(), by=operator, at=later + days(1))
    (line,) = queries.adjustments_of(payout.merchant_ref)
    assert (line.subject_ref, line.amount) == (payout.ref, Money(-MINOR, "CNY"))
    assert transfers.run(at=later + days(9)) == 0


def test_who_stood_still_and_sent_it_says_so_itself(
    service: Service, operator: Person, owner: Person, at: datetime
) -> None:
    payout = given_up_by_itself(service, operator, owner, at=at, still_in="transfer")
    assert (list(service.transfers.sent), payout.state) == ([payout.ref], PayoutState.BOUNCED)
    assert (owed(payout), wrong(service, at)) == (0, [])
    assert told(owner) == ["payout_bounced", "payout_paid"]


def test_nothing_is_given_up_while_a_worker_is_at_it_however_long(
    service: Service, operator: Person, owner: Person, at: datetime
) -> None:
    service.transfers.refuse = "too_little"
    payout = paid_to(service, operator, owner, at)
    service.transfers.refuse = ""
    refused = []

    def give_up() -> None:
        (found,) = race(
            [lambda: payouts.bounced(payout_ref=payout.ref, reason="x", by=operator, at=at + days(30))],
            expected=(TransferUnderWay,),
        )
        refused.append(found)

    service.worker.meanwhile["transfer"] = give_up
    assert transfers.run(at=at + days(5)) == 1
    assert [type(each) for each in refused] == [TransferUnderWay]
    assert (now(payout).state, owed(payout), len(service.transfers.sent)) == (PayoutState.PAID, 0, 1)


def test_without_keys_that_can_be_read_nothing_is_sent(
    service: Service, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {service.name: service.name}
    assert transfers.through("CNY") == own
    assert transfers.through("EUR") == (own if service.name == "stripe" else {})

    def unreadable(_keys: object, _timeout_s: float) -> Slow:
        raise ProviderRefused

    monkeypatch.setitem(registry._MAKERS, service.name, unreadable)
    settings.HUTONG_PROVIDER_KEYS = {service.name: {"of": f"another than {service.simulator.url}"}}
    assert transfers.through("CNY") == {}


def test_other_accounts_are_for_the_bank(
    service: Service, operator: Person, owner: Person, at: datetime
) -> None:
    payout = pay_out(operator, owner, at, typed=account_typed(account="6222021202000000000"))
    assert (payout.via, payout.state, service.transfers.sent) == ("", PayoutState.SENT, {})
    assert payouts.for_bank([payout]) == ([], [payout])
    assert payouts.paid(payout_ref=payout.ref, by=operator, at=at + days(5)).state is PayoutState.PAID
    assert ledger.balance(AccountKind.BANK, PLATFORM, "CNY") == Money(MINOR, "CNY")
