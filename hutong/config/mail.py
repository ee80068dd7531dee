"""HUTONG_EMAIL_URL as Django's e-mail settings."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

TIMEOUT_S = 10
_OURS = {
    "tray": "hutong.town.people.senders.mail.TrayEmailBackend",
    "console": "hutong.town.people.senders.mail.ConsoleEmailBackend",
}


def wrong(url: str) -> str:
    """What is wrong with the address of an e-mail server; nothing where it is well."""
    parts = urlparse(url)
    if parts.scheme in _OURS and not parts.netloc and not parts.path:
        return ""
    try:
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        port_fits = False
    if parts.scheme in ("smtp", "smtps") and parts.hostname and port_fits and not parts.path.strip("/"):
        return ""
    # The address is not repeated: it holds a password.
    return "write smtp://user:password@host:587, smtps://..., console: or tray: (special signs as %40)"


def django_settings(url: str) -> dict[str, Any]:
    """Django's settings of a well-formed `url`. STARTTLS unless `?starttls=0` or the server is this machine."""
    parts = urlparse(url)
    if parts.scheme in _OURS:
        return {"EMAIL_BACKEND": _OURS[parts.scheme]}
    encrypted = parts.scheme == "smtps"
    plain = parse_qs(parts.query).get("starttls") == ["0"] or parts.hostname in (
        "127.0.0.1",
        "::1",
        "localhost",
    )
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if encrypted else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": encrypted,
        "EMAIL_USE_TLS": not encrypted and not plain,
        "EMAIL_TIMEOUT": TIMEOUT_S,
    }
