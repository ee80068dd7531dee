"""The history of consents to merchants: one line a change, and nobody rewrites it."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from hutong.kernel.rows import execute
from hutong.know.customers import queries, services
from hutong.know.customers.models import ConsentChange
from tests.factories import customers, merchants, people

pytestmark = pytest.mark.django_db


def test_each_change_is_one_line_with_its_place(at: datetime) -> None:
    merchant, person = merchants.merchant(at=at), people.person()
    refs = {"person_ref": person.public_id, "merchant_ref": merchant.public_id}
    later = at + timedelta(days=1)
    services.grant_consent(**refs, source="checkout ord_1", at=at)
    services.grant_consent(**refs, source="checkout ord_2", at=at)
    services.withdraw_consent(**refs, at=later)
    services.withdraw_consent(**refs, at=later)
    services.grant_consent(**refs, source="checkout ord_3", at=later)
    lines = [(line.granted, line.source, line.at) for line in queries.consent_history(person.public_id)]
    assert lines == [
        (True, "checkout ord_3", later),
        (False, "account", later),
        (True, "checkout ord_1", at),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM customers_consentchange",
        "UPDATE customers_consentchange SET granted = false",
        "UPDATE customers_consentchange SET source = ''",
    ],
)
def test_the_history_is_only_added_to(statement: str, at: datetime) -> None:
    customers.consent(people.person(), merchants.merchant(at=at), at=at)
    with pytest.raises(IntegrityError, match="only added to"), transaction.atomic():
        execute(statement)
    assert ConsentChange.objects.get().source == "a test"
