"""The browsers that take web push."""

import base64
import binascii
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Invalid
from hutong.kernel.locking import advisory
from hutong.town.notifications import rules
from hutong.town.notifications.models import Subscription
from hutong.town.people.models import Person
from hutong.town.people.rules import browser_of


class SubscriptionInvalid(Invalid):
    """The browser's subscription names no push service we know, or its keys are none."""

    code = "subscription_invalid"
    message = _("This browser's push service is not known here. E-mail works everywhere.")


def subscribe(
    *, person: Person, sign_in_ref: str, endpoint: str, p256dh: str, auth: str, agent: str, at: datetime
) -> str:
    """Note that a browser takes push for `person`; its ref. The same browser again is the same one.

    It lasts as long as the sign-in of `sign_in_ref`; an empty one binds it to none.

    A browser belongs to whoever turned push on in it last. Beyond `rules.SUBSCRIPTIONS_MAX` the oldest goes.
    Raises `SubscriptionInvalid`.
    """
    if not rules.push_address_allowed(endpoint, also=settings.HUTONG_PUSH_HOST) or not _keys(p256dh, auth):
        raise SubscriptionInvalid
    browser, system = browser_of(agent)
    with transaction.atomic():
        advisory("notifications.devices", person.pk)
        # The ref is made anew with its owner, so that a browser's former one can name it no more.
        Subscription.objects.filter(endpoint=endpoint).exclude(person=person).delete()
        known = {
            "p256dh": p256dh.rstrip("="),
            "auth": auth.rstrip("="),
            "sign_in_ref": sign_in_ref,
            "browser": browser,
            "system": system,
            "failed_at": None,
        }
        kept, made = Subscription.objects.update_or_create(
            endpoint=endpoint, defaults=known, create_defaults={**known, "person": person, "created_at": at}
        )
        newest = Subscription.objects.filter(person=person).order_by("-pk")[: rules.SUBSCRIPTIONS_MAX]
        Subscription.objects.filter(person=person).exclude(pk__in=[one.pk for one in newest]).delete()
        if made:
            _note("notifications.push_on", kept.public_id, person, at)
    return kept.public_id


def unsubscribe_device(*, person: Person, ref: str = "", endpoint: str = "", at: datetime) -> bool:
    """Send no more push to one of a person's browsers, named by its ref or by itself; False if it is not theirs."""
    with transaction.atomic():
        named = {"public_id": ref} if ref else {"endpoint": endpoint}
        found = Subscription.objects.filter(person=person, **named).first()
        if found is None:
            return False
        found.delete()
        _note("notifications.push_off", found.public_id, person, at)
    return True


def _note(action: str, subject: str, person: Person, at: datetime) -> None:
    audit.record(action=action, subject=subject, by=person.public_id, at=at)


def _keys(p256dh: str, auth: str) -> bool:
    """Whether these are a point on the curve and 16 bytes, in base64url (RFC 8291)."""
    if len(p256dh) > 100 or len(auth) > 40:
        return False
    try:
        point, secret = (
            base64.b64decode(_padded(text), altchars=b"-_", validate=True) for text in (p256dh, auth)
        )
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except (binascii.Error, ValueError):
        return False
    return len(secret) == 16


def _padded(text: str) -> bytes:
    bare = text.rstrip("=").encode("ascii", "replace")
    return bare + b"=" * (-len(bare) % 4)
