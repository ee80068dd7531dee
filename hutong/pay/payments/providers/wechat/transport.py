"""Signed calls to WeChat Pay. No reply is believed that it did not sign."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from hutong.kernel import clock
from hutong.pay.payments.providers.connections import LIMITS, NOT_SENT
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused, ProviderUnavailable
from hutong.pay.payments.providers.wechat import signing
from hutong.pay.payments.providers.wechat.trust import Keyring, Trusted, trusted_by

_CUT_OFF = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
_BUSY = frozenset({"FREQUENCY_LIMITED", "FREQUENCY_LIMIT_EXCEED", "RATELIMIT_EXCEEDED", "RATELIMIT_EXCEED"})
_UNSURE = frozenset({"SYSTEM_ERROR", "SYSTEMERROR", "BANK_ERROR", "BANKERROR", "USERPAYING", "ACCEPTED"})


@lru_cache(maxsize=1)
def _authorities() -> ssl.SSLContext:
    """Who vouches for hosts; read once, for it takes longer than a call."""
    return httpx.create_ssl_context(trust_env=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that WeChat Pay signed: yes, or a clear no with its `code`."""

    status: int
    data: dict[str, Any]
    sent_at: datetime

    @property
    def is_yes(self) -> bool:
        """Whether it did what it was asked."""
        return self.status < 300

    @property
    def code(self) -> str:
        """Why not, in WeChat Pay's own word."""
        return "" if self.is_yes else str(self.data.get("code", ""))

    def refusal(self) -> ProviderRefused:
        """The no, as an error for others."""
        return ProviderRefused(reason=_reason(self.status, self.data))


@dataclass(frozen=True, slots=True)
class Merchant:
    """Who calls. `serial` is the serial number of the merchant's own API certificate."""

    mchid: str
    serial: str
    key: RSAPrivateKey
    sealing_key: bytes


