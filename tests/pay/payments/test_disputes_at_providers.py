"""Disputes at the sandbox and at the simulated Stripe: told by webhook, listed, answered with documents, given up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from hutong.kernel import clock, ids
from hutong.kernel.money import Money
from hutong.pay.payments.providers.errors import ProviderRefused, SignatureInvalid
from hutong.pay.payments.providers.protocol import Disputes, Provider
from hutong.pay.payments.providers.sandbox.client import SandboxProvider
from hutong.pay.payments.providers.stripe.client import StripeProvider
from hutong.pay.payments.types import DisputeReport, DisputeStatus, Evidence, EvidenceFile
from tests.fakes.providers.server import running
from tests.fakes.providers.stripe import StripeSimulator
from tests.fakes.sandbox import SECRET, Sandbox
from tests.pay.payments.contract import PRICE, request_for

Hook = tuple[dict[str, str], bytes]
ANSWER = Evidence(
    "She came on Monday.", (EvidenceFile("receipt.pdf", "application/pdf", b"%PDF-1.7 \x00\xff receipt"),)
)


@dataclass(frozen=True)
class Case:
    """A provider with disputes, and what a test does at the bank."""

    provider: Provider
    pay: Callable[[str], object]
    dispute: Callable[[str], str]
    """A cardholder disputes a payment of ours; the provider's id of it."""
    end: Callable[[str, bool], object]
    hooks: Callable[[str, str, int], list[Hook]]
    """The webhooks about a dispute (its payment, its id), once there are so many."""
    fee_lost: int
    kept: Callable[[str], tuple[str, int]]
    """What the bank was sent: words, and how many documents."""


@pytest.fixture(scope="module")
def simulator() -> Iterator[StripeSimulator]:
    with running(StripeSimulator()) as made:
        assert isinstance(made, StripeSimulator)
        yield made


@pytest.fixture(params=["sandbox", "stripe"])
def case(request: pytest.FixtureRequest, sandbox_of_session: Sandbox, simulator: StripeSimulator) -> Case:
    return _sandbox(sandbox_of_session) if request.param == "sandbox" else _stripe(simulator)


def _sandbox(sandbox: Sandbox) -> Case:
    def hooks(payment_ref: str, _ref: str, count: int) -> list[Hook]:
        # the first is about the payment itself
        found = sandbox.listener.wait_for(payment_ref, count=count + 1)
        return [(hook.headers, hook.body) for hook in found][1:]

    answered: dict[str, tuple[str, int]] = {}

    class Counting(SandboxProvider):
        def submit_evidence(self, *, key: str, provider_ref: str, evidence: Evidence) -> DisputeReport:
            answered[provider_ref] = (evidence.text, len(evidence.files))
            return super().submit_evidence(key=key, provider_ref=provider_ref, evidence=evidence)

    return Case(
        provider=Counting(url=sandbox.url, secret=SECRET, timeout_s=10),
        pay=sandbox.pay,
        dispute=lambda ref: str(
            sandbox.call("POST", f"/test/payments/{ref}/dispute", reason="fraudulent").json()["id"]
        ),
        end=lambda ref, won: sandbox.call("POST", f"/test/disputes/{ref}/end", won=won).raise_for_status(),
        hooks=hooks,
        fee_lost=1500,
        kept=lambda ref: answered[ref],
    )


def _stripe(simulator: StripeSimulator) -> Case:
    def kept(ref: str) -> tuple[str, int]:
        evidence = dict(simulator.disputes[ref].evidence)
        return evidence.pop("uncategorized_text"), len(evidence)

    return Case(
        provider=StripeProvider(
            url=simulator.url,
            secret_key=simulator.secret_key,
            webhook_secrets=simulator.webhook_secrets,
            timeout_s=10.0,
        ),
        pay=simulator.pay,
        dispute=lambda ref: simulator.dispute(ref).ref,
        end=lambda ref, won: simulator.end_dispute(ref, won=won),
        hooks=lambda _payment_ref, ref, _count: simulator.about(ref),
        fee_lost=1500,
        kept=kept,
    )


def disputed(case: Case) -> tuple[str, str, Disputes]:
    """A payment of ours that was paid and disputed."""
    payment_ref = ids.new_id("pay")
    case.provider.start(request_for(payment_ref, PRICE))
    case.pay(payment_ref)
    assert isinstance(case.provider, Disputes)
    return payment_ref, case.dispute(payment_ref), case.provider


def told(case: Case, hook: Hook) -> DisputeReport:
    event = case.provider.parse_webhook(headers=hook[0], body=hook[1], at=clock.now())
    assert event.dispute is not None
    return event.dispute


