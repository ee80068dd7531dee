"""Who may read the message tray: everybody in a demo, and in a trial who has opened its secret link once.

A trial stands on the open web: whoever reads the tray can sign in as anybody, the operator included.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from hutong.kernel.secret import keyed_hex, same

COOKIE = "tray"
COOKIE_AGE_S = 60 * 60 * 24 * 30


def _key() -> str:
    return keyed_hex("web.tray", settings.HUTONG_SITE_URL)[:32]


def exists() -> bool:
    """Whether anything is sent to the tray."""
    mails = settings.EMAIL_BACKEND == "hutong.town.people.senders.mail.TrayEmailBackend"
    return mails or "tray" in (settings.HUTONG_SMS, settings.HUTONG_VOICE)


def link() -> str:
    """Where the tray is read, with its key where it needs one. For who sits at the server."""
    url = f"{settings.HUTONG_SITE_URL}{reverse('messages_tray')}"
    return f"{url}?key={_key()}" if settings.HUTONG_MODE == "trial" else url


def is_open_to(request: HttpRequest) -> bool:
    """Whether this browser may read the tray."""
    if not exists():
        return False
    if settings.HUTONG_MODE != "trial":
        return True
    return same(request.get_signed_cookie(COOKIE, "", max_age=COOKIE_AGE_S) or "", _key())


def open_with_key(request: HttpRequest) -> HttpResponse | None:
    """The answer to the secret link: the key becomes a cookie and leaves the address; None for a wrong key."""
    given = request.GET.get("key", "")
    if not given or not exists() or not same(given, _key()):
        return None
    response = HttpResponseRedirect(reverse("messages_tray"))
    response.set_signed_cookie(
        COOKIE, _key(), max_age=COOKIE_AGE_S, httponly=True, samesite="Lax", secure=request.is_secure()
    )
    return response
