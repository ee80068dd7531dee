"""The real site for tests: web, live and sandbox, each a process of its own, on the test database.

def test_something(site): httpx.get(site.url + "/")
def test_what_is_remembered(site, worker): ...   # with the worker, which looks at the real clock
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.fakes.sandbox import SECRET, Listener, Sandbox, free_port, run_sandbox, wait_until


@dataclass
class Site:
    """A running site. `url` is what browsers and clients ask; webhooks of `sandbox` arrive there."""

    url: str
    live_url: str
    sandbox: Sandbox
    folder: Path
    environment: dict[str, str]


@contextmanager
def run_site(folder: Path, *, workers: int = 2, **settings_besides: str) -> Iterator[Site]:
    """Start web, live and sandbox on free ports of 127.0.0.1, and end them with the context.

    `settings_besides` stand in the environment of its processes before those that it would have.
    """
    from django.conf import settings

    port, live_port = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    listener = Listener(url=f"{url}/api/v1/webhooks/sandbox")
    with run_sandbox(folder, listener=listener) as sandbox:
        environment = {
            **os.environ,
            "HUTONG_MODE": "demo",
            "DATABASE_URL": database_url(),
            "HUTONG_SECRET_KEY": settings.SECRET_KEY,
            "HUTONG_SITE_URL": url,
            "HUTONG_LIVE_URL": f"http://127.0.0.1:{live_port}/live",
            "HUTONG_SANDBOX_URL": sandbox.url,
            "HUTONG_SANDBOX_SECRET": SECRET,
            **settings_besides,
        }
        granian = [
            sys.executable,
            "-m",
            "granian",
            "--host",
            "127.0.0.1",
            "--no-ws",
            "--log-level",
            "warning",
        ]
        web = [*granian, "--interface", "wsgi", "--port", str(port), "--workers", str(workers)]
        web += ["--blocking-threads", "4", "--backlog", "1024", "hutong.config.wsgi:application"]
        live = [*granian, "--interface", "asgi", "--port", str(live_port), "hutong.config.live:application"]
        running = []
        try:
            for name, command in (("web", web), ("live", live)):
                with (folder / f"{name}.log").open("wb") as log:
                    running.append(
                        subprocess.Popen(
                            command, env=environment, stdout=log, stderr=log, start_new_session=True
                        )
                    )
            for address in (f"{url}/healthz", f"http://127.0.0.1:{live_port}/healthz"):
                wait_until(lambda: _answers(address, running, folder), timeout_s=60)  # noqa: B023
            yield Site(url, f"http://127.0.0.1:{live_port}/live", sandbox, folder, environment)
        finally:
            for process in running:
                process.terminate()
            for process in running:
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()


def database_url() -> str:
    """The database of this test process, for a process that is started beside it."""
    from django.db import connection

    settings = connection.settings_dict
    name, user, password = settings["NAME"], quote(settings["USER"]), quote(settings["PASSWORD"] or "")
    host, port = settings["HOST"], settings["PORT"]
    if host.startswith("/"):
        return f"postgresql://{user}@/{name}?host={quote(host)}"
    return f"postgresql://{user}:{password}@{host}{f':{port}' if port else ''}/{name}"


def _answers(address: str, running: list[subprocess.Popen[bytes]], folder: Path) -> bool:
    ended = [process.args for process in running if process.poll() is not None]
    logs = "".join(path.read_text()[-2000:] for path in folder.glob("*.log"))
    assert not ended, f"ended by itself: {ended}\n{logs}"
    try:
        return httpx.get(address, trust_env=False, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="session")
def site_of_session(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The one site of this session of tests."""
    with run_site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
def site(site_of_session: Site, transactional_db: None, settings: Any) -> Iterator[Site]:
    """The session's site, on an empty database, without faults; settings here point to its sandbox as well."""
    settings.HUTONG_SANDBOX_URL = site_of_session.sandbox.url
    settings.HUTONG_SANDBOX_SECRET = site_of_session.sandbox.secret
    settings.HUTONG_SITE_URL = site_of_session.url
    yield site_of_session
    site_of_session.sandbox.clear_faults()


@pytest.fixture
def worker(site: Site) -> Iterator[None]:
    """The site's worker for one test. It goes by the real clock, so no other test may meet it."""
    with (site.folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hutong.cli.worker"], env=site.environment, stdout=log, stderr=log
        )
    yield
    process.terminate()
    process.wait(90)  # running jobs are finished first, on a machine that may be busy
