"""What operators are told of by itself, each once; and work that goes on past the one thing of many that fails."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction

from hutong.flows.notify import notify
from hutong.kernel import budget
from hutong.kernel.errors import TooMany
from hutong.town.notifications import queries as notifications_read
from hutong.town.notifications.types import Kind

DIGEST_EVERY_S = 60 * 60
LOG_AGAIN_AFTER_S = 10 * 60
_log = logging.getLogger("hutong.clock")


def alarm(kind: Kind, params: Mapping[str, object], what: str, at: datetime) -> bool:
    """Tell operators of `what`, once, and of one such thing an hour; whether it was asked for now."""
    if notifications_read.told_keys([f"{kind.value}:{what}"]):
        return False
    try:
        budget.spend(f"watch.{kind.value}", limit=1, window_s=DIGEST_EVERY_S, at=at)
    except TooMany:
        return False
    with transaction.atomic():
        notify(kind, at=at, params=params, once=what)
    return True


@contextmanager
def isolated(what: str, about: str = "", *, at: datetime) -> Iterator[None]:
    """Whatever the block raises keeps nothing that comes after it from being done: it is logged, and operators are told.

    `what` is done, `about` is the opaque ref of the thing it is done to, never a name or a number. The same one is logged
    again after ten minutes and told again the next day, for as long as it fails. An error that leaves no connection to go
    on with (the database is away, or a transaction of the caller's is broken) is raised.
    """
    try:
        yield
    except Exception as error:  # whatever it is, it is one thing's: the others are not to wait for it
        if connection.in_atomic_block or not connection.is_usable():
            raise
        _tell_of(f"{what} {about}".strip(), error, at)


def _tell_of(name: str, error: Exception, at: datetime) -> None:
    try:
        budget.spend(f"log {name}", limit=1, window_s=LOG_AGAIN_AFTER_S, at=at)
    except TooMany:
        return  # it has been in the log for less than ten minutes
    _log.error("%s failed; it is tried again, and the rest goes on", name, exc_info=error)
    try:
        alarm(Kind.CLOCK_TROUBLE, {"what": name}, f"{name} {at.date().isoformat()}", at)
    except Exception:  # nobody can be told, which is not to keep from work either
        _log.exception("operators were not told that %s failed", name)
