"""The language of an address: `?lang=zh-hans` shows a page in that language to whoever follows the link."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

PARAMETER = "lang"


def tag(language: str) -> str:
    """The language as HTML, schema.org and search engines name it (BCP 47): `zh-Hans` for `zh-hans`."""
    return "zh-Hans" if language == "zh-hans" else language


class AskedLanguageMiddleware:
    """Reads the parameter on pages that are only looked at; a choice somebody made stays what it is.

    Search engines keep an address for each language, so the language has to be in it; a cookie is none.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = request.GET.get(PARAMETER, "")
        if request.method in ("GET", "HEAD") and asked in dict(settings.LANGUAGES):
            translation.activate(asked)
            request.LANGUAGE_CODE = asked
        return self.get_response(request)
