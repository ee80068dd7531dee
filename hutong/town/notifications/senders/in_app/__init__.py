"""In the app: the row is the message; open pages are told to count again."""

from datetime import datetime

from hutong.kernel import live
from hutong.town.notifications.types import Outgoing


def topic(person_ref: str) -> str:
    """What a person's bell listens to."""
    return f"bell:{person_ref}"


class InAppSender:
    """Makes the bells ring on the pages a person has open."""

    def send(self, message: Outgoing, *, at: datetime) -> None:
        """See `Sender.send`. Takes everything: a page that is not open will count when it is opened."""
        live.hint(topic(message.person_ref))
