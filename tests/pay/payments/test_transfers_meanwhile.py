"""What happens to a transfer while a worker asks about it: what it finds afterwards is not written over that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from pytest_django.fixtures import Settings

from hutong.kernel.money import Money
from hutong.pay.payments import services
from hutong.pay.payments.models import Transfer
from hutong.pay.payments.providers import registry
from hutong.pay.payments.providers.errors import ProviderUnavailable
from hutong.pay.payments.services.transferring import ASK_ENDED_AFTER
from hutong.pay.payments.types import ReportStatus, TransferReport, TransferRequest, TransferState
from tests.factories.payouts import HOLDER, PAYEE, Slow, sending_alipay
from tests.fakes.providers.alipay import AlipaySimulator

pytestmark = pytest.mark.django_db(transaction=True)
REF = "pyt_1"
DONE = TransferReport(REF, ReportStatus.DONE, "theirs_1")
FAILED = TransferReport(REF, ReportStatus.FAILED, reason="by hand")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def alipay(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[AlipaySimulator]:
    """Alipay, to whom this site has shown certificates."""
    with sending_alipay(settings, monkeypatch) as simulator:
        yield simulator


@pytest.fixture
def worker(alipay: AlipaySimulator) -> Slow:
    """What calls Alipay here; it had too little, so that a transfer was tried and waits."""
    found = registry.provider("alipay")
    assert isinstance(found, Slow)
    return found


@pytest.fixture
def waits(alipay: AlipaySimulator, worker: Slow, at: datetime) -> None:
    """A transfer that Alipay has refused once and would take now."""
    request = TransferRequest(REF, Money(179_100, "CNY"), PAYEE, HOLDER, "Payout")
    services.ask_for_transfer(provider="alipay", request=request, at=at)
    alipay.transfers.refuse = "too_little"
    assert services.send_transfers(at=at) == []
    alipay.transfers.refuse = ""


def row() -> Transfer:
    return Transfer.objects.get(ref=REF)


@pytest.mark.usefixtures("waits")
def test_what_ended_while_it_was_asked_about_is_not_sent(
    alipay: AlipaySimulator, worker: Slow, at: datetime
) -> None:
    worker.meanwhile["query_transfer"] = lambda: services.record_transfer(report=DONE, at=at)
    assert services.send_transfers(at=at + MINUTE) == []
    assert (row().state, row().tries, alipay.transfers.sent) == (TransferState.DONE, 1, {})


@pytest.mark.usefixtures("waits")
def test_what_another_took_while_it_was_asked_about_is_that_ones(
    alipay: AlipaySimulator, worker: Slow, at: datetime
) -> None:
    worker.meanwhile["query_transfer"] = lambda: Transfer.objects.update(tried_at=at + 2 * MINUTE)
    assert services.send_transfers(at=at + MINUTE) == []
    assert (row().state, row().tries, alipay.transfers.sent) == (TransferState.UNKNOWN, 1, {})
    # control: nobody else has it
    (done,) = services.send_transfers(at=at + 9 * MINUTE)
    assert (done.status, row().tries, list(alipay.transfers.sent)) == (ReportStatus.DONE, 2, [REF])


@pytest.mark.usefixtures("waits")
def test_what_is_not_to_go_any_more_is_another_ones_to_end(
    alipay: AlipaySimulator, worker: Slow, at: datetime
) -> None:
    worker.meanwhile["query_transfer"] = lambda: Transfer.objects.update(tried_at=at + 2 * MINUTE)
    assert services.send_transfers(at=at + MINUTE, why_not=lambda _ref: "changed") == []
    # control: nobody else has it, and it is ended without another try
    (ended,) = services.send_transfers(at=at + 9 * MINUTE, why_not=lambda _ref: "changed")
    assert (ended.status, ended.reason, row().tries) == (ReportStatus.FAILED, "changed", 1)
    assert alipay.transfers.sent == {}


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("lost", [False, True])
def test_one_that_failed_and_is_found_done_while_it_is_asked_about_stays_done(
    lost: bool, worker: Slow, at: datetime
) -> None:
    services.record_transfer(report=FAILED, at=at)

    def found_done() -> None:
        assert services.record_transfer(report=DONE, at=at)
        if lost:  # this one's answer
            raise ProviderUnavailable

    worker.meanwhile["query_transfer"] = found_done
    assert services.send_transfers(at=at + ASK_ENDED_AFTER[0]) == []
    assert worker.meanwhile == {}
    assert (row().state, row().next_ask_at, row().asked) == (TransferState.DONE, None, 0)


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("ended", [DONE, FAILED])
def test_what_has_ended_is_not_hurried(ended: TransferReport, at: datetime) -> None:
    assert services.hurry_transfers(refs=[REF], at=at) == 1
    services.record_transfer(report=ended, at=at)
    before = row().next_ask_at
    assert services.hurry_transfers(refs=[REF], at=at) == 0
    assert row().next_ask_at == before
