"""Certificates as Alipay gives them out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID


def certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, issuer: str) -> str:
    """A certificate as Alipay makes them, in PEM."""
    country, organisation = x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"), NameOID.ORGANIZATION_NAME
    name = x509.Name(
        [
            country,
            x509.NameAttribute(organisation, "Ant Financial"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Certification Authority"),
            x509.NameAttribute(NameOID.COMMON_NAME, issuer),
        ]
    )
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder().issuer_name(name).subject_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(start)
    made = made.not_valid_after(start + timedelta(days=3650))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
