"""Reads of notifications."""

from hutong.town.notifications.queries.lists import (
    Page,
    notification,
    page_of,
    told_keys,
    unread_count,
)
from hutong.town.notifications.queries.settings import (
    devices_of,
    has_device,
    settings_of,
    turned_by,
)
from hutong.town.notifications.queries.texts import missing, text_of

__all__ = [
    "Page",
    "devices_of",
    "has_device",
    "missing",
    "notification",
    "page_of",
    "settings_of",
    "text_of",
    "told_keys",
    "turned_by",
    "unread_count",
]
