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
