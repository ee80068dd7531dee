"""`hutong up` as a process group of its own, and the processes in it, found by what the kernel says of them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.cli.saved_site import url_of
from tests.fakes.sandbox import SECRET, Listener, Sandbox, free_port, wait_until

KINDS = ("web worker", "web", "live", "worker")
_SAYS = {
    "web": "hutong.config.wsgi",
    "live": "hutong.config.live",
    "worker": "hutong.cli.worker",
    "sandbox": "sandbox.server",
}


@dataclass
class Upped:
    """A running `hutong up`."""

    process: subprocess.Popen[bytes]
    url: str
    live_url: str
    sandbox: Sandbox
    log: Path
    started_s: float
    gaps: list[float] = field(default_factory=list)

    def pids(self, kind: str) -> list[int]:
        """The processes of one kind that live now, in the supervisor's care."""
        if kind == "web worker":
            return [pid for head in self.pids("web") for pid in children(head)]
        return [pid for pid in children(self.process.pid) if _SAYS[kind] in command_of(pid)]

    def back(self, kind: str, killed: int) -> bool:
        """Whether another process has taken the killed one's place, and the site answers."""
        wanted = 2 if kind.startswith("web") else 1  # as HUTONG_WORKERS says
        there = [pid for pid in self.pids(kind) if pid != killed]
        return len(there) >= wanted and answers(self.url) and answers(self.live_url)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Meanwhile `gaps` collects how long, in seconds, nobody new was let in by the web process."""
        over = threading.Event()

        def watch() -> None:
            last = time.monotonic()
            while not over.is_set():
                if answers(self.url):
                    if time.monotonic() - last > 0.5:
                        self.gaps.append(time.monotonic() - last)
                    last = time.monotonic()
                over.wait(0.05)  # between two looks

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(20)


@contextmanager
def run_up(folder: Path, *, command: Sequence[str] = ("-m", "hutong", "up")) -> Iterator[Upped]:
    """The site on the test database, started as an operator starts it; ended with SIGTERM."""
    from django.conf import settings
    from django.db import connection

    port, sandbox_port = three_free_ports(), free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "HUTONG_MODE": "demo",
        "HUTONG_HOME": str(folder),
        "HUTONG_SECRET_KEY": settings.SECRET_KEY,
        "HUTONG_SANDBOX_SECRET": SECRET,
        "DATABASE_URL": url_of(str(connection.settings_dict["NAME"])),
        "HUTONG_SITE_URL": url,
        "HUTONG_LIVE_URL": f"http://127.0.0.1:{port + 1}/live",
        "HUTONG_SANDBOX_URL": f"http://127.0.0.1:{sandbox_port}",
        # Every client here has one address.
        "HUTONG_ADDRESS_LIMIT": "1000000",
        "HUTONG_ACTOR_LIMIT": "1000000",
    }
    log = folder / "up.log"
    began = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *command, "--port", str(port)],
            env=environment, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    sandbox = Sandbox(
        url=f"http://127.0.0.1:{sandbox_port}", secret=SECRET, process=process, listener=Listener(url="")
    )
    try:
        wait_until(
            lambda: b"The site runs at" in log.read_bytes() or process.poll() is not None, timeout_s=120
        )
        assert process.poll() is None, log.read_text()
        yield Upped(process, url, f"http://127.0.0.1:{port + 1}", sandbox, log, time.monotonic() - began)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(60)


def three_free_ports() -> int:
    """A port that is free together with the next two."""
    while True:
        port = free_port()
        try:
            for number in (port, port + 1, port + 2):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", number))
        except OSError:
            continue
        return port


def answers(url: str) -> bool:
    """Whether a new connection to `url` is answered well."""
    try:
        return httpx.get(f"{url}/healthz", timeout=2, trust_env=False, verify=False).status_code == 200
    except httpx.TransportError:
        return False


def children(parent: int) -> list[int]:
    """The living children of a process, the oldest first; not the helper that Python starts beside them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, ppid = path.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        pid = int(path.parent.name)
        if int(ppid) == parent and state != "Z" and "resource_tracker" not in command_of(pid):
            found.append(pid)
    return sorted(found)


def command_of(pid: int) -> str:
    """The command line of a process, empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""
