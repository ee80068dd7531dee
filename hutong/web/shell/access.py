"""Who may see a page."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Rest], HttpResponse]


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

    return checked
