"""Decisions of `people`: what counts as a phone number, how long a code lives, how often one may ask."""

from __future__ import annotations

from datetime import timedelta

import phonenumbers

CODE_DIGITS = 6
CODE_TRIES = 3
CODE_LIFETIME = timedelta(minutes=5)

# Budgets in an hour. Five codes of three tries are fifteen guesses an hour at one phone, out of a million.
CODES_PER_PHONE = 5
CODES_PER_ADDRESS = 20
GUESSES_PER_ADDRESS = 60
BUDGET_WINDOW_S = 3600

TOKEN_TOUCH_EVERY = timedelta(minutes=1)
PERSON_TOKEN_LIFETIME = timedelta(days=90)


def normalise_phone(written: str, *, country: str) -> str | None:
    """The number in E.164 form (`+358401234567`), or None where `written` is no valid number.

    `country` (ISO 3166, two letters) is assumed for a number written without its `+` prefix.
    """
    if len(written) > 40:
        return None
    try:
        number = phonenumbers.parse(written, country)
    except phonenumbers.NumberParseException:
        return None
    # An extension ("ext. 5") cannot receive a message, and two extensions are not two persons.
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def example_phone(country: str) -> str:
    """A number of `country` as people would write it abroad, for the message about a wrong one."""
    number = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    if number is None:
        return "+358 41 2345678"
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
