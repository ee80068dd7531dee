"""The doctor: every check says what it looked at and how to mend it, against the real thing."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site_settings

from hutong.cli import doctor
from hutong.cli.checks import Finding, Mark, data, machine, network, providers
from hutong.config import mail, settings_file
from hutong.kernel import clock, outbox
from tests.factories.people import operator
from tests.fakes.gateway import Gateway, MailServer
from tests.fakes.sandbox import Sandbox, free_port
from tests.fakes.site import Site
from tests.fakes.tls import run_tls

SAFE = {
    "HUTONG_MODE": "production",
    "DATABASE_URL": "postgresql://hutong@db/hutong",
    "HUTONG_SECRET_KEY": "k" * 48,
    "HUTONG_SITE_URL": "https://example.org",
    "HUTONG_LIVE_URL": "/live",
    "HUTONG_SMS": "console",
    "HUTONG_EMAIL_URL": "console:",
    "HUTONG_PROVIDERS": "stripe",
    "HUTONG_STRIPE_SECRET_KEY": "sk_live_of_nobody",
    "HUTONG_STRIPE_WEBHOOK_SECRETS": "whsec_of_nobody",
    "HUTONG_OPERATOR_NAME": "A",
    "HUTONG_OPERATOR_EMAIL": "a@example.org",
}


def marks(found: Any) -> dict[Mark, list[str]]:
    listed: list[Finding] = list(found)
    assert all(one.mend for one in listed if one.mark is not Mark.WELL), "each says how to mend it"
    return {mark: [one.what for one in listed if one.mark is mark] for mark in Mark}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A HUTONG_HOME of its own, with nothing of a site in the environment."""
    for name in list(os.environ):
        if name.startswith("HUTONG_") or name == "DATABASE_URL":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HUTONG_HOME", str(tmp_path))
    # what a check reads into the environment is gone after the test
    monkeypatch.setattr(os, "environ", os.environ.copy())
    return tmp_path


def test_settings_that_are_well(folder: Path) -> None:
    settings_file.write(folder / "hutong.env", SAFE, replace=False)
    found = marks(machine.settings(True))
    assert found[Mark.BROKEN] == found[Mark.LOOK] == []
    assert "settings for mode production" in found[Mark.WELL]


def test_settings_that_are_not(folder: Path) -> None:
    values = {**SAFE, "HUTONG_SITE_URL": "http://example.org", "HUTONG_WORKERS": "two", "HUTONG_SMSS": "http"}
    settings_file.write(folder / "hutong.env", {**values, "HUTONG_OPERATOR_NAME": ""}, replace=False)
    (folder / "hutong.env").chmod(0o640)
    found = marks(machine.settings(True))
    assert [line.split(":")[0] for line in found[Mark.BROKEN][:2]] == ["HUTONG_WORKERS", "HUTONG_SITE_URL"]
    assert "hutong.env is readable by its owner alone (640)" in found[Mark.BROKEN]
    assert any("HUTONG_SMSS, which is no setting" in line for line in found[Mark.LOOK])
    assert "HUTONG_OPERATOR_NAME is empty" in found[Mark.LOOK]


def test_a_settings_file_that_cannot_be_read(folder: Path) -> None:
    (folder / "hutong.env").write_text("half a line\n")
    assert "line 1" in marks(machine.settings(False))[Mark.BROKEN][0]


def test_keys(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "secret-key").write_text("x" * 40)
    (folder / "secret-key").chmod(0o644)
    assert marks(machine.keys(True))[Mark.BROKEN] == ["secret-key is readable by its owner alone (644)"]
    monkeypatch.setenv("HUTONG_SECRET_KEY", "short")
    assert len(marks(machine.keys(True))[Mark.BROKEN]) == 1


def test_the_folder_can_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert f"{folder} can be written" in marks(machine.home(True))[Mark.WELL]
    assert list(folder.iterdir()) == []
    (folder / "file").write_text("")
    monkeypatch.setenv("HUTONG_HOME", str(folder / "file" / "below"))
    assert "cannot be written" in marks(machine.home(True))[Mark.BROKEN][0]


def test_backups_are_of_today(folder: Path) -> None:
    assert "no backup" in marks(machine.backups(True))[Mark.BROKEN][0]
    (folder / "backups").mkdir()
    old, new = folder / "backups" / "a.tar", folder / "backups" / "b.tar"
    for path, age_h in ((old, 50), (new, 27)):
        path.write_text("")
        os.utime(path, (time.time() - age_h * 3600,) * 2)
    assert marks(machine.backups(True))[Mark.BROKEN] == ["the newest backup is 27 h old"]
    os.utime(new)
    assert marks(machine.backups(True))[Mark.WELL] == ["the newest backup is 0 h old"]
    assert list(machine.backups(False)) == []


@pytest.mark.django_db
def test_the_database_is_looked_at(settings: Any) -> None:
    wells = " | ".join(marks([*data.server(True), *data.clock(True), *data.tables(True)])[Mark.WELL])
    for said in ("PostgreSQL 1", "capitals of all scripts", "search knows Chinese", "0 migrations wait"):
        assert said in wells
    settings.HUTONG_POOL = 500
    assert "the server allows" in marks(data.server(True))[Mark.BROKEN][0]


