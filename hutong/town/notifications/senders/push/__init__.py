"""Web push (RFC 8030, 8291, 8292): sealed for the browser, which alone can open it; its service only carries it."""

import json
import logging
from datetime import datetime

import httpx
from django.conf import settings

from hutong.town.notifications import rules
from hutong.town.notifications.models import Subscription
from hutong.town.notifications.senders.protocol import NotReachable, NotSent
from hutong.town.notifications.senders.push import sealing
from hutong.town.notifications.types import Outgoing
from hutong.town.people.models import SignIn

log = logging.getLogger(__name__)

TIMEOUT = httpx.Timeout(10, connect=3)  # seconds
KEPT_BY_SERVICE_S = 24 * 60 * 60
# Services take 4,096 bytes at least; the sealing adds some hundred.
BODY_MAX = 600
_GONE = (404, 410)


class PushSender:
    """To every browser that a person turned push on in."""

    def send(self, message: Outgoing, *, at: datetime) -> None:
        """See `Sender.send`. Accepted once one browser's service took it; ended subscriptions are removed."""
        found = _living(message.person_id)
        words = json.dumps(
            {
                "title": message.text.title,
                "body": message.text.body[:BODY_MAX],
                "url": message.url,
                "tag": message.key,
                "lang": "zh-Hans" if message.language == "zh-hans" else message.language,
            },
            ensure_ascii=False,
        ).encode()
        statuses = [status for one in found if (status := _push(one, words, at)) not in _GONE]
        if not statuses:
            raise NotReachable("no_push")
        if not any(200 <= status < 300 for status in statuses):
            worst = max(statuses)
            # 0 is no answer at all. The browser shows a message of the same tag once, so trying again is safe.
            raise NotSent(f"push_{worst}", again=worst in {0, 429} or worst >= 500)


def _living(person_id: int) -> list[Subscription]:
    """A person's browsers; those that were logged out meanwhile are removed."""
    found = list(Subscription.objects.filter(person_id=person_id).order_by("pk"))
    refs = {one.sign_in_ref for one in found if one.sign_in_ref}
    signed_in = set(
        SignIn.objects.filter(public_id__in=refs, ended_at=None).values_list("public_id", flat=True)
    )
    ended = [one for one in found if one.sign_in_ref and one.sign_in_ref not in signed_in]
    for one in ended:
        one.delete()
    return [one for one in found if one not in ended]


def _push(subscription: Subscription, words: bytes, at: datetime) -> int:
    """Hand one message to one service: its status, or 0 where there was no answer. Keeps the books of failures."""
    if not rules.push_address_allowed(subscription.endpoint, also=settings.HUTONG_PUSH_HOST):
        subscription.delete()
        return _GONE[0]
    headers = {
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(KEPT_BY_SERVICE_S),
        **sealing.signature(subscription.endpoint, at=at),
    }
    sealed = sealing.seal(words, p256dh=subscription.p256dh, auth=subscription.auth)
    try:
        # No proxy of the environment and no redirect: nobody but the browser's own service is asked.
        with httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False) as client:
            status = client.post(subscription.endpoint, content=sealed, headers=headers).status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        log.warning("push service of %s: %s", subscription.public_id, type(error).__name__)
        status = 0
    if status in _GONE:
        subscription.delete()
    elif not 200 <= status < 300:
        log.warning("push service refused %s with %d", subscription.public_id, status)
        Subscription.objects.filter(pk=subscription.pk).update(failed_at=at)
    elif subscription.failed_at:
        Subscription.objects.filter(pk=subscription.pk).update(failed_at=None)
    return status
