"""E-mail: a text and a simple HTML part out of one template, with a way to end it that needs no sign-in."""

import smtplib
import socket
from datetime import datetime
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import override

from hutong.kernel.errors import DomainError
from hutong.town.notifications.senders.protocol import NotReachable, NotSent
from hutong.town.notifications.types import Outgoing

# The message has not left for certain; anything else (a line that broke while it was handed over) may have.
_NOT_LEFT = (
    smtplib.SMTPConnectError,
    smtplib.SMTPHeloError,
    smtplib.SMTPAuthenticationError,
    ConnectionRefusedError,
    socket.gaierror,
)


class MailSender:
    """Sends through whatever HUTONG_EMAIL_URL names, to an address that its person has proved."""

    def send(self, message: Outgoing, *, at: datetime) -> None:
        """See `Sender.send`."""
        if not message.email:
            raise NotReachable("no_email")
        try:
            _mail(message).send()
        except _NOT_LEFT as error:
            raise NotSent("mail_server", again=True) from error
        except smtplib.SMTPResponseException as error:
            raise NotSent(f"mail_{error.smtp_code}", again=400 <= error.smtp_code < 500) from error
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _said in error.recipients.values()]
            raise NotSent("mail_refused", again=all(400 <= code < 500 for code in codes)) from error
        except (smtplib.SMTPException, OSError, DomainError) as error:
            raise NotSent("mail_unknown", again=False) from error


def _mail(message: Outgoing) -> EmailMultiAlternatives:
    context = {
        "text": message.text,
        "url": message.url,
        "unsubscribe_url": message.unsubscribe_url,
        "settings_url": message.settings_url,
        "site_name": settings.HUTONG_SITE_NAME,
        "language": message.language,
    }
    with override(message.language):
        plain = render_to_string("notifications/mail.html", {**context, "plain": True})
        html = render_to_string("notifications/mail.html", {**context, "plain": False})
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    mail = EmailMultiAlternatives(
        # A header is one line: names come from people.
        subject=" ".join(message.text.title.split()),
        body=plain.strip() + "\n",
        to=[message.email],
        headers={
            "Message-ID": f"<{message.key}@{host}>",
            "List-Unsubscribe": f"<{message.unsubscribe_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
            "Content-Language": "zh-Hans" if message.language == "zh-hans" else message.language,
        },
    )
    mail.attach_alternative(html.strip() + "\n", "text/html")
    return mail
