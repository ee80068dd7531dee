"""The sandbox's pages and API as a stranger meets them: no script, no open redirect, one payment a page."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.sandbox import Sandbox, run_listener, run_sandbox, wait_until

ASKED: dict[str, Any] = {
    "reference": "pay_1",
    "amount": 1990,
    "currency": "EUR",
    "return_url": "http://127.0.0.1:8000/orders/1?back=yes",
    "payee": "Kahvila <Kallio> & Co",
    "description": "2 x coffee",
    "language": "",
}


def page_of(sandbox: Sandbox, **changes: Any) -> str:
    answer = sandbox.call("POST", "/v1/payments", **{**ASKED, **changes})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["page_url"])


def get(url: str, **headers: str) -> httpx.Response:
    return httpx.get(url, headers=headers, trust_env=False)


def tap(url: str, action: str) -> httpx.Response:
    return httpx.post(url, data={"action": action}, trust_env=False)


def test_the_page_shows_who_is_paid_and_how_much(sandbox: Sandbox) -> None:
    page = get(page_of(sandbox))
    assert page.status_code == 200
    for text in ("Kahvila &lt;Kallio&gt; &amp; Co", "€19.90", "2 x coffee", "no real money", "Decline"):
        assert text in page.text
    assert "<script" not in page.text
    assert " style=" not in page.text


@pytest.mark.parametrize(
    ("language", "accept", "switch", "expected"),
    [
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "", "zh-Hans"),
        ("", "fi,en;q=0.8", "", "en"),
        ("", "fi", "", "en"),
        ("zh-Hans", "en", "", "zh-Hans"),
        ("zh-Hans", "zh", "?lang=en", "en"),
        ("", "en", "?lang=zh-Hans", "zh-Hans"),
        ("", "en", "?lang=%3Cscript%3E", "en"),
    ],
)
def test_the_page_speaks_the_shoppers_language(
    sandbox: Sandbox, language: str, accept: str, switch: str, expected: str
) -> None:
    page = get(page_of(sandbox, language=language) + switch, **{"accept-language": accept})
    assert f'<html lang="{expected}">' in page.text
    assert ("沙盒环境" in page.text) is (expected == "zh-Hans")


def test_the_policy_allows_no_script_and_only_this_shop(sandbox: Sandbox) -> None:
    headers = get(page_of(sandbox)).headers
    assert headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' http://127.0.0.1:8000;"
        " base-uri 'none'; frame-ancestors 'none'"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert get(f"{sandbox.url}/static/sandbox.css").headers["content-type"].startswith("text/css")


@pytest.mark.parametrize(("action", "status"), [("pay", "paid"), ("decline", "declined")])
def test_a_tap_goes_back_to_exactly_the_shops_address(sandbox: Sandbox, action: str, status: str) -> None:
    answer = tap(page_of(sandbox) + "?return_url=https://evil.example", action)
    assert (answer.status_code, answer.headers["location"]) == (303, ASKED["return_url"])
    assert sandbox.books()["pay_1"]["status"] == status


def test_a_double_click_pays_once(sandbox: Sandbox) -> None:
    page = page_of(sandbox)
    answers = [tap(page, "pay"), tap(page, "pay"), tap(page, "decline")]
    assert [answer.headers["location"] for answer in answers] == [ASKED["return_url"]] * 3
    row = sandbox.books()["pay_1"]
    assert (row["status"], row["captured"]) == ("paid", 1990)
    assert len({hook.headers["webhook-id"] for hook in sandbox.listener.wait_for("pay_1")}) == 1


def test_something_else_than_a_button_changes_nothing(sandbox: Sandbox) -> None:
    tap(page_of(sandbox), "free-lunch")
    httpx.post(page_of(sandbox), content=b"\xff\x00 not a form", trust_env=False)
    assert sandbox.books()["pay_1"]["status"] == "open"


@pytest.mark.parametrize(("late_s", "status"), [(-1, "expired"), (600, "open")])
def test_a_page_expires(sandbox: Sandbox, late_s: int, status: str) -> None:
    expires_at = (datetime.now(UTC) + timedelta(seconds=late_s)).isoformat()
    page = page_of(sandbox, expires_at=expires_at)
    assert ("Time is up" in get(page).text) is (status == "expired")
    tap(page, "pay")
    assert sandbox.books()["pay_1"]["status"] == ("expired" if status == "expired" else "paid")


def test_the_merchant_is_told_when_a_page_expires(sandbox: Sandbox) -> None:
    page_of(sandbox, expires_at=(datetime.now(UTC) + timedelta(seconds=0.2)).isoformat())
    assert b'"payment.expired"' in sandbox.listener.wait_for("pay_1")[0].body


@pytest.mark.parametrize("action", ["pay", "decline"])
def test_an_ended_payment_says_so_and_leads_back(sandbox: Sandbox, action: str) -> None:
    page = page_of(sandbox)
    tap(page, action)
    text = get(page).text
    assert ("Paid" if action == "pay" else "Declined") in text
    assert f'href="{ASKED["return_url"]}"' in text
    # what was paid can be disputed there, to try it
    assert ("<form" in text) is (action == "pay")
    assert 'value="pay"' not in text


def test_a_dispute_is_tried_on_the_page(sandbox: Sandbox) -> None:
    page = page_of(sandbox)
    tap(page, "dispute")
    assert sandbox.books()["pay_1"]["disputed"] == 0
    tap(page, "pay")
    paid = sandbox.books()["pay_1"]["captured"]
    assert "To try a chargeback" in get(page).text
    tap(page, "dispute")
    tap(page, "dispute")
    assert "waits for the shop" in get(page).text
    assert sandbox.books()["pay_1"]["disputed"] == paid
    tap(page, "lose")
    assert "decided for the cardholder" in get(page).text
    tap(page, "win")
    assert sandbox.books()["pay_1"]["disputed"] == paid
    tap(page, "dispute")
    tap(page, "win")
    assert "decided for the shop" in get(page).text
    assert sandbox.books()["pay_1"]["disputed"] == paid


@pytest.mark.parametrize(
    "path", ["/pay/" + "x" * 32, "/pay/", "/", "/pay/../../etc/passwd", "/static/app.py"]
)
def test_unknown_pages_are_404(sandbox: Sandbox, path: str) -> None:
    answer = get(sandbox.url + path)
    assert answer.status_code == 404
    assert "There is no such payment" in answer.text


WRONG: list[dict[str, Any]] = [
    {"amount": 0},
    {"amount": -1},
    {"amount": 19.9},
    {"amount": "1990"},
    {"amount": True},
    {"amount": 10**12},
    {"currency": "eur"},
    {"currency": None},
    {"reference": ""},
    {"reference": "a b"},
    {"reference": "x" * 65},
    {"payee": ""},
    {"payee": "x" * 101},
    {"return_url": "javascript:alert(1)"},
    {"return_url": "//evil.example"},
    {"return_url": "http://"},
    {"return_url": "http://[::1"},
    {"return_url": "http://a/\r\nset-cookie: x=1"},
    {"return_url": "http://a/" + "x" * 500},
    {"expires_at": "tomorrow"},
    {"expires_at": 5},
    {"expires_at": "2026-06-01T12:00:00"},
]


@pytest.mark.parametrize("change", WRONG)
def test_a_wrong_request_is_refused_and_not_in_the_books(sandbox: Sandbox, change: dict[str, Any]) -> None:
    answer = sandbox.call("POST", "/v1/payments", **{**ASKED, **change})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert sandbox.books() == {}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"x" * 70_000])
def test_a_body_that_is_no_object_is_refused(sandbox: Sandbox, body: bytes) -> None:
    headers = {"authorization": f"Bearer {sandbox.secret}"}
    answer = httpx.post(f"{sandbox.url}/v1/payments", content=body, headers=headers, trust_env=False)
    assert answer.status_code in (400, 413, 422)


@pytest.mark.parametrize("secret", ["", "Bearer", "Bearer wrong", "Basic abc", "Bearer ü"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/payments"), ("GET", "/v1/books"), ("POST", "/test/faults"), ("DELETE", "/test/books")],
)
def test_nobody_without_the_secret(sandbox: Sandbox, secret: str, method: str, path: str) -> None:
    answer = httpx.request(
        method, sandbox.url + path, headers={b"authorization": secret.encode()}, trust_env=False
    )
    assert answer.status_code == 401


def test_the_secret_is_needed_to_start_and_is_never_shown(tmp_path: Path, sandbox: Sandbox) -> None:
    command = [sys.executable, "-m", "hutong.pay.payments.providers.sandbox.server", "--secret", "short"]
    command += ["--books", str(tmp_path / "books")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "at least 16 characters" in ended.stderr
    assert sandbox.secret not in get(page_of(sandbox)).text


def test_its_books_and_unsent_webhooks_outlive_the_process(tmp_path: Path) -> None:
    with run_listener() as listener:
        listener.statuses += [500] * 2
        with run_sandbox(tmp_path, listener=listener, backoff="1,1,1,1") as first:
            page_of(first)
            first.pay("pay_1")
            listener.wait_for("pay_1")
        with run_sandbox(tmp_path, listener=listener) as second:
            assert second.books()["pay_1"]["captured"] == 1990
            wait_until(lambda: listener.statuses == [] and len(listener.about("pay_1")) >= 3)


def test_it_imports_nothing_of_hutong_but_itself() -> None:
    """It is another company: what it knows of us came over HTTP."""
    code = "import sys; import hutong.pay.payments.providers.sandbox.server.app; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    ours = [name for name in loaded.split() if name.startswith("hutong")]
    own = "hutong.pay.payments.providers.sandbox.server"
    assert [name for name in ours if not own.startswith(name) and not name.startswith(f"{own}.")] == []
    assert not re.search(r"\b(django|psycopg)\b", loaded)
