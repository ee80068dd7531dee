"""What every request gets: an id, and an answer people or programs can use when a `DomainError` is raised."""

import logging
import os
import re
from collections.abc import Callable
from typing import Any

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.db import Error, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from hutong.kernel import tracing
from hutong.kernel.errors import DomainError, Unavailable
from hutong.kernel.ids import new_id
from hutong.kernel.rows import scalar

Respond = Callable[[HttpRequest], HttpResponse]

_NOTHING = "default-src 'none'; script-src 'none'; object-src 'none'; frame-ancestors 'none'"


class RequestIdMiddleware:
    """Gives each request an id, shown on error pages and in logs, so that people can quote it."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with the header `X-Request-Id`. An id from outside is kept when it is short and plain."""
        given = request.headers.get("X-Request-Id", "")
        request_id = given if re.fullmatch(r"[A-Za-z0-9_-]{8,64}", given) else new_id("req")
        token = tracing.enter(request_id)
        request.request_id = request_id  # type: ignore[attr-defined]
        try:
            response = self.get_response(request)
        finally:
            tracing.leave(token)
        response["X-Request-Id"] = request_id
        return response


class BackOfficePolicyMiddleware:
    """The back office brings scripts of its own that need a looser Content-Security-Policy than our pages."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Ask django-csp to replace some directives below /admin/; every other page keeps the strict ones."""
        response = self.get_response(request)
        if request.path.startswith("/admin/"):
            response._csp_replace = settings.HUTONG_BACK_OFFICE_POLICY  # type: ignore[attr-defined]
        return response


class DomainErrorMiddleware:
    """Turns a `DomainError` that reaches the edge into a page, an htmx message or problem+json."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The answer to a domain error, or to a database that went away; any other error goes on to Django."""
        if isinstance(error, OperationalError | InterfaceError):
            return database_away(request, error)
        return answer(request, error) if isinstance(error, DomainError) else None


class ContentSecurityMiddleware(CSPMiddleware):
    """The site's policy for pages. Data for programs runs and loads nothing, which is said without working it out."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Set the header, where the answer has none of its own."""
        if response.get("Content-Type", "").startswith(("application/json", "application/problem+json")):
            response.headers.setdefault(HEADER, _NOTHING)
            return response
        return super().process_response(request, response)


def database_away(request: HttpRequest, error: Exception) -> HttpResponse:
    """503: the transaction is rolled back, nothing was half done, and the same request may be sent again."""
    logging.getLogger("hutong.database").error("the database did not answer", exc_info=error)
    return answer(request, Unavailable(retry_after_s=5))


def answer(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A domain error as whoever asked can use it: problem+json, a message for htmx, or a page."""
    if request.path.startswith("/api/"):
        return problem(request, error)
    htmx = request.headers.get("HX-Request") == "true"
    template = "components/error_message.html" if htmx else "errors/domain.html"
    response = render(request, template, {"error": error}, status=error.status)
    patch_vary_headers(response, ["HX-Request"])
    if "retry_after_s" in error.details:
        response["Retry-After"] = str(error.details["retry_after_s"])
    return response


def problem(request: HttpRequest, error: DomainError) -> JsonResponse:
    """RFC 9457 problem details of a domain error; `code` is stable, `detail` is for people."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": type(error).__name__,
        "status": error.status,
        "code": error.code,
        "detail": str(error),
        "request_id": getattr(request, "request_id", "-"),
        **error.details,
    }
    response = JsonResponse(body, status=error.status, json_dumps_params={"default": str})
    response["Content-Type"] = "application/problem+json"
    if "retry_after_s" in error.details:
        response["Retry-After"] = str(error.details["retry_after_s"])
    return response


def client_address(request: HttpRequest) -> str:
    """The client's address: of the socket, or what the trusted proxies in front of us say, counted from the right."""
    proxies: int = settings.HUTONG_TRUSTED_PROXIES
    forwarded = [
        part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()
    ]
    if proxies and len(forwarded) >= proxies:
        return forwarded[-proxies]
    return str(request.META.get("REMOTE_ADDR") or "unknown")


def healthz(_request: HttpRequest) -> HttpResponse:
    """`ok` while this process and its database answer; 503 otherwise. For supervisors and proxies.

    `X-Generation` says to the supervisor which of its starts this process belongs to.
    """
    try:
        scalar("SELECT 1")
    except Error:
        logging.getLogger("hutong.health").exception("the database does not answer")
        return HttpResponse("the database does not answer", status=503, content_type="text/plain")
    generation = (
        {"X-Generation": os.environ["HUTONG_GENERATION"]} if "HUTONG_GENERATION" in os.environ else {}
    )
    return HttpResponse("ok", content_type="text/plain", headers=generation)
