"""The numbers by which Alipay knows certificates: of our application's, and of its own roots."""

import hashlib
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import NameOID

from hutong.pay.payments.providers.errors import ProviderRefused

SOON = timedelta(days=30)
_RSA_SIGNATURES = "1.2.840.113549.1.1"
_NAMES = {
    NameOID.COMMON_NAME: "CN",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.LOCALITY_NAME: "L",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.COUNTRY_NAME: "C",
}


def numbers(*, application: str, roots: str) -> dict[str, str]:
    """What is signed with every call of an application that has certificates; both are PEM, the roots several.

    Raises `ProviderRefused` where one of them cannot be read.
    """
    own = _read(application, "the certificate of the Alipay application cannot be read")
    known = _read(roots, "the root certificates of Alipay cannot be read")
    rooted = [one for one in known if one.signature_algorithm_oid.dotted_string.startswith(_RSA_SIGNATURES)]
    if not rooted:
        raise ProviderRefused(reason="none of the root certificates of Alipay is signed with RSA")
    return {
        "app_cert_sn": _number(own[0]),
        "alipay_root_cert_sn": "_".join(_number(one) for one in rooted),
    }


def doubts(*, application: str, key: RSAPublicKey, at: datetime) -> tuple[str, ...]:
    """What should be known of our application's certificate (PEM): that it ends soon. `key`: half of the private one.

    Raises `ProviderRefused` where it cannot be read, is of another key, or does not count at `at`.
    """
    own = _read(application, "the certificate of the Alipay application cannot be read")[0]
    its = own.public_key()
    if not (isinstance(its, RSAPublicKey) and its.public_numbers() == key.public_numbers()):
        raise ProviderRefused(
            reason="the certificate of the Alipay application is not that of the private key"
        )
    ends = own.not_valid_after_utc
    if not own.not_valid_before_utc <= at <= ends:
        between = f"{own.not_valid_before_utc:%Y-%m-%d} to {ends:%Y-%m-%d}"
        raise ProviderRefused(reason=f"the certificate of the Alipay application counts from {between} alone")
    if ends - at < SOON:
        return (f"the certificate of the Alipay application ends on {ends:%Y-%m-%d}",)
    return ()


def _read(text: str, wrong: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except ValueError as error:
        raise ProviderRefused(reason=wrong) from error


def _number(certificate: x509.Certificate) -> str:
    """MD5 of the issuer's name, its last part first, and the serial number. A name, not a safeguard."""
    parts = [
        f"{_NAMES.get(each.oid, each.oid.dotted_string)}={each.value!s}"
        for each in reversed(list(certificate.issuer))
    ]
    text = ",".join(parts) + str(certificate.serial_number)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
