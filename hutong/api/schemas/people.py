"""Shapes of signing in and of tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import Field, StringConstraints

from hutong.api.doors import SHOPPER_SCOPES, Scope
from hutong.town.people.types import TokenKind, TokenView

from .base import Line, Ref

PhoneIn = Annotated[
    str,
    StringConstraints(max_length=40),
    Field(description="As people write it.", examples=["+358 40 123 4567"]),
]


class CodeIn(Schema):
    """Where to send a one-time code."""

    phone: PhoneIn


class CodeOut(Schema):
    """A code is on its way, whether or not the phone belongs to somebody."""

    phone: str
    expires_at: datetime


class TokenIn(Schema):
    """The code, and what the token shall be able to do."""

    phone: PhoneIn
    code: Annotated[str, StringConstraints(max_length=20)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))] = list(SHOPPER_SCOPES)
    name: Line = Field("API", description="To tell it from your other tokens.")


class KeyIn(Schema):
    """A key for a merchant's own systems."""

    name: Annotated[Line, Field(min_length=1)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    merchant: Ref | None = Field(None, description="Needed only by somebody who works for several.")


class TokenOut(Schema):
    """A new token. `token` is shown this once."""

    token: str
    ref: str
    scopes: list[str]
    expires_at: datetime | None
    person: str | None = None


class TokenListed(Schema):
    """A token without its text."""

    ref: str
    kind: TokenKind
    name: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None

    @staticmethod
    def of(token: TokenView) -> TokenListed:
        """The shape of `token`."""
        return TokenListed(
            ref=token.ref,
            kind=token.kind,
            name=token.name,
            scopes=list(token.scopes),
            created_at=token.created_at,
            last_used_at=token.last_used_at,
            expires_at=token.expires_at,
        )
