"""The files of deploy/ hold together: they parse, name every part of the site, and agree with the command line."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from hutong.cli.app import app
from hutong.cli.processes import parts

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
PARTS = sorted(parts(8000))
PORTS = {
    name: part.ready_url.partition("127.0.0.1:")[2].partition("/")[0] for name, part in parts(8000).items()
}


def unit(name: str) -> configparser.ConfigParser:
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read_string((DEPLOY / "systemd" / name).read_text())
    return read


def test_there_is_something_to_look_at() -> None:
    assert PARTS == ["live", "sandbox", "web", "worker"]
    assert len(UNITS) == 8


@pytest.mark.parametrize("part", PARTS)
def test_every_part_has_a_unit_that_keeps_it_running(part: str) -> None:
    read = unit(f"hutong-{part}.service")
    assert read["Service"]["ExecStart"] == f"/opt/hutong/.venv/bin/hutong up {part} --port 8000"
    assert read["Service"]["Restart"] == "always"
    assert read["Unit"]["StartLimitIntervalSec"] == "0"
    assert read["Unit"]["PartOf"] == read["Install"]["WantedBy"] == "hutong.target"


@pytest.mark.parametrize(
    "path", [path for path in UNITS if path.suffix == ".service"], ids=lambda path: path.name
)
def test_every_unit_is_shut_in_and_reads_the_settings_file(path: Path) -> None:
    service = unit(path.name)["Service"]
    assert service["User"] == "hutong"
    assert service["EnvironmentFile"] == "/var/lib/hutong/hutong.env"
    assert service["Environment"] == "HUTONG_HOME=/var/lib/hutong"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert "/var/lib/hutong" in service["ReadWritePaths"]


@pytest.mark.parametrize(
    "path", [path for path in UNITS if path.suffix == ".service"], ids=lambda path: path.name
)
def test_every_command_of_a_unit_exists(path: Path) -> None:
    service = unit(path.name)["Service"]
    for key in ("ExecStart", "ExecStop"):
        if key in service:
            words = [word for word in service[key].split()[1:] if not word.startswith("--")]
            command = words[:1] if words[0] in ("up", "backup") else words[:2]
            shown = CliRunner().invoke(app, [*command, "--help"])
            assert shown.exit_code == 0, shown.output


def test_the_backup_has_a_clock() -> None:
    assert unit("hutong-backup.timer")["Timer"]["Persistent"] == "yes"
    assert unit("hutong-backup.service")["Service"]["ExecStart"].endswith("hutong backup")


def test_units_are_what_systemd_understands(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze here (Debian: apt-get install systemd)")
    for path in UNITS:
        # The program is installed on the server, not here.
        text = path.read_text().replace("/opt/hutong/.venv/bin/hutong", "/bin/true")
        (tmp_path / path.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / path.name) for path in UNITS)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", ["Caddyfile", "nginx.conf"])
def test_proxies_know_the_parts(name: str) -> None:
    text = (DEPLOY / name).read_text()
    for part in ("web", "live", "sandbox"):
        assert f"127.0.0.1:{PORTS[part]}" in text, part
    assert re.search(r"/live/", text)
    assert "/v1" not in text, "the sandbox's own interface stays inside"
    assert "62m" in text.lower(), "the photos of a review come through"


def test_nginx_passes_on_who_asks_and_does_not_hold_streams_back() -> None:
    text = (DEPLOY / "nginx.conf").read_text()
    stream = text.partition("location /live/ {")[2].partition("}")[0]
    assert "proxy_buffering off;" in stream
    assert "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;" in text
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in text
    assert "proxy_set_header Host $host;" in text


def test_containers_hold_every_part() -> None:
    compose = yaml.safe_load((DEPLOY / "container" / "compose.yaml").read_text())
    services = compose["services"]
    assert {"caddy", "postgres", "tools", *PARTS} == set(services)
    for part in PARTS:
        assert services[part]["command"] == ["up", part]
        assert services[part]["network_mode"] == "service:caddy"
        assert "site:/var/lib/hutong" in services[part]["volumes"]
    for name in ("postgres", *PARTS):
        assert "ports" not in services[name], "nothing but the proxy is reached from outside"
    assert "0.0.0.0" not in (DEPLOY / "container" / "compose.yaml").read_text()
    for name in ("Containerfile", "compose.yaml"):
        assert "not run" in (DEPLOY / "container" / name).read_text(), "it says that nobody has tried it"


def test_the_container_file_copies_what_there_is() -> None:
    text = (DEPLOY / "container" / "Containerfile").read_text()
    assert text.count("FROM ") == 2
    assert re.search(r"^USER hutong$", text, re.MULTILINE)
    assert "HEALTHCHECK" in text
    root = DEPLOY.parent
    for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (root / source).exists(), source
