"""The demo's message tray: messages are kept in our own table and shown on a page.

For the demo and for tests. Whoever sees the tray can sign in as anybody, so production refuses it.
"""

from __future__ import annotations

from datetime import datetime

from hutong.town.people.models import Message


class TraySender:
    """Keeps messages for the tray page."""

    def send(self, *, to: str, body: str, at: datetime) -> None:
        """Write the message down."""
        Message.objects.create(to=to, kind="sms", body=body, created_at=at)
