"""An operator's first hour, as docs/start/operator.md tells it: every command of the page is run, in its order.

The page's own words are run by a shell in one empty folder. Three things are put in their place: the extract, the
port (somebody may use 8000), and `make`, which only says what it would do, because everything is installed.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fakes.sandbox import free_port, wait_until

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "start" / "operator.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
OPERATOR = "+377612345678"


def blocks() -> list[str]:
    return BLOCK.findall(PAGE.read_text(encoding="utf-8"))


def test_every_command_of_the_page_is_among_those_that_run() -> None:
    """What is not run may not look like a command, and every command of the house on the page exists."""
    text = PAGE.read_text(encoding="utf-8")
    assert len(blocks()) == 8
    assert text.count("```") == 2 * len(blocks()), "no other fences than those that run"
    assert sum("hutong up" in block for block in blocks()) == 1


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
        """Ctrl-C, and the database stopped."""
        for process in self.started:
            process.send_signal(signal.SIGINT)
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


@pytest.fixture
def extract(data_folder: Path) -> Path:
    """Monaco where it is at hand, else the town that comes with the house."""
    monaco = data_folder / "osm" / "monaco.osm.gz"
    return monaco if monaco.exists() else ROOT / "data" / "helsinki-centre.osm.pbf"


def three_free_ports() -> int:
    """The first of three ports in a row that nobody uses: site, live process, sandbox."""
    while True:
        port = free_port()
        try:
            httpx.get(f"http://127.0.0.1:{port + 1}", timeout=0.2, trust_env=False)
        except httpx.ConnectError:
            if port < 60_000:
                return port


@pytest.fixture
def shell(extract: Path) -> Iterator[Shell]:
    # Not below pytest's own folder, which each of its runs closes to other users: run as root, PostgreSQL is one.
    with tempfile.TemporaryDirectory(prefix="hutong-first-hour-") as folder:
        opened = Shell(Path(folder), extract, three_free_ports())
        try:
            yield opened
        finally:
            opened.close()


@pytest.mark.slow
def test_the_first_hour(shell: Shell) -> None:
    said = "\n".join(shell.run(block) for block in blocks())
    for part in (
        "Region: our-town: ",
        "Operator: +377612345678",
        "0 broken",
        f"http://127.0.0.1:{shell.port}/demo/messages/",
    ):
        assert part in said, said
    assert "Oscar Operator is an operator now" in said
    assert "0 new" in said, "the import after the first one doubles nothing"
    assert len(list((shell.folder / "var" / "backups").iterdir())) == 1
    look_around(f"http://127.0.0.1:{shell.port}")
    again = shell.run(next(block for block in blocks() if "hutong init" in block))
    assert again.count("already there") == 4


def look_around(url: str) -> None:
    """The operator signs in with the code of the tray and is let into the office; shoppers see the town."""
    with httpx.Client(base_url=url, follow_redirects=True, timeout=30, trust_env=False) as browser:
        home = browser.get("/")
        assert "Our town" in home.text
        assert home.status_code == 200
        asked = browser.post(
            "/sign-in/", data={"phone": OPERATOR, "csrfmiddlewaretoken": token(home, browser)}
        )
        code = re.search(r"\b\d{6}\b", re.sub(r"<[^>]+>", " ", browser.get("/demo/messages/").text))
        assert code
        signed = browser.post(asked.url, data={"code": code[0], "csrfmiddlewaretoken": token(asked, browser)})
        assert signed.status_code == 200
        assert browser.get("/operator/").status_code == 200
        assert browser.get("/basemaps/our-town.pmtiles", headers={"Range": "bytes=0-6"}).content == b"PMTiles"


def token(page: httpx.Response, browser: httpx.Client) -> str:
    """The page's token against forged forms."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get("/sign-in/").text)
    assert found, page.text
    return found[1]
