"""The site's web process as it is shipped, on a free port, over one database."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from bench import ground

WORKERS, THREADS = 2, 2


@contextmanager
def served(database: str) -> Iterator[int]:
    """Granian with 2 workers of 2 threads in WSGI; the port it answers on. Stopped when the context ends."""
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    command += ["--workers", str(WORKERS), "--blocking-threads", str(THREADS), "--no-ws"]
    command += ["--log-level", "warning", "hutong.config.wsgi:application"]
    environment = {**os.environ, "DATABASE_URL": ground.url(database), "HUTONG_DEBUG": "0"}
    with subprocess.Popen(command, cwd=ground.ROOT, env=environment) as process:
        try:
            _wait_until_ready(process, port)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the web process ended at once with code {process.returncode}")
        try:
            if httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)  # between two tries; the condition is the answer
    raise RuntimeError("the web process did not become ready within 60 s")
