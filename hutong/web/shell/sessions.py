"""Who is signed in, by the session of the browser and the sign-in that was noted for it.

Django's own middleware asks only whether the person is there. This one asks in the same statement whether the
browser was logged out from elsewhere, and notes every five minutes that it was seen.
"""

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from hutong.kernel import clock
from hutong.kernel.http import client_address
from hutong.town.people import queries, rules, services
from hutong.town.people.services import Person
from hutong.town.people.types import SignInState

BACKEND = "django.contrib.auth.backends.ModelBackend"
# In the session of every browser whose sign-in was noted: without the note it is thrown out, not noted anew.
NOTED_KEY = "sign_in_noted"


class SignInMiddleware(AuthenticationMiddleware):
    """`request.user` as Django's middleware gives it, and nobody once the browser was logged out elsewhere."""

    def process_request(self, request: HttpRequest) -> None:
        """Make `request.user` lazy: a page that asks for nobody costs no statement."""
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _user(request))  # type: ignore[assignment]

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """A browser that signed out in this request, by whatever door, is noted as such."""
        state = sign_in_of(request)
        if state is not None and not state.ended and auth.SESSION_KEY not in request.session:
            services.close_sign_in(sign_in_ref=state.ref, at=clock.now())
        return response


def begin(request: HttpRequest, person: Person) -> None:
    """Sign `person` in, who has just entered a code, and note the browser."""
    auth.login(request, person, backend=BACKEND)
    _note(request, person, proved=True)


def sign_in_of(request: HttpRequest) -> SignInState | None:
    """The sign-in of this browser, if this request asked who is there."""
    return getattr(request, "_sign_in", None)


def _user(request: HttpRequest) -> Person | AnonymousUser:
    if not hasattr(request, "_cached_user"):
        request._cached_user = _load(request) or AnonymousUser()  # type: ignore[attr-defined]
    user: Person | AnonymousUser = request._cached_user  # type: ignore[attr-defined]
    return user


def _load(request: HttpRequest) -> Person | None:
    session = request.session
    person_key, session_key = str(session.get(auth.SESSION_KEY, "")), session.session_key
    known_door = session.get(auth.BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
    if not person_key.isdecimal() or session_key is None or not known_door:
        return None
    held = queries.person_in_session(person_id=int(person_key), session_key=session_key)
    if held is None:
        return None
    person, state = held
    if not _same_password(request, person) or (state.ended if state else session.get(NOTED_KEY)):
        session.flush()
        return None
    if state is None:
        # It came through another door (the back office), or is older than the notes.
        _note(request, person, proved=False)
        return person
    request._sign_in = state  # type: ignore[attr-defined]
    at = clock.now()
    if state.last_seen_at <= at - rules.SIGN_IN_TOUCH_EVERY:
        services.touch_sign_in(sign_in_ref=state.ref, address=client_address(request), at=at)
    return person


def _note(request: HttpRequest, person: Person, *, proved: bool) -> None:
    session_key = request.session.session_key
    assert session_key is not None, "a signed-in session has a key"
    at = clock.now()
    opened = services.open_sign_in(
        person=person,
        session_key=session_key,
        agent=request.headers.get("User-Agent", ""),
        address=client_address(request),
        proved=proved,
        at=at,
    )
    request.session[NOTED_KEY] = True
    request._sign_in = SignInState(opened.public_id, False, at, opened.proved_at)  # type: ignore[attr-defined]


def _same_password(request: HttpRequest, person: Person) -> bool:
    """Whether the session was made with the password the person has now, as Django asks it."""
    held = request.session.get(auth.HASH_SESSION_KEY, "")
    hashes = [person.get_session_auth_hash(), *person.get_session_auth_fallback_hash()]
    return any(constant_time_compare(held, each) for each in hashes)
