"""The commands of docs/start/operator.md, run by a shell in one empty folder, with a site at the end of it.

with an_empty_folder(extract) as shell:
    run_page(shell, look=lambda url: ...)   # `look` uses the running site before its books are checked

Three things of the page are put in their place: the extract, the port (somebody may use 8000), and `make`, which
only says what it would do, because everything is installed.
"""

from __future__ import annotations

import os
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.fakes.sandbox import wait_until

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "start" / "operator.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
OPERATOR = "+377612345678"


def blocks() -> list[str]:
    """The commands of the page, a block each, in their order."""
    return BLOCK.findall(PAGE.read_text(encoding="utf-8"))


def extract_of_a_town(data_folder: Path) -> Path:
    """Monaco where it is at hand, else the town that comes with the house."""
    monaco = data_folder / "osm" / "monaco.osm.gz"
    return monaco if monaco.exists() else ROOT / "data" / "helsinki-centre.osm.pbf"


def run_page(shell: Shell, *, look: Callable[[str], None]) -> None:
    """Run every command of the page in its order, and see that each did what the page says."""
    said = ""
    for block in blocks():
        if block.startswith("hutong books check"):
            look(shell.url)
        said += shell.run(block)
    for part in ("Region: our-town: ", f"Operator: {OPERATOR}", "0 broken", f"{shell.url}/demo/messages/"):
        assert part in said, said
    assert "Oscar Operator is an operator now" in said
    assert "0 new" in said, "the import after the first one doubles nothing"
    assert len(list((shell.folder / "var" / "backups").iterdir())) == 1
    again = shell.run(next(block for block in blocks() if "hutong init" in block))
    assert again.count("already there") == 4
    log = (shell.folder / "up.log").read_text()
    assert not re.search(r"Traceback|\bERROR\b|\bCRITICAL\b", log), log


class Shell:
    """One terminal: what was exported stays, and what was started in front is ended at the end."""

    def __init__(self, folder: Path, extract: Path, port: int) -> None:
        self.folder, self.port = folder, port
        shutil.copy(extract, folder / "town.osm.gz")
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("HUTONG_") and name not in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")
        }
        tools = folder / ".venv" / "bin"  # where `make install` would have put it
        tools.mkdir(parents=True)
        self._program(tools / "hutong", f'exec {shlex.quote(sys.executable)} -m hutong "$@"')
        other = folder / "make-that-only-says"
        other.mkdir()
        self._program(other / "make", f'exec /usr/bin/env -i PATH="{kept["PATH"]}" make -C {ROOT} -n "$@"')
        self.exports = {**kept, "PATH": f"{other}:{kept['PATH']}", "PYTHONPATH": str(ROOT)}
        self.started: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        """Where the site answers."""
        return f"http://127.0.0.1:{self.port}"

    def run(self, block: str) -> str:
        """Run one block of the page; what it said. A site that runs until Ctrl-C is left running."""
        block = block.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")
        if block.strip() == "hutong up":
            self._start(block)
            return ""
        script = f"set -e\n{block}\nenv -0 > {shlex.quote(str(self.folder / 'exports'))}\n"
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=self.exports, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, f"{block}\n{done.stdout}"
        left = (self.folder / "exports").read_text().split("\0")
        self.exports = dict(line.split("=", 1) for line in left if "=" in line)
        return done.stdout

    def close(self) -> None:
        """End what was started, and the database."""
        for process in self.started:
            # As Ctrl-C ends it; but SIGINT itself is ignored below a test run that a shell started in the background.
            process.send_signal(signal.SIGTERM)
            process.wait(60)
        subprocess.run(["hutong", "database", "stop"], cwd=self.folder, env=self.exports, check=False)

    def _start(self, block: str) -> None:
        with (self.folder / "up.log").open("wb") as log:
            command = ["bash", "-c", f"exec {block}"]
            process = subprocess.Popen(command, cwd=self.folder, env=self.exports, stdout=log, stderr=log)
        self.started.append(process)
        wait_until(lambda: "The site runs at" in self._said(process), timeout_s=120)

    def _said(self, process: subprocess.Popen[bytes]) -> str:
        said = (self.folder / "up.log").read_text()
        assert process.poll() is None, said
        return said

    def _program(self, path: Path, command: str) -> None:
        path.write_text(f"#!/bin/sh\n{command}\n")
        path.chmod(0o755)


def three_free_ports() -> int:
    """The first of three ports in a row that nobody uses: site, live process, sandbox.

    Below those that the system gives to connections: a minute goes by until the site listens there.
    """
    for port in random.sample(range(20_000, 32_000, 3), 100):
        try:
            for each in range(port, port + 3):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", each))
        except OSError:
            continue
        return port
    raise AssertionError("no three ports in a row are free")


@contextmanager
def an_empty_folder(extract: Path) -> Iterator[Shell]:
    """A shell in a new folder, with the extract in it; at the end nothing runs and nothing is left."""
    # Not below pytest's own folder, which each of its runs closes to other users: run as root, PostgreSQL is one.
    with tempfile.TemporaryDirectory(prefix="hutong-first-hour-") as folder:
        opened = Shell(Path(folder), extract, three_free_ports())
        try:
            yield opened
        finally:
            opened.close()


class Tray:
    """The page where a site without a gateway shows its messages, read by somebody who waits for a code."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.seen: set[str] = set()

    def code(self, phone: str) -> str:
        """The newest code that went to `phone` and that nobody has read here yet."""
        found = str(wait_until(lambda: self._newest(phone)))
        self.seen.add(found)
        return found

    def _newest(self, phone: str) -> str | None:
        page = httpx.get(f"{self.url}/demo/messages/", timeout=30, trust_env=False).text
        words = re.sub(r"<[^>]+>", " ", page)
        for to, code in re.findall(r"\+([\d ]+?)\s+·.*?\b(\d{6})\b", words, re.DOTALL):
            if to.replace(" ", "") == phone.removeprefix("+") and code not in self.seen:
                return str(code)
        return None
