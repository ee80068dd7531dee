"""Ways a notification reaches a person: one folder each, all behind `Sender`."""

from collections.abc import Callable

from hutong.town.notifications.senders.in_app import InAppSender
from hutong.town.notifications.senders.mail import MailSender
from hutong.town.notifications.senders.protocol import NotReachable, NotSent, Sender
from hutong.town.notifications.senders.push import PushSender
from hutong.town.notifications.senders.sms import SmsSender
from hutong.town.notifications.types import Channel

SENDERS: dict[Channel, Callable[[], Sender]] = {
    Channel.IN_APP: InAppSender,
    Channel.EMAIL: MailSender,
    Channel.PUSH: PushSender,
    Channel.SMS: SmsSender,
}

__all__ = ["SENDERS", "NotReachable", "NotSent", "Sender"]
