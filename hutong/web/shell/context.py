"""What every template can use without its view saying so. Makes no statement, but one where a heart is shown."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from hutong.attract.saved.queries import saved_refs
from hutong.web.shell import announcements, scheme, tray


def shell(request: HttpRequest) -> dict[str, Any]:
    """Site name, language tag for `<html lang>`, colour scheme, where this page is (to come back to), what the
    visitor has saved, and whether this is a trial."""
    language = get_language() or settings.LANGUAGE_CODE
    chosen = scheme.chosen(request)
    return {
        "site_name": settings.HUTONG_SITE_NAME,
        "language": language,
        "language_tag": "zh-Hans" if language == "zh-hans" else language,
        "scheme": chosen,
        "theme": scheme.THEMES[chosen],
        "here": request.get_full_path(),
        "shows_tray": tray.is_open_to(request),
        "announcement": SimpleLazyObject(lambda: announcements.current(request)),
        "saved": SimpleLazyObject(lambda: _saved(request)),
        "is_trial": settings.HUTONG_MODE == "trial",
    }


def _saved(request: HttpRequest) -> frozenset[str]:
    """What fills the hearts of a page: one statement for who is signed in, however many there are."""
    return saved_refs(request.user.pk) if request.user.is_authenticated else frozenset()