@pytest.mark.django_db
def test_clocks_that_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    for minutes, mark in ((0, Mark.WELL), (0.2, Mark.LOOK), (5, Mark.BROKEN)):
        off = timedelta(minutes=minutes)
        monkeypatch.setattr(clock, "now", lambda off=off: datetime.now(UTC) + off)
        assert [one.mark for one in data.clock(True)] == [mark]


@pytest.mark.django_db
def test_a_site_without_a_region_or_operator(settings: Any) -> None:
    settings.HUTONG_DEFAULT_REGION = "atlantis"
    found = marks(data.contents(True))
    assert "the region shown first is atlantis" in found[Mark.BROKEN]
    assert "operators: 0" in found[Mark.BROKEN]
    operator()
    assert "operators: 1" in marks(data.contents(True))[Mark.WELL]


@pytest.mark.django_db
def test_a_worker_that_does_not_live() -> None:
    outbox.send("index_region", at=clock.now() - timedelta(minutes=10), region_ref="reg_none")
    found = marks(data.worker(True))
    assert found[Mark.BROKEN] == ["the worker lives", "the oldest thing to do waits 600 s"]


def test_gateways_are_connected_to_and_nothing_is_sent(settings: Any, gateway: Gateway) -> None:
    settings.HUTONG_SMS, settings.HUTONG_VOICE = "http", "tray"
    found = marks(network.senders(True))
    assert found[Mark.WELL] == ["the gateway of text messages takes connections"]
    assert found[Mark.LOOK] == ["calls go to the tray"]
    settings.HUTONG_SMS_URL = f"http://127.0.0.1:{free_port()}/"
    assert "ConnectionRefusedError" in marks(network.senders(True))[Mark.BROKEN][0]
    assert gateway.asked == []


def test_the_mail_server_lets_us_in(settings: Any, mail_server: MailServer) -> None:
    for name, value in mail.django_settings(mail_server.url).items():
        setattr(settings, name, value)
    assert "lets us in" in marks(network.mail(True))[Mark.WELL][0]
    assert mail_server.signed_in == ["post@example.org"]
    assert mail_server.mails == []
    settings.EMAIL_HOST_PASSWORD = "wrong"
    [said] = marks(network.mail(True))[Mark.BROKEN]
    assert "SMTPAuthenticationError" in said
    assert "wrong" not in said


def test_the_provider_answers(settings: Any, sandbox: Sandbox) -> None:
    found = marks(providers.providers(True))
    assert found[Mark.WELL] == ["sandbox answers and takes our keys"]
    assert found[Mark.LOOK] == ["payments may go to the sandbox, which moves no money"]
    settings.HUTONG_SANDBOX_URL = f"http://127.0.0.1:{free_port()}"
    assert marks(providers.providers(True))[Mark.BROKEN] == ["sandbox does not answer: ConnectError"]


def test_a_running_site_is_reached(site: Site, settings: Any) -> None:
    settings.HUTONG_LIVE_URL = site.live_url
    found = marks([*network.front(True), *network.live(True)])
    assert found[Mark.BROKEN] == []
    assert found[Mark.WELL] == [
        f"{site.url} answers",
        "the address of sandbox's webhooks is reached (401)",
        "live streams arrive at once",
    ]


def test_a_site_that_is_down_or_hides_its_live_process(site: Site, settings: Any) -> None:
    settings.HUTONG_LIVE_URL = f"{site.url}/live"  # the web process knows no streams
    assert marks(network.live(True))[Mark.BROKEN] == ["live streams arrive at once (404)"]
    settings.HUTONG_SITE_URL = f"http://127.0.0.1:{free_port()}"
    assert "ConnectError" in marks(network.front(True))[Mark.BROKEN][0]


def test_the_certificate(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with run_tls(tmp_path, days=5) as port:
        settings.HUTONG_SITE_URL = f"https://localhost:{port}"
        assert "not trusted" in marks(network.certificate(True))[Mark.BROKEN][0]
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        assert "good for 4 days" in marks(network.certificate(True))[Mark.BROKEN][0]
    with run_tls(tmp_path, days=15) as port:
        settings.HUTONG_SITE_URL = f"https://localhost:{port}"
        assert "good for 14 days" in marks(network.certificate(True))[Mark.LOOK][0]
    with run_tls(tmp_path, days=0.4, since_days=0.1) as port:  # one that lives for twelve hours
        settings.HUTONG_SITE_URL = f"https://localhost:{port}"
        assert "good for 0 days" in marks(network.certificate(True))[Mark.WELL][0]
    assert "takes no connection" in marks(network.certificate(True))[Mark.BROKEN][0]


@pytest.mark.django_db
def test_the_doctor_says_it_all_and_whether_it_is_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUTONG_HOME", str(site_settings.HUTONG_HOME))
    assert not doctor.run(production=True)
    said = capsys.readouterr().out
    for part in ("PostgreSQL 1", "✗ HUTONG_SITE_URL: must be an https:// address", "  → ", "broken"):
        assert part in said
