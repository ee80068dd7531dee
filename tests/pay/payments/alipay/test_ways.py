"""What is Alipay's own: pages that cost no call, payments nobody has opened, refunds that move nothing twice."""

from __future__ import annotations

import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from hutong.kernel import clock, ids
from hutong.kernel.money import Money
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused
from hutong.pay.payments.types import Device, Payer, ReportStatus
from tests.fakes.providers.alipay import AlipaySimulator
from tests.fakes.sandbox import free_port
from tests.pay.payments.alipay.conftest import Client
from tests.pay.payments.contract import refund_of, request_for

PRICE = Money(1990, "CNY")


@pytest.fixture
def paid_ref(alipay: AlipaySimulator, client: Client) -> str:
    """A payment that is paid."""
    ref = ids.new_id("pay")
    client().start(request_for(ref, PRICE))
    alipay.pay(ref)
    return ref


@pytest.mark.parametrize(
    ("way", "method"), [("page", "alipay.trade.page.pay"), ("wap", "alipay.trade.wap.pay")]
)
def test_a_page_is_an_address_and_no_call(
    client: Client, alipay: AlipaySimulator, way: str, method: str
) -> None:
    """The start needs nobody there; the shopper's browser brings the signed call, and then there is a payment."""
    ref = ids.new_id("pay")
    request = request_for(ref, PRICE)
    nowhere = client(way=way, url=f"http://127.0.0.1:{free_port()}/gateway.do", timeout_s=0.5)
    assert nowhere.start(request).provider_ref == ref
    provider = client(way=way)
    started = provider.start(request)
    fields = {name: values[0] for name, values in parse_qs(urlsplit(started.redirect_url).query).items()}
    assert (fields["method"], fields["return_url"]) == (method, request.return_url)
    assert provider.query(payment_ref=ref, provider_ref=ref).status is ReportStatus.ABSENT
    page = httpx.get(started.redirect_url, trust_env=False)
    assert page.headers["location"] == alipay.page_url(ref)
    assert provider.query(payment_ref=ref, provider_ref=ref).status is ReportStatus.PENDING
    paid = httpx.post(page.headers["location"], data={"do": "pay"}, trust_env=False)
    assert paid.headers["location"] == request.return_url
    assert provider.query(payment_ref=ref, provider_ref=ref).captured == PRICE


@pytest.mark.parametrize(
    ("device", "method"),
    [
        (Device.DESKTOP, "alipay.trade.page.pay"),
        (Device.PHONE, "alipay.trade.wap.pay"),
        (Device.WECHAT, ""),
    ],
)
def test_the_way_suits_the_device_where_none_is_fixed(client: Client, device: Device, method: str) -> None:
    request = replace(request_for(ids.new_id("pay"), PRICE), payer=Payer("203.0.113.7", device))
    started = client(way="").start(request)
    fields = parse_qs(urlsplit(started.redirect_url).query)
    assert fields.get("method", [""]) == [method]
    assert started.to_scan is (device is Device.WECHAT)
    assert client(way="precreate").start(replace(request, payment_ref=ids.new_id("pay"))).to_scan


def test_a_page_whose_amount_was_changed_opens_nothing(client: Client, alipay: AlipaySimulator) -> None:
    ref = ids.new_id("pay")
    address = client(way="page").start(request_for(ref, PRICE)).redirect_url
    assert "19.90" in address
    answered = httpx.get(address.replace("19.90", "00.01"), trust_env=False)
    assert "isv.invalid-signature" in answered.text
    assert ref not in alipay.books.trades


@pytest.mark.parametrize("way", ["page", "wap", "precreate"])
def test_what_nobody_opened_is_absent_and_cannot_be_called_off(
    client: Client, alipay: AlipaySimulator, way: str
) -> None:
    ref, provider = ids.new_id("pay"), client(way=way)
    provider.start(request_for(ref, PRICE))
    assert provider.query(payment_ref=ref, provider_ref=ref).status is ReportStatus.ABSENT
    closed = provider.close(payment_ref=ref, provider_ref=ref, key=ids.new_id("att"))
    assert closed.status is ReportStatus.ABSENT


def test_what_nobody_opened_in_time_cannot_be_paid(client: Client, alipay: AlipaySimulator) -> None:
    """The end of the hold goes with the address, since it cannot be called off."""
    ref, provider = ids.new_id("pay"), client()
    request = request_for(ref, PRICE)
    provider.start(request)
    assert request.expires_at is not None
    promised = alipay.promises[ref].expires_at
    assert promised is not None
    assert promised == request.expires_at.replace(microsecond=0)


