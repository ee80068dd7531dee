"""Money to a merchant's account that is connected to ours: once for each reference, whatever a key was told before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from hutong.kernel import clock, ids
from hutong.kernel.money import Money
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused
from hutong.pay.payments.providers.stripe import bill, transfers
from hutong.pay.payments.providers.stripe.client import StripeProvider
from hutong.pay.payments.types import ReportStatus, TransferRequest
from tests.fakes.providers.stripe import StripeSimulator
from tests.fakes.sandbox import free_port
from tests.pay.payments.transfer_contract import TransferCase, TransferContract

PAYEE, HOLDER = "acct_1MTfjCQ9PRzxEwkZ", "Kahvila Oy"
Client = Callable[..., StripeProvider]


@pytest.fixture
def sender(simulator: StripeSimulator, client: Client) -> Iterator[StripeProvider]:
    """A client of a platform to which one account is connected."""
    simulator.transfers.payees = {PAYEE: HOLDER}
    yield client(connect=True)
    simulator.transfers.refuse, simulator.transfers.unable = "", set()
    simulator.faults.clear()


@pytest.fixture
def theirs(simulator: StripeSimulator) -> stripe.StripeClient:
    """Stripe's own client."""
    return stripe.StripeClient(
        simulator.secret_key, base_addresses={"api": simulator.url}, max_network_retries=0
    )


def request() -> TransferRequest:
    return TransferRequest(ids.new_id("pyt"), Money(179_100, "EUR"), PAYEE, HOLDER, "Payout")


class TestStripeTransfers(TransferContract):
    @pytest.fixture
    def case(self, simulator: StripeSimulator, sender: StripeProvider, client: Client) -> TransferCase:
        return TransferCase(
            sender=sender,
            impatient=client(connect=True, timeout_s=0.5),
            unreachable=client(connect=True, url=f"http://127.0.0.1:{free_port()}"),
            theirs=simulator.transfers,
            fault=simulator.faults.ask,
            request=request,
            written="179100",
            nobody="acct_1Nobody9PRzxEwkZ",
            no_payee="resource_missing",
            too_little="balance_insufficient",
            other_amount="idempotency_error",
        )


def test_it_sends_where_this_site_says_so(sender: StripeProvider, client: Client) -> None:
    assert sender.transfers_to == {"stripe"}
    assert client().transfers_to == frozenset()
    assert {sender.least_transfer(unit) for unit in ("EUR", "JPY")} == {1}


def test_an_account_that_may_get_no_money_never_gets_it_and_a_border_waits(
    simulator: StripeSimulator, sender: StripeProvider
) -> None:
    simulator.transfers.unable = {PAYEE}
    failed = sender.transfer(request())
    assert (failed.status, failed.reason) == (ReportStatus.FAILED, "insufficient_capabilities_for_transfer")
    simulator.transfers.unable, simulator.transfers.refuse = set(), "border"
    with pytest.raises(ProviderRefused) as refused:
        sender.transfer(request())
    assert refused.value.details["reason"].startswith("transfers_not_allowed: Funds can't be sent")


def test_a_key_is_told_its_first_no_for_ever_and_the_next_one_is_tried(
    simulator: StripeSimulator, sender: StripeProvider, theirs: stripe.StripeClient
) -> None:
    asked = request()
    simulator.transfers.refuse = "too_little"
    with pytest.raises(ProviderRefused):
        sender.transfer(asked)
    simulator.transfers.refuse = ""
    form: Any = {
        "amount": 179_100,
        "currency": "eur",
        "destination": PAYEE,
        "transfer_group": asked.transfer_ref,
        "metadata": {"transfer_ref": asked.transfer_ref},
        "description": "Payout",
    }
    # The very call with the very key: this is what a transfer with one key alone would meet.
    with pytest.raises(stripe.InvalidRequestError) as still:
        theirs.v1.transfers.create(form, {"idempotency_key": asked.transfer_ref})
    assert still.value.code == "balance_insufficient"
    assert dict(still.value.headers or {})["idempotent-replayed"] == "true"
    assert sender.transfer(asked).status is ReportStatus.DONE
    made = theirs.v1.transfers.create(form, {"idempotency_key": f"{asked.transfer_ref}-2"})
    assert [made.id] == [
        each.provider_ref for each in simulator.transfers.sent.values() if each.ref == asked.transfer_ref
    ]


def test_the_keys_of_one_transfer_come_to_an_end(simulator: StripeSimulator, sender: StripeProvider) -> None:
    asked = request()
    simulator.transfers.refuse = "too_little"
    for _again in range(transfers._KEYS + 1):
        with pytest.raises(ProviderRefused):
            sender.transfer(asked)
    simulator.transfers.refuse = ""
    with pytest.raises(ProviderRefused):
        sender.transfer(asked)
    assert asked.transfer_ref not in simulator.transfers.sent


