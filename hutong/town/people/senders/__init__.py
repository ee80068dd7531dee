"""Ways a message leaves the house: one folder each, chosen by HUTONG_SMS, HUTONG_VOICE and HUTONG_EMAIL_URL.

Text messages go through a `Sender`, codes spoken on the phone through a `Caller`. E-mails go through Django's
`send_mail`; `mail` holds the two backends that are ours.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from .console import ConsoleCaller, ConsoleSender
from .http import HttpCaller, HttpSender
from .tray import TrayCaller, TraySender

_Made = TypeVar("_Made")


class Sender(Protocol):
    """Sends text messages. Called outside any transaction, since it may talk to somebody else's server."""

    def send(self, *, to: str, body: str, at: datetime) -> None:
        """Hand `body` over for the phone `to` (E.164); returning means accepted, not read.

        The same message of the same moment is delivered once, however often it is handed over.
        Raises `MessageNotSent`.
        """
        ...


class Caller(Protocol):
    """Calls a phone and speaks digits. Called outside any transaction, like a `Sender`."""

    def call(self, *, to: str, digits: str, language: str, at: datetime) -> None:
        """Have `digits` spoken to whoever picks up `to` (E.164), in a language of ours (`en`, `zh-hans`).

        Returning means the call was accepted, not that anybody picked up. Raises `MessageNotSent`.
        """
        ...


SENDERS: dict[str, Callable[[], Sender]] = {
    "console": ConsoleSender,
    "http": HttpSender,
    "tray": TraySender,
}
CALLERS: dict[str, Callable[[], Caller]] = {
    "console": ConsoleCaller,
    "http": HttpCaller,
    "tray": TrayCaller,
}


def chosen_sender() -> Sender:
    """The sender named by HUTONG_SMS; an unknown name is a fault of the settings, said plainly."""
    return _named(SENDERS, "HUTONG_SMS", settings.HUTONG_SMS)


def chosen_caller() -> Caller:
    """The caller named by HUTONG_VOICE, which is the same name as HUTONG_SMS unless it says otherwise."""
    return _named(CALLERS, "HUTONG_VOICE", settings.HUTONG_VOICE)


def _named(known: dict[str, Callable[[], _Made]], setting: str, name: str) -> _Made:
    try:
        make = known[name]
    except KeyError:
        names = ", ".join(sorted(known))
        raise ImproperlyConfigured(f"{setting} is {name!r}, not one of: {names}.") from None
    return make()
