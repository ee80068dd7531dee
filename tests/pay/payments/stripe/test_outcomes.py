"""What is Stripe's own: keys and what they keep, lost answers, sessions that cannot be closed, wrong keys."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest

from hutong.kernel import clock, ids
from hutong.kernel.money import Money
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused, ProviderUnavailable
from hutong.pay.payments.providers.stripe.client import StripeProvider
from hutong.pay.payments.types import ReportStatus
from tests.fakes.providers.server import Answer, Call
from tests.fakes.providers.stripe import StripeSimulator
from tests.pay.payments.contract import PRICE, refund_of, request_for

Client = Callable[..., StripeProvider]


def started(provider: StripeProvider) -> tuple[str, str]:
    payment_ref = ids.new_id("pay")
    return payment_ref, provider.start(request_for(payment_ref, PRICE)).provider_ref


def test_the_shopper_pays_on_the_page_and_comes_back(simulator: StripeSimulator, client: Client) -> None:
    payment_ref = ids.new_id("pay")
    request = request_for(payment_ref, PRICE)
    page = client().start(request).redirect_url
    assert len(page) > 500, "real addresses of Checkout are long"
    assert "1990 EUR" in httpx.get(page).text
    answer = httpx.post(page, data={"do": "pay"})
    assert (answer.status_code, answer.headers["location"]) == (303, request.return_url)
    assert client().query(payment_ref=payment_ref, provider_ref=None).captured == PRICE


def test_a_declined_card_leaves_the_page_open_for_another(simulator: StripeSimulator, client: Client) -> None:
    payment_ref, session = started(client())
    simulator.decline_card(payment_ref)
    report = client().query(payment_ref=payment_ref, provider_ref=session)
    assert (report.status, bool(report.redirect_url)) == (ReportStatus.PENDING, True)
    simulator.pay(payment_ref)
    assert client().query(payment_ref=payment_ref, provider_ref=session).captured == PRICE


def test_money_that_takes_days_cannot_be_called_off(simulator: StripeSimulator, client: Client) -> None:
    payment_ref, session = started(client())
    simulator.complete_unpaid(payment_ref)
    report = client().close(payment_ref=payment_ref, provider_ref=session, key=ids.new_id("att"))
    assert report.status is ReportStatus.PENDING


def test_a_shopper_who_pays_while_it_is_closed_has_paid(
    simulator: StripeSimulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_ref, session = started(client())
    expire = simulator._expire

    def paid_just_before(call: Call, parts: list[str]) -> dict[str, object]:
        simulator.pay(payment_ref)
        return expire(call, parts)

    monkeypatch.setattr(simulator, "_expire", paid_just_before)
    report = client().close(payment_ref=payment_ref, provider_ref=session, key=ids.new_id("att"))
    assert (report.status, report.captured) == (ReportStatus.DONE, PRICE)


def test_a_start_whose_server_error_is_kept_is_found_by_our_reference(
    simulator: StripeSimulator, client: Client
) -> None:
    """Stripe replays the error for every repetition with the key, although the session is there."""
    request = request_for(ids.new_id("pay"), PRICE)
    simulator.faults.ask("error_after", call="start")
    with pytest.raises(OutcomeUnknown):
        client().start(request)
    found = client().start(request)
    assert found.provider_ref == simulator.books.trade(request.payment_ref).provider_ref
    assert f"{request.payment_ref}~2" not in simulator.books.trades


def test_of_two_sessions_for_one_payment_the_paid_one_counts(
    simulator: StripeSimulator, client: Client
) -> None:
    payment_ref, first = started(client())
    second = client().start(request_for(payment_ref, PRICE)).provider_ref
    assert first != second
    simulator.pay(payment_ref)
    report = client().query(payment_ref=payment_ref, provider_ref=None)
    assert (report.provider_ref, report.captured) == (first, PRICE)


def test_a_reference_is_found_behind_many_pages(simulator: StripeSimulator, client: Client) -> None:
    payment_ref, session = started(client())
    for _number in range(6):
        started(client())
    simulator.page_limit = 2
    try:
        assert client().query(payment_ref=payment_ref, provider_ref=None).provider_ref == session
    finally:
        simulator.page_limit = 100


def test_one_refund_asked_for_by_16_with_different_keys_is_one(
    simulator: StripeSimulator, client: Client
) -> None:
    """Nothing at Stripe keeps two refunds from carrying one reference: the key must be the reference."""
    payment_ref, session = started(client())
    simulator.pay(payment_ref)
    provider, refund_ref, barrier = client(), ids.new_id("rfd"), threading.Barrier(16, timeout=30)

    def refund(_number: int) -> ReportStatus:
        barrier.wait()
        request = refund_of(payment_ref, session, Money(100, "EUR"), refund_ref=refund_ref)
        return provider.refund(request).status

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(refund, range(16))) == {ReportStatus.DONE}
    assert simulator.books.trade(payment_ref).sent_back == 100


def test_with_other_keys_two_refunds_would_carry_one_reference(
    simulator: StripeSimulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above: the guard is the key, and nothing else."""
    payment_ref, session = started(client())
    simulator.pay(payment_ref)
    provider, barrier = client(), threading.Barrier(2, timeout=30)
    request = refund_of(payment_ref, session, Money(100, "EUR"))
    post = provider._calls.post

    def with_a_key_of_its_own(path: str, *, key: str, form: dict[str, str | int]) -> dict[str, object]:
        barrier.wait()  # both have looked for an earlier refund by now
        return post(path, key=ids.new_id("att"), form=form)

    monkeypatch.setattr(provider._calls, "post", with_a_key_of_its_own)
    with ThreadPoolExecutor(2) as pool:
        assert len(list(pool.map(provider.refund, [request, request]))) == 2
    assert simulator.books.trade(payment_ref).sent_back == 200


