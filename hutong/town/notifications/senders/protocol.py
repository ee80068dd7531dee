"""What every channel promises."""

from datetime import datetime
from typing import Protocol

from hutong.town.notifications.types import Outgoing


class NotReachable(Exception):
    """The person has nothing on this channel; `code` says what is missing, in a word."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class NotSent(Exception):
    """The channel did not take the message.

    `code` is a word that names neither person nor address. `again` False means that trying again would be
    refused, too, or might deliver a second time what was delivered already.
    """

    def __init__(self, code: str, *, again: bool) -> None:
        self.code = code
        self.again = again
        super().__init__(code)


class Sender(Protocol):
    """Hands a notification over. Called outside any transaction, since it may talk to somebody else's machine."""

    def send(self, message: Outgoing, *, at: datetime) -> None:
        """Hand `message` over; returning means accepted, not read. Raises `NotReachable`, `NotSent`."""
        ...
