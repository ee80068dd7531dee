"""Making and ending operators: from the server alone, written down, and never the last one by accident."""

import threading
from datetime import datetime

import pytest
from django.db import connection
from django.test import Client

from hutong.kernel import audit
from hutong.town.people.models import Person
from hutong.town.people.queries.operators import operators
from hutong.town.people.services import PersonBlocked, PhoneInvalid
from hutong.town.people.services.operators import (
    LastOperator,
    NoSuchOperator,
    grant_operator,
    revoke_operator,
)
from tests.factories.people import person

PHONE = "+377 6 12 34 56 78"
E164 = "+377612345678"


@pytest.mark.django_db
def test_a_new_phone_becomes_an_operator_and_it_is_written_down(at: datetime) -> None:
    made, changed = grant_operator(phone=PHONE, name=" Ana  Operator ", by="platform", at=at)
    assert changed
    assert (made.phone, made.name, made.is_operator) == (E164, "Ana Operator", True)
    assert not made.has_usable_password()
    [entry] = audit.search(action="operator.granted").entries
    assert (entry.subject_ref, entry.actor_ref, entry.at) == (made.public_id, "platform", at)
    assert entry.changes == {"is_operator": [False, True]}


@pytest.mark.django_db
def test_granting_again_changes_and_writes_nothing(at: datetime) -> None:
    first, _ = grant_operator(phone=PHONE, name="Ana", by="platform", at=at)
    again, changed = grant_operator(phone=E164, by="platform", at=at)
    assert (again.pk, changed, again.name) == (first.pk, False, "Ana")
    assert len(audit.search(action="operator.").entries) == 1


@pytest.mark.django_db
def test_a_shopper_becomes_an_operator_and_stays_the_same_person(at: datetime) -> None:
    shopper = person(phone=E164, name="Sam")
    made, changed = grant_operator(phone=PHONE, by="platform", at=at)
    assert (made.pk, changed, made.name) == (shopper.pk, True, "Sam")


@pytest.mark.django_db
def test_who_cannot_be_an_operator(at: datetime) -> None:
    blocked = person(phone=E164)
    Person.objects.filter(pk=blocked.pk).update(is_active=False)
    with pytest.raises(PersonBlocked):
        grant_operator(phone=E164, by="platform", at=at)
    with pytest.raises(PhoneInvalid):
        grant_operator(phone="12", by="platform", at=at)
    assert operators() == []


@pytest.mark.django_db
def test_revoking_closes_the_office_at_once(client: Client, at: datetime) -> None:
    grant_operator(phone="+358401111111", by="platform", at=at)
    second, _ = grant_operator(phone=PHONE, by="platform", at=at)
    client.force_login(second)
    assert client.get("/operator/", follow=True).status_code == 200
    revoke_operator(phone=PHONE, by="platform", at=at)
    assert client.get("/operator/", follow=True).status_code == 403
    [entry] = audit.search(action="operator.revoked").entries
    assert entry.subject_ref == second.public_id
    assert [one.phone for one in operators()] == ["+358401111111"]


@pytest.mark.django_db
def test_the_last_operator_stays_unless_it_is_meant(at: datetime) -> None:
    grant_operator(phone=PHONE, by="platform", at=at)
    with pytest.raises(LastOperator):
        revoke_operator(phone=PHONE, by="platform", at=at)
    assert len(operators()) == 1
    revoke_operator(phone=PHONE, force=True, by="platform", at=at)
    assert operators() == []
    with pytest.raises(NoSuchOperator):
        revoke_operator(phone=PHONE, by="platform", at=at)


@pytest.mark.django_db(transaction=True)
def test_two_that_end_each_other_leave_one(at: datetime) -> None:
    phones = ["+358401111111", "+358402222222"]
    for phone in phones:
        grant_operator(phone=phone, by="platform", at=at)
    start = threading.Barrier(2)
    refused: list[str] = []

    def revoke(phone: str) -> None:
        start.wait(10)
        try:
            revoke_operator(phone=phone, by="platform", at=at)
        except LastOperator:
            refused.append(phone)
        finally:
            connection.close()

    threads = [threading.Thread(target=revoke, args=(phone,)) for phone in phones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [one.phone for one in operators()] == refused
    assert len(refused) == 1
