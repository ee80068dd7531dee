"""A provider that gives one answer to whatever it is asked, after something else has happened meanwhile."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.db import connection


@contextmanager
def answering(
    settings: Any, status: int, body: dict[str, Any], *, meanwhile: Callable[[], object]
) -> Iterator[None]:
    """The settings name a sandbox that answers so. `meanwhile` is done, and committed, before its first answer."""
    left = [meanwhile]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", "0")))
            try:
                if left:
                    left.pop()()
            finally:
                connection.close()
            answer = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_args: Any) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    before = settings.HUTONG_SANDBOX_URL
    settings.HUTONG_SANDBOX_URL = f"http://127.0.0.1:{server.server_port}"
    try:
        yield
    finally:
        settings.HUTONG_SANDBOX_URL = before
        server.shutdown()
        server.server_close()
        thread.join(5)
