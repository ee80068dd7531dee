"""Sends webhooks: signed (https://www.standardwebhooks.com), again after a failure, until 2xx or given up."""

import asyncio
import logging
import time
from datetime import UTC, datetime

import httpx
from standardwebhooks import Webhook

from hutong.pay.payments.providers.sandbox.server.books import Books, Row

logger = logging.getLogger("sandbox")
_AT_ONCE = 16
_TIMEOUT_S = 10.0
_HELD_S = 60.0


class Sender:
    """Delivers the books' messages. `backoff_s`: seconds before each next try; after the last it gives up."""

    def __init__(self, books: Books, *, url: str, secret: str, backoff_s: list[float]) -> None:
        self._books = books
        self._url = url
        self._webhook = Webhook(secret.encode())
        self._backoff_s = backoff_s
        self._work = asyncio.Event()

    def wake(self) -> None:
        """There may be something to send."""
        self._work.set()

    async def run(self) -> None:
        """Send for as long as the process lives; what is under way when it dies is sent again."""
        limits = httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE)
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, limits=limits, trust_env=False) as client:
            while True:
                await self._work.wait()
                self._work.clear()
                while batch := self._take():
                    await asyncio.gather(*(self._send(client, message) for message in batch))

    def _take(self) -> list[Row]:
        batch = self._books.all(
            "SELECT * FROM message WHERE next_try_at <= ? ORDER BY next_try_at, id LIMIT ?",
            time.time(),
            _AT_ONCE,
        )
        for message in batch:
            self._books.change(
                "UPDATE message SET tries = tries + 1, next_try_at = ? WHERE id = ?",
                time.time() + _HELD_S,
                message["id"],
            )
        return batch

    async def _send(self, client: httpx.AsyncClient, message: Row) -> None:
        sent_at = datetime.fromtimestamp(int(time.time()), UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": message["event_id"],
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": self._webhook.sign(message["event_id"], sent_at, message["body"]),
        }
        try:
            answer = await client.post(self._url, content=message["body"].encode(), headers=headers)
            delivered, outcome = answer.is_success, str(answer.status_code)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            delivered, outcome = False, type(error).__name__
        tries = message["tries"] + 1
        again = None
        if not delivered and tries <= len(self._backoff_s):
            again = time.time() + self._backoff_s[tries - 1]
        if not delivered:
            logger.warning("webhook %s: %s after try %d", message["event_id"], outcome, tries)
        self._books.change(
            "UPDATE message SET next_try_at = ?, outcome = ? WHERE id = ?", again, outcome, message["id"]
        )
