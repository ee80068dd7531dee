"""Keys of both sides, and RSA2 as Alipay writes it; on purpose none of the client's own code."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Pair:
    """One key with its public half."""

    key: rsa.RSAPrivateKey

    @property
    def private_text(self) -> str:
        """Bare base64 of PKCS #8, as Alipay's key tool writes it."""
        return base64.b64encode(
            self.key.private_bytes(
                serialization.Encoding.DER,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        ).decode()

    @property
    def private_pem(self) -> str:
        """PEM of PKCS #1."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ).decode()

    @property
    def public_text(self) -> str:
        """Bare base64, as Alipay's console shows it."""
        return "".join(self.public_pem.splitlines()[1:-1])

    @property
    def public_pem(self) -> str:
        """PEM."""
        return (
            self.key.public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            .decode()
        )

    def sign(self, text: str) -> str:
        """RSA2 of a text."""
        return base64.b64encode(self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()

    def has_signed(self, text: str, signature: str) -> bool:
        """Whether this key's owner signed it."""
        try:
            given = base64.b64decode(signature)
            self.key.public_key().verify(given, text.encode(), padding.PKCS1v15(), hashes.SHA256())
        except (ValueError, InvalidSignature):
            return False
        return True


@dataclass(frozen=True)
class Keys:
    """Ours (the application's) and Alipay's."""

    merchant: Pair
    alipay: Pair


def make_pair() -> Pair:
    """A new key of 2048 bits; takes a moment, so make few."""
    return Pair(rsa.generate_private_key(65537, 2048))


def certified(pair: Pair, name: str, *, days: int = 365) -> str:
    """A certificate of a key, signed with that very key, for as many days from now: base64 on one line, of DER."""
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    ends_at = datetime.now(UTC) + timedelta(days=days)
    builder = x509.CertificateBuilder(called, called, pair.key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(ends_at - timedelta(days=1_800)).not_valid_after(ends_at)
    made = builder.sign(pair.key, hashes.SHA256())
    return base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()


def make_keys() -> Keys:
    """Keys of both sides."""
    return Keys(make_pair(), make_pair())


def joined(fields: Mapping[str, str]) -> str:
    """What RSA2 signs of fields."""
    return "&".join(f"{name}={value}" for name, value in sorted(fields.items()))
