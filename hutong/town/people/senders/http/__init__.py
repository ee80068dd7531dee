"""Hands messages and calls to a gateway of the operator's choice: one POST with JSON, described in docs/howto.

The gateway is asked with a bearer token and an `Idempotency-Key` made of the message itself, so that the same
message is delivered once although we may hand it over twice. A connection that never came about is tried once
more; anything else is not, since the gateway may have it already.
"""

from __future__ import annotations

import logging
import re
from datetime import datetime

import httpx
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Unavailable
from hutong.kernel.secret import keyed_hex
from hutong.kernel.text import mask_phone

log = logging.getLogger(__name__)

KEY_PURPOSE = "people.message"
TIMEOUT = httpx.Timeout(10.0, connect=3.0)
_SAID_AT_MOST = 200


class MessageNotSent(Unavailable):
    """The gateway did not take the message or the call; it says nothing about whether the number exists."""

    code = "message_not_sent"
    message = _("We could not send the message just now. Please try again in a minute.")


class HttpSender:
    """Text messages by POST to HUTONG_SMS_URL: `{"to", "body", "from"}`."""

    def send(self, *, to: str, body: str, at: datetime) -> None:
        """See `Sender.send`."""
        content = {"to": to, "body": body, "from": settings.HUTONG_SMS_FROM}
        _post(settings.HUTONG_SMS_URL, content, key=f"sms {to} {at.isoformat()} {body}", secret=body)


class HttpCaller:
    """Codes spoken on the phone by POST to HUTONG_VOICE_URL: `{"to", "digits", "language", "from"}`."""

    def call(self, *, to: str, digits: str, language: str, at: datetime) -> None:
        """See `Caller.call`."""
        content = {"to": to, "digits": digits, "language": language, "from": settings.HUTONG_SMS_FROM}
        _post(settings.HUTONG_VOICE_URL, content, key=f"call {to} {at.isoformat()} {digits}", secret=digits)


def _post(url: str, content: dict[str, str], *, key: str, secret: str) -> None:
    """Hand `content` over; any answer of 200 to 299 means accepted. Raises `MessageNotSent`."""
    headers = {
        "authorization": f"Bearer {settings.HUTONG_SMS_TOKEN}",
        "idempotency-key": keyed_hex(KEY_PURPOSE, key)[:32],
    }
    masked = mask_phone(content["to"])
    try:
        # `retries` are connections that never came about, nothing else.
        transport = httpx.HTTPTransport(retries=1)
        with httpx.Client(transport=transport, timeout=TIMEOUT, trust_env=False) as client:
            answer = client.post(url, json=content, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        log.error("the gateway did not answer about a message to %s: %s", masked, type(error).__name__)
        raise MessageNotSent() from error
    if not answer.is_success:
        said = _without_secrets(answer.text, content["to"], secret)
        log.error("the gateway refused a message to %s: %d %s", masked, answer.status_code, said)
        raise MessageNotSent()


def _without_secrets(said: str, phone: str, secret: str) -> str:
    """The start of the gateway's own words: they may repeat the number, the text or our token."""
    for known in (phone, phone.lstrip("+"), secret, settings.HUTONG_SMS_TOKEN):
        if known:
            said = said.replace(known, "•••")
    return " ".join(re.sub(r"\d{4,}", "•••", said).split())[:_SAID_AT_MOST]
