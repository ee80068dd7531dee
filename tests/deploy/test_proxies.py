"""The site behind Caddy and behind nginx, with the files of deploy/: people sign in over TLS, streams arrive at once.

Each proxy runs with its file as it is, but for names and ports. Where a proxy is not installed its tests skip.
"""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import httpx
import pytest

from hutong.cli.checks import Mark, network, providers
from hutong.kernel import clock
from hutong.kernel.live import hint, sign_topic
from hutong.kernel.rows import scalar
from hutong.kernel.secret import keyed_hex
from hutong.town.people import queries
from hutong.town.people.services import codes
from hutong.web.shell import tray
from tests.fakes.sandbox import free_port, wait_until
from tests.fakes.site import Site, run_site
from tests.fakes.tls import write_certificate

DEPLOY = Path(__file__).parents[2] / "deploy"
PHONE = "+358401234567"


@dataclass
class Front:
    """A site and the proxy before it: `url` is what people open, `trust` the authority of its certificate."""

    url: str
    site: Site
    trust: Path

    def client(self) -> httpx.Client:
        """Somebody's browser."""
        context = ssl.create_default_context(cafile=str(self.trust))
        return httpx.Client(base_url=self.url, verify=context, trust_env=False, timeout=10)


def ports_of(site: Site) -> dict[str, str]:
    """What stands in the files, and what it is here."""
    found = {"8000": site.url, "8001": site.live_url, "8002": site.sandbox.url}
    return {f"127.0.0.1:{port}": f"127.0.0.1:{urlparse(url).port}" for port, url in found.items()}


