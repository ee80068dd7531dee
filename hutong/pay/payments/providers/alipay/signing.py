"""RSA2: a signature with RSA (PKCS #1 v1.5) and SHA-256 over sorted `name=value` pairs, or over a raw text."""

import base64
import binascii
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509 import load_pem_x509_certificate

from hutong.pay.payments.providers.errors import ProviderRefused

SIGN_TYPE = "RSA2"
KEY_BITS = 2048
_UNREADABLE = (ValueError, TypeError, binascii.Error, UnsupportedAlgorithm)


def read_private_key(text: str) -> RSAPrivateKey:
    """Our application's key, as PEM or as the bare base64 of Alipay's key tool (PKCS #1 or #8).

    Raises `ProviderRefused` with the reason, never with a part of the key.
    """
    try:
        if "-----" in text:
            key = load_pem_private_key(text.strip().encode(), password=None)
        else:
            key = load_der_private_key(_bare(text), password=None)
    except _UNREADABLE as error:
        raise ProviderRefused(reason="the private key of the Alipay application cannot be read") from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < KEY_BITS:
        raise ProviderRefused(reason=f"the Alipay application needs an RSA key of {KEY_BITS} bits or more")
    return key


def read_public_key(text: str) -> RSAPublicKey:
    """Alipay's own key, as PEM, as the bare base64 of its console, or in its certificate. Raises `ProviderRefused`."""
    key: object
    try:
        if "BEGIN CERTIFICATE" in text:
            key = load_pem_x509_certificate(text.strip().encode()).public_key()
        elif "-----" in text:
            key = load_pem_public_key(text.strip().encode())
        else:
            key = load_der_public_key(_bare(text))
    except _UNREADABLE as error:
        raise ProviderRefused(reason="the public key of Alipay cannot be read") from error
    if not isinstance(key, RSAPublicKey) or key.key_size < KEY_BITS:
        raise ProviderRefused(reason=f"the public key of Alipay is no RSA key of {KEY_BITS} bits or more")
    return key


def content(fields: Mapping[str, str]) -> bytes:
    """What is signed of fields: `name=value` in the order of the names, joined by `&`, nothing escaped."""
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields)).encode()


def sign(key: RSAPrivateKey, text: bytes) -> str:
    """The signature of `text`, in base64."""
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()


def is_signed(keys: Sequence[RSAPublicKey], text: bytes, signature: str) -> bool:
    """Whether one of the keys' owners signed exactly this. Never raises, whatever the signature looks like.

    Base64 can be written in several ways; only the one that a signer writes is taken, so that a signature cannot
    be changed and still fit.
    """
    try:
        given = base64.b64decode(signature, validate=True)
    except ValueError:
        return False
    if base64.b64encode(given).decode() != signature:
        return False
    return any(_fits(key, text, given) for key in keys)


def _fits(key: RSAPublicKey, text: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _bare(text: str) -> bytes:
    return base64.b64decode("".join(text.split()), validate=True)
