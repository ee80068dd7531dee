"""The operator's announcement at the top of the pages.

Each process reads the announcements once in `FRESH_S` seconds, so that a page costs no statement for them; a new
one is seen within that time.
"""

import time
from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from hutong.kernel import clock
from hutong.town.contents import queries
from hutong.town.contents.types import AnnouncementView, Audience
from hutong.web.shell.access import public
from hutong.web.shell.parts import safe_next

FRESH_S = 15.0
COOKIE = "hutong_announcement"
COOKIE_AGE_S = 60 * 60 * 24 * 30
_CONSOLES = ("/merchant/", "/operator/")
_read: dict[str, tuple[float, list[AnnouncementView]]] = {}


def forget() -> None:
    """Read anew at the next page: after this process changed something, and in tests."""
    _read.clear()


def current(request: HttpRequest) -> AnnouncementView | None:
    """The announcement for this page: an urgent one before others, else the newest; None when it was closed."""
    at = clock.now()
    found = _fresh(at)
    audience = Audience.SHOPS if request.path.startswith(_CONSOLES) else Audience.SHOPPERS
    closed = request.COOKIES.get(COOKIE, "").split(".")
    shown = [
        each
        for each in found
        if each.shows(at) and each.audience in (Audience.ALL, audience) and each.ref not in closed
    ]
    return max(shown, key=lambda each: (each.urgent, each.starts_at), default=None)


def _fresh(at: datetime) -> list[AnnouncementView]:
    """The announcements of now or of the last seconds."""
    read_s, found = _read.get("all", (0.0, []))
    if not read_s or time.monotonic() - read_s > FRESH_S:
        found = queries.announcements(ends_after=at, limit=20)
        _read["all"] = (time.monotonic(), found)
    return found


@public
@require_POST
def close(request: HttpRequest) -> HttpResponse:
    """Do not show this announcement here again."""
    response = HttpResponseRedirect(safe_next(request, "/"))
    closed = [ref for ref in request.COOKIES.get(COOKIE, "").split(".") if ref][-9:]
    ref = request.POST.get("ref", "")
    if ref.startswith("ann_") and len(ref) < 40:
        value = ".".join([*closed, ref])
        response.set_cookie(
            COOKIE, value, max_age=COOKIE_AGE_S, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    return response
