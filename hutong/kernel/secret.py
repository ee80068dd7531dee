"""Keyed hashes and tokens. One root secret; every purpose has a key of its own derived from it."""

import hashlib
import hmac
import secrets

from django.conf import settings


def keyed_hash(purpose: str, text: str) -> bytes:
    """HMAC-SHA-256 of `text` under the key of `purpose`; 32 bytes. Two purposes never agree."""
    root: str = settings.SECRET_KEY
    key = hmac.digest(root.encode(), b"hutong:" + purpose.encode(), hashlib.sha256)
    return hmac.digest(key, text.encode(), hashlib.sha256)


def keyed_hex(purpose: str, text: str) -> str:
    """`keyed_hash` as 64 hexadecimal digits: what is stored in place of a code or a token."""
    return keyed_hash(purpose, text).hex()


def same(a: str, b: str) -> bool:
    """Whether two texts are equal, in time that does not tell where they differ."""
    return hmac.compare_digest(a.encode(), b.encode())


def new_token(prefix: str) -> str:
    """A token of 256 random bits that says what it is: `htp_...`. Shown once; store `keyed_hex` of it."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"
