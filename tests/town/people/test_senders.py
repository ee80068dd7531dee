"""Ways a message leaves the house: one contract for all, and what is special of each."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail as django_mail
from django.core.exceptions import ImproperlyConfigured

from hutong.config import mail
from hutong.kernel.errors import Unavailable
from hutong.town.people import queries
from hutong.town.people.models import Message
from hutong.town.people.senders import CALLERS, SENDERS, chosen_caller, chosen_sender
from hutong.town.people.senders.http import MessageNotSent
from tests.fakes.gateway import Gateway, MailServer
from tests.fakes.sandbox import free_port

PHONE = "+358401234567"
BODY = "Code 483921 is yours"
DIGITS = "483921"

pytestmark = pytest.mark.django_db
Delivered = Callable[[], list[tuple[str, str]]]


@pytest.fixture
def delivered(gateway: Gateway) -> Delivered:
    """What reached somebody, by the gateway or in the tray: (to, what was said)."""

    def look() -> list[tuple[str, str]]:
        by_gateway = [
            (one["to"], one.get("body", one.get("digits", ""))) for one in gateway.delivered.values()
        ]
        return by_gateway + [(one.to, one.body) for one in Message.objects.order_by("id")]

    return look


@pytest.mark.parametrize("name", SENDERS)
def test_every_sender_takes_a_message_and_keeps_it_out_of_the_log(
    name: str, at: datetime, settings: Any, delivered: Delivered, caplog: pytest.LogCaptureFixture
) -> None:
    settings.HUTONG_SMS = name
    with caplog.at_level(logging.DEBUG):
        chosen_sender().send(to=PHONE, body=BODY, at=at)
        chosen_sender().send(to=PHONE, body="验证码 483921", at=at)
    said = "".join(record.getMessage() for record in caplog.records if record.name.startswith("hutong"))
    assert DIGITS not in said
    assert PHONE not in said
    assert "a token of the tests" not in caplog.text
    assert delivered() == ([] if name == "console" else [(PHONE, BODY), (PHONE, "验证码 483921")])


@pytest.mark.parametrize("name", SENDERS)
def test_every_sender_delivers_one_message_of_one_moment_once(
    name: str, at: datetime, settings: Any, delivered: Delivered
) -> None:
    settings.HUTONG_SMS = name
    for _try in range(2):
        chosen_sender().send(to=PHONE, body=BODY, at=at)
    once = [] if name == "console" else [(PHONE, BODY)]
    assert delivered() == once
    chosen_sender().send(to=PHONE, body=BODY, at=at + timedelta(seconds=30))
    assert delivered() == once * 2


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("name", CALLERS)
def test_every_caller_takes_a_call_once_and_keeps_it_out_of_the_log(
    name: str,
    language: str,
    at: datetime,
    settings: Any,
    delivered: Delivered,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.HUTONG_VOICE = name
    with caplog.at_level(logging.DEBUG):
        for _try in range(2):
            chosen_caller().call(to=PHONE, digits=DIGITS, language=language, at=at)
    said = "".join(record.getMessage() for record in caplog.records if record.name.startswith("hutong"))
    assert DIGITS not in said
    assert PHONE not in said
    heard = delivered()
    if name == "console":
        assert heard == []
    else:
        [(to, words)] = heard
        assert to == PHONE
        assert DIGITS in words


def test_the_tray_speaks_the_language_of_the_call(at: datetime) -> None:
    for language in ("en", "zh-hans"):
        CALLERS["tray"]().call(to=PHONE, digits=DIGITS, language=language, at=at)
    chinese, english = queries.messages(2)
    assert {chinese.kind, english.kind} == {"call"}
    assert "your code is" in english.body
    assert "验证码" in chinese.body


def test_the_gateway_gets_what_the_page_promises(at: datetime, gateway: Gateway) -> None:
    SENDERS["http"]().send(to=PHONE, body=BODY, at=at)
    CALLERS["http"]().call(to=PHONE, digits=DIGITS, language="zh-hans", at=at)
    [(headers, message), (_headers, call)] = gateway.asked
    assert message == {"to": PHONE, "body": BODY, "from": "Hutong"}
    assert call == {"to": PHONE, "digits": DIGITS, "language": "zh-hans", "from": "Hutong"}
    assert headers["authorization"] == "Bearer a token of the tests"
    assert len(headers["idempotency-key"]) == 32


@pytest.mark.parametrize("status", [302, 400, 429, 500])
def test_a_refusal_is_said_and_its_words_are_masked(
    status: int, at: datetime, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    words = f"cannot send {BODY!r} to {PHONE} (358401234567) with {gateway.token}; ask 5550123"
    gateway.answers.append((status, words))
    with pytest.raises(MessageNotSent) as refused:
        SENDERS["http"]().send(to=PHONE, body=BODY, at=at)
    assert isinstance(refused.value, Unavailable)
    assert refused.value.status == 503
    assert len(gateway.asked) == 1, "the gateway may have it already: it is not asked again"
    assert f"+358 ••• ••• 567: {status} cannot send" in caplog.text
    for secret in (PHONE, PHONE[1:], BODY, DIGITS, gateway.token, "5550123"):
        assert secret not in caplog.text


def test_a_gateway_that_is_not_there_is_said(at: datetime, gateway: Gateway, settings: Any) -> None:
    settings.HUTONG_SMS_URL = f"http://127.0.0.1:{free_port()}/messages"
    with pytest.raises(MessageNotSent):
        SENDERS["http"]().send(to=PHONE, body=BODY, at=at)
    assert gateway.asked == []


def test_an_unknown_name_is_a_fault_of_the_settings(settings: Any) -> None:
    settings.HUTONG_SMS = settings.HUTONG_VOICE = "pigeon"
    with pytest.raises(ImproperlyConfigured, match=r"HUTONG_SMS.*console, http, tray"):
        chosen_sender()
    with pytest.raises(ImproperlyConfigured, match="HUTONG_VOICE"):
        chosen_caller()


def send_mail(url: str, settings: Any, to: str = "merchant@example.org") -> None:
    for name, value in mail.django_settings(url).items():
        setattr(settings, name, value)
    django_mail.send_mail("Your code", f"It is {DIGITS}.\nBye", None, [to])


def test_mail_goes_to_the_tray(settings: Any) -> None:
    address = "a-very-long-name-of-somebody-who-has-a-shop@a-long-host.example.org"
    send_mail("tray:", settings, to=address)
    [seen] = queries.messages(5)
    assert (seen.to, seen.kind, seen.body) == (address, "email", f"Your code\n\nIt is {DIGITS}.\nBye")


def test_mail_to_the_log_keeps_its_text(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        send_mail("console:", settings)
    assert "m•••@example.org" in caplog.text
    assert DIGITS not in caplog.text
    assert "merchant@" not in caplog.text


def test_mail_goes_to_a_real_server(settings: Any, mail_server: MailServer) -> None:
    settings.DEFAULT_FROM_EMAIL = "Hutong <no-reply@example.org>"
    send_mail(mail_server.url, settings)
    [(sender, to, text)] = mail_server.mails
    assert (sender, to) == ("<no-reply@example.org>", ["<merchant@example.org>"])
    assert "Subject: Your code" in text
    assert DIGITS in text
    assert mail_server.signed_in == ["post@example.org"]


@pytest.mark.parametrize(
    ("url", "port", "starttls", "ssl"),
    [
        ("smtp://a:b@mail.example.org", 587, True, False),
        ("smtp://mail.example.org:25?starttls=0", 25, False, False),
        ("smtps://a:b@mail.example.org", 465, False, True),
        ("smtp://127.0.0.1:25", 25, False, False),
    ],
)
def test_mail_is_encrypted_unless_said_otherwise(url: str, port: int, starttls: bool, ssl: bool) -> None:
    assert mail.wrong(url) == ""
    made = mail.django_settings(url)
    assert (made["EMAIL_PORT"], made["EMAIL_USE_TLS"], made["EMAIL_USE_SSL"]) == (port, starttls, ssl)


@pytest.mark.parametrize(
    "url", ["", "mail.example.org", "http://x", "smtp://", "smtp://h:port", "tray://x", "tray:x"]
)
def test_a_wrong_address_of_a_mail_server_is_said(url: str) -> None:
    assert "smtp://" in mail.wrong(url)
