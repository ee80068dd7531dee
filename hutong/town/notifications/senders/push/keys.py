"""The key that tells push services who we are (VAPID, RFC 8292): made once, kept in HUTONG_HOME, 0600.

Browsers tie their subscriptions to it: when it is lost, everybody has to turn push on again.
"""

import base64
import contextlib
import os
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

FILE_NAME = "vapid-key.pem"


def path() -> Path:
    """Where the private key lies."""
    home: Path = settings.HUTONG_HOME
    return home / FILE_NAME


def private_key() -> ec.EllipticCurvePrivateKey:
    """The site's key, made now if there is none. Two processes that make it at once end with the same one."""
    file = path()
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        made = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with tempfile.NamedTemporaryFile(dir=file.parent) as draft:  # made with mode 0600
            draft.write(made)
            draft.flush()
            with contextlib.suppress(FileExistsError):
                os.link(draft.name, file)
    loaded = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{FILE_NAME} holds no key of an elliptic curve")
    return loaded


def public_key_text() -> str:
    """The public key as `PushManager.subscribe` wants it: the uncompressed point in base64url."""
    point = (
        private_key()
        .public_key()
        .public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    )
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()
