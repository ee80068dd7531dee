"""Log lines: one JSON object each where machines read them, one line of text elsewhere; never with a secret in it."""

import json
import logging
import re
from datetime import UTC, datetime

from hutong.kernel import tracing

# What must not stand in a log whatever wrote it: phone numbers, e-mail addresses, our tokens, typed voucher
# codes, and the values of fields and headers that are secrets by their names.
_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<![\w.])\+\d{5,12}(\d{3})\b"), r"+•••\1"),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "•••@•••"),
    (re.compile(r"\b(\w{2,8}_)[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"), r"\1•••"),
    (re.compile(r"\b[2-9A-HJ-KM-NP-Z]{4}(?:[ -]?[2-9A-HJ-KM-NP-Z]{4}){3}\b"), "••••-••••"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), r"\1 •••"),
    (
        re.compile(
            r"(?i)(['\"]?\b(?:password|passwd|secret|token|sessionid|csrftoken|code|api[_-]?key|authorization)"
            r"['\"]?\s*[=:]\s*['\"]?)[^\s'\",;&}]{4,}"
        ),
        r"\1•••",
    ),
    (re.compile(r"(?i)(\b\w+://[^:/\s@]+:)[^@/\s]+@"), r"\1•••@"),
)
# What logging itself puts into a record; the rest came with the call and is worth a field.
_USUAL = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request_id", "request", "taskName"}


def without_secrets(text: str) -> str:
    """The text with everything masked that looks like a secret or names a person."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


class RequestIdFilter(logging.Filter):
    """Puts the id of the running request into every log line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Never drops a line."""
        record.request_id = tracing.request_id() or "-"
        return True


class TextFormatter(logging.Formatter):
    """A line for people, tracebacks below it; secrets are masked in both."""

    def format(self, record: logging.LogRecord) -> str:
        """As Python's own, masked."""
        return without_secrets(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line: when, how bad, who says it, which request, what, and what else the call told."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without a line break in it, masked."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "request_id": getattr(record, "request_id", "-"),
            "message": without_secrets(record.getMessage()),
        }
        for name, value in vars(record).items():
            if name not in _USUAL:
                line[name] = without_secrets(value) if isinstance(value, str) else value
        if record.exc_info:
            line["error"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)
