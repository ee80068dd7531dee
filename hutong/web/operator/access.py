"""Who may open the operator's pages: people marked as operators, nobody else."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Forbidden
from hutong.town.people.services import Person
from hutong.web.shell.access import Door, Permission, declare

Rest = ParamSpec("Rest")


class OperatorsOnly(Forbidden):
    """Somebody else knocks."""

    code = "operators_only"
    message = _("This page is for the people who run the platform.")


def operators(
    view: Callable[Concatenate[HttpRequest, Person, Rest], HttpResponse],
) -> Callable[Concatenate[HttpRequest, Rest], HttpResponse]:
    """Hands the operator to the view; asks strangers to sign in and turns others away."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not request.user.is_operator:
            raise OperatorsOnly
        response = view(request, request.user, *args, **kwargs)
        patch_cache_control(response, private=True, no_store=True)
        return response

    return declare(guarded, Permission(Door.OPERATOR))
