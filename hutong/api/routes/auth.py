"""Signing in: a code by text message, a token for it, and its end."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import get_language
from ninja import Router, Status

from hutong.api.actors import grantable
from hutong.api.doors import ANY_TOKEN, PUBLIC, ApiRequest
from hutong.api.schemas.people import CodeIn, CodeOut, TokenIn, TokenOut
from hutong.flows import welcome
from hutong.kernel import clock
from hutong.kernel.http import client_address
from hutong.town.people import rules, services
from hutong.town.people.types import TokenKind

router = Router(tags=["Signing in"])


@router.post("/codes", auth=PUBLIC, response={202: CodeOut})
def send_code(request: HttpRequest, body: CodeIn) -> Status[CodeOut]:
    """Send a one-time code by text message. The answer does not tell whether the phone is known."""
    sent = services.send_code(phone=body.phone, address=client_address(request), at=clock.now())
    return Status(202, CodeOut(phone=sent.phone, expires_at=sent.expires_at))


@router.post("/tokens", auth=PUBLIC, response={201: TokenOut})
def make_token(request: HttpRequest, body: TokenIn) -> Status[TokenOut]:
    """A token of one's own for the code that was sent. It is shown this once, and lives 90 days.

    Without `scopes` it may do what a shopper does. Whoever is new becomes known by this. The person accepts the
    site's terms and privacy notice (`/terms/`, `/privacy/`) by it: show them before. Their other devices are told.
    """
    scopes = grantable(body.scopes, TokenKind.PERSON)
    at = clock.now()
    person = services.sign_in(
        phone=body.phone,
        code=body.code,
        language=get_language() or "en",
        address=client_address(request),
        at=at,
    )
    token, plain = services.issue_token(
        kind=TokenKind.PERSON,
        subject_ref=person.public_id,
        person=person,
        scopes=scopes,
        name=body.name,
        by=person,
        at=at,
        expires_at=at + rules.PERSON_TOKEN_LIFETIME,
    )
    welcome.program(person=person, token_ref=token.public_id, at=at)
    return Status(
        201,
        TokenOut(
            token=plain,
            ref=token.public_id,
            scopes=token.scopes,
            expires_at=token.expires_at,
            person=person.public_id,
        ),
    )


@router.delete("/tokens/current", auth=ANY_TOKEN, response={204: None})
def end_token(request: ApiRequest) -> Status[None]:
    """Revoke the token this request is made with."""
    services.revoke_token(token_ref=request.auth.token_ref, by=None, at=clock.now())
    return Status(204, None)
