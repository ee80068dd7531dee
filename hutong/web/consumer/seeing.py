"""What a visitor looked at: of who is signed in a row, of everybody else a small signed cookie that only they keep.

The cookie holds the last shops with their categories and seconds; it is read here and nowhere else, and goes into the
account at sign-in.
"""

from datetime import UTC, datetime, timedelta

from django.core import signing
from django.http import HttpRequest, HttpResponse

from hutong.attract.saved import services
from hutong.attract.saved.rules.lists import MOST_SEEN_IN_COOKIE, SEEN_FOR
from hutong.attract.saved.types import Seen
from hutong.know.insight.rules import is_machine
from hutong.town.people.services import Person

COOKIE = "hutong_seen"
_SALT = "hutong.saved.seen"
_OFF = "off"
_PREFIX = "sto_"
_SECOND = timedelta(seconds=1)
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


def wants_none(request: HttpRequest) -> bool:
    """Whether this browser was told to remember nothing."""
    return request.COOKIES.get(COOKIE) == _OFF


def seen_here(request: HttpRequest, at: datetime) -> list[Seen]:
    """The shops that were looked at in this browser by nobody in particular, the last one first; none of a bad cookie."""
    text = request.COOKIES.get(COOKIE, "")
    if not text or text == _OFF:
        return []
    try:
        kept = signing.loads(text, salt=_SALT, max_age=SEEN_FOR)
        found = [Seen(_PREFIX + ref, category, _EPOCH + second * _SECOND) for ref, category, second in kept]
    except (signing.BadSignature, ValueError, TypeError):
        return []
    return [one for one in found if one.at <= at][:MOST_SEEN_IN_COOKIE]


def note(
    request: HttpRequest, response: HttpResponse, *, store_ref: str, category: str, at: datetime
) -> None:
    """Somebody looks at a shop. Nothing is noted of machines, of pages fetched in advance, and of who said no.

    One statement for who is signed in, none for anybody else.
    """
    ahead = "prefetch" in request.headers.get("Sec-Purpose", "")
    if ahead or is_machine(request.headers.get("User-Agent", "")):
        return
    looked = Seen(store_ref, category, at)
    if request.user.is_authenticated:
        services.remember(person=request.user, seen=[looked])
    elif not wants_none(request):
        before = [one for one in seen_here(request, at) if one.store_ref != store_ref]
        _keep(request, response, [looked, *before][:MOST_SEEN_IN_COOKIE])


def forget(request: HttpRequest, response: HttpResponse, *, off: bool) -> None:
    """Empty this browser's memory; with `off` it stays empty until it is switched on."""
    if off:
        _set(request, response, _OFF)
    else:
        response.delete_cookie(COOKIE, samesite="Lax")


def merge(request: HttpRequest, response: HttpResponse, *, person: Person, at: datetime) -> None:
    """At sign-in: what this browser remembered becomes the person's, if they want that; the cookie goes."""
    seen = seen_here(request, at)
    if seen:
        services.remember(person=person, seen=seen)
        forget(request, response, off=False)


def _keep(request: HttpRequest, response: HttpResponse, seen: list[Seen]) -> None:
    kept = [(one.store_ref.removeprefix(_PREFIX), one.category, (one.at - _EPOCH) // _SECOND) for one in seen]
    _set(request, response, signing.dumps(kept, salt=_SALT, compress=True))


def _set(request: HttpRequest, response: HttpResponse, value: str) -> None:
    response.set_cookie(
        COOKIE,
        value,
        max_age=SEEN_FOR,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
