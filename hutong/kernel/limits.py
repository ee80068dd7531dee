"""How much one address, one person and one device may ask for in a minute; counted in PostgreSQL over all processes.

Pages are counted where they change something, the API at every request. What is read by pages costs little and
is limited by the proxy in front, if at all. Budgets against guessing codes are tighter and stand beside the
services they guard.
"""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from hutong.kernel import budget, clock
from hutong.kernel.errors import TooMany
from hutong.kernel.http import answer, client_address, database_away
from hutong.kernel.secret import keyed_hex

WINDOW_S = 60
_READS = {"GET", "HEAD", "OPTIONS"}
# Signed by the provider and counted there; a burst of them is a busy evening.
_UNCOUNTED = ("/api/v1/webhooks/",)


class LimitMiddleware:
    """Refuses what comes too fast, before any work is done for it: 429 and the seconds to wait."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Count the request, one statement for all that it counts for, and pass it on."""
        if counted(request):
            try:
                count(request, at=clock.now())
            except TooMany as error:
                return answer(request, error)
            except (OperationalError, InterfaceError) as error:
                return database_away(request, error)
        return self.get_response(request)


def counted(request: HttpRequest) -> bool:
    """Whether a request counts at all."""
    if request.path.startswith(_UNCOUNTED):
        return False
    return request.method not in _READS or request.path.startswith("/api/")


def count(request: HttpRequest, *, at: datetime) -> None:
    """Take the request from the budgets of its address and of whoever asks. Raises `TooMany`."""
    limits = {f"requests.address:{client_address(request)}": settings.HUTONG_ADDRESS_LIMIT}
    actor = _actor(request)
    if actor:
        limits[f"requests.actor:{actor}"] = settings.HUTONG_ACTOR_LIMIT
    budget.spend_all(limits, window_s=WINDOW_S, at=at)


def _actor(request: HttpRequest) -> str:
    """Who asks: the token of the API, the person, or the session of a paired phone; "" for a stranger.

    Tokens and session keys are secrets: what is stored is their HMAC.
    """
    bearer = request.headers.get("Authorization", "")
    if bearer:
        return keyed_hex("limits", bearer)[:32]
    if request.user.is_authenticated:
        return request.user.public_id
    session_key = request.session.session_key
    return keyed_hex("limits", session_key)[:32] if session_key else ""
