"""Calls of an OpenSearch server: JSON over HTTP with short time-outs. What is secret of its address is never said."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import DomainError

# Somebody waits for what is read; nobody for what is written, which the outbox tries again.
READ_S = httpx.Timeout(2.0, connect=0.5)
WRITE_S = httpx.Timeout(30.0, connect=2.0)
# What the server itself gives up at, well before we do.
SEARCH_WITHIN = "1500ms"
INDEX = "hutong"
_LIMITS = httpx.Limits(max_connections=50, max_keepalive_connections=10, keepalive_expiry=30)


class OpenSearchAway(DomainError):
    """OpenSearch did not answer, or not as it should. What it says holds no address and no password."""

    code = "opensearch_away"
    status = 503
    message = _("OpenSearch did not do it: %(said)s.")

    def __init__(self, said: str) -> None:
        super().__init__(None, said=said)


@dataclass(frozen=True, slots=True)
class Server:
    """A server and the alias that stores are found by there. `next` is the alias of an index that is being filled."""

    client: httpx.Client = field(repr=False)
    alias: str

    @property
    def next(self) -> str:
        """The alias of the index that a rebuild fills."""
        return f"{self.alias}-next"

    def search(self, body: dict[str, Any], *, patient: bool = False) -> dict[str, Any]:
        """The answer to a search, whole: one that ran out of time or lacks a shard is none. Raises `OpenSearchAway`."""
        waits = WRITE_S if patient else READ_S
        found: dict[str, Any] = self._call("POST", f"/{self.alias}/_search", body=body, timeout=waits)
        if found.get("timed_out") or found.get("_shards", {}).get("failed"):
            raise OpenSearchAway("it found only a part in time")
        return found

    def bulk(self, actions: Iterable[dict[str, Any]], *, alias: str) -> int:
        """Carry out actions, each a line with its document on the next; how many changed something.

        One that came later than a newer one is left out: that is what versions are for. Raises `OpenSearchAway` where
        another was refused, or the alias is none any more, and then all may be sent again.
        """
        lines = "".join(
            json.dumps(action, ensure_ascii=False, separators=(",", ":")) + "\n" for action in actions
        )
        if not lines:
            return 0
        answer = self._call(
            "POST", f"/{alias}/_bulk?require_alias=true", content=lines.encode(), timeout=WRITE_S
        )
        items = [outcome for item in answer["items"] for outcome in item.values()]
        wrong = [one for one in items if one["status"] >= 400 and one["status"] not in (404, 409)]
        wrong += [one for one in items if one["status"] == 404 and one.get("error")]
        if wrong:
            raise OpenSearchAway(f"{len(wrong)} of {len(items)} were refused, as {_reason(wrong[0])}")
        return sum(one["status"] < 400 for one in items)

    def get(self, path: str) -> Any:
        """What stands at a path. Raises `OpenSearchAway`."""
        return self._call("GET", path, timeout=READ_S)

    def change(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Change indexes or aliases. Raises `OpenSearchAway`."""
        return self._call(method, path, body=body, timeout=WRITE_S)

    def _call(
        self,
        method: str,
        path: str,
        *,
        timeout: httpx.Timeout,
        body: dict[str, Any] | None = None,
        content: bytes | None = None,
    ) -> Any:
        sent: dict[str, Any] = {"json": body} if body is not None else {}
        if content is not None:
            sent = {"content": content, "headers": {"content-type": "application/x-ndjson"}}
        try:
            response = self.client.request(method, path, timeout=timeout, **sent)
        except httpx.HTTPError as error:
            raise OpenSearchAway(type(error).__name__) from None  # its text may hold the address
        if response.status_code >= 400:
            raise OpenSearchAway(f"it answered {response.status_code} {_reason_of(response)}".strip())
        try:
            return response.json()
        except ValueError:
            raise OpenSearchAway("it answered with no JSON") from None


@lru_cache(maxsize=4)
def server(url: str) -> Server:
    """The server at an address `https://user:password@host:9200/alias`; its connections are kept open.

    The user is sent as a header and stands in no address that is called or logged.
    """
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    base = f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")
    user = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    client = httpx.Client(base_url=base, auth=user, limits=_LIMITS, trust_env=False)
    return Server(client, parts.path.strip("/") or INDEX)


def _reason_of(response: httpx.Response) -> str:
    try:
        return _reason(response.json())
    except ValueError:
        return ""


def _reason(outcome: Any) -> str:
    """The kind of an error, a word of OpenSearch's own; its reason may repeat what was typed, so it is left out."""
    error = outcome.get("error") if isinstance(outcome, dict) else None
    kind = error.get("type", "") if isinstance(error, dict) else ""
    return str(kind)[:80]
