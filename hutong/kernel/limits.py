"""How much one address, one person and one device may ask for in a minute; counted in PostgreSQL over all processes.

Pages are counted where they change something, the API at every request. What is read by pages costs little and
is limited by the proxy in front, if at all. Budgets against guessing codes are tighter and stand beside the
services they guard.

A request that only reads would write for its counting alone. So a process takes some reads at once from a budget and
counts them in its memory: a budget may be told to be used up by some reads too early, never too late.
"""

import math
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from hutong.kernel import budget, clock
from hutong.kernel.errors import TooMany
from hutong.kernel.http import answer, client_address, database_away
from hutong.kernel.secret import keyed_hex

WINDOW_S = 60
# So many reads are taken at once, at most such a share of a budget, and are good for so long.
AT_ONCE, SHARE, HELD_S = 20, 50, 5.0
MOST_HELD = 10_000  # keys; beyond that what was taken is forgotten
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


class _Held:
    """What this process took from budgets and has not used yet."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[int, datetime]] = {}
        self._lock = threading.Lock()

    def use(self, key: str, *, at: datetime) -> bool:
        """Use one of a key, where there is one that is still good."""
        with self._lock:
            left, until = self._left.get(key, (0, at))
            if not (left and until - timedelta(seconds=HELD_S) <= at < until):
                return False
            self._left[key] = left - 1, until
            return True

    def keep(self, key: str, left: int, *, at: datetime) -> None:
        """Keep what was taken."""
        with self._lock:
            if len(self._left) >= MOST_HELD:
                self._left.clear()
            self._left[key] = left, at + timedelta(seconds=HELD_S)

    def forget(self) -> None:
        """Nothing is kept any more."""
        with self._lock:
            self._left.clear()


held = _Held()


class Spacing:
    """How soon somebody may ask the same again. Kept by each process in its memory: a question costs nothing, and who is
    answered by several processes may ask each of them so often."""

    def __init__(self, every_s: float) -> None:
        self.every_s = every_s
        self._asked: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def pass_on(self, key: str, *, at: datetime) -> None:
        """Note that `key` asked at `at`. Raises `TooMany` where it asked less than `every_s` before."""
        with self._lock:
            before = self._asked.get(key)
            if before is not None and timedelta(0) <= at - before < timedelta(seconds=self.every_s):
                raise TooMany(retry_after_s=math.ceil(self.every_s))
            if len(self._asked) >= MOST_HELD:
                self._asked.clear()
            self._asked[key] = at

    def forget(self) -> None:
        """Nobody has asked."""
        with self._lock:
            self._asked.clear()


def count(request: HttpRequest, *, at: datetime) -> None:
    """Take the request from the budgets of its address and of whoever asks. One statement, for most reads none.

    Raises `TooMany`.
    """
    limits = {f"requests.address:{client_address(request)}": settings.HUTONG_ADDRESS_LIMIT}
    actor = _actor(request)
    if actor:
        limits[f"requests.actor:{actor}"] = settings.HUTONG_ACTOR_LIMIT
    if request.method not in _READS:
        budget.spend_all(limits, window_s=WINDOW_S, at=at)
        return
    count_reads(limits, at=at)


def count_reads(limits: Mapping[str, int], *, at: datetime, window_s: int = WINDOW_S) -> None:
    """Take one read from each of these budgets; most cost no statement, since a process takes some at once.

    Raises `TooMany`.
    """
    wanted = {key: limit for key, limit in limits.items() if not held.use(key, at=at)}
    if wanted:
        at_once = {key: max(1, min(AT_ONCE, limit // SHARE)) for key, limit in wanted.items()}
        taken = budget.spend_all(wanted, window_s=window_s, at=at, at_once=at_once)
        for key, number in taken.items():
            held.keep(key, number - 1, at=at)


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
