"""A site whose web process or worker can be started with a moment at which it dies, and then as it always is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from tests.cli.saved_site import ROOT
from tests.fakes.sandbox import SECRET, Listener, Sandbox, free_port, run_sandbox, wait_until
from tests.fakes.site import database_url
from tests.faults.failpoints import FAILPOINTS, WEB, WORKER
from tests.faults.upped import answers

START_S = 180.0


@dataclass
class Mortal:
    """The running site: `web` and `worker` are process groups of their own."""

    url: str
    port: int
    sandbox: Sandbox
    folder: Path
    environment: dict[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    deaths: int = 0

    def start(self, part: str, *, failpoint: str = "", visit: int = 1) -> None:
        """Start `web` or `worker`, and wait until the web answers. With a failpoint it dies there."""
        trap = {}
        if failpoint:
            self.deaths += 1
            mark = {"FAILPOINT_MARK": str(self.mark), "FAILPOINT_VISIT": str(visit)}
            trap = {"FAILPOINT": failpoint, **mark}
        with (self.folder / f"{part}.log").open("ab") as log:
            self.running[part] = subprocess.Popen(
                self._command(part, dying=bool(failpoint)), env={**self.environment, **trap}, cwd=ROOT,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        if part == WEB:
            wait_until(lambda: answers(self.url) or not self.lives(WEB), timeout_s=START_S)
            assert self.lives(WEB), (self.folder / "web.log").read_text()[-2000:]

    def stop(self, part: str) -> None:
        """End a part as an operator would, and wait for it."""
        process = self.running.pop(part, None)
        if process:
            process.terminate()
            process.wait(START_S)

    def lives(self, part: str) -> bool:
        """Whether the part runs; a failpoint ends it."""
        return part in self.running and self.running[part].poll() is None

    @property
    def mark(self) -> Path:
        """The file that the last process with a failpoint leaves when it dies there."""
        return self.folder / f"died-{self.deaths}"

    def require_died_there(self, part: str, failpoint: str) -> None:
        """The part was ended by its failpoint, and by nothing else."""
        assert self.running.pop(part).wait(10) == -9
        assert self.mark.read_text() == FAILPOINTS[failpoint].function, failpoint

    def _command(self, part: str, *, dying: bool) -> list[str]:
        if part == WORKER:
            return [sys.executable, "-m", "tests.faults.dying_worker" if dying else "hutong.cli.worker"]
        application = "tests.faults.dying_wsgi" if dying else "hutong.config.wsgi"
        return [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--log-level", "warning"),
            *("--host", "127.0.0.1", "--port", str(self.port), "--workers", "1", "--blocking-threads", "4"),
            f"{application}:application",
        ]


@contextmanager
def run_mortal(folder: Path) -> Iterator[Mortal]:
    """Web, worker and sandbox on the test database, ended with the context."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with run_sandbox(folder, listener=Listener(url=f"{url}/api/v1/webhooks/sandbox")) as sandbox:
        environment = {
            **os.environ,
            "HUTONG_MODE": "demo",
            "DATABASE_URL": database_url(),
            "HUTONG_SECRET_KEY": settings.SECRET_KEY,
            "HUTONG_SITE_URL": url,
            "HUTONG_SANDBOX_URL": sandbox.url,
            "HUTONG_SANDBOX_SECRET": SECRET,
        }
        site = Mortal(url, port, sandbox, folder, environment)
        try:
            site.start(WORKER)
            site.start(WEB)
            yield site
        finally:
            for part in (WEB, WORKER):
                site.stop(part)
