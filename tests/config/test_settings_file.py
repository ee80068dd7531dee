"""The settings file: written whole, read by every process, and the environment goes before it."""

import json
import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.config import settings_file

VALUES = {
    "HUTONG_SITE_NAME": 'Joe\'s "Good" town $5 `x` \\ 胡同',
    "HUTONG_SMS_FROM": "two words # no comment",
    "HUTONG_SITE_URL": "https://example.org",
    "HUTONG_SMS_TOKEN": "",
}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / settings_file.NAME
    assert settings_file.write(path, VALUES, replace=False)
    assert settings_file.read(path) == VALUES
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == [settings_file.NAME]


_ONE_LINE = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=40)


@given(value=_ONE_LINE)
def test_every_line_of_text_comes_back(value: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("file") / settings_file.NAME
    settings_file.write(path, {"HUTONG_SITE_NAME": value}, replace=False)
    assert settings_file.read(path) == {"HUTONG_SITE_NAME": value}


def test_a_shell_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / settings_file.NAME
    settings_file.write(path, VALUES, replace=False)
    script = f"set -a; . {shlex.quote(str(path))}; env -0"
    done = subprocess.run(["sh", "-c", script], env={}, capture_output=True, check=True)
    lines = dict(line.split("=", 1) for line in done.stdout.decode().split("\0") if "=" in line)
    assert {name: lines[name] for name in VALUES} == VALUES


def test_a_file_that_exists_stays_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / settings_file.NAME
    assert settings_file.write(path, {"A": "first"}, replace=False)
    assert not settings_file.write(path, {"A": "second"}, replace=False)
    assert settings_file.read(path) == {"A": "first"}
    assert settings_file.write(path, {"A": "third"}, replace=True)
    assert settings_file.read(path) == {"A": "third"}
    assert list(tmp_path.iterdir()) == [path]


def test_a_value_of_several_lines_is_refused(tmp_path: Path) -> None:
    path = tmp_path / settings_file.NAME
    with pytest.raises(ValueError, match="HUTONG_SITE_NAME"):
        settings_file.write(path, {"HUTONG_SITE_NAME": "a\nHUTONG_DEBUG=1"}, replace=False)
    assert not path.exists()


@pytest.mark.parametrize("line", ["no equals sign", "NAME='half", 'NAME="a"b"', "lower=1", "NAME 1=2"])
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / settings_file.NAME
    path.write_text(f"# words\n\nHUTONG_MODE=demo\n{line}\n")
    with pytest.raises(settings_file.SettingsFileBroken, match=r"hutong\.env, line 4"):
        settings_file.read(path)


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / settings_file.NAME
    content = {"HUTONG_SITE_NAME": "From the file", "HUTONG_PHONE_COUNTRY": "MC", "HUTONG_HOME": "/elsewhere"}
    settings_file.write(path, content, replace=False)
    environ = {"HUTONG_HOME": str(tmp_path), "HUTONG_SITE_NAME": "Said"}
    settings_file.adopt(environ)
    assert environ == {
        "HUTONG_HOME": str(tmp_path),
        "HUTONG_SITE_NAME": "Said",
        "HUTONG_PHONE_COUNTRY": "MC",
    }
    quiet = {"HUTONG_HOME": str(tmp_path), "HUTONG_MODE": "test"}
    settings_file.adopt(quiet)
    assert "HUTONG_PHONE_COUNTRY" not in quiet


def test_every_process_reads_the_file(tmp_path: Path) -> None:
    settings_file.write(
        tmp_path / settings_file.NAME,
        {
            "HUTONG_MODE": "trial",
            "DATABASE_URL": "embedded",
            "HUTONG_SECRET_KEY": "k" * 48,
            "HUTONG_SITE_URL": "https://town.example.org",
            "HUTONG_LANGUAGES": "zh-hans,en",
            "HUTONG_TRUSTED_PROXIES": "1",
        },
        replace=False,
    )
    program = """
import json, os
os.environ["DJANGO_SETTINGS_MODULE"] = "hutong.config.settings"
from django.conf import settings
names = ["SECRET_KEY", "ALLOWED_HOSTS", "LANGUAGE_CODE", "SESSION_COOKIE_SECURE", "DEBUG", "HUTONG_EMBEDDED",
         "SECURE_PROXY_SSL_HEADER", "DEFAULT_FROM_EMAIL", "SECURE_HSTS_SECONDS"]
print(json.dumps({name: getattr(settings, name) for name in names}))
"""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("HUTONG_", "DATABASE_"))
    }
    environ = {**kept, "HUTONG_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == {
        "SECRET_KEY": "k" * 48,
        "ALLOWED_HOSTS": ["town.example.org", "127.0.0.1"],
        "LANGUAGE_CODE": "zh-hans",
        "SESSION_COOKIE_SECURE": True,
        "DEBUG": False,
        "HUTONG_EMBEDDED": True,
        "SECURE_PROXY_SSL_HEADER": ["HTTP_X_FORWARDED_PROTO", "https"],
        "DEFAULT_FROM_EMAIL": "Hutong <no-reply@town.example.org>",
        "SECURE_HSTS_SECONDS": 31536000,
    }
