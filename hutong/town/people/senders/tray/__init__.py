"""The message tray: messages are kept in our own table and shown on a page.

For the demo, for a trial and for tests. Whoever sees the tray can sign in as anybody, so production refuses it.
"""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext, override

from hutong.town.people.models import Message


class TraySender:
    """Keeps messages for the tray page."""

    def send(self, *, to: str, body: str, at: datetime) -> None:
        """Write the message down; the same one of the same moment once."""
        if not Message.objects.filter(to=to, kind="sms", body=body, created_at=at).exists():
            Message.objects.create(to=to, kind="sms", body=body, created_at=at)


class TrayCaller:
    """Writes down on the tray page what would be spoken."""

    def call(self, *, to: str, digits: str, language: str, at: datetime) -> None:
        """Write the call down, in the language it would be spoken in."""
        with override(language):
            body = gettext("A voice says: your code is %(code)s.") % {"code": digits}
        if not Message.objects.filter(to=to, kind="call", body=body, created_at=at).exists():
            Message.objects.create(to=to, kind="call", body=body, created_at=at)
