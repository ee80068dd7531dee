"""A push service and a browser that subscribed to it: real sockets on 127.0.0.1, for tests.

def test_something(push_service): browser = push_service.browser(); ...; browser.opened()
"""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import http_ece
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature


def base64url(raw: bytes) -> str:
    """As browsers write keys: no padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """The bytes of such a text."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Arrived:
    """One request at the service."""

    path: str
    headers: dict[str, str]
    body: bytes

    def claims(self, public_key: str) -> dict[str, Any]:
        """What the request's VAPID token says, once its signature fits `public_key` (base64url)."""
        scheme, _space, rest = self.headers["authorization"].partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        assert scheme == "vapid"
        assert parts["k"] == public_key
        head, claims, signature = parts["t"].split(".")
        raw = from_base64url(signature)
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), from_base64url(public_key))
        signed = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        try:
            point.verify(signed, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as error:
            raise AssertionError("somebody else signed it") from error
        said: dict[str, Any] = json.loads(from_base64url(claims))
        return said


@dataclass
class FakeBrowser:
    """A browser with a subscription; only it can open what it gets."""

    service: PushService
    path: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def endpoint(self) -> str:
        """Where messages for it go."""
        return f"http://{self.service.host}{self.path}"

    @property
    def keys(self) -> dict[str, str]:
        """What it tells the site."""
        point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return {"p256dh": base64url(point), "auth": base64url(self.secret)}

    def opened(self) -> list[dict[str, Any]]:
        """What arrived for it, in clear."""
        return [
            json.loads(
                http_ece.decrypt(one.body, private_key=self.key, auth_secret=self.secret, version="aes128gcm")
            )
            for one in self.service.arrived
            if one.path == self.path
        ]


@dataclass
class PushService:
    """What arrived. `answers` are the statuses of the next requests in turn, then 201."""

    host: str
    arrived: list[Arrived] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    made: int = 0

    def browser(self) -> FakeBrowser:
        """Another browser."""
        self.made += 1
        return FakeBrowser(self, f"/push/{self.made}")


@pytest.fixture
def push_service(settings: Any) -> Iterator[PushService]:
    """A push service, and the settings that allow it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", "0")))
            status = running.answers.pop(0) if running.answers else 201
            if status == 201:
                running.arrived.append(Arrived(self.path, headers, body))
            self.send_response(status)
            if status in (301, 302, 307):
                self.send_header("location", f"http://{running.host}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    running = PushService(host=f"127.0.0.1:{server.server_port}")
    settings.HUTONG_PUSH_HOST = running.host
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield running
    server.shutdown()
    server.server_close()
    thread.join(5)
