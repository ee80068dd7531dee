"""E-mail backends of ours for Django's `send_mail`: the tray of the demo, and the log.

Mails to a real server go through Django's own SMTP backend; HUTONG_EMAIL_URL chooses.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from hutong.kernel import clock
from hutong.kernel.text import mask_email
from hutong.town.people.models import Message

log = logging.getLogger(__name__)


class TrayEmailBackend(BaseEmailBackend):
    """Keeps mails beside the text messages of the tray."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write each mail down once for everybody it is to; how many mails there were."""
        # Django's interface has no room for a time: this is an edge, which reads the clock.
        at = clock.now()
        Message.objects.bulk_create(
            Message(to=to, kind="email", body=f"{mail.subject}\n\n{mail.body}", created_at=at)
            for mail in email_messages
            for to in mail.recipients()
        )
        return len(email_messages)


class ConsoleEmailBackend(BaseEmailBackend):
    """Says in the log that a mail would leave; its text may hold a code or a link and never reaches the log."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Log the masked addresses and the length; how many mails there were."""
        for mail in email_messages:
            told = ", ".join(mask_email(to) for to in mail.recipients())
            log.info("mail of %d characters to %s", len(mail.body), told)
        return len(email_messages)
