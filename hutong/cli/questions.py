"""What `hutong init` wants to know: each question with its default and its check, asked or taken from flags."""

import os
import re
import zoneinfo
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlparse

import phonenumbers
from babel.numbers import list_currencies

from hutong.cli import provider_questions
from hutong.cli.question import Answers, AnswersMissing, AnswerWrong, Question, settle
from hutong.config import environment, mail
from hutong.kernel.geo import Datum
from hutong.town.people.rules import normalise_phone

__all__ = [
    "COUNTRY",
    "OPERATOR",
    "REGION",
    "SITE",
    "AnswerWrong",
    "Answers",
    "AnswersMissing",
    "Question",
    "country_of",
    "guessed_zone",
    "is_local",
    "settle",
]


def guessed_zone() -> str:
    """The zone of this machine, or UTC where it does not say."""
    named = os.environ.get("TZ", "").lstrip(":")
    link = Path("/etc/localtime").resolve()
    for guess in (named, str(link).partition("zoneinfo/")[2]):
        if guess in zoneinfo.available_timezones():
            return guess
    return "UTC"


def _text(said: str) -> str:
    if not said or not said.isprintable():
        raise ValueError("write something on one line")
    return said


def _site_url(said: str) -> str:
    url = said.rstrip("/")
    parts = urlparse(url if "://" in url else f"https://{url}")
    local = parts.hostname in ("127.0.0.1", "localhost")
    if not parts.hostname or parts.path or parts.query or (parts.scheme != "https" and not local):
        raise ValueError("write https://town.example.org (http:// only for a try at http://127.0.0.1:8000)")
    return parts.geturl()


def _currency(said: str) -> str:
    if said.upper() not in list_currencies():
        raise ValueError(f"{said!r} is no currency; use a code of ISO 4217 such as EUR or CNY")
    return said.upper()


def _zone(said: str) -> str:
    if said not in zoneinfo.available_timezones():
        raise ValueError(f"{said!r} is no time zone; use a name such as Europe/Monaco")
    return said


def _slug(said: str) -> str:
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,60}", said):
        raise ValueError(f"{said!r} cannot stand in an address; use letters, digits and hyphens, at most 60")
    return said


def _one_of(*names: str) -> Callable[[str], str]:
    def check(said: str) -> str:
        if said not in names:
            raise ValueError(f"{said!r} is not one of: {', '.join(names)}")
        return said

    return check


def _languages(said: str) -> str:
    wanted = [part.strip().lower() for part in said.split(",") if part.strip()]
    if not wanted or not set(wanted) <= set(environment.LANGUAGES):
        raise ValueError(f"list some of {', '.join(environment.LANGUAGES)}, the usual one first")
    return ",".join(dict.fromkeys(wanted))


def _phone(said: str) -> str:
    phone = normalise_phone(said, country="ZZ")
    if phone is None:
        raise ValueError(
            f"{said!r} is no phone number; write it with its country code, like +377 6 12 34 56 78"
        )
    return phone


def _country(said: str) -> str:
    if said.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"{said!r} is no country; use two letters of ISO 3166 such as FI or CN")
    return said.upper()


def _email(said: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", said) or len(said) > 254:
        raise ValueError(f"{said!r} is no e-mail address; write it like office@example.org")
    return said


def _file(said: str) -> str:
    path = Path(said).expanduser()
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return str(path.resolve())


def _title(answers: Answers) -> str:
    return answers["region"].replace("-", " ").title()


def _as_setting(name: str) -> Callable[[str], str]:
    """The rule of a setting, as `environment.SETTINGS` has it."""
    setting = next(setting for setting in environment.SETTINGS if setting.name == name)

    def check(said: str) -> str:
        if wrong := setting.wrong(said):
            raise ValueError(wrong)
        return said

    return check


def _mail(said: str) -> str:
    if wrong := mail.wrong(said):
        raise ValueError(wrong)
    return said


def is_local(answers: Mapping[str, str]) -> bool:
    """Whether the site is a try on this machine alone, without a certificate."""
    return answers["site_url"].startswith("http://")


def country_of(phone: str) -> str:
    """The country (ISO 3166) whose numbers begin like this one; "" where none does."""
    return phonenumbers.region_code_for_number(phonenumbers.parse(phone)) or ""


SITE = (
    Question("site_url", "Address of the site", _site_url, lambda _a: "http://127.0.0.1:8000"),
    Question("site_name", "Name of the site", _text, lambda _a: "Hutong"),
    Question("operator_name", "Who runs it, for the imprint (a person or a company)", _text),
    Question("operator_email", "E-mail address of who runs it", _email),
    Question("languages", "Languages, the usual one first", _languages, lambda _a: "en,zh-hans"),
    Question(
        "sms", "Who sends text messages: tray (a page, for trying), console (the log), http (a gateway)",
        _one_of("tray", "console", "http"), lambda _a: "tray",
    ),
    Question("sms_url", "Address of the gateway", _text, asked=lambda a: a["sms"] == "http"),
    Question("sms_token", "Bearer token for the gateway", _text, asked=lambda a: a["sms"] == "http", hidden=True),
    Question("sms_from", "Sender that the gateway shows", _text, asked=lambda a: a["sms"] == "http", needed=False),
    Question(
        "email_url", "Mail server: smtp://user:password@host:587, console: or tray:",
        _mail, lambda a: "tray:" if a["sms"] == "tray" else "console:",
    ),
    *provider_questions.questions(),
    Question(
        "database_url", "PostgreSQL, as postgresql://user:password@host/name, or embedded",
        _as_setting("DATABASE_URL"), lambda _a: environment.EMBEDDED,
    ),
)  # fmt: skip

REGION = (
    Question("region", "Short name of the region in addresses, e.g. monaco", _slug),
    Question("name", "Its name in English", _text, _title, needed=False),
    Question("name_zh", "Its name in Chinese (may be empty)", _text, needed=False),
    Question("extract", "OpenStreetMap extract (.osm.pbf, .osm.gz or .osm)", _file),
    Question("currency", "Currency (ISO 4217)", _currency),
    Question("zone", "Time zone", _zone, lambda _a: guessed_zone()),
    Question(
        "datum", "Datum of its maps: wgs84, or gcj02 or bd09 in mainland China",
        _one_of(*(datum.value for datum in Datum)), lambda _a: Datum.WGS84.value,
    ),
)  # fmt: skip

OPERATOR = (
    Question("phone", "Phone of the first operator, with country code", _phone),
    Question("person", "What the first operator is called (may be empty)", _text, needed=False),
)

COUNTRY = Question("phone_country", "Country of phone numbers without a prefix (ISO 3166)", _country)