def test_a_payment_paid_back_in_full_is_closed_at_alipay_and_done_to_us(
    client: Client, alipay: AlipaySimulator, paid_ref: str
) -> None:
    provider = client()
    request = refund_of(paid_ref, paid_ref, PRICE)
    provider.refund(request)
    assert b"TRADE_CLOSED" in alipay.about(request.refund_ref)[-1][1], "the control: Alipay calls it closed"
    report = provider.query(payment_ref=paid_ref, provider_ref=paid_ref)
    assert (report.status, report.captured) == (ReportStatus.DONE, PRICE)
    headers, body = alipay.about(request.refund_ref)[-1]
    refund = provider.parse_webhook(headers=headers, body=body, at=clock.now()).refund
    assert refund is not None
    assert (refund.refund_ref, refund.status) == (request.refund_ref, ReportStatus.DONE)


@pytest.mark.parametrize(("done", "end"), [(True, ReportStatus.DONE), (False, ReportStatus.FAILED)])
def test_a_refund_that_takes_its_time(
    client: Client, alipay: AlipaySimulator, paid_ref: str, done: bool, end: ReportStatus
) -> None:
    provider = client()
    alipay.faults.ask("refund_pending", call="refund")
    request = refund_of(paid_ref, paid_ref, Money(500, "CNY"))
    first = provider.refund(request)
    assert first.status is ReportStatus.PENDING
    alipay.books.end_refund(request.refund_ref, done=done)
    asked = provider.query_refund(
        refund_ref=request.refund_ref, payment_ref=paid_ref, provider_ref=first.provider_ref
    )
    assert asked.status is end


def test_a_refund_whose_answer_was_lost_is_found_and_sent_again_is_done_once(
    client: Client, alipay: AlipaySimulator, paid_ref: str
) -> None:
    provider = client()
    request = refund_of(paid_ref, paid_ref, Money(500, "CNY"))
    alipay.faults.ask("error_after", call="refund")
    with pytest.raises(OutcomeUnknown):
        provider.refund(request)
    asked = provider.query_refund(refund_ref=request.refund_ref, payment_ref=paid_ref, provider_ref=None)
    assert asked.status is ReportStatus.DONE
    assert provider.refund(request).status is ReportStatus.DONE
    assert alipay.books.trade(paid_ref).sent_back == 500


def test_a_refund_reference_does_not_serve_two_amounts(
    client: Client, alipay: AlipaySimulator, paid_ref: str
) -> None:
    provider, refund_ref = client(), ids.new_id("rfd")
    provider.refund(refund_of(paid_ref, paid_ref, Money(500, "CNY"), refund_ref=refund_ref))
    with pytest.raises(ProviderRefused) as raised:
        provider.refund(refund_of(paid_ref, paid_ref, Money(600, "CNY"), refund_ref=refund_ref))
    assert "DISCORDANT" in raised.value.details["reason"]


def test_only_renminbi_is_taken(client: Client, paid_ref: str) -> None:
    with pytest.raises(ProviderRefused):
        client().start(request_for(ids.new_id("pay"), Money(1990, "EUR")))
    with pytest.raises(ProviderRefused):
        client().refund(refund_of(paid_ref, paid_ref, Money(1, "EUR")))


@pytest.mark.parametrize(
    ("status", "error"), [(301, ProviderRefused), (403, ProviderRefused), (503, OutcomeUnknown)]
)
def test_what_is_no_gateway(
    client: Client,
    alipay: AlipaySimulator,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    error: type[Exception],
) -> None:
    from tests.fakes.providers.server import Answer

    monkeypatch.setattr(alipay, "handle", lambda _call: Answer(status, b"no"))
    with pytest.raises(error):
        client().start(request_for(ids.new_id("pay"), PRICE))


def test_notifications_are_repeated_word_for_word_until_the_answer_is_success(
    client: Client, alipay: AlipaySimulator
) -> None:
    """Three answers: another word, the word in an error, the word. Every copy is taken as the same event."""
    provider, bodies, ended = client(), list[bytes](), threading.Event()
    answers = [
        (200, b'{"outcome":"recorded"}'),
        (500, b"success"),
        (200, str(provider.acknowledgement).encode()),
    ]

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["content-length"])))
            status, word = answers[min(len(bodies), 3) - 1]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(word)
            if len(bodies) >= 3:
                ended.set()

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        ref = ids.new_id("pay")
        notified = client(notify_url=f"http://127.0.0.1:{server.server_port}/notify")
        notified.start(request_for(ref, PRICE))
        alipay.pay(ref)
        assert ended.wait(10)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
    events = {provider.parse_webhook(headers={}, body=body, at=clock.now()).event_id for body in bodies}
    assert len(bodies) == 3
    assert len(events) == 1
