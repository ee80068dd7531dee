"""What follows from a sign-in: the texts that are accepted by it, and what the person's other devices learn."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hutong.flows import erase_person, jobs, welcome
from hutong.town.notifications import queries as notifications
from hutong.town.notifications.models import Notification
from hutong.town.people import queries, services
from hutong.town.people.models import Person
from hutong.town.people.types import SignInState, TokenKind
from tests.factories import people
from tests.town.people.codes import last_code

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = "+358401234567"
SAFARI, FIREFOX = "iPhone Safari/605", "X11; Linux; Firefox/140.0"
HOUR = timedelta(hours=1)


def known_since(at: datetime, phone: str | None = None) -> Person:
    """Somebody whose account was made at `at`."""
    person = people.person(phone=phone)
    Person.objects.filter(pk=person.pk).update(created_at=at)
    person.refresh_from_db()
    return person


def told(person: Person) -> list[str]:
    """What a person was told, in words, the oldest first."""
    jobs.drain()
    found = Notification.objects.filter(person=person).order_by("pk")
    page = {one.ref: one for one in notifications.page_of(person.pk, language="en").items}
    return [f"{page[one.public_id].text.title}: {page[one.public_id].text.body}" for one in found]


def by_browser(person: Person, agent: str, at: datetime) -> str:
    """A new browser in which a code was entered; its ref."""
    ref = services.open_sign_in(
        person=person, session_key=f"{agent}{at}", agent=agent, address="192.0.2.1", proved=True, at=at
    ).public_id
    welcome.browser(person=person, sign_in_ref=ref, at=at)
    return ref


def by_program(person: Person, name: str, at: datetime) -> str:
    """A program that got a token for a code; the token's ref."""
    token, _plain = services.issue_token(
        kind=TokenKind.PERSON,
        subject_ref=person.public_id,
        person=person,
        scopes=[],
        name=name,
        by=person,
        at=at,
    )
    welcome.program(person=person, token_ref=token.public_id, at=at)
    return token.public_id


def test_a_browser_unlike_those_that_are_signed_in_is_told(at: datetime) -> None:
    person = known_since(at)
    first = by_browser(person, SAFARI, at)
    assert told(person) == []  # a new account knows that it signed in
    by_browser(person, SAFARI, at + HOUR)
    assert told(person) == []
    by_browser(person, FIREFOX, at + HOUR)
    (news,) = told(person)
    assert news.startswith("New sign-in: Somebody signed in as you with Firefox · Linux.")
    assert Notification.objects.get().url == "/me/sign-ins/"
    for one in queries.sign_ins_of(person, at + HOUR):
        services.end_sign_in(person=person, sign_in_ref=one.ref, by=person, at=at + HOUR)
    assert first not in {one.ref for one in queries.sign_ins_of(person, at + HOUR)}
    by_browser(person, SAFARI, at + 2 * HOUR)
    assert len(told(person)) == 2  # nothing like it is signed in any more


def test_a_program_is_told_like_a_browser(at: datetime) -> None:
    person = known_since(at)
    by_program(person, "Till", at)
    assert told(person) == []
    by_program(person, "Till", at + HOUR)
    assert told(person) == []
    by_program(person, "Shelf", at + HOUR)
    (news,) = told(person)
    assert "signed in as you with API · Shelf." in news


@pytest.mark.parametrize("door", ["sign_in", "api"])
def test_the_texts_are_accepted_and_a_called_off_erasure_is_told(door: str, at: datetime) -> None:
    person = known_since(at, PHONE)
    fresh = SignInState(ref="sgn_test", ended=False, last_seen_at=at, proved_at=at)
    erase_person.ask(person=person, sign_in=fresh, give_up=False, at=at)
    Notification.objects.all().delete()
    later = at + HOUR
    services.send_code(phone=PHONE, address="192.0.2.1", at=later)
    back = services.sign_in(phone=PHONE, code=last_code(PHONE), language="en", address="192.0.2.1", at=later)
    if door == "api":
        by_program(back, "Till", later)
    else:
        by_browser(back, SAFARI, later)
    assert any(news.startswith("Your account stays") for news in told(person))
    lines = [(line.what.value, line.granted, line.source) for line in queries.consent_history(person)]
    assert sorted(lines) == [("privacy", True, door), ("terms", True, door)]
