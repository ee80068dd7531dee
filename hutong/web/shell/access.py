"""Who may see a page: every view says so by a decorator, which leaves its declaration on the view.

The declarations are read by the tests and by the table in docs/reference/permissions.md, so that a page
without one cannot be added.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Rest], HttpResponse]


class Door(StrEnum):
    """Whom a page is for."""

    PUBLIC = "public"
    SIGNED_IN = "signed in"
    STAFF = "staff"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Permission:
    """What a view asks for. `right` names a right at a merchant; `everywhere` asks for it in all its stores.

    `device` lets a paired phone in that nobody is signed in on.
    """

    door: Door
    right: str = ""
    everywhere: bool = False
    device: bool = False


Declared = TypeVar("Declared", bound=Callable[..., HttpResponseBase])


def declare(view: Declared, permission: Permission) -> Declared:
    """Leave the permission on the view, where decorators made with functools.wraps keep it."""
    view.permission = permission  # type: ignore[attr-defined]
    return view


def declared(view: Callable[..., Any]) -> Permission | None:
    """The permission a view declares, or None where it was forgotten."""
    return getattr(view, "permission", None)


def public(view: Declared) -> Declared:
    """A view for everybody. What it shows of a person is that person's own, by session or secret address."""
    return declare(view, Permission(Door.PUBLIC))


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and from there back to where the visitor wanted to go."""
    wanted = request.get_full_path() if request.method == "GET" else request.META.get("HTTP_REFERER", "/")
    response = HttpResponseRedirect(f"{reverse('sign_in')}?{urlencode({'next': wanted})}")
    if request.headers.get("HX-Request") == "true":
        # a part cannot become the sign-in page: the whole page goes there
        response = HttpResponse(status=204, headers={"HX-Redirect": response["Location"]})  # type: ignore[assignment]
    return response


def signed_in(view: View[Rest]) -> View[Rest]:
    """A view for people who are signed in; others sign in first and come back."""

    @wraps(view)
    def checked(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return sign_in_first(request)
        response = view(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    return declare(checked, Permission(Door.SIGNED_IN))
