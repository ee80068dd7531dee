"""Writes of notifications: telling, delivering, reading, choosing, and the browsers that take push."""

from hutong.town.notifications.services.choosing import (
    ChannelFixed,
    LinkInvalid,
    choose,
    read_unsubscribe,
    unsubscribe,
    unsubscribe_token,
)
from hutong.town.notifications.services.delivering import deliver, due
from hutong.town.notifications.services.devices import SubscriptionInvalid, subscribe, unsubscribe_device
from hutong.town.notifications.services.keeping import forget, purge, withdraw
from hutong.town.notifications.services.reading import mark_all_read, mark_read
from hutong.town.notifications.services.telling import tell

__all__ = [
    "ChannelFixed",
    "LinkInvalid",
    "SubscriptionInvalid",
    "choose",
    "deliver",
    "due",
    "forget",
    "mark_all_read",
    "mark_read",
    "purge",
    "read_unsubscribe",
    "subscribe",
    "tell",
    "unsubscribe",
    "unsubscribe_device",
    "unsubscribe_token",
    "withdraw",
]
