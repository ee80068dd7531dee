"""Ways a text message leaves the house: one folder each, chosen by the setting HUTONG_SMS."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from .console import ConsoleSender
from .tray import TraySender


class Sender(Protocol):
    """Sends text messages. Called outside any transaction, since it may talk to somebody else's server."""

    def send(self, *, to: str, body: str, at: datetime) -> None:
        """Hand `body` over for the phone `to` (E.164); returning means accepted, not read."""
        ...


SENDERS: dict[str, type[Sender]] = {"console": ConsoleSender, "tray": TraySender}


def chosen_sender() -> Sender:
    """The sender named by HUTONG_SMS; an unknown name is a fault of the settings, said plainly."""
    try:
        return SENDERS[settings.HUTONG_SMS]()
    except KeyError:
        names = ", ".join(sorted(SENDERS))
        raise ImproperlyConfigured(f"HUTONG_SMS is {settings.HUTONG_SMS!r}, not one of: {names}.") from None
