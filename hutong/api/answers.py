"""How the API says no, and how it says the same thing twice."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema, Status
from ninja.errors import HttpError, ValidationError

from hutong.api.datum import sent_swapped
from hutong.kernel import clock
from hutong.kernel.errors import DomainError, Invalid, NotFound, Unauthorized, Unavailable
from hutong.kernel.geo import PlaceSwapped
from hutong.kernel.http import problem
from hutong.kernel.idempotency import KeyMissing, run_once

from .doors import ApiRequest

log = logging.getLogger(__name__)


class BodyInvalid(Invalid):
    """The request does not have the documented shape; `errors` says where."""

    code = "request_invalid"


class BodyUnreadable(DomainError):
    """The body is no JSON."""

    code = "request_unreadable"


class Broken(DomainError):
    """A fault of ours. The request id finds it in the log."""

    code = "internal_error"
    status = 500


def once(
    request: ApiRequest, key: str, body: Schema | None, act: Callable[[], tuple[int, Schema]]
) -> Status[Any]:
    """Run `act` once for this token's owner, address and key; the same request again gets the same answer.

    Raises KeyReused for another body under the same key, StillRunning while the first is under way.
    """
    match = request.resolver_match
    assert match is not None
    asked = {"path": request.path, "body": body.model_dump(mode="json") if body else None}

    def answer() -> tuple[int, Any]:
        status, said = act()
        return status, said.model_dump(mode="json", by_alias=True)

    status, said = run_once(
        actor=request.auth.subject_ref,
        route=f"{request.method} {match.route}"[:120],
        key=key,
        request=asked,
        at=clock.now(),
        act=answer,
    )
    return Status(status, said)


def say_no_in_one_way(api: NinjaAPI) -> None:
    """Every refusal of `api` becomes problem+json."""
    answers: dict[type[Exception], Callable[..., HttpResponse]] = {
        DomainError: _refused,
        ValidationError: _invalid,
        Http404: _missing,
        HttpError: _unreadable,
        OperationalError: _unavailable,
        InterfaceError: _unavailable,
        Exception: _broken,
    }
    for error, answer in answers.items():
        api.add_exception_handler(error, answer)


def no_such_address(request: HttpRequest, **_path: str) -> HttpResponse:
    """The answer to an address the API does not have."""
    return problem(request, NotFound())


def _refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    response = problem(request, error)
    if isinstance(error, Unauthorized):
        response["WWW-Authenticate"] = "Bearer"
    return response


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    places = [tuple(str(part) for part in one["loc"]) for one in error.errors]
    if all(place[0] == "path" for place in places):
        # An id that cannot exist is answered like one that does not.
        return problem(request, NotFound())
    if ("header", "Idempotency-Key") in places:
        return problem(request, KeyMissing())
    if sent_swapped(request):
        return problem(request, PlaceSwapped())
    # The value itself is not repeated: it may be a code, a phone number, or ten megabytes.
    said = [
        {"where": ".".join(place), "what": one["msg"]}
        for place, one in zip(places, error.errors, strict=True)
    ]
    return problem(request, BodyInvalid(said[0]["what"], errors=said))


def _missing(request: HttpRequest, _error: Http404) -> HttpResponse:
    return problem(request, NotFound())


def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    refusal = BodyUnreadable(error.message)
    refusal.status = error.status_code
    return problem(request, refusal)


def _unavailable(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("the database did not serve %s %s", request.method, request.path, exc_info=error)
    return problem(request, Unavailable())


def _broken(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("fault in %s %s", request.method, request.path, exc_info=error)
    return problem(request, Broken())
