"""Persons and tokens for tests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count

from hutong.town.people import services
from hutong.town.people.models import Person
from hutong.town.people.types import TokenKind

_numbers = count(1)


def phone_number() -> str:
    """A valid Finnish mobile number in E.164 form, another one each time."""
    return f"+35840{next(_numbers):07d}"


def person(
    *, phone: str | None = None, name: str = "", language: str = "en", is_operator: bool = False
) -> Person:
    """Somebody with a phone and no password, as signing in makes them."""
    return Person.objects.create_user(
        phone or phone_number(), name=name, language=language, is_operator=is_operator
    )


def operator(*, name: str = "Olli Operator") -> Person:
    """Somebody who runs the platform."""
    return person(name=name, is_operator=True)


def token_of(
    someone: Person,
    *,
    scopes: Iterable[str],
    kind: TokenKind = TokenKind.PERSON,
    subject_ref: str | None = None,
    at: datetime = datetime(2026, 6, 1, 9, tzinfo=UTC),
) -> str:
    """The plain text of a new token: `someone`'s own, or one they gave to a device or merchant."""
    _token, plain = services.issue_token(
        kind=kind,
        subject_ref=subject_ref or someone.public_id,
        person=someone if kind is TokenKind.PERSON else None,
        scopes=scopes,
        name="a test",
        by=someone,
        at=at,
    )
    return plain
