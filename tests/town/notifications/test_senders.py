"""Ways a notification reaches somebody: one contract for all, and what is special of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from django.core import mail as outbox
from django.urls import reverse

from hutong.config import mail
from hutong.town.notifications.models import Subscription
from hutong.town.notifications.senders import SENDERS, NotReachable, NotSent
from hutong.town.notifications.senders.push import keys
from hutong.town.notifications.types import Channel, Group, Outgoing, Text
from hutong.town.people import services as people_services
from hutong.town.people.models import Person
from tests.factories import notifications, people
from tests.fakes.gateway import Gateway, run_mail_server
from tests.fakes.push import PushService

pytestmark = pytest.mark.django_db

LEAVES = [Channel.EMAIL, Channel.PUSH, Channel.SMS]


def outgoing(person: Person, at: datetime, *, language: str = "en") -> Outgoing:
    return Outgoing(
        key="ntf_example",
        at=at,
        person_id=person.pk,
        person_ref=person.public_id,
        phone=person.phone or "",
        email=person.email or "",
        language=language,
        group=Group.VOUCHERS,
        text=Text("Used: Lunch for two", "At Kahvila. Enjoy!"),
        url="https://example.org/notifications/ntf_example/",
        unsubscribe_url="https://example.org/notifications/unsubscribe/abc/",
        settings_url="https://example.org/notifications/settings/",
    )


@dataclass
class Door:
    """A channel as the contract sees it: somebody it reaches, what arrived, and how it is made to fail."""

    channel: Channel
    person: Person
    arrived: Callable[[], list[str]]
    break_for_now: Callable[[], None]
    refuse_for_good: Callable[[], None]
    unreachable: Callable[[Outgoing], Outgoing]


@pytest.fixture(params=LEAVES, ids=str)
def door(request: pytest.FixtureRequest, settings: Any) -> Door:
    person = people.person()
    make: dict[Channel, Callable[[], Door]] = {
        Channel.EMAIL: lambda: mail_door(person, settings),
        Channel.PUSH: lambda: push_door(person, request.getfixturevalue("push_service")),
        Channel.SMS: lambda: sms_door(person, settings, request.getfixturevalue("gateway")),
    }
    return make[request.param]()


def mail_door(person: Person, settings: Any) -> Door:
    notifications.with_email(person)

    def use(url: str) -> None:
        for name, value in mail.django_settings(url).items():
            setattr(settings, name, value)

    def refuse() -> None:
        with run_mail_server(user="somebody@else") as server:
            closed = server.url
        use(closed)  # nobody listens there any more

    return Door(
        Channel.EMAIL,
        person,
        lambda: [f"{one.subject}\n{one.body}" for one in outbox.outbox],
        break_for_now=refuse,
        refuse_for_good=lambda: setattr(
            settings, "EMAIL_BACKEND", "tests.town.notifications.test_senders.RefusingBackend"
        ),
        unreachable=lambda message: replace(message, email=""),
    )


class RefusingBackend:
    """A mail server that says no to every mail."""

    def __init__(self, **_options: Any) -> None:
        """Takes what Django hands to every backend."""

    def send_messages(self, _mails: Any) -> int:
        """Refuse as smtplib reports it."""
        import smtplib

        raise smtplib.SMTPDataError(554, b"no")


def push_door(person: Person, service: PushService) -> Door:
    browser = service.browser()
    notifications.with_push(person, browser)

    def without(message: Outgoing) -> Outgoing:
        Subscription.objects.all().delete()
        return message

    return Door(
        Channel.PUSH,
        person,
        lambda: [f"{one['title']}\n{one['body']}\n{one['url']}" for one in browser.opened()],
        break_for_now=lambda: service.answers.append(503),
        refuse_for_good=lambda: service.answers.append(413),
        unreachable=without,
    )


def sms_door(person: Person, settings: Any, gateway: Gateway) -> Door:
    settings.HUTONG_SMS = "http"
    return Door(
        Channel.SMS,
        person,
        lambda: [content["body"] for content in gateway.delivered.values()],
        break_for_now=lambda: gateway.answers.append((503, "later")),
        # A gateway's answers are not told apart: it holds a message of one key once, so asking again is safe.
        refuse_for_good=lambda: gateway.answers.append((503, "later")),
        unreachable=lambda message: replace(message, phone=""),
    )


def test_every_channel_has_a_sender() -> None:
    assert set(SENDERS) == set(Channel)


def test_what_is_handed_over_arrives_once_with_title_body_and_address(door: Door, at: datetime) -> None:
    SENDERS[door.channel]().send(outgoing(door.person, at), at=at)
    (arrived,) = door.arrived()
    assert "Used: Lunch for two" in arrived
    assert "At Kahvila. Enjoy!" in arrived
    assert "https://example.org/notifications/ntf_example/" in arrived


def test_who_has_nothing_there_is_not_reachable(door: Door, at: datetime) -> None:
    message = door.unreachable(outgoing(door.person, at))
    with pytest.raises(NotReachable) as refused:
        SENDERS[door.channel]().send(message, at=at)
    assert refused.value.code in ("no_email", "no_push", "no_phone")
    assert door.arrived() == []


def test_a_machine_that_is_away_is_worth_another_try(door: Door, at: datetime) -> None:
    door.break_for_now()
    with pytest.raises(NotSent) as failed:
        SENDERS[door.channel]().send(outgoing(door.person, at), at=at)
    assert failed.value.again
    assert door.arrived() == []


def test_what_is_refused_says_so_in_a_word_without_address_or_number(door: Door, at: datetime) -> None:
    door.refuse_for_good()
    with pytest.raises(NotSent) as failed:
        SENDERS[door.channel]().send(outgoing(door.person, at), at=at)
    assert failed.value.again is (door.channel is Channel.SMS)
    for known in (door.person.phone, door.person.email):
        assert not known or known not in failed.value.code
    assert len(failed.value.code) <= 40


def test_in_app_makes_the_bell_ring_after_commit(
    at: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    person = people.person()
    with django_capture_on_commit_callbacks() as rung:
        SENDERS[Channel.IN_APP]().send(outgoing(person, at), at=at)
    assert len(rung) == 1


def test_mail_can_be_ended_with_one_click_and_is_said_to_be_automatic(at: datetime) -> None:
    person = notifications.with_email(people.person(), "sanna@example.org")
    SENDERS[Channel.EMAIL]().send(outgoing(person, at, language="zh-hans"), at=at)
    (sent,) = outbox.outbox
    headers = sent.message()
    assert sent.to == ["sanna@example.org"]
    assert headers["List-Unsubscribe"] == "<https://example.org/notifications/unsubscribe/abc/>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["Message-ID"].startswith("<ntf_example@")
    assert headers["Content-Language"] == "zh-Hans"


def test_mail_has_a_text_part_and_an_html_part_that_is_escaped(at: datetime) -> None:
    person = notifications.with_email(people.person())
    wild = replace(outgoing(person, at), text=Text("Used:\r\nBcc: x@y.z", "<script>alert(1)</script> & co"))
    SENDERS[Channel.EMAIL]().send(wild, at=at)
    (sent,) = outbox.outbox
    assert sent.subject == "Used: Bcc: x@y.z"
    assert "<script>alert(1)</script> & co" in str(sent.body)
    ((html, kind),) = sent.alternatives  # type: ignore[attr-defined]
    assert kind == "text/html"
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in str(html)
    assert "<script>" not in str(html)
    assert "unsubscribe/abc" in str(sent.body)
    assert "unsubscribe/abc" in str(html)


def test_push_is_sealed_and_signed_with_the_site_s_key(at: datetime, push_service: PushService) -> None:
    browser = push_service.browser()
    person = notifications.with_push(people.person(), browser)
    SENDERS[Channel.PUSH]().send(outgoing(person, at, language="zh-hans"), at=at)
    (arrived,) = push_service.arrived
    assert b"Lunch" not in arrived.body
    assert browser.opened()[0]["tag"] == "ntf_example"
    assert browser.opened()[0]["lang"] == "zh-Hans"
    claims = arrived.claims(keys.public_key_text())
    assert claims["aud"] == f"http://{push_service.host}"
    assert claims["sub"].startswith("mailto:")
    assert arrived.headers["ttl"] == "86400"


def test_the_key_is_made_once_and_is_nobody_else_s_to_read(settings: Any, tmp_path: Any) -> None:
    settings.HUTONG_HOME = tmp_path
    first = keys.public_key_text()
    assert keys.public_key_text() == first
    assert keys.path().stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_ended_is_removed(status: int, at: datetime, push_service: PushService) -> None:
    gone, living = push_service.browser(), push_service.browser()
    person = notifications.with_push(notifications.with_push(people.person(), gone), living)
    push_service.answers = [status]
    SENDERS[Channel.PUSH]().send(outgoing(person, at), at=at)
    assert [one.endpoint for one in Subscription.objects.all()] == [living.endpoint]
    assert len(living.opened()) == 1
    push_service.answers = [status]
    with pytest.raises(NotReachable):
        SENDERS[Channel.PUSH]().send(outgoing(person, at), at=at)
    assert not Subscription.objects.exists()


def test_one_browser_that_took_it_is_enough(at: datetime, push_service: PushService) -> None:
    broken, living = push_service.browser(), push_service.browser()
    person = notifications.with_push(notifications.with_push(people.person(), broken), living)
    push_service.answers = [500]
    SENDERS[Channel.PUSH]().send(outgoing(person, at), at=at)
    assert len(living.opened()) == 1
    failed = dict(Subscription.objects.values_list("endpoint", "failed_at"))
    assert failed == {broken.endpoint: at, living.endpoint: None}


def test_a_redirect_is_not_followed(at: datetime, push_service: PushService) -> None:
    person = notifications.with_push(people.person(), push_service.browser())
    push_service.answers = [307]
    with pytest.raises(NotSent):
        SENDERS[Channel.PUSH]().send(outgoing(person, at), at=at)
    assert push_service.arrived == []


def test_an_address_that_is_not_allowed_any_more_is_not_asked(
    at: datetime, push_service: PushService, settings: Any
) -> None:
    person = notifications.with_push(people.person(), push_service.browser())
    settings.HUTONG_PUSH_HOST = ""
    with pytest.raises(NotReachable):
        SENDERS[Channel.PUSH]().send(outgoing(person, at), at=at)
    assert push_service.arrived == []
    assert not Subscription.objects.exists()


def test_a_browser_that_was_logged_out_gets_nothing(at: datetime, push_service: PushService) -> None:
    person = people.person()
    kept, lost = push_service.browser(), push_service.browser()
    refs = [
        people_services.open_sign_in(
            person=person, session_key=name, agent="", address="192.0.2.1", proved=True, at=at
        ).public_id
        for name in ("kept", "lost")
    ]
    notifications.with_push(person, kept, sign_in_ref=refs[0])
    notifications.with_push(person, lost, sign_in_ref=refs[1])
    people_services.end_sign_in(person=person, sign_in_ref=refs[1], by=person, at=at)
    SENDERS[Channel.PUSH]().send(outgoing(person, at), at=at)
    assert (len(kept.opened()), len(lost.opened())) == (1, 0)
    assert [one.endpoint for one in Subscription.objects.all()] == [kept.endpoint]


def test_every_try_of_a_text_message_is_the_same_message(
    at: datetime, settings: Any, gateway: Gateway
) -> None:
    settings.HUTONG_SMS = "http"
    message = outgoing(people.person(), at)
    for hour in (0, 3):
        SENDERS[Channel.SMS]().send(message, at=at.replace(hour=at.hour + hour))
    assert (len(gateway.asked), len(gateway.delivered)) == (2, 1)


def test_routes_of_the_addresses_in_messages_are_there() -> None:
    assert reverse("notification", args=["ntf_example"]) == "/notifications/ntf_example/"
