"""Decisions of `people`: what counts as a phone number, how long a code lives, how often one may ask."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

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

# How long a code entered in a browser opens what needs one again: a file of everything, the end of the account.
FRESH_FOR = timedelta(minutes=10)
SIGN_IN_TOUCH_EVERY = timedelta(minutes=5)
# Longer than a session lives (90 days): a sign-in that was ended must be known as long as its session may come.
SIGN_INS_KEPT = timedelta(days=100)
CODES_KEPT = timedelta(days=1)
# The tray of a demo or a trial. No longer than an erasure waits: a former number is in no other table.
MESSAGES_KEPT = timedelta(days=7)

ADDRESSES_MAX = 20
ADDRESS_UNDO = timedelta(hours=1)
ADDRESS_LIMITS = {
    "label": 40,
    "name": 120,
    "phone": 40,
    "street": 200,
    "postcode": 20,
    "city": 100,
    "region": 100,
    "note": 300,
}

EXPORTS_A_DAY = 5
ERASURE_WAIT = timedelta(days=7)
ERASED_NAME = "Erased person"

EMAIL = re.compile(
    r"[^@\s\"(),:;<>\[\]\\]{1,64}@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)

# Looked for in this order: every browser names others that it wants to be taken for.
BROWSERS = (
    ("MicroMessenger", "WeChat"),
    ("AlipayClient", "Alipay"),
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("HarmonyOS", "HarmonyOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


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


def normalise_email(written: str) -> str | None:
    """The address in lower case, or None where `written` is none we could write to."""
    email = written.strip().lower()
    return email if len(email) <= 254 and EMAIL.fullmatch(email) else None


def browser_of(agent: str) -> tuple[str, str]:
    """The names of browser and system in a User-Agent header (Chrome, Android); "" for what is unknown.

    Only names for people to recognise their own by; nothing is decided by them.
    """
    head = agent[:500]
    browser = next((name for token, name in BROWSERS if token in head), "")
    system = next((name for token, name in SYSTEMS if token in head), "")
    return browser, system


def mask_address(address: str) -> str:
    """Half a network address, enough to tell home from far away: `203.0.•.•`, `2001:db8:•`."""
    if ":" in address:
        return ":".join([*address.split(":")[:2], "•"])
    parts = address.split(".")
    return ".".join([*parts[:2], "•", "•"]) if len(parts) == 4 else ""


def is_fresh(proved_at: datetime | None, at: datetime) -> bool:
    """Whether the last code entered in a browser is young enough to open what needs one again."""
    return proved_at is not None and proved_at <= at < proved_at + FRESH_FOR


def is_position(lon: float | None, lat: float | None) -> bool:
    """Whether both are missing, or both are degrees on the earth."""
    if lon is None or lat is None:
        return lon is None and lat is None
    return -180 <= lon <= 180 and -90 <= lat <= 90
