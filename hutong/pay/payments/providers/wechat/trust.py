"""Which keys WeChat Pay signs with: a public key that was entered, or its certificates, fetched and renewed."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from hutong.kernel.errors import DomainError

log = logging.getLogger(__name__)

RENEW_S = 12 * 3600.0
RETRY_S = 60.0


@dataclass(frozen=True, slots=True)
class Trusted:
    """A key, and from when to when it counts."""

    key: RSAPublicKey
    begins: datetime
    ends: datetime


def trusted_by(pem: bytes) -> tuple[str, Trusted]:
    """The serial and key of a certificate. Raises ValueError where it is none, or not RSA."""
    certificate = x509.load_pem_x509_certificate(pem)
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise ValueError("a certificate without an RSA key")
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return f"{certificate.serial_number:X}", Trusted(key, begins, ends)


class Keyring:
    """The keys of WeChat Pay by serial. Safe to share between threads.

    Certificates are fetched before the first call, every 12 hours, and when a serial turns up that is not
    known: that is how a new certificate arrives. Unknown serials cause one fetch a minute at most, for anybody
    can send us one.
    """

    def __init__(
        self,
        *,
        entered: Mapping[str, RSAPublicKey],
        fetch: Callable[[], dict[str, Trusted]],
        retry_s: float = RETRY_S,
    ) -> None:
        self._entered = dict(entered)
        self._fetch = fetch
        self._retry_s = retry_s
        self._certificates: dict[str, Trusted] = {}
        self._fetched = 0.0
        self._tried: float | None = None
        self._lock = threading.Lock()

    def make_ready(self, at: datetime) -> None:
        """See that a reply can be verified, before anything is asked. Raises what fetching raises."""
        if self._entered:
            return
        with self._lock:
            if not any(one.begins <= at <= one.ends for one in self._certificates.values()):
                self._renew()
            elif time.monotonic() - self._fetched > RENEW_S and self._may_try():
                try:
                    self._renew()
                except DomainError as error:
                    # Those that are there still count; it is tried again after a minute.
                    log.warning("certificates of WeChat Pay not renewed: %s", error.details)

    def key(self, serial: str, *, at: datetime) -> RSAPublicKey | None:
        """The key of this serial, if it counts at `at`. Raises what fetching raises."""
        if serial in self._entered:
            return self._entered[serial]
        with self._lock:
            if serial not in self._certificates and self._may_try():
                self._renew()
            return self.among(self._certificates, serial, at=at)

    def among(self, certificates: Mapping[str, Trusted], serial: str, *, at: datetime) -> RSAPublicKey | None:
        """The key of this serial, entered or of one of these certificates, if it counts at `at`."""
        found = certificates.get(serial)
        if found is not None and found.begins <= at <= found.ends:
            return found.key
        return self._entered.get(serial)

    def _may_try(self) -> bool:
        return self._tried is None or time.monotonic() - self._tried >= self._retry_s

    def _renew(self) -> None:
        self._tried = time.monotonic()
        # What is not on the list any more was withdrawn: the whole ring is exchanged.
        self._certificates = self._fetch()
        self._fetched = self._tried
