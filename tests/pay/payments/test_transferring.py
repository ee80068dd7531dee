"""A transfer that has ended stays ended, whoever says something else of it; two workers do not send it at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from hutong.kernel.money import Money
from hutong.pay.payments import queries, services
from hutong.pay.payments.models import Transfer
from hutong.pay.payments.providers.patience import one_round
from hutong.pay.payments.services.transferring import LEASE
from hutong.pay.payments.types import ReportStatus, TransferReport, TransferRequest, TransferState
from tests.concurrency.race import second_waits_for
from tests.fakes.answering import answering
from tests.fakes.providers.alipay import make_keys
from tests.fakes.sandbox import free_port

pytestmark = pytest.mark.django_db(transaction=True)
REF = "pyt_1"
DONE = TransferReport(REF, ReportStatus.DONE, "theirs_1")


def asked_for(at: datetime) -> None:
    """Something is to be sent to somebody's Alipay account."""
    request = TransferRequest(REF, Money(179_100, "CNY"), "kahvila@example.org", "杭州咖啡", "Payout")
    services.ask_for_transfer(provider="alipay", request=request, at=at)


def alipay_is(settings: Any, url: str) -> None:
    """This site has keys, and Alipay is at `url`."""
    keys = make_keys()
    settings.HUTONG_PROVIDER_KEYS = {
        "alipay": {
            "url": url,
            "app_id": "2026",
            "seller_id": "2088",
            "private_key": keys.merchant.private_text,
            "public_keys": [keys.alipay.public_text],
            "way": "",
            "app_certificate": "",
            "root_certificates": "",
        }
    }


def row() -> Transfer:
    return Transfer.objects.get(ref=REF)


@pytest.mark.parametrize("late", [ReportStatus.DONE, ReportStatus.FAILED])
def test_how_a_transfer_ended_is_recorded_once(late: ReportStatus, at: datetime) -> None:
    asked_for(at)
    assert services.record_transfer(report=DONE, at=at)
    assert not services.record_transfer(report=TransferReport(REF, late, reason="no"), at=at)
    assert queries.transfers([REF])[REF].state is TransferState.DONE
    assert (row().provider_ref, row().reason) == ("theirs_1", "")


def test_a_transfer_that_ends_while_it_is_asked_for_has_ended(settings: Any, at: datetime) -> None:
    asked_for(at)
    with answering(settings, 500, {}, meanwhile=lambda: services.record_transfer(report=DONE, at=at)):
        alipay_is(settings, settings.HUTONG_SANDBOX_URL)
        assert services.send_transfers(at=at) == []
    assert (row().state, row().tries, row().asked) == (TransferState.DONE, 1, 0)


def test_of_a_provider_that_does_not_answer_one_is_tried_in_a_round(settings: Any, at: datetime) -> None:
    alipay_is(settings, f"http://127.0.0.1:{free_port()}")
    asked_for(at)
    second = TransferRequest("pyt_second", Money(100, "CNY"), "another@example.org", "另一家", "Payout")
    services.ask_for_transfer(provider="alipay", request=second, at=at)
    tried = Transfer.objects.order_by("pk").values_list("tries", flat=True)
    with one_round():
        services.send_transfers(at=at)
    assert list(tried.all()) == [1, 0]
    assert Transfer.objects.get(ref=second.transfer_ref).next_ask_at == at
    # control: whoever asks outside a round asks about both
    services.send_transfers(at=at)
    assert list(tried.all()) == [1, 1]


def test_many_of_a_provider_that_does_not_answer_keep_none_of_another_from_its_turn(
    settings: Any, at: datetime
) -> None:
    alipay_is(settings, f"http://127.0.0.1:{free_port()}")
    settings.HUTONG_PROVIDER_KEYS |= {
        "stripe": {
            "url": f"http://127.0.0.1:{free_port()}",
            "secret_key": "sk_test_1",
            "webhook_secrets": ["whsec_1"],
        }
    }
    for number in range(3):
        request = TransferRequest(
            f"pyt_{number}", Money(100, "CNY"), "somebody@example.org", "某人", "Payout"
        )
        services.ask_for_transfer(provider="alipay", request=request, at=at)
    behind = TransferRequest("pyt_behind", Money(100, "EUR"), "acct_1", "Kahvila", "Payout")
    services.ask_for_transfer(provider="stripe", request=behind, at=at)
    with one_round():
        services.send_transfers(at=at, limit=2)
    assert Transfer.objects.get(ref="pyt_behind").tries == 1


def test_who_comes_second_leaves_a_transfer_to_who_has_it(settings: Any, at: datetime) -> None:
    alipay_is(settings, f"http://127.0.0.1:{free_port()}")
    asked_for(at)

    def another_has_it() -> None:
        Transfer.objects.filter(ref=REF).update(next_ask_at=at + LEASE, tried_at=at)

    assert second_waits_for(another_has_it, lambda: services.send_transfers(at=at)) == []
    assert (row().tries, row().asked) == (0, 0)
    # control: when its time is over, it is sent
    services.send_transfers(at=at + LEASE)
    assert (row().tries, row().asked) == (1, 1)


def test_a_transfer_that_has_ended_is_not_given_up(settings: Any, at: datetime) -> None:
    alipay_is(settings, f"http://127.0.0.1:{free_port()}")
    asked_for(at)
    services.record_transfer(report=DONE, at=at)
    with pytest.raises(services.TransferUnderWay):
        services.give_up_transfer(ref=REF, at=at)
    assert (row().state, row().tried_at) == (TransferState.DONE, None)