class Transport:
    """One connection pool and one merchant. Safe to share between threads."""

    def __init__(
        self,
        *,
        url: str,
        merchant: Merchant,
        public_key: str = "",
        public_key_id: str = "",
        timeout_s: float,
        retry_s: float,
    ) -> None:
        if bool(public_key) != bool(public_key_id):
            raise ProviderRefused(reason="the public key of WeChat Pay and its id go together")
        self.merchant = merchant
        self._asks_for = public_key_id
        entered = {public_key_id: signing.public_key(public_key)} if public_key else {}
        self.keyring = Keyring(entered=entered, fetch=self._certificates, retry_s=retry_s)
        self._http = httpx.Client(
            base_url=url.rstrip("/"),
            headers={"accept": "application/json", "user-agent": "hutong"},
            verify=_authorities(),
            timeout=timeout_s,
            limits=LIMITS,
            trust_env=False,
        )

    def call(
        self, method: str, target: str, *, body: Mapping[str, Any] | None = None, effect: bool = False
    ) -> Reply:
        """One call. Raises `ProviderUnavailable`, `OutcomeUnknown`.

        What WeChat Pay did not sign is nothing we know: after a call with an `effect` that is
        `OutcomeUnknown`, and `ProviderRefused` after one that only asks, with the reason for the operator.
        """
        try:
            self.keyring.make_ready(clock.now())
        except OutcomeUnknown as error:
            # Nothing of this call was sent yet.
            raise ProviderUnavailable(**error.details) from error
        answer = self._exchange(method, target, signing.written(body))
        data = _object(answer)
        if answer.status_code == 429 or data.get("code") in _BUSY:
            raise ProviderUnavailable(reason=_reason(answer.status_code, data))
        if answer.status_code >= 500 or answer.status_code == 202 or data.get("code") in _UNSURE:
            raise OutcomeUnknown(reason=_reason(answer.status_code, data))
        seal = signing.seal_of(answer.headers)
        doubt = self._doubt(seal, answer.content)
        if doubt or seal is None:
            raised = OutcomeUnknown if effect else ProviderRefused
            raise raised(reason=f"{doubt}; {_reason(answer.status_code, data)}")
        if 300 <= answer.status_code < 400:
            raise OutcomeUnknown(reason=_reason(answer.status_code, data))
        return Reply(answer.status_code, data, seal.sent_at)

    def check_sealing(self) -> bool:
        """Try our sealing key on the certificates; False where the account has none. Raises `ProviderRefused`."""
        answer = self._exchange("GET", "/v3/certificates", b"")
        if answer.status_code != 200:
            return False
        return bool(self._opened(_object(answer)))

    def download(self, target: str) -> bytes:
        """A file. It is not signed; whoever asks compares it with the hash of a signed reply."""
        answer = self._exchange("GET", target, b"")
        if answer.status_code != 200:
            raise ProviderUnavailable(reason=_reason(answer.status_code, _object(answer)))
        return answer.content

    def _doubt(self, seal: signing.Seal | None, body: bytes) -> str:
        at = clock.now()
        if seal is None:
            return "the reply is not signed"
        if not seal.is_fresh(at):
            return "the reply is of another time: is the clock of this machine right?"
        try:
            key = self.keyring.key(seal.serial, at=at)
        except (ProviderUnavailable, OutcomeUnknown, ProviderRefused) as error:
            return f"the reply is signed with a key that could not be fetched ({error.details.get('reason')})"
        if key is None:
            return f"the reply is signed with the key {seal.serial[:64]!r}, which is not known or has expired"
        return "" if seal.fits(key, body) else "the reply's signature is wrong"

    def _certificates(self) -> dict[str, Trusted]:
        """The certificates of today. They come sealed with our own key, and one of them signs the list."""
        answer = self._exchange("GET", "/v3/certificates", b"")
        data = _object(answer)
        if answer.status_code == 429 or answer.status_code >= 500:
            raise ProviderUnavailable(reason=_reason(answer.status_code, data))
        if answer.status_code != 200:
            raise ProviderRefused(reason=_reason(answer.status_code, data))
        found = self._opened(data)
        seal, at = signing.seal_of(answer.headers), clock.now()
        key = self.keyring.among(found, seal.serial, at=at) if seal else None
        if seal is None or key is None or not seal.fits(key, answer.content):
            raise ProviderRefused(reason="no valid certificate has signed the list of certificates")
        if not seal.is_fresh(at):
            raise ProviderRefused(reason="the list of certificates is of another time; is our clock right?")
        return found

    def _opened(self, data: Mapping[str, Any]) -> dict[str, Trusted]:
        try:
            rows = [row["encrypt_certificate"] for row in data["data"]]
            return dict(trusted_by(signing.unsealed(self.merchant.sealing_key, row)) for row in rows)
        except (KeyError, TypeError, ValueError) as error:
            raise ProviderRefused(reason=f"the certificates cannot be read: {error}") from error

    def _exchange(self, method: str, target: str, body: bytes) -> httpx.Response:
        try:
            return self._send(method, target, body)
        except NOT_SENT as error:
            raise ProviderUnavailable(reason="WeChat Pay cannot be reached") from error
        except httpx.TransportError as error:
            raise OutcomeUnknown(reason="WeChat Pay did not answer") from error

    def _send(self, method: str, target: str, body: bytes) -> httpx.Response:
        try:
            return self._http.request(
                method, target, headers=self._headers(method, target, body), content=body
            )
        except _CUT_OFF:
            # A kept connection that the other side closed as we wrote. Every call is safe to repeat: it has
            # no effect, or our reference.
            return self._http.request(
                method, target, headers=self._headers(method, target, body), content=body
            )

    def _headers(self, method: str, target: str, body: bytes) -> dict[str, str]:
        signed = signing.authorization(
            key=self.merchant.key,
            mchid=self.merchant.mchid,
            serial=self.merchant.serial,
            method=method,
            target=target,
            body=body,
            at=clock.now(),
        )
        headers = {"authorization": signed}
        if self._asks_for:
            headers["wechatpay-serial"] = self._asks_for
        if body:
            headers["content-type"] = "application/json"
        return headers


def _object(answer: httpx.Response) -> dict[str, Any]:
    """The reply's JSON object; empty where it has none, as 204 has."""
    try:
        data = json.loads(answer.content)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _reason(status: int, data: Mapping[str, Any]) -> str:
    return f"{status} {data.get('code', '')} {data.get('message', '')}".strip()[:200]
