"""Tokens of the API: given out, opened, revoked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from hutong.kernel import audit
from hutong.kernel.secret import keyed_hex, new_token
from hutong.kernel.text import clean
from hutong.town.people import rules
from hutong.town.people.models import ApiToken, Person
from hutong.town.people.queries import TOKEN_PURPOSE, token_by_plain
from hutong.town.people.types import TokenKind, TokenSubject


def issue_token(
    *,
    kind: TokenKind,
    subject_ref: str,
    person: Person | None = None,
    scopes: Iterable[str],
    name: str,
    by: Person,
    at: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """A new token and its plain text, which nobody can ever read again.

    `person` belongs to a token of kind PERSON and to no other (the table checks it). Whether `by` may give
    out such a token is the caller's question.
    """
    plain = new_token(kind.value[:3])
    with transaction.atomic():
        token = ApiToken.objects.create(
            token_hmac=keyed_hex(TOKEN_PURPOSE, plain),
            kind=kind.value,
            subject_ref=subject_ref,
            person=person,
            scopes=sorted(set(scopes)),
            name=clean(name, limit=120),
            created_by=by.public_id,
            created_at=at,
            expires_at=expires_at,
        )
        audit.record(
            action="token.issued",
            subject=token.public_id,
            by=by.public_id,
            at=at,
            after={"for": subject_ref, "kind": kind.value, "scopes": token.scopes},
            merchant=subject_ref if kind is TokenKind.MERCHANT else "",
        )
    return token, plain


def revoke_token(*, token_ref: str, by: Person | None, at: datetime) -> bool:
    """Kill a token at once; True if it was alive. Whether `by` may is the caller's question.

    `by` is None when the token itself asked for its end.
    """
    return bool(_revoke(ApiToken.objects.filter(public_id=token_ref), by, at))


def revoke_tokens_of(*, subject_ref: str, by: Person | None, at: datetime) -> int:
    """Kill every token that speaks for a person, device or merchant; how many were alive."""
    return _revoke(ApiToken.objects.filter(subject_ref=subject_ref), by, at)


def _revoke(tokens: QuerySet[ApiToken], by: Person | None, at: datetime) -> int:
    with transaction.atomic():
        alive = list(tokens.filter(revoked_at=None).select_for_update().order_by("pk"))
        for token in alive:
            audit.record(
                action="token.revoked",
                subject=token.public_id,
                by=by.public_id if by else token.subject_ref,
                at=at,
                before={"for": token.subject_ref, "kind": token.kind},
                merchant=token.subject_ref if token.kind == TokenKind.MERCHANT.value else "",
            )
        return ApiToken.objects.filter(pk__in=[token.pk for token in alive]).update(
            revoked_at=at, revoked_by=by.public_id if by else ""
        )


def open_token(*, plain: str, at: datetime) -> TokenSubject | None:
    """Who `plain` speaks for, and note that it was used; None where it opens nothing.

    The note is written once a minute at most, so that a busy scanner costs a read, not a write.
    """
    subject = token_by_plain(plain, at)
    if subject is None:
        return None
    stale = at - rules.TOKEN_TOUCH_EVERY
    if subject.last_used_at is None or subject.last_used_at <= stale:
        unseen = Q(last_used_at=None) | Q(last_used_at__lte=stale)
        ApiToken.objects.filter(unseen, public_id=subject.token_ref).update(last_used_at=at)
    return subject