def test_a_server_error_that_stripe_keeps_is_not_taken_for_a_no(
    simulator: StripeSimulator, sender: StripeProvider
) -> None:
    asked = request()
    simulator.faults.ask("error_after", call="transfer")
    for _again in range(2):
        with pytest.raises(OutcomeUnknown):
            sender.transfer(asked)
    assert sender.query_transfer(transfer_ref=asked.transfer_ref).status is ReportStatus.DONE
    assert [ref for ref in simulator.transfers.sent if ref.startswith(asked.transfer_ref)] == [
        asked.transfer_ref
    ]


def test_one_that_was_taken_back_by_hand_has_failed(
    simulator: StripeSimulator, sender: StripeProvider
) -> None:
    asked = request()
    sender.transfer(asked)
    simulator.transfers.end(asked.transfer_ref, "reversed")
    found = sender.query_transfer(transfer_ref=asked.transfer_ref)
    assert (found.status, found.reason) == (ReportStatus.FAILED, "transfer_reversed")


@pytest.mark.parametrize(
    ("amount", "written"),
    [(Money(500, "JPY"), "500"), (Money(500, "ISK"), "50000"), (Money(12_340, "KWD"), "12340")],
)
def test_amounts_are_written_as_stripe_counts(
    amount: Money, written: str, simulator: StripeSimulator, sender: StripeProvider
) -> None:
    asked = replace(request(), amount=amount)
    assert sender.transfer(asked).status is ReportStatus.DONE
    assert simulator.transfers.sent[asked.transfer_ref].amount == written


def test_an_amount_that_stripe_cannot_write_is_never_sent(sender: StripeProvider) -> None:
    failed = sender.transfer(replace(request(), amount=Money(12_345, "KWD")))
    assert failed.status is ReportStatus.FAILED
    assert "too fine" in failed.reason


@pytest.mark.parametrize(
    "answer", [{}, {"id": "tr_1"}, {"id": "tr_1", "reversed": "no"}, {"id": "tr_1", "reversed": False}]
)
def test_an_answer_of_another_shape_or_about_another_leaves_it_unknown(
    answer: dict[str, Any],
    simulator: StripeSimulator,
    sender: StripeProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(simulator.transfers, "create", lambda _call, _parts: answer)
    with pytest.raises(OutcomeUnknown):
        sender.transfer(request())


def test_the_bill_leaves_out_ours_and_has_what_was_sent_by_hand(
    simulator: StripeSimulator, sender: StripeProvider, theirs: stripe.StripeClient
) -> None:
    asked = request()
    sender.transfer(asked)
    by_hand = theirs.v1.transfers.create({"amount": 700, "currency": "eur", "destination": PAYEE})
    read = sender.fetch_bill(on=clock.now().date())
    found = {
        line.provider_ref: (line.amount, line.status) for line in read.lines if line.status == "transfer"
    }
    assert found == {by_hand.id: (Money(-700, "EUR"), "transfer")}
    assert read.broken == ()


def test_what_was_taken_back_by_hand_is_on_the_bill() -> None:
    at = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())
    back = {
        "id": "txn_1", "type": "transfer_refund", "amount": 700, "fee": 0, "currency": "eur", "created": at,
        "source": {"id": "trr_1", "object": "transfer_reversal", "metadata": {}},
    }  # fmt: skip
    (line,) = bill.read([back], payment_ref_of=lambda _intent: "").lines
    assert (line.amount, line.provider_ref) == (Money(700, "EUR"), "trr_1")


def test_what_their_client_sends_ours_finds_and_the_other_way_round(
    sender: StripeProvider, theirs: stripe.StripeClient
) -> None:
    ref = ids.new_id("pyt")
    made = theirs.v1.transfers.create(
        {
            "amount": 1791,
            "currency": "eur",
            "destination": PAYEE,
            "transfer_group": ref,
            "metadata": {"transfer_ref": ref},
        }
    )
    found = sender.query_transfer(transfer_ref=ref)
    assert (found.status, found.provider_ref) == (ReportStatus.DONE, made.id)
    asked = request()
    sent = sender.transfer(asked)
    (listed,) = theirs.v1.transfers.list({"transfer_group": asked.transfer_ref}).auto_paging_iter()
    assert (listed.id, listed.amount, listed.currency) == (sent.provider_ref, 179_100, "eur")
    assert (listed.destination, listed.reversed) == (PAYEE, False)


def test_errors_are_those_their_client_knows(simulator: StripeSimulator, theirs: stripe.StripeClient) -> None:
    simulator.transfers.payees = {PAYEE: HOLDER}
    form: Any = {"amount": 1, "currency": "eur", "destination": "acct_1Nobody9PRzxEwkZ"}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        theirs.v1.transfers.create(form)
    assert (refused.value.code, refused.value.param) == ("resource_missing", "destination")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        form |= {"destination": PAYEE, "holder": HOLDER}
        theirs.v1.transfers.create(form)
    assert refused.value.code == "parameter_unknown"
