"""Values that cross the boundary of `people`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Language(StrEnum):
    """A language the platform speaks to a person in (Django's language codes)."""

    EN = "en"
    ZH_HANS = "zh-hans"


class TokenKind(StrEnum):
    """What a token speaks for: a person, a paired device, or a merchant's own systems."""

    PERSON = "person"
    DEVICE = "device"
    MERCHANT = "merchant"


@dataclass(frozen=True, slots=True)
class CodeSent:
    """A one-time code is on its way to `phone` (E.164) and dies at `expires_at`."""

    phone: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TokenSubject:
    """Who a living token speaks for, read in one statement.

    `subject_ref` is the public id of the person, device or merchant. `person_id` is set for a person's
    token only; the person it names is active. `made_by_ref` is the person who gave the token out and answers
    for what is done with it.
    """

    token_ref: str
    kind: TokenKind
    subject_ref: str
    person_id: int | None
    scopes: frozenset[str]
    made_by_ref: str
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token as its owner sees it in a list: everything but its text."""

    ref: str
    kind: TokenKind
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message in the demo's tray."""

    ref: str
    to: str
    kind: str
    body: str
    created_at: datetime


class CodePurpose(StrEnum):
    """What a one-time code opens. A code sent for one thing opens no other."""

    SIGN_IN = "sign_in"
    NEW_PHONE = "new_phone"
    EMAIL = "email"
    CONFIRM = "confirm"


class ConsentKind(StrEnum):
    """What a person agrees to with the platform: being written to, and the texts that bind."""

    MARKETING_EMAIL = "marketing.email"
    MARKETING_SMS = "marketing.sms"
    MARKETING_PUSH = "marketing.push"
    TERMS = "terms"
    PRIVACY = "privacy"

    @property
    def withdrawable(self) -> bool:
        """Whether a person may take it back; without the binding texts there is no account."""
        return self not in (ConsentKind.TERMS, ConsentKind.PRIVACY)


@dataclass(frozen=True, slots=True)
class ConsentState:
    """Where one consent stands: given or not, since when, and to which version of a text."""

    kind: ConsentKind
    granted: bool
    version: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One line of the history of consents. `what` is a `ConsentKind`, `version` the text that was accepted."""

    what: ConsentKind
    granted: bool
    version: str
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SignInState:
    """What each request asks of the browser it comes from. `proved_at` is when a code was last entered in it."""

    ref: str
    ended: bool
    last_seen_at: datetime
    proved_at: datetime | None


@dataclass(frozen=True, slots=True)
class SignInView:
    """A browser that is signed in, as its owner sees it in a list. `place` is half a network address."""

    ref: str
    browser: str
    system: str
    place: str
    signed_in_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class AddressText:
    """What a person writes as an address. `lon` and `lat` (WGS-84 degrees) are both there or neither."""

    label: str
    name: str
    phone: str
    street: str
    postcode: str
    city: str
    region: str
    note: str
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True, slots=True)
class AddressView:
    """An address as its owner sees it."""

    ref: str
    text: AddressText
    is_default: bool


@dataclass(frozen=True, slots=True)
class NamedPerson:
    """Somebody by name, for lists of who did what. The name is "" where none was given."""

    ref: str
    name: str
    is_operator: bool
