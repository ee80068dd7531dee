"""Numbers as people write them, and what is refused."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from hutong.town.people import services
from hutong.town.people.models import Person
from hutong.town.people.rules import example_phone, normalise_phone


@pytest.mark.parametrize(
    ("written", "country"),
    [
        ("+358 40 123 4567", "FI"),
        ("040 123 4567", "FI"),
        ("(040) 123-4567", "FI"),
        ("00358401234567", "FI"),
        ("+358401234567", "CN"),
    ],
)
def test_one_number_has_one_form(written: str, country: str) -> None:
    assert normalise_phone(written, country=country) == "+358401234567"


def test_the_country_is_assumed_without_a_prefix() -> None:
    assert normalise_phone("138 0013 8000", country="CN") == "+8613800138000"
    assert normalise_phone("138 0013 8000", country="FI") is None


@pytest.mark.parametrize(
    "written",
    [
        "",
        "   ",
        "hello",
        "12",
        "+358",
        "+358 40 123",
        "+999 123 456 789",
        "040 123 4567 ext. 5",
        "+" + "1" * 5000,
    ],
)
def test_what_is_no_number_is_refused(written: str) -> None:
    assert normalise_phone(written, country="FI") is None


@pytest.mark.parametrize("country", ["FI", "CN", "US", "ZZ"])
def test_the_example_is_itself_a_number(country: str) -> None:
    assert normalise_phone(example_phone(country), country=country)


def test_the_refusal_shows_how_to_write_it() -> None:
    with pytest.raises(services.PhoneInvalid) as refused:
        services.normalise_phone("4711")
    assert refused.value.code == "phone_invalid"
    assert "+358 " in str(refused.value)


@pytest.mark.django_db
@pytest.mark.parametrize("phone", ["0401234567", "+0401234567", "+358 40 1234567", ""])
def test_the_table_takes_e164_only(phone: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.create_user(phone)
