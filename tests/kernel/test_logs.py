"""Log lines say what happened and keep secrets to themselves."""

from __future__ import annotations

import io
import json
import logging

import pytest

from hutong.kernel.logs import JsonFormatter, RequestIdFilter, TextFormatter, without_secrets
from tests.web.visitors import shop, visitor

SECRETS = [
    ("call +358401234567 now", "1234567"),
    ("mail to olga.owner@example.org", "olga"),
    ("token per_" + "aB3-_" * 8 + "xyz was used", "aB3-_aB3"),
    ("Authorization: Bearer abcdef123456", "abcdef123456"),
    ("voucher 8F3K-22QX-7MAB-TT4W", "7MAB"),
    ("voucher 8F3K22QX7MABTT4W", "7MAB"),
    ("postgresql://hutong:hunter2secret@db/hutong", "hunter2secret"),
    ("{'password': 'correcthorse', 'sessionid': 'q1w2e3r4t5'}", "correcthorse"),
    ("{'password': 'correcthorse', 'sessionid': 'q1w2e3r4t5'}", "q1w2e3r4t5"),
    ("code=482913&next=/", "482913"),
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_secrets_are_masked(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in without_secrets(text)


@pytest.mark.parametrize(
    "text",
    [
        "GET store 200",
        "order ord_01m80avyche8g8caacqna0dd6n is paid",
        "1,234 stores in 2.5 s at 2026-06-01T09:00:00+00:00",
        "sto_01m80absx2fymagpjsrcsgg3zz Aleksanterinkatu 15",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert without_secrets(text) == text


def line_of(formatter: logging.Formatter, **extra: object) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    handler.addFilter(RequestIdFilter())
    logger = logging.Logger("hutong.test")
    logger.addHandler(handler)
    try:
        raise ValueError("bad phone +358401234567")
    except ValueError:
        logger.exception("it broke for %s", "+358401234567", extra=extra)
    return stream.getvalue()


def test_a_json_line_is_one_object_with_what_was_told() -> None:
    line = line_of(JsonFormatter(), route="home", ms=1.5, note="mail a@b.fi")
    told = json.loads(line)
    assert line.count("\n") == 1
    assert (told["level"], told["logger"], told["route"], told["ms"]) == ("ERROR", "hutong.test", "home", 1.5)
    assert "ValueError" in told["error"]
    assert "1234567" not in line
    assert "a@b.fi" not in line


def test_a_line_of_text_masks_its_traceback_too() -> None:
    line = line_of(TextFormatter("%(message)s"))
    assert "ValueError" in line
    assert "1234567" not in line


@pytest.mark.django_db
def test_a_day_in_the_shop_leaves_no_secret_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever logs, at every level, while somebody signs in, buys, fails and redeems."""
    caplog.set_level(logging.DEBUG)
    made = shop()
    (voucher,) = made.scene.bought()
    nobody, owner = visitor(), visitor(made.owner)
    nobody.post("/sign-in/", {"phone": made.scene.shopper.phone})
    nobody.post("/sign-in/code/", {"code": "123456"})
    nobody.get(f"/voucher/{voucher.ref}/?code={voucher.code}")
    owner.get("/no-such-page/")
    owner.post("/merchant/scan/", {"code": voucher.code, "nonce": "n-1"})
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    for record in caplog.records:
        handler.emit(record)
    written = stream.getvalue()
    session_key = owner.session.session_key
    assert session_key
    assert len(caplog.records) > 5
    for secret in (made.scene.shopper.phone, made.owner.phone, voucher.code, session_key):
        assert secret
        assert secret not in written, [line for line in written.splitlines() if secret in line][:3]