def test_a_dispute_is_told_and_listed_alike(case: Case) -> None:
    payment_ref, ref, provider = disputed(case)
    (hook,) = case.hooks(payment_ref, ref, 1)
    report = told(case, hook)
    assert (report.provider_ref, report.payment_ref, report.status) == (
        ref,
        payment_ref,
        DisputeStatus.NEEDS_RESPONSE,
    )
    assert (report.amount, report.fee, report.reason) == (PRICE, Money(1500, "EUR"), "fraudulent")
    assert report.due_at is not None
    assert report.due_at > clock.now()
    listed = provider.fetch_disputes(since=clock.now() - timedelta(hours=1))
    assert [one for one in listed if one.provider_ref == ref] == [report]
    assert provider.fetch_disputes(since=clock.now() + timedelta(hours=1)) == []
    forged = bytearray(hook[1])
    forged[len(forged) // 2] ^= 1
    with pytest.raises(SignatureInvalid):
        case.provider.parse_webhook(headers=hook[0], body=bytes(forged), at=clock.now())


@pytest.mark.parametrize("won", [True, False])
def test_an_answered_dispute_is_decided(case: Case, won: bool) -> None:
    payment_ref, ref, provider = disputed(case)
    key = ids.new_id("att")
    first = provider.submit_evidence(key=key, provider_ref=ref, evidence=ANSWER)
    again = provider.submit_evidence(key=key, provider_ref=ref, evidence=ANSWER)
    assert first == again
    assert first.status is DisputeStatus.UNDER_REVIEW
    assert case.kept(ref) == ("She came on Monday.", 1)
    case.end(ref, won)
    report = told(case, case.hooks(payment_ref, ref, 3)[-1])
    assert report.status is (DisputeStatus.WON if won else DisputeStatus.LOST)
    assert report.fee.minor == (0 if won else case.fee_lost)
    assert report.amount == PRICE


def test_a_dispute_is_given_up(case: Case) -> None:
    _payment_ref, ref, provider = disputed(case)
    assert provider.accept_dispute(key=ids.new_id("att"), provider_ref=ref).status is DisputeStatus.LOST


def test_nobody_elses_dispute_is_answered(case: Case) -> None:
    _payment_ref, _ref, provider = disputed(case)
    with pytest.raises(ProviderRefused):
        provider.accept_dispute(key=ids.new_id("att"), provider_ref="du_of_another_shop")


def test_an_inquiry_at_stripe_is_no_dispute(simulator: StripeSimulator) -> None:
    case = _stripe(simulator)
    payment_ref, _ref, _provider = disputed(case)
    inquiry = simulator.dispute(payment_ref, status="warning_needs_response")
    headers, body = simulator.about(inquiry.ref)[-1]
    event = case.provider.parse_webhook(headers=headers, body=body, at=clock.now())
    assert (event.payment, event.refund, event.dispute) == (None, None, None)


def test_a_dispute_of_another_shop_of_the_account_is_not_ours(simulator: StripeSimulator) -> None:
    case = _stripe(simulator)
    payment_ref, _ref, _provider = disputed(case)
    simulator.books.trade(payment_ref).data["intent_metadata"] = {}
    other = simulator.dispute(payment_ref)
    headers, body = simulator.about(other.ref)[-1]
    assert case.provider.parse_webhook(headers=headers, body=body, at=clock.now()).dispute is None


def test_a_status_nobody_knows_is_no_news_and_hides_no_other_dispute(
    simulator: StripeSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    case = _stripe(simulator)
    payment_ref, ref, provider = disputed(case)
    strange = simulator.dispute(payment_ref, status="of_next_year")
    headers, body = simulator.about(strange.ref)[-1]
    assert case.provider.parse_webhook(headers=headers, body=body, at=clock.now()).dispute is None
    listed = [one.provider_ref for one in provider.fetch_disputes(since=clock.now() - timedelta(hours=1))]
    assert ref in listed
    assert strange.ref not in listed
    assert f"{strange.ref} passed over" in caplog.text


def test_one_dispute_of_another_shape_hides_no_other(
    simulator: StripeSimulator, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = _stripe(simulator)
    payment_ref, ref, provider = disputed(case)
    broken = simulator.dispute(payment_ref)
    monkeypatch.setattr(broken, "amount", "much")
    monkeypatch.setattr(broken, "moved", [])
    listed = [one.provider_ref for one in provider.fetch_disputes(since=clock.now() - timedelta(hours=1))]
    assert (ref in listed, broken.ref in listed) == (True, False)
    assert f"{broken.ref}' passed over" in caplog.text


@pytest.mark.parametrize("status", ["appeal_needs_response", "appeal_under_review"])
def test_an_appeal_has_not_ended(simulator: StripeSimulator, status: str) -> None:
    case = _stripe(simulator)
    payment_ref, _ref, _provider = disputed(case)
    appealed = simulator.dispute(payment_ref, status=status)
    assert told(case, simulator.about(appealed.ref)[-1]).status is DisputeStatus.UNDER_REVIEW


def listed(case: Case, ref: str) -> DisputeReport:
    assert isinstance(case.provider, Disputes)
    (found,) = [
        one
        for one in case.provider.fetch_disputes(since=clock.now() - timedelta(hours=1))
        if one.provider_ref == ref
    ]
    return found


@pytest.mark.parametrize(
    ("came_back", "status", "fee"), [(False, DisputeStatus.LOST, 1500), (True, DisputeStatus.WON, 0)]
)
def test_one_that_was_prevented_has_ended_and_its_money_says_how(
    simulator: StripeSimulator, came_back: bool, status: DisputeStatus, fee: int
) -> None:
    case = _stripe(simulator)
    _payment_ref, ref, _provider = disputed(case)
    assert listed(case, ref).status is DisputeStatus.NEEDS_RESPONSE
    known = simulator.disputes[ref]
    known.status = "prevented"
    if came_back:
        known.moved.append((known.amount, -1500))
    assert (listed(case, ref).status, listed(case, ref).fee) == (status, Money(fee, "EUR"))


def test_the_fee_is_in_the_currency_of_the_account(simulator: StripeSimulator) -> None:
    case = _stripe(simulator)
    _payment_ref, ref, _provider = disputed(case)
    simulator.disputes[ref].account_unit = "JPY"
    assert (listed(case, ref).amount, listed(case, ref).fee) == (PRICE, Money(1500, "JPY"))
