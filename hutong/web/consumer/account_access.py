"""Pages that ask for a new code first: the session may be days old, and what they do is final."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from hutong.kernel import clock
from hutong.town.people import rules
from hutong.town.people.services import Person
from hutong.town.regions import queries as regions
from hutong.web.shell.sessions import sign_in_of

Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Rest], HttpResponse]


def owner(request: HttpRequest) -> Person:
    """Who is signed in, on a page that lets nobody else in."""
    assert request.user.is_authenticated, "the view carries @signed_in"
    return request.user


def zone_here() -> str:
    """The zone in which an account's pages tell times: the one of the site's first place; "" where there is none."""
    region = regions.default_region()
    return region.zone if region else ""


def is_fresh(request: HttpRequest) -> bool:
    """Whether a code was entered in this browser in the last minutes."""
    assert request.user.is_authenticated  # which also loads the sign-in
    state = sign_in_of(request)
    return state is not None and rules.is_fresh(state.proved_at, clock.now())


def confirmed(view: View[Rest]) -> View[Rest]:
    """A view that sends whoever has not entered a code lately to do so, and then back: after a POST to "My data"."""

    @wraps(view)
    def checked(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponse:
        if is_fresh(request):
            return view(request, *args, **kwargs)
        back = request.path if request.method == "GET" else reverse("account_data")
        return HttpResponseRedirect(f"{reverse('account_confirm')}?{urlencode({'next': back})}")

    return checked
