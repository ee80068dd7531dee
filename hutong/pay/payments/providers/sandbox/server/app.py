"""The sandbox as an ASGI application."""

import asyncio
import logging
import os
from collections.abc import Coroutine
from typing import Any

from hutong.pay.payments.providers.sandbox.server import api as api_module
from hutong.pay.payments.providers.sandbox.server.api import Api
from hutong.pay.payments.providers.sandbox.server.books import Books
from hutong.pay.payments.providers.sandbox.server.http import (
    Receive,
    Refusal,
    Request,
    Response,
    Scope,
    Send,
    json_response,
    read_request,
    send_response,
)
from hutong.pay.payments.providers.sandbox.server.options import Options
from hutong.pay.payments.providers.sandbox.server.pages import Pages
from hutong.pay.payments.providers.sandbox.server.sender import Sender

logger = logging.getLogger("sandbox")
_TICK_S = 0.5


class App:
    """Pages for shoppers, an API for the merchant, and webhooks sent by a task beside them."""

    def __init__(self, options: Options) -> None:
        self.books = Books(options.books)
        self.api = Api(self.books, secret=options.secret, public_url=options.public_url)
        self.pages = Pages(self.books)
        self.sender = Sender(
            self.books, url=options.webhook_url, secret=options.secret, backoff_s=options.backoff_s
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            try:
                response = await self._respond(await read_request(scope, receive))
            except Refusal as refusal:
                response = json_response(refusal.status, {"code": refusal.code, "message": str(refusal)})
            except Exception:
                # The edge of the process: one bad request must not end the server, and is seen in its log.
                logger.exception("request failed")
                response = json_response(500, {"code": "broken", "message": "The sandbox has a fault."})
            await send_response(response, send)

    async def _respond(self, request: Request) -> Response:
        if request.path == "/healthz":
            return json_response(200, {"ok": True})
        if not request.path.startswith(("/v1/", "/test/")):
            response = self.pages.respond(request)
            self.sender.wake()
            return response
        self.api.check_secret(request)
        handler, call, reference = api_module.route(request)
        if call:
            delay = self.books.take_fault("delay", call=call, reference=reference)
            await asyncio.sleep(float(delay or 0))
            if self.books.take_fault("error_before", call=call, reference=reference) is not None:
                return json_response(500, {"code": "fault", "message": "Asked for: error_before."})
        response = self.api.answer(request, handler, reference)
        self.sender.wake()
        if call:
            hang = self.books.take_fault("timeout_after", call=call, reference=reference)
            await asyncio.sleep(float(hang or 0))
            if self.books.take_fault("error_after", call=call, reference=reference) is not None:
                return json_response(500, {"code": "fault", "message": "Asked for: error_after."})
        return response

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._spawn(self.sender.run())
                self._spawn(self._tick())
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                for task in self._tasks:
                    task.cancel()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _tick(self) -> None:
        """Twice a second: expire payments, finish refunds, and end with the process that started this one."""
        parent = os.getppid()
        while True:
            self.books.expire()
            self.books.finish_refunds()
            self.sender.wake()
            await asyncio.sleep(_TICK_S)
            if os.getppid() != parent:
                # The server's main process was killed; a worker that lived on would keep the port.
                os._exit(1)


def make_app() -> App:
    """The application, with its options from the environment."""
    return App(Options.from_environment())
