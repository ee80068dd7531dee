"""Every setting a site reads from its environment, in one table: name, default, meaning, and what is unsafe."""

import base64
import contextlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse


class SettingsUnsafe(RuntimeError):
    """Production was asked for with settings that must not meet the open web."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable. `unsafe` says what is wrong with a value in production, or nothing."""

    name: str
    default: str
    meaning: str
    unsafe: Callable[[str], str] = lambda _value: ""


def _no_default_secret(value: str) -> str:
    return "" if len(value) >= 32 else "set at least 32 random characters"


def _https(value: str) -> str:
    return "" if urlparse(value).scheme == "https" else "must be an https:// address"


def _no_tray(value: str) -> str:
    return "shows everybody's sign-in codes on a page" if value == "tray" else ""


def _no_sandbox(value: str) -> str:
    return "accepts payments that move no money; name a real provider" if value == "sandbox" else ""


def _required(value: str) -> str:
    return "" if value else "must be set"


SETTINGS = (
    Setting("HUTONG_MODE", "demo", "`demo`, `test` or `production`, which refuses to start with an unsafe setting."),
    Setting("HUTONG_HOME", "var", "Folder of everything a site keeps: embedded database, basemaps, media, secret key."),
    Setting("DATABASE_URL", "", "`postgresql://user:password@host/name`. Empty: the embedded server in HUTONG_HOME.", _required),
    Setting("HUTONG_SECRET_KEY", "", "Root of all signatures and keyed hashes. Empty: made once in HUTONG_HOME.", _no_default_secret),
    Setting("HUTONG_SITE_URL", "http://127.0.0.1:8000", "Where people reach the site; also its only allowed host.", _https),
    Setting("HUTONG_LIVE_URL", "http://127.0.0.1:8001/live", "Where browsers reach the live process; `/live` behind a proxy."),
    Setting("HUTONG_SITE_NAME", "Hutong", "The name in titles and headers."),
    Setting("HUTONG_SMS", "tray", "Who sends text messages: `tray` (a page of the demo) or `console` (the log).", _no_tray),
    Setting("HUTONG_PHONE_COUNTRY", "FI", "Country assumed for phone numbers typed without one (ISO 3166)."),
    Setting("HUTONG_PROVIDER", "sandbox", "The payment provider of new payments.", _no_sandbox),
    Setting("HUTONG_SANDBOX_URL", "http://127.0.0.1:8002", "Where the sandbox payment provider listens."),
    Setting("HUTONG_SANDBOX_SECRET", "", "Secret shared with the sandbox. Empty: derived from the secret key."),
    Setting("HUTONG_COMMISSION_PPM", "100000", "Default commission in millionths of what was paid; 100000 is 10 %."),
    Setting("HUTONG_DEFAULT_REGION", "helsinki", "The region shown before somebody chose one."),
    Setting("HUTONG_TRUSTED_PROXIES", "0", "How many proxies in front may be believed about the client's address."),
    Setting("HUTONG_WORKERS", "2", "Web processes."),
    Setting("HUTONG_DEBUG", "0", "`1` shows tracebacks in the browser.", lambda v: "shows tracebacks" if v == "1" else ""),
)  # fmt: skip


def read(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The value of every setting by name. Raises `SettingsUnsafe` naming each unsafe one in production."""
    values = {setting.name: environ.get(setting.name, setting.default).strip() for setting in SETTINGS}
    if values["HUTONG_MODE"] not in ("demo", "test", "production"):
        raise SettingsUnsafe(f"HUTONG_MODE is demo, test or production, not {values['HUTONG_MODE']!r}")
    if values["HUTONG_MODE"] == "production":
        problems = unsafe(values)
        if problems:
            raise SettingsUnsafe("production refuses to start:\n- " + "\n- ".join(problems))
    return values


def unsafe(values: Mapping[str, str]) -> list[str]:
    """What production would refuse: one line a setting, naming it and saying what to do."""
    return [
        f"{setting.name}: {said}" for setting in SETTINGS if (said := setting.unsafe(values[setting.name]))
    ]


def secret_key(values: Mapping[str, str]) -> str:
    """The root secret: as set, or made once and kept in HUTONG_HOME for this machine alone."""
    if values["HUTONG_SECRET_KEY"]:
        return values["HUTONG_SECRET_KEY"]
    if values["HUTONG_MODE"] == "test":
        return "a fixed key, so that parallel test processes agree"
    path = Path(values["HUTONG_HOME"]) / "secret-key"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as draft:  # made with mode 0600
            draft.write(secrets.token_urlsafe(48))
            draft.flush()
            # A hard link fails where the name is taken: of two processes, both end with the same whole key.
            with contextlib.suppress(FileExistsError):
                os.link(draft.name, path)
    return path.read_text().strip()


def as_table() -> str:
    """The settings as a Markdown table: what docs/reference/settings.md holds."""
    lines = ["| variable | default | meaning |", "| --- | --- | --- |"]
    lines += [
        f"| `{s.name}` | {f'`{s.default}`' if s.default else '(empty)'} | {s.meaning} |" for s in SETTINGS
    ]
    return "\n".join(lines) + "\n"


def derived_secret(root: str, purpose: str) -> str:
    """A secret of its own for `purpose`, from the root secret; base64, as standardwebhooks expects."""
    return base64.b64encode(hmac.digest(root.encode(), purpose.encode(), "sha256")).decode()
