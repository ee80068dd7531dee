"""One address for all calls: what goes there is signed by us, and every answer by Alipay, as the text it is."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import httpx

from hutong.pay.payments.providers.alipay import signing, words
from hutong.pay.payments.providers.connections import LIMITS, NOT_SENT
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused, ProviderUnavailable

BILL_LIMIT = 64 * 1024 * 1024

_SUCCESS, _NOT_ANSWERED = "10000", "20000"
# Alipay asks to repeat these with the same references: it may have done what was asked.
_UNKNOWN = {"ACQ.SYSTEM_ERROR", "aop.ACQ.SYSTEM_ERROR", "isp.unknow-error", "aop.unknow-error"}
# What Alipay says before it knows who we are; it cannot sign that for us.
_STRANGERS = {
    "isv.invalid-app-id",
    "isv.invalid-signature",
    "isv.invalid-signature-type",
    "isv.missing-app-id",
    "isv.missing-signature",
    "isv.missing-signature-key",
}
_NOT_THEIRS = "the answer is not signed with the public key of Alipay that is configured"


class SaidNo(ProviderRefused):
    """Alipay's no, with its word for it (`sub_code`)."""

    def __init__(self, word: str, text: str) -> None:
        super().__init__(reason=f"{word}: {text}"[:200])
        self.word = word


class Gateway:
    """Signed calls. Safe to share between threads. `certificates`: their numbers, signed with each call.

    Raises `ProviderRefused` for a key that cannot be read."""

    def __init__(
        self,
        *,
        url: str,
        app_id: str,
        private_key: str,
        alipay_public_keys: Sequence[str],
        timeout_s: float,
        now: Callable[[], datetime],
        certificates: Mapping[str, str] | None = None,
    ) -> None:
        self._url = url
        self._certificates = dict(certificates or {})
        self._app_id = app_id
        self._key = signing.read_private_key(private_key)
        self.public_keys = [signing.read_public_key(text) for text in alipay_public_keys]
        if not self.public_keys:
            raise ProviderRefused(reason="there is no public key of Alipay")
        self._now = now
        self._http = httpx.Client(timeout=timeout_s, limits=LIMITS, trust_env=False)

    def address(self, method: str, content: dict[str, Any], **urls: str) -> str:
        """The signed address of a call that the shopper's browser makes. Nothing is sent."""
        return f"{self._url}?{urlencode(self._signed(method, content, urls))}"

    def call(
        self, method: str, content: dict[str, Any], *, effect: bool = False, **urls: str
    ) -> dict[str, Any]:
        """Alipay's answer to a call, once it said that it went well and signed that.

        `effect`: the call changes something, so an answer that cannot be believed leaves its outcome open. Raises
        `SaidNo` and what a `Provider` may raise.
        """
        fields = self._signed(method, content, urls)
        body = {"biz_content": fields.pop("biz_content")}
        try:
            answer = self._post(f"{self._url}?{urlencode(fields)}", body)
        except NOT_SENT as error:
            raise ProviderUnavailable from error
        except httpx.TransportError as error:
            raise OutcomeUnknown from error
        if answer.status_code == 429:
            raise ProviderUnavailable
        if answer.status_code >= 500:
            raise OutcomeUnknown
        if answer.status_code >= 300:
            raise ProviderRefused(reason=f"HTTP {answer.status_code} from the gateway; is its address right?")
        return self._read(method, answer.content, effect=effect)

    def download(self, url: str) -> bytes:
        """The file at an address that Alipay named. Raises `ProviderUnavailable`, `OutcomeUnknown`."""
        found = bytearray()
        try:
            with self._http.stream("GET", url) as answer:
                if answer.status_code != 200:
                    raise OutcomeUnknown(reason=f"HTTP {answer.status_code} for the bill")
                for piece in answer.iter_bytes():
                    found += piece
                    if len(found) > BILL_LIMIT:
                        raise OutcomeUnknown(reason=f"the bill is larger than {BILL_LIMIT} bytes")
        except NOT_SENT as error:
            raise ProviderUnavailable from error
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise OutcomeUnknown from error
        return bytes(found)

    def _signed(self, method: str, content: dict[str, Any], urls: dict[str, str]) -> dict[str, str]:
        fields = {
            "app_id": self._app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": signing.SIGN_TYPE,
            "timestamp": words.wall_text(self._now()),
            "version": "1.0",
            **self._certificates,
            **{name: url for name, url in urls.items() if url},
            "biz_content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
        }
        fields["sign"] = signing.sign(self._key, signing.content(fields))
        return fields

    def _post(self, url: str, body: dict[str, str]) -> httpx.Response:
        try:
            return self._http.post(url, data=body)
        except httpx.RemoteProtocolError:
            # A kept connection that the other side closed as we wrote. Every call is safe to repeat: it has no
            # effect, or has it once for our reference.
            return self._http.post(url, data=body)

    def _read(self, method: str, body: bytes, *, effect: bool) -> dict[str, Any]:
        unbelieved = OutcomeUnknown if effect else ProviderRefused
        try:
            parts = _members(body.decode("utf-8"))
            raw = parts.get(f"{method.replace('.', '_')}_response") or parts["error_response"]
            data = json.loads(raw)
            code, word = str(data["code"]), str(data.get("sub_code") or data.get("msg") or "")
            signature = json.loads(parts["sign"]) if "sign" in parts else ""
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise OutcomeUnknown(reason="the answer cannot be read") from error
        if not signature and code != _SUCCESS and word in _STRANGERS:
            raise SaidNo(word, str(data.get("sub_msg", "")))
        if not signing.is_signed(self.public_keys, raw.encode(), str(signature)):
            raise unbelieved(reason=_NOT_THEIRS)
        if code == _SUCCESS:
            return dict(data)
        if "call-limited" in word:
            raise ProviderUnavailable(reason=word)
        if code == _NOT_ANSWERED or word in _UNKNOWN:
            raise OutcomeUnknown(reason=word)
        raise SaidNo(word, str(data.get("sub_msg", "")))


def _members(text: str) -> dict[str, str]:
    """The members of the outermost JSON object, each as the very text it was sent as: that text is signed.

    Raises ValueError on anything that is no object, and on a name that comes twice.
    """
    decoder, found, position = json.JSONDecoder(), dict[str, str](), 0

    def expect(character: str) -> int:
        start = _skip(text, position)
        if text[start : start + 1] != character:
            raise ValueError(f"no {character} at {start}")
        return _skip(text, start + 1)

    position = expect("{")
    while True:
        name, position = decoder.raw_decode(text, position)
        start = expect(":")
        _value, position = decoder.raw_decode(text, start)
        if not isinstance(name, str) or name in found:
            raise ValueError("a name that is none, or comes twice")
        found[name] = text[start:position]
        end = _skip(text, position)
        if text[end : end + 1] == "}":
            return found
        position = expect(",")


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position
