"""Consents to the platform: what holds, what the history keeps, and that nobody rewrites it."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from hutong.kernel.rows import execute
from hutong.town.people import queries, services
from hutong.town.people.models import ConsentEvent, Person
from hutong.town.people.types import ConsentKind
from tests.factories import people

pytestmark = pytest.mark.django_db

SMS = ConsentKind.MARKETING_SMS


def test_the_newest_line_holds(at: datetime) -> None:
    person = people.person()
    assert not queries.consent_states(person)[SMS].granted
    assert services.give_consent(person=person, kind=SMS, source="account", at=at)
    assert not services.give_consent(person=person, kind=SMS, source="account", at=at)
    assert queries.consent_states(person)[SMS].granted
    assert not queries.consent_states(person)[ConsentKind.MARKETING_PUSH].granted
    later = at + timedelta(days=1)
    assert services.withdraw_consent(person=person, kind=SMS, source="account", at=later)
    assert not services.withdraw_consent(person=person, kind=SMS, source="account", at=later)
    assert not queries.consent_states(person)[SMS].granted
    history = [(line.granted, line.at) for line in queries.consent_history(person)]
    assert history == [(False, later), (True, at)]


def test_another_version_of_a_text_is_another_consent(at: datetime) -> None:
    person = people.person()
    for version in ("1", "1", "2"):
        services.give_consent(person=person, kind=ConsentKind.TERMS, version=version, source="sign_in", at=at)
    assert [line.version for line in queries.consent_history(person)] == ["2", "1"]


def test_offers_by_mail_need_a_proved_address(at: datetime) -> None:
    person = people.person()
    with pytest.raises(services.ConsentNeeded):
        services.give_consent(person=person, kind=ConsentKind.MARKETING_EMAIL, source="account", at=at)
    Person.objects.filter(pk=person.pk).update(email="a@example.com", email_proved_at=at)
    person.refresh_from_db()
    assert services.give_consent(person=person, kind=ConsentKind.MARKETING_EMAIL, source="account", at=at)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM people_consentevent",
        "UPDATE people_consentevent SET granted = false",
        "UPDATE people_consentevent SET source = 'elsewhere'",
        "UPDATE people_consentevent SET source = ''",
    ],
)
def test_the_history_is_only_added_to(statement: str, at: datetime) -> None:
    person = people.person()
    services.give_consent(person=person, kind=SMS, source="account", at=at)
    with pytest.raises(IntegrityError, match="only added to"), transaction.atomic():
        execute(statement)
    assert ConsentEvent.objects.get().source == "account"


def test_of_an_erased_person_the_source_alone_may_go(at: datetime) -> None:
    person = people.person()
    services.give_consent(person=person, kind=SMS, source="account", at=at)
    Person.objects.filter(pk=person.pk).update(phone=None, is_active=False, erased_at=at)
    assert execute("UPDATE people_consentevent SET source = ''") == 1
    with pytest.raises(IntegrityError, match="only added to"), transaction.atomic():
        execute("UPDATE people_consentevent SET granted = false, source = ''")
