"""Answers of views: a whole page, or the part of it htmx asked for; and where to go next, safely."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme


def wants_part(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page (and is not merely walking along a link or back)."""
    headers = request.headers
    asked = headers.get("HX-Request") == "true" and headers.get("HX-Boosted") != "true"
    return asked and headers.get("HX-History-Restore-Request") != "true"


def page(
    request: HttpRequest, template: str, context: dict[str, Any], *, part: str = "", status: int = 200
) -> HttpResponse:
    """Render `template`, or `part` when htmx asks for one at the same address."""
    chosen = part if part and wants_part(request) else template
    response = render(request, chosen, context, status=status)
    patch_vary_headers(response, ["HX-Request", "Cookie"])
    return response


def toast(response: HttpResponse, text: str) -> None:
    """Let the page that gets this part show one line for a while; screen readers say it."""
    response["HX-Trigger"] = json.dumps({"toast": text})


def safe_next(request: HttpRequest, default: str) -> str:
    """The address in `next` if it is one of this site, else `default`: no way out to strangers."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if allowed else default
