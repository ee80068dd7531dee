"""What a site on the open web says to browsers: read from a process of its own, started as production is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.fakes.site import database_url

PROBE = """
import json, django
django.setup()
from django.test import Client
page = Client(SERVER_NAME="hutong.example").get("/healthz", secure=True)
other = Client(SERVER_NAME="evil.example").get("/healthz", secure=True)
from django.conf import settings
print(json.dumps({
    "headers": dict(page.headers),
    "status": page.status_code,
    "other_host": other.status_code,
    "session": [settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY, settings.SESSION_COOKIE_SAMESITE],
    "csrf": [settings.CSRF_COOKIE_SECURE, settings.CSRF_TRUSTED_ORIGINS],
    "hosts": settings.ALLOWED_HOSTS,
    "debug": settings.DEBUG,
    "log": settings.LOGGING["handlers"]["console"]["formatter"],
}))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> dict[str, Any]:
    """What the process printed; it reads the database of the tests."""
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "hutong.config.settings",
        "HUTONG_MODE": "production",
        "HUTONG_HOME": str(tmp_path_factory.mktemp("home")),
        "DATABASE_URL": database_url(),
        "HUTONG_SECRET_KEY": "k" * 48,
        "HUTONG_SITE_URL": "https://hutong.example",
        "HUTONG_LIVE_URL": "/live",
        "HUTONG_SMS": "console",
        "HUTONG_EMAIL_URL": "console:",
        "HUTONG_PROVIDERS": "stripe",
        "HUTONG_STRIPE_SECRET_KEY": "sk_live_of_nobody",
        "HUTONG_STRIPE_WEBHOOK_SECRETS": "whsec_of_nobody",
        "HUTONG_TRUSTED_PROXIES": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_browsers_are_told_to_stay_on_https(told: dict[str, Any]) -> None:
    assert "max-age=31536000" in told["headers"]["Strict-Transport-Security"]
    assert told["headers"]["X-Content-Type-Options"] == "nosniff"
    assert told["headers"]["X-Frame-Options"] == "DENY"
    assert told["headers"]["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "unsafe" not in told["headers"]["Content-Security-Policy"].split("script-src")[1].split(";")[
        0
    ].replace("wasm-unsafe-eval", "")


def test_cookies_travel_by_https_alone_and_scripts_do_not_read_the_session(told: dict[str, Any]) -> None:
    assert told["session"] == [True, True, "Lax"]
    assert told["csrf"] == [True, ["https://hutong.example"]]


def test_only_the_sites_own_host_is_answered(told: dict[str, Any]) -> None:
    assert "hutong.example" in told["hosts"]
    assert (told["status"], told["other_host"]) == (200, 400)


def test_nothing_is_shown_that_helps_an_attacker(told: dict[str, Any]) -> None:
    assert told["debug"] is False
    assert told["log"] == "json"
    assert "Server" not in told["headers"]
