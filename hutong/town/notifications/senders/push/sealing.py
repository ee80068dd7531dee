"""What a push service is handed: the message sealed for one browser (RFC 8291), and who we are (RFC 8292)."""

import base64
from datetime import datetime, timedelta
from email.utils import parseaddr
from urllib.parse import urlsplit

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from py_vapid import Vapid02

from hutong.town.notifications.senders.push import keys

# Services refuse a signature that holds for more than a day.
SIGNED_FOR = timedelta(hours=12)


def seal(words: bytes, *, p256dh: str, auth: str) -> bytes:
    """`words` as only the browser with these keys (base64url) can read them. Raises ValueError for keys that are none."""
    sealed: bytes = http_ece.encrypt(
        words,
        private_key=ec.generate_private_key(ec.SECP256R1()),  # one of its own for each message
        dh=_bytes_of(p256dh),
        auth_secret=_bytes_of(auth),
        version="aes128gcm",
    )
    return sealed


def signature(endpoint: str, *, at: datetime) -> dict[str, str]:
    """The header that proves to the service of `endpoint` that it is this site who writes."""
    service = urlsplit(endpoint)
    claims = {
        "aud": f"{service.scheme}://{service.netloc}",
        "exp": int((at + SIGNED_FOR).timestamp()),
        "sub": f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}",
    }
    # An operator's address need not look as the library expects.
    signed: dict[str, str] = Vapid02(keys.private_key(), conf={"no-strict": True}).sign(claims)
    return signed


def _bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
