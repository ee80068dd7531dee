"""The parts of a running site as processes: web, live, worker, and in the demo the sandbox provider."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlparse

import httpx
from django.conf import settings

from hutong.cli.screen import console
from hutong.kernel.errors import DomainError

STOP_AFTER_S = 10.0
READY_AFTER_S = 30.0


class PartFailed(DomainError):
    """A part of the site ended by itself or never answered."""

    code = "part_failed"
    message = "%(part)s stopped (exit code %(exit_code)s). Its last words are above."


class PartUnknown(DomainError):
    """There is no such part."""

    code = "part_unknown"
    message = "There is no part named %(part)s. The parts are: all, web, live, worker, sandbox."


class PortTaken(DomainError):
    """Somebody else listens there already, perhaps another site of ours."""

    code = "port_taken"
    message = "Port %(port)s is taken. Stop what listens there, or choose another with --port."


@dataclass(frozen=True, slots=True)
class Part:
    """One process: its name, its command, and the address that answers once it is ready."""

    name: str
    command: list[str]
    ready_url: str = ""


def parts(port: int) -> dict[str, Part]:
    """The parts of this site when its web process listens on `port` of 127.0.0.1."""
    python = sys.executable
    granian = [python, "-m", "granian", "--host", "127.0.0.1", "--no-ws", "--log-level", "warning"]
    web = [
        *granian,
        "--interface",
        "wsgi",
        "--port",
        str(port),
        "--workers",
        os.environ.get("HUTONG_WORKERS", "2"),
    ]
    web += ["--blocking-threads", "4", "--backlog", "1024", "hutong.config.wsgi:application"]
    live = [
        *granian,
        "--interface",
        "asgi",
        "--port",
        str(port + 1),
        "--workers",
        "1",
        "hutong.config.live:application",
    ]
    sandbox_port = str(urlparse(settings.HUTONG_SANDBOX_URL).port or 8002)
    sandbox = [python, "-m", "hutong.pay.payments.providers.sandbox.server", "--port", sandbox_port]
    sandbox += ["--books", str(settings.HUTONG_HOME / "sandbox.sqlite3")]
    sandbox += ["--webhook-url", f"{settings.HUTONG_SITE_URL}/api/v1/webhooks/sandbox"]
    return {
        "web": Part("web", web, f"http://127.0.0.1:{port}/healthz"),
        "live": Part("live", live, f"http://127.0.0.1:{port + 1}/healthz"),
        "worker": Part("worker", [python, "-m", "hutong.cli.worker"]),
        "sandbox": Part("sandbox", sandbox, f"http://127.0.0.1:{sandbox_port}/healthz"),
    }


class Supervisor:
    """Starts parts, waits until they answer, and stops every one of them however it ends."""

    def __init__(self) -> None:
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, part: Part) -> None:
        """Start one part in a process group of its own, so that its children end with it."""
        environment = {**os.environ, "HUTONG_SANDBOX_SECRET": settings.HUTONG_SANDBOX_SECRET}
        self.running[part.name] = subprocess.Popen(part.command, env=environment, start_new_session=True)

    def wait_ready(self, part: Part) -> None:
        """Return once the part answers; raises `PartFailed` when it ends or stays silent for 30 s."""
        give_up_at = time.monotonic() + READY_AFTER_S
        while part.ready_url and time.monotonic() < give_up_at:
            self.check()
            try:
                if httpx.get(part.ready_url, timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)  # not listening yet
        if part.ready_url:
            raise PartFailed(part=part.name, exit_code="none, it does not answer")

    def check(self) -> None:
        """Raise `PartFailed` when a part has ended."""
        for name, process in self.running.items():
            if process.poll() is not None:
                raise PartFailed(part=name, exit_code=process.returncode)

    def watch(self) -> None:
        """Stay until a part ends or somebody presses Ctrl-C."""
        while True:
            self.check()
            time.sleep(0.5)

    def stop(self) -> None:
        """Ask every part to end, wait, and kill what is left."""
        for process in self.running.values():
            if process.poll() is None:
                _signal_group(process, signal.SIGTERM)
        give_up_at = time.monotonic() + STOP_AFTER_S
        for process in self.running.values():
            try:
                process.wait(max(0.1, give_up_at - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal_group(process, signal.SIGKILL)
                process.wait()
        self.running.clear()


def _signal_group(process: "subprocess.Popen[bytes]", number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return  # it ended between the look and the signal


def require_free(wanted: Iterable[Part]) -> None:
    """Raise `PortTaken` when somebody listens where one of these parts would."""
    for port in (urlparse(part.ready_url).port for part in wanted if part.ready_url):
        with socket.socket() as probe:
            # As the server will do it: a port whose last connections are still winding down is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port or 0))
            except OSError as error:
                raise PortTaken(port=port) from error


def interruptible() -> None:
    """Let SIGTERM end this process the way Ctrl-C does, so that what it started is stopped.

    Not by sending SIGINT: a shell that starts it in the background has that ignored.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def up(part: str, *, port: int) -> None:
    """Run all parts supervised together, or replace this process by one part."""
    known = parts(port)
    if part == "all":
        interruptible()
        supervisor = Supervisor()
        names = ["web", "live", "worker"]
        if settings.HUTONG_PROVIDER == "sandbox":
            names.append("sandbox")  # nobody else would run it
        wanted = [known[name] for name in names]
        try:
            require_free(wanted)
            for each in wanted:
                supervisor.start(each)
            for each in wanted:
                supervisor.wait_ready(each)
            console.print(f"The site runs at {settings.HUTONG_SITE_URL}. Ctrl-C stops it.")
            supervisor.watch()
        except KeyboardInterrupt:
            console.print("Stopping ...")
        finally:
            supervisor.stop()
        return
    if part not in known:
        raise PartUnknown(part=part)
    os.environ["HUTONG_SANDBOX_SECRET"] = settings.HUTONG_SANDBOX_SECRET
    os.execv(known[part].command[0], known[part].command)  # noqa: S606
