"""The keys of both sides: the merchant's, and those that WeChat Pay signs with, as certificates or a public key."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

SCHEME = "WECHATPAY2-SHA256-RSA2048"


def new_key() -> rsa.RSAPrivateKey:
    """A key of 2048 bits. Making it takes a moment: once a session, not once a test."""
    return rsa.generate_private_key(65537, 2048)


def private_pem(key: rsa.RSAPrivateKey) -> str:
    """As in the merchant platform's `apiclient_key.pem`."""
    coding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(coding, form, serialization.NoEncryption()).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    """As in the merchant platform's `pub_key.pem`."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


@dataclass(frozen=True)
class Signer:
    """A key that WeChat Pay signs with. `certificate` is empty for one known by its public key alone."""

    serial: str
    key: rsa.RSAPrivateKey
    certificate: str = ""
    ends: datetime | None = None

    def headers(self, body: bytes, at: datetime) -> dict[str, str]:
        """The headers that sign a reply or a notification."""
        timestamp, nonce = str(int(at.timestamp())), os.urandom(16).hex()
        message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
        signature = self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return {
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
            "Wechatpay-Serial": self.serial,
            "Wechatpay-Signature-Type": SCHEME,
        }


def certified(key: rsa.RSAPrivateKey, *, days: int = 1800) -> Signer:
    """A platform certificate for this key that began yesterday; with `days` below 0 it has ended."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com sign")])
    now = datetime.now(UTC).replace(microsecond=0)
    ends = now + timedelta(days=days)
    begins = min(now, ends) - timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = builder.not_valid_before(begins).not_valid_after(ends).sign(key, hashes.SHA256())
    pem = made.public_bytes(serialization.Encoding.PEM).decode()
    return Signer(f"{made.serial_number:X}", key, pem, ends)


@dataclass(frozen=True)
class Account:
    """A merchant at WeChat Pay. `keys` are the public keys of its API certificates by serial."""

    mchid: str
    appid: str
    api_v3_key: str
    keys: Mapping[str, rsa.RSAPublicKey]

    def sealed(self, text: str, extra: str) -> dict[str, Any]:
        """`text` as only this merchant can open it."""
        nonce = os.urandom(6).hex()
        cipher = AESGCM(self.api_v3_key.encode()).encrypt(nonce.encode(), text.encode(), extra.encode())
        return {
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(cipher).decode(),
            "associated_data": extra,
            "nonce": nonce,
        }
