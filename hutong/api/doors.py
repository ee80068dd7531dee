"""Who may enter a route: the scopes, and the marks that a route carries in the line that declares it.

A scope says what a token may do; a role says what the person behind it may do. A route asks for both: the
scope here, the role in `actors.py`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, cast

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja.security import HttpBearer

from hutong.kernel import clock
from hutong.kernel.errors import Forbidden, Unauthorized
from hutong.town.people.services import open_token
from hutong.town.people.types import TokenKind, TokenSubject


class Scope(StrEnum):
    """What a token may do."""

    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    VOUCHERS_READ = "vouchers:read"
    REVIEWS_WRITE = "reviews:write"
    ANSWERS_WRITE = "answers:write"
    REDEMPTIONS_WRITE = "redemptions:write"
    MERCHANT_READ = "merchant:read"
    CUSTOMERS_READ = "customers:read"
    DEALS_WRITE = "deals:write"
    DEVICES_WRITE = "devices:write"
    KEYS_WRITE = "keys:write"
    OPERATOR_READ = "operator:read"
    OPERATOR_WRITE = "operator:write"


_PERSON = frozenset({TokenKind.PERSON})
_PERSON_OR_KEY = frozenset({TokenKind.PERSON, TokenKind.MERCHANT})

# What each scope opens, in words, and the kinds of token that may hold it.
SCOPES: Final[dict[Scope, tuple[str, frozenset[TokenKind]]]] = {
    Scope.ORDERS_READ: ("See one's own orders.", _PERSON),
    Scope.ORDERS_WRITE: ("Order, pay, ask for refunds, and let shops redeem one's vouchers.", _PERSON),
    Scope.VOUCHERS_READ: ("See one's own vouchers, with their codes.", _PERSON),
    Scope.REVIEWS_WRITE: ("See and write one's own reviews.", _PERSON),
    Scope.ANSWERS_WRITE: ("Answer the reviews of a merchant's stores.", _PERSON_OR_KEY),
    Scope.REDEMPTIONS_WRITE: (
        "Redeem vouchers in a store, and undo it.",
        frozenset({TokenKind.PERSON, TokenKind.DEVICE}),
    ),
    Scope.MERCHANT_READ: ("See a merchant's stores and its day: redemptions and takings.", _PERSON_OR_KEY),
    Scope.CUSTOMERS_READ: ("See a merchant's customers who agreed to it.", _PERSON_OR_KEY),
    Scope.DEALS_WRITE: ("Pause and resume a merchant's deals.", _PERSON_OR_KEY),
    Scope.DEVICES_WRITE: ("Pair and unpair a merchant's scanners and tills.", _PERSON),
    Scope.KEYS_WRITE: ("Give out and revoke a merchant's keys.", _PERSON),
    Scope.OPERATOR_READ: ("See orders, figures and what waits for a decision.", _PERSON),
    Scope.OPERATOR_WRITE: ("Decide about merchants and deals, and refund.", _PERSON),
}

SHOPPER_SCOPES: Final = (Scope.ORDERS_READ, Scope.ORDERS_WRITE, Scope.VOUCHERS_READ, Scope.REVIEWS_WRITE)
DEVICE_SCOPES: Final = (Scope.REDEMPTIONS_WRITE,)

# The mark of a route that asks for no token. Explicit, so that a route cannot be public by forgetting.
PUBLIC: Final = None


class ScopeMissing(Forbidden):
    """The token is good, but not for this; `scope` says what it lacks."""

    code = "scope_missing"
    message = _("This token may not do this. It needs the scope %(scope)s.")


class TokenInvalid(Unauthorized):
    """There is no token, or it is unknown, revoked or expired; all look the same."""

    code = "token_invalid"
    message = _("Send a valid token in the header: Authorization: Bearer …")


class ApiRequest(HttpRequest):
    """A request that came through `scope`: `auth` says who the token speaks for."""

    auth: TokenSubject


class BearerToken(HttpBearer):
    """Lets a living token through that holds the scope; None asks for any living token."""

    def __init__(self, needed: Scope | None) -> None:
        super().__init__()
        self.needed = needed

    def __call__(self, request: HttpRequest) -> TokenSubject:
        """Who the token speaks for. Raises TokenInvalid, ScopeMissing."""
        subject = cast(TokenSubject | None, super().__call__(request))
        if subject is None:
            raise TokenInvalid
        if self.needed is not None and self.needed.value not in subject.scopes:
            raise ScopeMissing(scope=self.needed.value)
        return subject

    def authenticate(self, _request: HttpRequest, token: str) -> TokenSubject | None:
        """The subject of the token in the header."""
        return open_token(plain=token.strip(), at=clock.now())


def speaks_for(request: HttpRequest) -> TokenSubject | None:
    """Who a request to a public route speaks for, if it brings a token. Raises TokenInvalid for one that is no good."""
    return ANY_TOKEN(request) if request.headers.get("Authorization") else None


def scope(needed: Scope) -> BearerToken:
    """The mark of a route that asks for a token with this scope."""
    return BearerToken(needed)


# The mark of a route that any living token may enter, whatever its scopes: a token may always end itself.
ANY_TOKEN: Final = BearerToken(None)
