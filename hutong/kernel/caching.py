"""Answers that are the same for everybody: kept by browsers and by whoever stands between, asked for again by version."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags

# For so long nobody asks whether there is a newer one.
MAX_AGE_S = 30
_MARK = "_same_for_all"


def same_for_all(
    request: HttpRequest,
    version: str,
    body: Callable[[], str],
    *,
    content_type: str,
    max_age_s: int = MAX_AGE_S,
) -> HttpResponse:
    """The answer with `version` as its ETag; 304, without making the body, to who has it already.

    The body must depend on the address alone, and on what the version changes with: no language, nobody's cookie.
    """
    etag = f'"{version}"'
    asked = {one.removeprefix("W/") for one in parse_etags(request.headers.get("If-None-Match", ""))}
    if asked & {etag, "*"}:
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(body(), content_type=content_type)
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={max_age_s}"
    setattr(response, _MARK, True)
    return response


class SameForAllMiddleware:
    """Takes away what says that an answer differs by visitor, where it does not; else no cache would share it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Stands around sessions and languages. What sets a cookie after all is for one visitor only."""
        response = self.get_response(request)
        if getattr(response, _MARK, False):
            if response.cookies:
                response["Cache-Control"] = "private, no-store"
            else:
                for header in ("Vary", "Content-Language"):
                    response.headers.pop(header, None)
        return response
