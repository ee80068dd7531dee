"""The live process: server-sent events for pages that are open, over one LISTEN connection.

A small ASGI program of its own, because the same pages under ASGI serve a fifth of what WSGI does. It knows no
session: a page brings a short-lived signed token of one topic, and gets nothing but the word `changed`.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hutong.config.settings")

import django

django.setup()

import psycopg
from django.conf import settings

from hutong.kernel import database
from hutong.kernel.errors import Forbidden
from hutong.kernel.live import CHANNEL, read_topic

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

KEEP_ALIVE_S = 20
# How long a page may be under way between its making and the opening of its stream.
REMEMBER_S = 60
MAX_STREAMS = 5_000


class Hub:
    """The open streams by topic, and what was lately heard. One listening task for the whole process."""

    def __init__(self, remember_s: float = REMEMBER_S) -> None:
        self.streams: dict[str, set[asyncio.Event]] = {}
        self.listening: asyncio.Task[None] | None = None
        self.remember_s = remember_s
        # When each topic was last heard of, in the loop's seconds; the longest ago comes first.
        self.lately: dict[str, float] = {}

    def start(self) -> None:
        """Listen to the database, unless that is done already."""
        if self.listening is None or self.listening.done():
            self.listening = asyncio.get_running_loop().create_task(self._listen())

    def open(self, topic: str) -> asyncio.Event:
        """An event that is set whenever the topic changed; several changes at once are one.

        It is set already where that was within the last `remember_s` seconds: the page that asks may have been
        made before, and reading once too often does no harm.
        """
        self.start()
        changed = asyncio.Event()
        self.streams.setdefault(topic, set()).add(changed)
        self._forget()
        if topic in self.lately:
            changed.set()
        return changed

    def heard(self, topic: str) -> None:
        """Tell the open streams of a topic, and for a while those that open."""
        self.lately.pop(topic, None)
        self.lately[topic] = asyncio.get_running_loop().time()
        self._forget()
        self._wake(topic)

    def close(self, topic: str, changed: asyncio.Event) -> None:
        """Forget a stream that ended."""
        self.streams[topic].discard(changed)
        if not self.streams[topic]:
            del self.streams[topic]

    def count(self) -> int:
        """How many streams are open."""
        return sum(len(waiting) for waiting in self.streams.values())

    async def _listen(self) -> None:
        pause_s = 0.2
        while True:
            try:
                url = database.patient_url(settings.DATABASES["default"])
                async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    pause_s = 0.2
                    # Something may have been missed while nobody listened: everybody reads again.
                    for topic in list(self.streams):
                        self._wake(topic)
                    async for notice in connection.notifies():
                        self.heard(notice.payload)
            except (psycopg.Error, OSError):
                await asyncio.sleep(pause_s)  # the database is away: try again, each time a little later
                pause_s = min(pause_s * 2, 5)

    def _forget(self) -> None:
        past = asyncio.get_running_loop().time() - self.remember_s
        while self.lately and self.lately[oldest := next(iter(self.lately))] <= past:
            del self.lately[oldest]

    def _wake(self, topic: str) -> None:
        for changed in self.streams.get(topic, ()):
            changed.set()


hub = Hub()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI: GET /live/<token> is a stream; everything else is 404."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    if scope["type"] != "http":
        return
    prefix, _slash, token = scope["path"].rpartition("/")
    if scope["method"] != "GET" or not prefix.endswith("/live"):
        await _answer(send, 200 if scope["path"] == "/healthz" else 404)
        return
    try:
        topic = read_topic(token)
    except Forbidden:
        await _answer(send, 403)
        return
    if hub.count() >= MAX_STREAMS:
        await _answer(send, 503)
        return
    await _stream(topic, receive, send)


async def _stream(topic: str, receive: Receive, send: Send) -> None:
    headers = [
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"access-control-allow-origin", settings.HUTONG_SITE_URL.encode()),
    ]
    changed = hub.open(topic)
    gone = asyncio.ensure_future(_gone(receive))
    try:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send(
            {
                "type": "http.response.body",
                "body": b"retry: 2000\nevent: open\ndata: 1\n\n",
                "more_body": True,
            }
        )
        while not gone.done():
            waiting = asyncio.ensure_future(changed.wait())
            await asyncio.wait({waiting, gone}, timeout=KEEP_ALIVE_S, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            said = b"event: changed\ndata: 1\n\n" if changed.is_set() else b": here\n\n"
            changed.clear()
            if not gone.done():
                await send({"type": "http.response.body", "body": said, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    except OSError:
        return  # the page was closed while we wrote to it
    finally:
        gone.cancel()
        hub.close(topic, changed)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answer(send: Send, status: int) -> None:
    # The supervisor reads from it which of its starts this process belongs to.
    generation = (b"x-generation", os.environ.get("HUTONG_GENERATION", "-").encode())
    headers = [(b"content-type", b"text/plain"), generation]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok" if status == 200 else b"no"})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            hub.start()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return
