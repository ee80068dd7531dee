"""Text message, by the sender of `people` that HUTONG_SMS names."""

from datetime import datetime

from hutong.kernel.errors import DomainError
from hutong.town.notifications.senders.protocol import NotReachable, NotSent
from hutong.town.notifications.types import Outgoing
from hutong.town.people.senders import chosen_sender

LONGEST = 300


class SmsSender:
    """Title, body and address in one message."""

    def send(self, message: Outgoing, *, at: datetime) -> None:
        """See `Sender.send`. The moment handed over is the notification's, so that every try is the same message."""
        if not message.phone:
            raise NotReachable("no_phone")
        words = f"{message.text.title}. {message.text.body}"
        if len(words) > LONGEST:
            words = words[: LONGEST - 1] + "…"
        try:
            chosen_sender().send(to=message.phone, body=f"{words} {message.url}", at=message.at)
        except DomainError as error:
            raise NotSent(error.code, again=True) from error
