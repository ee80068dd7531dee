"""Uploads that say they are too heavy are refused before a byte of them is read."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse

from hutong.kernel.errors import DomainError
from hutong.town.pictures.rules import MAX_UPLOAD_BYTES
from hutong.town.pictures.services import PictureTooHeavy

Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Rest], HttpResponse]
# What a form says around its files.
FORM_BYTES = 64 * 1024


def bounded(
    most_bytes: int = MAX_UPLOAD_BYTES, refused: type[DomainError] = PictureTooHeavy
) -> Callable[[View[Rest]], View[Rest]]:
    """For a view that takes at most so many bytes of files in one request. Raises `refused`.

    A request is read when somebody first looks at its form, which the guard against forged forms does; so that
    guard has to stand behind this one.
    """

    def guard(view: View[Rest]) -> View[Rest]:
        @wraps(view)
        def checked(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponse:
            length = request.META.get("CONTENT_LENGTH") or "0"
            if length.isdecimal() and int(length) > most_bytes + FORM_BYTES:
                raise refused
            return view(request, *args, **kwargs)

        return checked

    return guard
