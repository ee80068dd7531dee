"""What somebody wrote into a field of a place, made into what a page can use: phone, website, e-mail, hours.

Both imports read these fields alike. What cannot be used is "", never half of it.
"""

import re
from urllib.parse import urlsplit

import phonenumbers

from hutong.kernel.text import clean

# What the columns of a store hold.
LIMITS = {
    "address": 300,
    "postcode": 20,
    "city": 100,
    "phone": 60,
    "website": 500,
    "email": 254,
    "opening_hours": 500,
}
_EMAIL = re.compile(r"[^@\s\"(),:;<>\[\]\\]{1,64}@(?:[a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]+")


def phone_of(written: str, country: str | None) -> str:
    """The first number in E.164 form where it can be read as one, else as somebody wrote it."""
    first = clean(re.split(r"[;,/]", written)[0], limit=LIMITS["phone"])
    try:
        number = phonenumbers.parse(first, country)
    except phonenumbers.NumberParseException:
        return first if sum(symbol.isdigit() for symbol in first) >= 3 else ""
    if not phonenumbers.is_valid_number(number):
        return first
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def website_of(written: str) -> str:
    """The first address of the web; nothing where it is none, since pages will link to it."""
    first = clean(written.split(";", maxsplit=1)[0], limit=LIMITS["website"] + 1)
    address = first if "://" in first else f"https://{first}"
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return ""
    is_usable = parts.scheme in ("http", "https") and "." in host and " " not in first
    return address if is_usable and len(address) <= LIMITS["website"] else ""


def email_of(written: str) -> str:
    """The first address in lower case; nothing where it is none, since a claim may be proved by it."""
    first = clean(re.split(r"[;,]", written)[0], limit=LIMITS["email"] + 1).lower().removeprefix("mailto:")
    return first if _EMAIL.fullmatch(first) and len(first) <= LIMITS["email"] else ""


def hours_of(written: str) -> str:
    """As written; hours that are too long are unknown, because cut ones would say something else."""
    whole = clean(written, limit=LIMITS["opening_hours"] + 1)
    return whole if len(whole) <= LIMITS["opening_hours"] else ""
