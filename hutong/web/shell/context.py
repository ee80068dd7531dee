"""What every template can use without its view saying so. Makes no database statement."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from hutong.web.shell import announcements, scheme, tray


def shell(request: HttpRequest) -> dict[str, Any]:
    """Site name, language tag for `<html lang>`, colour scheme, where this page is (to come back to), and
    whether this is a trial."""
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
        "is_trial": settings.HUTONG_MODE == "trial",
    }
