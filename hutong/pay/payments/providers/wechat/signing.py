"""Signatures (RSA with SHA-256) and the cipher (AES-256-GCM) of WeChat Pay's API v3."""

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hutong.pay.payments.providers.errors import ProviderRefused

SCHEME = "WECHATPAY2-SHA256-RSA2048"
TOLERANCE_S = 300
_BITS_AT_LEAST = 2048
_CIPHER = "AEAD_AES_256_GCM"


class Unreadable(ValueError):
    """Something that was sealed for us cannot be opened with our key."""


def private_key(pem: str) -> RSAPrivateKey:
    """The merchant's key. Raises `ProviderRefused` that says what is wrong with it, never what it is."""
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise ProviderRefused(reason="the merchant's private key cannot be read") from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < _BITS_AT_LEAST:
        raise ProviderRefused(reason="the merchant's private key is not RSA with 2048 bits")
    return key


def public_key(pem: str) -> RSAPublicKey:
    """WeChat Pay's public key. Raises `ProviderRefused`."""
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except ValueError as error:
        raise ProviderRefused(reason="the public key of WeChat Pay cannot be read") from error
    if not isinstance(key, RSAPublicKey) or key.key_size < _BITS_AT_LEAST:
        raise ProviderRefused(reason="the public key of WeChat Pay is not RSA with 2048 bits")
    return key


def sealing_key(text: str) -> bytes:
    """The APIv3 key. Raises `ProviderRefused` where it has not its 32 bytes."""
    key = text.encode()
    if len(key) != 32:
        raise ProviderRefused(reason="the APIv3 key has not 32 characters")
    return key


def sign(key: RSAPrivateKey, message: bytes) -> str:
    """The signature of `message`, in base64."""
    return base64.b64encode(key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def verified(key: RSAPublicKey, message: bytes, signature: str) -> bool:
    """Whether `key` made this signature. False for any junk."""
    try:
        key.verify(base64.b64decode(signature, validate=True), message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def authorization(
    *, key: RSAPrivateKey, mchid: str, serial: str, method: str, target: str, body: bytes, at: datetime
) -> str:
    """The header that says who calls: signed over method, path with query, time, nonce and body."""
    timestamp, nonce = str(int(at.timestamp())), secrets.token_hex(16)
    message = f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"
    fields = {
        "mchid": mchid,
        "nonce_str": nonce,
        "signature": sign(key, message),
        "timestamp": timestamp,
        "serial_no": serial,
    }
    return f"{SCHEME} " + ",".join(f'{name}="{value}"' for name, value in fields.items())


@dataclass(frozen=True, slots=True)
class Seal:
    """What the headers of a reply or a notification say about its signature."""

    serial: str
    sent_at: datetime
    nonce: str
    signature: str

    def fits(self, key: RSAPublicKey, body: bytes) -> bool:
        """Whether `key` signed this body at this time."""
        head = f"{int(self.sent_at.timestamp())}\n{self.nonce}\n".encode("utf-8", "replace")
        return verified(key, head + body + b"\n", self.signature)

    def is_fresh(self, at: datetime) -> bool:
        """Whether it was made within 300 s of `at`."""
        return abs((at - self.sent_at).total_seconds()) <= TOLERANCE_S


def seal_of(headers: Mapping[str, str]) -> Seal | None:
    """The seal of a message; None where a part is missing or junk. Header names come in any case."""
    lower = {name.lower(): value for name, value in headers.items()}
    serial, nonce, signature, seconds = (
        lower.get(f"wechatpay-{part}", "") for part in ("serial", "nonce", "signature", "timestamp")
    )
    if lower.get("wechatpay-signature-type", SCHEME) != SCHEME:
        return None
    if not (
        serial and nonce and signature and seconds.isascii() and seconds.isdigit() and len(seconds) <= 11
    ):
        return None
    # A leading zero would be signed as another text than the one we write again.
    if seconds != str(int(seconds)):
        return None
    return Seal(serial, datetime.fromtimestamp(int(seconds), UTC), nonce, signature)


def unsealed(key: bytes, resource: Mapping[str, Any]) -> bytes:
    """What a sealed part says. Raises `Unreadable` where the key, the text or its extra data is another."""
    try:
        if resource.get("algorithm", _CIPHER) != _CIPHER:
            raise Unreadable(f"sealed with {resource['algorithm']!r}")
        sealed = base64.b64decode(resource["ciphertext"], validate=True)
        extra = str(resource.get("associated_data") or "")
        return AESGCM(key).decrypt(resource["nonce"].encode(), sealed, extra.encode())
    except InvalidTag as error:
        raise Unreadable("the APIv3 key does not open it") from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Unreadable("not sealed as it should be") from error


def written(body: Mapping[str, Any] | None) -> bytes:
    """A request's body as it is signed and sent; nothing for None."""
    return b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