def replaced(text: str, changes: dict[str, str]) -> str:
    """`text` with each of the changes; every one of them must be there."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@contextmanager
def running(command: list[str], folder: Path, **environment: str) -> Iterator[None]:
    """A proxy for as long as the context lasts."""
    with (folder / "proxy.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, **environment}, cwd=folder
        )
    try:
        yield
        assert process.poll() is None, (folder / "proxy.log").read_text()[-2000:]
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def behind_caddy(site: Site, port: int, folder: Path) -> Iterator[Path]:
    """deploy/Caddyfile, with an authority of its own in place of one that the world knows."""
    grace = "\tgrace_period 10s\n"
    ours = f"\tgrace_period 1s\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n\thttps_port {port}\n"
    site_block = "{$HUTONG_DOMAIN:localhost} {"
    changes = {**ports_of(site), grace: ours, site_block: f"{site_block}\n\ttls internal"}
    (folder / "Caddyfile").write_text(replaced((DEPLOY / "Caddyfile").read_text(), changes))
    command = ["caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile"]
    home = str(folder / "caddy")
    with running(command, folder, XDG_DATA_HOME=home, XDG_CONFIG_HOME=home, HUTONG_DOMAIN="localhost"):
        trust = folder / "caddy" / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        wait_until(trust.exists, timeout_s=20)
        yield trust


@contextmanager
def behind_nginx(site: Site, port: int, folder: Path) -> Iterator[Path]:
    """deploy/nginx.conf inside the least of a whole configuration, with a certificate of our own."""
    trust = write_certificate(folder, days=3)
    changes = {
        **ports_of(site),
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        "    listen [::]:80;\n": "",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{port} ssl http2;",
        "    listen [::]:443 ssl http2;\n": "",
        "town.example.org;": "localhost;",
        "/etc/letsencrypt/live/town.example.org/fullchain.pem": str(trust),
        "/etc/letsencrypt/live/town.example.org/privkey.pem": str(folder / "key.pem"),
        # Browsers name the port where it is not the usual one.
        "proxy_set_header Host $host;": "proxy_set_header Host $http_host;",
    }
    text = replaced((DEPLOY / "nginx.conf").read_text(), changes)
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off;\n{temporary}{text}\n}}\n"
    )
    command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    with running(command, folder):
        yield trust


PROXIES = {"caddy": behind_caddy, "nginx": behind_nginx}


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in PROXIES]
)
def front_of_module(
    request: pytest.FixtureRequest, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    """A trial behind a proxy, one for the tests of each."""
    name: str = request.param
    if not shutil.which(name):
        pytest.skip(f"no {name} here (Debian: apt-get install {name})")
    folder = tmp_path_factory.mktemp(name)
    port = free_port()
    url = f"https://localhost:{port}"
    values = {
        "HUTONG_MODE": "trial",
        "HUTONG_SITE_URL": url,
        "HUTONG_LIVE_URL": "/live",
        "HUTONG_SANDBOX_PAGES_URL": f"{url}/sandbox",
        "HUTONG_TRUSTED_PROXIES": "1",
    }
    with run_site(folder, workers=1, **values) as site, PROXIES[name](site, port, folder) as trust:
        found = Front(url, site, trust)
        with found.client() as client:
            wait_until(lambda: answers(client), timeout_s=20)
        yield found


@pytest.fixture
def front(front_of_module: Front, transactional_db: None, settings: Any) -> Front:
    """The site on an empty database; the settings here are those of the site."""
    settings.HUTONG_MODE = "trial"
    settings.HUTONG_SITE_URL = front_of_module.url
    settings.HUTONG_LIVE_URL = "/live"
    settings.HUTONG_SANDBOX_URL = front_of_module.site.sandbox.url
    settings.HUTONG_SANDBOX_SECRET = front_of_module.site.sandbox.secret
    settings.HUTONG_TRUSTED_PROXIES = 1
    return front_of_module


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def token_in(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found, page
    return found[1]


def test_people_sign_in_and_their_cookies_are_for_tls_alone(front: Front) -> None:
    with front.client() as client:
        page = client.get("/sign-in/")
        assert "Trial: payments move no real money." in page.text
        assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
        headers = {"Referer": f"{front.url}/sign-in/", "X-Forwarded-For": "203.0.113.9"}
        asked = {"phone": PHONE, "csrfmiddlewaretoken": token_in(page.text)}
        page = client.post("/sign-in/", data=asked, headers=headers, follow_redirects=True)
        assert page.status_code == 200, page.text
        code = re.search(r"\b\d{6}\b", queries.messages(1, to=PHONE)[0].body)
        assert code
        form = {"code": code[0], "csrfmiddlewaretoken": token_in(page.text)}
        done = client.post(page.url, data=form, headers={"Referer": str(page.url)})
        assert done.status_code == 302, done.text
        assert "Secure" in done.headers["Set-Cookie"]
        assert client.get("/me/").status_code == 200
        assert {
            cookie.name: cookie.secure for cookie in client.cookies.jar if cookie.name == "sessionid"
        } == {"sessionid": True}
    # The site knows who asked by what the proxy saw, whatever the client said of itself.
    assert spent_by("127.0.0.1")
    assert not spent_by("203.0.113.9")


def spent_by(address: str) -> bool:
    """Whether somebody at this address has asked for a code, as the budgets of the site remember it."""
    key = f"people.code.address:{keyed_hex(codes.BUDGET_PURPOSE, f'code.address {address}')}"
    return bool(scalar("SELECT EXISTS (SELECT 1 FROM kernel_budget WHERE key = %s)", [key]))


def test_a_stream_arrives_as_it_is_written(front: Front) -> None:
    token = sign_topic("vch_test", at=clock.now())
    with front.client() as client, client.stream("GET", f"/live/{token}") as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        lines = answer.iter_lines()
        # Read before anything else is written: a proxy that holds back would keep us waiting here for ever.
        assert any(line == "event: open" for line in lines)
        hint("vch_test")
        assert any(line == "event: changed" for line in lines)


def test_the_sandbox_shows_its_pages_and_nothing_else(front: Front) -> None:
    with front.client() as client:
        assert client.get("/sandbox/pay/abcdefghijklmnopqrst").status_code == 404
        assert "sandbox.css" in client.get("/sandbox/pay/abcdefghijklmnopqrst").text
        assert client.get("/sandbox/static/sandbox.css").headers["content-type"].startswith("text/css")
        inside = client.get(
            "/sandbox/v1/books", headers={"authorization": f"Bearer {front.site.sandbox.secret}"}
        )
        assert inside.status_code == 404
        assert "rows" not in inside.text


def test_the_doctor_finds_it_well(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(front.trust))
    found = [
        *network.front(True),
        *network.live(True),
        *providers.providers(True),
        *network.certificate(True),
    ]
    broken = [one.what for one in found if one.mark is Mark.BROKEN]
    assert broken == []
    with front.client() as client:
        assert client.get(tray.link()).status_code == 302


def test_what_is_too_large_is_turned_away(front: Front) -> None:
    with front.client() as client:
        answer = client.post("/sign-in/", content=b"x" * (63 << 20))
        assert answer.status_code == 413