def test_two_starts_at_once_with_one_key_get_one_page(
    simulator: StripeSimulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is told that the first still runs, and waits for its answer."""
    request = request_for(ids.new_id("pay"), PRICE)
    begin, answer, refused = simulator._start, simulator.answer, threading.Event()

    def runs_until_the_other_was_refused(call: Call, parts: list[str]) -> dict[str, object]:
        assert refused.wait(10)
        return begin(call, parts)

    def watched(call: Call) -> Answer:
        answered = answer(call)
        if answered.status == 409:
            refused.set()
        return answered

    monkeypatch.setattr(simulator, "_start", runs_until_the_other_was_refused)
    monkeypatch.setattr(simulator, "answer", watched)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(client().start, [request, request])
    assert first == second
    assert refused.is_set()


def test_a_refund_is_found_by_our_reference_alone(simulator: StripeSimulator, client: Client) -> None:
    payment_ref, session = started(client())
    simulator.pay(payment_ref)
    request = refund_of(payment_ref, session, Money(100, "EUR"))
    made = client().refund(request)
    assert (
        client().query_refund(refund_ref=request.refund_ref, payment_ref=payment_ref, provider_ref=None)
        == made
    )


def test_a_refund_known_with_other_money_is_refused(simulator: StripeSimulator, client: Client) -> None:
    payment_ref, session = started(client())
    simulator.pay(payment_ref)
    request = refund_of(payment_ref, session, Money(100, "EUR"))
    client().refund(request)
    with pytest.raises(ProviderRefused, match=r".") as refused:
        client().refund(refund_of(payment_ref, session, Money(101, "EUR"), refund_ref=request.refund_ref))
    assert "another amount" in refused.value.details["reason"]


@pytest.mark.parametrize(
    "key", ["sk_test_expired00000000", "", "   ", "sk_test_ä", "sk test", "sk_\r\nx: y", "k" * 999]
)
def test_a_wrong_key_is_refused_with_its_reason(client: Client, key: str) -> None:
    provider = client(secret_key=key)
    calls: list[Callable[[], object]] = [
        lambda: provider.start(request_for(ids.new_id("pay"), PRICE)),
        lambda: provider.query(payment_ref=ids.new_id("pay"), provider_ref="cs_test_1"),
        lambda: provider.fetch_bill(on=clock.now().date()),
        provider.check,
    ]
    for call in calls:
        with pytest.raises(ProviderRefused) as refused:
            call()
        assert "secret key" in refused.value.details["reason"]


def test_the_check_of_keys_passes_and_changes_nothing(simulator: StripeSimulator, client: Client) -> None:
    before = len(simulator.books.trades)
    client().check()
    assert len(simulator.books.trades) == before
    with pytest.raises(ProviderRefused, match=r".") as refused:
        client(webhook_secrets=[" "]).check()
    assert "signing secret" in refused.value.details["reason"]
    simulator.books.offset = timedelta(seconds=400)
    try:
        with pytest.raises(ProviderRefused) as apart:
            client().check()
    finally:
        simulator.books.offset = timedelta()
    assert "clock" in apart.value.details["reason"]


def test_an_id_of_another_account_is_not_absent(simulator: StripeSimulator, client: Client) -> None:
    """With the keys of another account, nothing may look as if it had never been paid."""
    payment_ref, session = started(client())
    for provider_ref, ref in (
        ("cs_test_of_another", payment_ref),
        (session, ids.new_id("pay")),
        ("../x?y", "pay_1"),
    ):
        with pytest.raises(ProviderRefused):
            client().query(payment_ref=ref, provider_ref=provider_ref)
    with pytest.raises(ProviderRefused):
        client().query_refund(
            refund_ref=ids.new_id("rfd"), payment_ref=ids.new_id("pay"), provider_ref="re_of_another"
        )


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (429, b'{"error": {"code": "rate_limit"}}', ProviderUnavailable),
        (429, b"slow down", ProviderUnavailable),
        (403, b'{"error": {"message": "This key may not"}}', ProviderRefused),
        (402, b'{"error": "odd"}', ProviderRefused),
        (404, b"<html>", ProviderRefused),
        (409, b'{"error": {"code": "lock"}}', OutcomeUnknown),
        (502, b"<html>bad gateway</html>", OutcomeUnknown),
        (302, b"", OutcomeUnknown),
        (200, b"<html>", OutcomeUnknown),
        (200, b"[]", OutcomeUnknown),
        (200, b'{"id": 7, "url": null}', OutcomeUnknown),
    ],
)
def test_every_answer_has_its_meaning(
    simulator: StripeSimulator,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    body: bytes,
    error: type[Exception],
) -> None:
    monkeypatch.setattr(simulator, "answer", lambda _call: Answer(status, body))
    with pytest.raises(error):
        client().start(request_for(ids.new_id("pay"), PRICE))
