"""HTTP to Stripe: form-encoded calls with idempotency keys, lists in pages, and what each error means."""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from hutong.pay.payments.providers.connections import LIMITS, NOT_SENT
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused, ProviderUnavailable

API_VERSION = "2025-03-31.basil"
"""What we were written against. Sent with every call, so that an upgrade in the Dashboard changes nothing here."""

# The request surely never reached Stripe.
_NOT_SENT = (*NOT_SENT, httpx.UnsupportedProtocol, httpx.LocalProtocolError)
# While a first call with the same key runs, Stripe answers 409: a shopper who pressed twice waits this long.
_IN_USE_PAUSES_S = (0.2, 0.4, 0.8)
_PAGE = 100
API_URL, FILES_URL, FILES = "https://api.stripe.com", "https://files.stripe.com", "/v1/files"
_KEY = re.compile(r"[A-Za-z0-9_]{8,255}")


class SavedFailure(OutcomeUnknown):
    """Stripe replays the server error that the first call with this key ended in; repeating it is of no use.

    Whether that call had its effect is still to be asked.
    """


class Refusal(ProviderRefused):
    """Stripe's no, with the HTTP status it came with.

    `said` is its sentence and `word` its code, "" where it has none. `replayed`: the first call with this key was told
    so, and nothing was tried now.
    """

    def __init__(self, status: int, said: str, *, word: str = "", replayed: bool = False) -> None:
        super().__init__(reason=f"{said} ({word})" if word else said)
        self.status, self.said, self.word, self.replayed = status, said, word, replayed


class MayNot(Refusal):
    """The key has not the right to a call, whatever that is about."""


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list, newest first, and the time it was at Stripe (None where its answer names none)."""

    rows: list[Any]
    more: bool
    at: datetime | None


class Calls:
    """The connections to Stripe with one secret key. Safe to share between threads."""

    def __init__(self, *, url: str, secret_key: str, timeout_s: float) -> None:
        key = secret_key.strip()
        self._key_fits = _KEY.fullmatch(key) is not None
        base = url.rstrip("/")
        # Stripe takes documents at a host of their own; a simulator takes them where it takes all.
        self._files_url = FILES_URL if base == API_URL else base
        self._http = httpx.Client(
            base_url=url.rstrip("/"),
            # What cannot be a key cannot always be a header; no call is made with it.
            headers={
                "authorization": f"Bearer {key if self._key_fits else ''}".strip(),
                "stripe-version": API_VERSION,
            },
            timeout=timeout_s,
            limits=LIMITS,
            trust_env=False,
        )

    def post(self, path: str, *, key: str, form: Mapping[str, str | int] | None = None) -> dict[str, Any]:
        """A call that has an effect, once for each `key`."""
        path = f"{self._files_url}{path}" if path == FILES else path
        answer = self._call("POST", path, headers={"idempotency-key": key}, form=form or {})
        return _object(answer)

    def upload(self, *, key: str, name: str, content_type: str, content: bytes) -> dict[str, Any]:
        """A document as evidence in a dispute, once for each `key`."""
        # A boundary of the key's own: a key belongs to one body, to the byte.
        boundary = f"hutong-{key}"
        request = self._http.build_request(
            "POST",
            f"{self._files_url}{FILES}",
            headers={
                "idempotency-key": key,
                "content-type": f"multipart/form-data; boundary={boundary}",
            },
            data={"purpose": "dispute_evidence"},
            files={"file": (name, content, content_type)},
        )
        answer = self._send(request)
        _raise_for(answer, _error(answer))
        return _object(answer)

    def get(self, path: str, *, query: Mapping[str, str | int] | None = None) -> dict[str, Any] | None:
        """One object; None where Stripe has none of that id."""
        answer = self._call("GET", path, query=query, absent=True)
        return None if answer.status_code == 404 else _object(answer)

    def page(self, path: str, *, query: Mapping[str, str | int]) -> Page:
        """A part of a list."""
        answer = self._call("GET", path, query={"limit": _PAGE, **query})
        data = _object(answer)
        rows = data.get("data")
        if not isinstance(rows, list):
            raise OutcomeUnknown
        return Page(rows, data.get("has_more") is True, _sent_at(answer))

    def all_after(self, page: Page, path: str, *, query: Mapping[str, str | int]) -> Iterator[Any]:
        """The rows of `page` and of all pages that follow it."""
        while True:
            yield from page.rows
            if not page.more:
                return
            named = [
                row["id"] for row in page.rows if isinstance(row, dict) and isinstance(row.get("id"), str)
            ]
            if not named:
                raise OutcomeUnknown  # the rest cannot be asked for, and part of a list is not the list
            page = self.page(path, query={**query, "starting_after": named[-1]})

    def all(self, path: str, *, query: Mapping[str, str | int]) -> Iterator[dict[str, Any]]:
        """All objects of a list, newest first; what is no object is left out."""
        for row in self.all_after(self.page(path, query=query), path, query=query):
            if isinstance(row, dict):
                yield row

    def _call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str | int] | None = None,
        form: Mapping[str, str | int] | None = None,
        absent: bool = False,
    ) -> httpx.Response:
        if not self._key_fits:
            raise ProviderRefused(reason="The secret key for Stripe is empty or no key.")
        request = self._http.build_request(method, path, headers=headers, params=query, data=form)
        for pause in (*_IN_USE_PAUSES_S, None):
            answer = self._send(request)
            error = _error(answer)
            if answer.status_code != 409 or error.get("code") != "idempotency_key_in_use" or pause is None:
                break
            time.sleep(pause)
        if answer.status_code == 404 and absent and error.get("code") == "resource_missing":
            return answer
        _raise_for(answer, error)
        return answer

    def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            try:
                return self._http.send(request)
            except httpx.RemoteProtocolError:
                # A kept connection that the other side closed as we wrote. Every call is safe to repeat: it
                # has no effect, or a key.
                return self._http.send(request)
        except _NOT_SENT as error:
            raise ProviderUnavailable from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise OutcomeUnknown from error


def _raise_for(answer: httpx.Response, error: Mapping[str, Any]) -> None:
    status, replayed = answer.status_code, answer.headers.get("idempotent-replayed") == "true"
    if 200 <= status < 300:
        return
    if status == 429:
        raise ProviderUnavailable
    if status >= 500:
        raise SavedFailure if replayed else OutcomeUnknown
    if status == 409 or status < 400:
        raise OutcomeUnknown
    said = str(error.get("message") or "no reason given")[:300]
    if status == 401:
        raise Refusal(status, f"Stripe does not accept the secret key: {said}")
    if status == 403:
        raise MayNot(status, f"The secret key may not do this at Stripe: {said}", replayed=replayed)
    word = str(error.get("code") or error.get("type") or status)[:60]
    raise Refusal(status, said, word=word, replayed=replayed)


def _error(answer: httpx.Response) -> dict[str, Any]:
    """The error that Stripe names in an answer; nothing in an answer that is none."""
    if answer.is_success:
        return {}
    try:
        data = answer.json()
    except ValueError:
        return {}  # a proxy's own page: its status says enough
    error = data.get("error") if isinstance(data, dict) else None
    return error if isinstance(error, dict) else {}


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        data = answer.json()
    except ValueError as error:
        raise OutcomeUnknown from error
    if not isinstance(data, dict):
        raise OutcomeUnknown
    return data


def _sent_at(answer: httpx.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return None
