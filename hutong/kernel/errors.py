"""Errors that people may see. Each app declares its own beside the service that raises them."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext


class DomainError(Exception):
    """Something the caller asked for cannot be done, and nothing was half done.

    `code` is stable and for programs, `message` is for people and says what to do, `status` is the HTTP
    status, `details` are facts a page or a client may show. Never put a secret or a whole phone number in.
    """

    code = "error"
    status = 400
    message: Any = _("That did not work.")

    def __init__(self, message: Any = None, **details: Any) -> None:
        if message is not None:
            self.message = message
        self.details = details
        super().__init__(str(self.message))

    def __str__(self) -> str:
        """The message in the language that is active now, filled with the details."""
        text = str(self.message)
        return text % self.details if self.details and "%(" in text else text


class Invalid(DomainError):
    """What was sent is not well formed or not allowed."""

    code = "invalid"
    status = 422


class NotFound(DomainError):
    """There is no such thing, or it is not the caller's to see; the two look the same from outside."""

    code = "not_found"
    status = 404
    message = _("There is nothing here.")


class Forbidden(DomainError):
    """The caller is known and may not do this."""

    code = "forbidden"
    status = 403
    message = _("You may not do this.")


class Unauthorized(DomainError):
    """The caller is not known."""

    code = "unauthorized"
    status = 401
    message = _("Please sign in.")


class Conflict(DomainError):
    """The thing is in a state that does not allow this any more."""

    code = "conflict"
    status = 409


class TooMany(DomainError):
    """A budget is used up; `retry_after_s` says when it is worth trying again."""

    code = "too_many"
    status = 429
    message = _("Too many tries. Please wait %(wait)s.")

    def __str__(self) -> str:
        """As any, with `wait`: seconds below two minutes, then minutes, as people count."""
        left_s = int(self.details.get("retry_after_s", 0))
        minutes = -(-left_s // 60)
        if left_s < 120:
            wait = ngettext("%(n)s second", "%(n)s seconds", left_s) % {"n": left_s}
        else:
            wait = ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
        return str(self.message) % {**self.details, "wait": wait}


class Unavailable(DomainError):
    """Somebody we depend on does not answer; trying again later is right."""

    code = "unavailable"
    status = 503
    message = _("This is not available just now. Please try again in a minute.")
