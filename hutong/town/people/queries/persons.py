"""Reads of persons, tokens and the message tray."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hutong.kernel.rows import row
from hutong.kernel.secret import keyed_hex
from hutong.town.people.models import ApiToken, Message, Person
from hutong.town.people.types import MessageView, TokenKind, TokenSubject, TokenView

TOKEN_PURPOSE = "people.token"  # noqa: S105  # the name of a key, not a key

# One statement: the unique index on token_hmac finds the row, the primary key finds the person.
BY_HASH_SQL = """
SELECT t.public_id, t.kind, t.subject_ref, t.person_id, t.scopes, t.created_by, t.last_used_at
FROM people_apitoken t LEFT JOIN people_person p ON p.id = t.person_id
WHERE t.token_hmac = %s AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > %s)
  AND (t.person_id IS NULL OR p.is_active)
"""


def token_by_plain(plain: str, at: datetime) -> TokenSubject | None:
    """Who `plain` speaks for at `at`; None where it is unknown, revoked, expired or its person blocked."""
    found = row(BY_HASH_SQL, [keyed_hex(TOKEN_PURPOSE, plain), at])
    if found is None:
        return None
    return TokenSubject(
        token_ref=found["public_id"],
        kind=TokenKind(found["kind"]),
        subject_ref=found["subject_ref"],
        person_id=found["person_id"],
        scopes=frozenset(found["scopes"]),
        made_by_ref=found["created_by"],
        last_used_at=found["last_used_at"],
    )


def tokens_of(subject_ref: str, at: datetime) -> list[TokenView]:
    """The living tokens that speak for `subject_ref`, newest first, without their plain text."""
    tokens = ApiToken.objects.filter(subject_ref=subject_ref, revoked_at=None).order_by("-id")
    return [
        TokenView(
            ref=token.public_id,
            kind=TokenKind(token.kind),
            name=token.name,
            scopes=tuple(token.scopes),
            created_at=token.created_at,
            last_used_at=token.last_used_at,
            expires_at=token.expires_at,
        )
        for token in tokens
        if not token.is_dead(at)
    ]


def person_by_id(person_id: int) -> Person | None:
    """The active person with this key. Every request of a program asks for it, so in plain SQL."""
    columns = ", ".join(str(field.column) for field in Person._meta.concrete_fields)
    sql = f"SELECT {columns} FROM people_person WHERE id = %s::int8 AND is_active"  # noqa: S608
    found = row(sql, [person_id])
    return Person.from_db("default", list(found), list(found.values())) if found else None


def person_by_phone(phone: str) -> Person | None:
    """The person who signs in with a number (E.164), or None."""
    return Person.objects.filter(phone=phone, is_active=True).first() if phone else None


def person_by_ref(ref: str) -> Person | None:
    """The active person with this public id."""
    return Person.objects.filter(public_id=ref, is_active=True).first()


def messages(limit: int = 50, *, to: str | None = None) -> Sequence[MessageView]:
    """The newest messages of the demo's tray, newest first; only those to one number if `to` says so."""
    found = Message.objects.order_by("-id")
    if to is not None:
        found = found.filter(to=to)
    return [
        MessageView(ref=one.public_id, to=one.to, kind=one.kind, body=one.body, created_at=one.created_at)
        for one in found[:limit]
    ]
