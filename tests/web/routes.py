"""The addresses of all pages, read from the code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

# The back office is Django's own and asks for a superuser; the API declares its doors by scopes, and
# tests/api/test_routes.py reads those.
ELSEWHERE = ("admin/", "api/v1/")


@dataclass(frozen=True)
class Route:
    """One address: its name, its pattern, the names of what stands in it, and its view."""

    name: str
    pattern: str
    keys: tuple[str, ...]
    view: Callable[..., Any]


def page_routes() -> list[Route]:
    """Every address that is a page of ours, in the order of the resolver."""
    return [route for route in _routes(get_resolver(None)) if not route.pattern.startswith(ELSEWHERE)]


def _routes(resolver: URLResolver, before: str = "", keys: tuple[str, ...] = ()) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        pattern = before + str(entry.pattern)
        inside = (*keys, *entry.pattern.converters)
        if isinstance(entry, URLResolver):
            yield from _routes(entry, pattern, inside)
        elif isinstance(entry, URLPattern):
            yield Route(entry.name or "", pattern, inside, entry.callback)
