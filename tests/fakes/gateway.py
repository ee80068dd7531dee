"""A gateway for text messages and calls, and a mail server: real sockets on 127.0.0.1, for tests.

def test_something(gateway, settings): settings.HUTONG_SMS_URL = gateway.url
def test_a_mail(mail_server): settings.update(mail.django_settings(mail_server.url))
"""

from __future__ import annotations

import base64
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Gateway:
    """What arrived. `answers` are (status, body) for the next requests in turn, then 202."""

    url: str
    token: str
    asked: list[tuple[dict[str, str], dict[str, str]]] = field(default_factory=list)
    delivered: dict[str, dict[str, str]] = field(default_factory=dict)
    answers: list[tuple[int, str]] = field(default_factory=list)


@contextmanager
def run_gateway(token: str = "a token of the tests") -> Iterator[Gateway]:
    """A gateway that delivers each idempotency key once, and refuses callers without the token."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            content = json.loads(self.rfile.read(int(headers.get("content-length", "0"))))
            running.asked.append((headers, content))
            status, said = running.answers.pop(0) if running.answers else (202, "{}")
            if headers.get("authorization") != f"Bearer {token}":
                status, said = 401, '{"error": "who are you?"}'
            if status < 300:
                running.delivered.setdefault(headers["idempotency-key"], content)
            self.send_response(status)
            self.send_header("content-length", str(len(said.encode())))
            self.end_headers()
            self.wfile.write(said.encode())

        def log_message(self, *_args: Any) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    running = Gateway(url=f"http://127.0.0.1:{server.server_port}/messages", token=token)
    with _serving(server):
        yield running


@dataclass
class MailServer:
    """What arrived: (from, to, whole text of the mail), and who signed in as `user password`."""

    url: str
    mails: list[tuple[str, list[str], str]] = field(default_factory=list)
    signed_in: list[str] = field(default_factory=list)


@contextmanager
def run_mail_server(user: str = "post@example.org", password: str = "p@ss:word") -> Iterator[MailServer]:
    """A mail server that takes mail from `user` alone."""
    wanted = base64.b64encode(f"\0{user}\0{password}".encode()).decode()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            sender, known = "", False
            to: list[str] = []
            self.say("220 test")
            while line := self.rfile.readline().decode().strip():
                verb = line.upper()
                if verb.startswith("EHLO"):
                    self.say("250-test\r\n250 AUTH PLAIN")
                elif verb.startswith("AUTH PLAIN"):
                    known = line.split(" ", 2)[2] == wanted
                    if known:
                        running.signed_in.append(user)
                    self.say("235 welcome" if known else "535 no")
                elif verb.startswith("MAIL FROM"):
                    sender, to = line[10:].split(" ")[0], []
                    self.say("250 ok" if known else "530 sign in first")
                elif verb.startswith("RCPT TO"):
                    to.append(line[8:].split(" ")[0])
                    self.say("250 ok")
                elif verb == "DATA":
                    self.say("354 go on")
                    running.mails.append((sender, to, self.text()))
                    self.say("250 taken")
                elif verb == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok")

        def text(self) -> str:
            lines = []
            while (line := self.rfile.readline().decode()).rstrip("\r\n") != ".":
                lines.append(line.rstrip("\r\n"))
            return "\n".join(lines)

        def say(self, said: str) -> None:
            self.wfile.write(f"{said}\r\n".encode())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    port = server.server_address[1]
    running = MailServer(url=f"smtp://post%40example.org:p%40ss%3Aword@127.0.0.1:{port}")
    with _serving(server):
        yield running


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def gateway(settings: Any) -> Iterator[Gateway]:
    """A gateway, and the settings pointing to it."""
    with run_gateway() as running:
        settings.HUTONG_SMS_URL = settings.HUTONG_VOICE_URL = running.url
        settings.HUTONG_SMS_TOKEN = running.token
        settings.HUTONG_SMS_FROM = "Hutong"
        yield running


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A mail server."""
    with run_mail_server() as running:
        yield running
