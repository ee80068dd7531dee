"""The sandbox's JSON API, version 1, for merchants; and `/test`, for tests."""

import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hutong.pay.payments.providers.sandbox.server import disputes
from hutong.pay.payments.providers.sandbox.server.books import Books, Row, now, payment_json, refund_json
from hutong.pay.payments.providers.sandbox.server.http import Refusal, Request, Response, json_response

PAGE_TIME = timedelta(minutes=30)
_BOOKS_PAGE = 500
_AMOUNT_LIMIT = 10**12
_REFERENCE = r"[A-Za-z0-9_-]{1,64}"
FAULTS = frozenset(
    (
        *("lose_webhook", "duplicate_webhook", "delay_webhook", "wrong_amount", "wrong_currency"),
        *("refund_fails", "refund_pending", "delay", "timeout_after", "error_before", "error_after"),
    )
)

Handler = Callable[["Api", Request, str], Response]


class Api:
    """Answers API requests out of the books. `public_url` is where browsers find the pages."""

    def __init__(self, books: Books, *, secret: str, public_url: str) -> None:
        self.books = books
        self.public_url = public_url
        self._token = f"Bearer {secret}".encode()

    def check_secret(self, request: Request) -> None:
        """Refuse whoever does not know the secret, in constant time."""
        given = request.headers.get("authorization", "").encode("latin-1", "replace")
        if not hmac.compare_digest(given, self._token):
            raise Refusal(401, "unauthorized", "The secret is missing or wrong.")

    def answer(self, request: Request, handler: Handler, reference: str) -> Response:
        """Run a handler in one transaction; a known Idempotency-Key gets its first answer again."""
        key = request.headers.get("idempotency-key", "")[:200]
        if request.method != "POST" or not key:
            with self.books.transaction():
                return handler(self, request, reference)
        fingerprint = hashlib.sha256(request.path.encode() + b"\n" + request.body).hexdigest()
        with self.books.transaction():
            known = self.books.one("SELECT * FROM answer WHERE key = ?", key)
            if known is not None:
                if known["fingerprint"] != fingerprint:
                    raise Refusal(409, "key_used", "This Idempotency-Key belongs to another request.")
                return Response(known["status"], known["body"], {"content-type": "application/json"})
            response = handler(self, request, reference)
            self.books.change(
                "INSERT INTO answer (key, fingerprint, status, body) VALUES (?, ?, ?, ?)",
                key,
                fingerprint,
                response.status,
                response.body,
            )
            return response

    def told(self, payment: Row, request: Request) -> Row:
        """A payment as JSON, with the address of its page."""
        base = self.public_url or f"http://{request.headers.get('host', '127.0.0.1')}"
        return {**payment_json(payment), "page_url": f"{base}/pay/{payment['token']}"}


def start(api: Api, request: Request, _reference: str) -> Response:
    """POST /v1/payments"""
    data = request.json()
    asked = {
        "reference": _text(data, "reference", pattern=_REFERENCE),
        "amount": _amount(data),
        "currency": _text(data, "currency", pattern=r"[A-Z]{3}"),
        "return_url": _return_url(data),
        "payee": _text(data, "payee", limit=100),
        "description": _text(data, "description", limit=200, empty=True),
        "language": _text(data, "language", limit=20, empty=True),
        "expires_at": _expires_at(data).isoformat(),
    }
    return json_response(201, api.told(api.books.add_payment(asked), request))


def query(api: Api, request: Request, reference: str) -> Response:
    """GET /v1/payments/{reference}"""
    return json_response(200, api.told(_payment(api, reference), request))


def close(api: Api, request: Request, reference: str) -> Response:
    """POST /v1/payments/{reference}/close: a paid one stays paid, and the answer says so."""
    api.books.end(_payment(api, reference), "closed")
    return json_response(200, api.told(_payment(api, reference), request))


def refund(api: Api, request: Request, _reference: str) -> Response:
    """POST /v1/refunds"""
    data = request.json()
    asked = {
        "payment_reference": _text(data, "payment_reference", pattern=_REFERENCE),
        "reference": _text(data, "reference", pattern=_REFERENCE),
        "amount": _amount(data),
        "currency": _text(data, "currency", pattern=r"[A-Z]{3}"),
    }
    return json_response(201, refund_json(api.books.add_refund(asked)))


def query_refund(api: Api, _request: Request, reference: str) -> Response:
    """GET /v1/refunds/{reference}"""
    found = api.books.refund(reference)
    if found is None:
        raise Refusal(404, "refund_unknown", "There is no such refund.")
    return json_response(200, refund_json(found))


def books(api: Api, request: Request, _reference: str) -> Response:
    """GET /v1/books?after=N: every payment, oldest first, in pages; `next` is the next page's `after`."""
    after = parse_qs(request.query).get("after", ["0"])[0]
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        raise Refusal(400, "after_invalid", "`after` is not a number.")
    rows = api.books.all(
        "SELECT *, (SELECT coalesce(sum(dispute.amount), 0) FROM dispute"
        "  WHERE dispute.payment_id = payment.id AND dispute.status <> 'won') AS disputed"
        " FROM payment WHERE id > ? ORDER BY id LIMIT ?",
        *(int(after), _BOOKS_PAGE),
    )
    following = rows[-1]["id"] if len(rows) == _BOOKS_PAGE else None
    told = [{**payment_json(row), "disputed": row["disputed"]} for row in rows]
    return json_response(200, {"rows": told, "next": following})


def list_disputes(api: Api, request: Request, _reference: str) -> Response:
    """GET /v1/disputes?since=2026-06-01T00:00:00+00:00: at most 500, the oldest first"""
    moment = parse_qs(request.query).get("since", [""])[0][:40]
    return json_response(
        200, {"rows": [disputes.dispute_json(row) for row in disputes.since(api.books, moment)]}
    )


def answer_dispute(api: Api, request: Request, reference: str) -> Response:
    """POST /v1/disputes/{id}/evidence {text, files: [{name, content_type, content}]}"""
    data = request.json()
    files = data.get("files", [])
    if not isinstance(files, list):
        raise Refusal(422, "invalid", "`files` is no list.")
    text = _text(data, "text", limit=100_000, empty=True)
    return json_response(200, disputes.dispute_json(disputes.answer(api.books, reference, text, len(files))))


def accept_dispute(api: Api, _request: Request, reference: str) -> Response:
    """POST /v1/disputes/{id}/accept"""
    return json_response(200, disputes.dispute_json(disputes.end(api.books, reference, won=False)))


def test_dispute(api: Api, request: Request, reference: str) -> Response:
    """POST /test/payments/{reference}/dispute {amount?, reason?}: as if the cardholder had gone to the bank"""
    data = request.json()
    amount = _amount(data) if "amount" in data else None
    made = disputes.open_one(
        api.books, _payment(api, reference), amount=amount, reason=_text(data, "reason", empty=True)
    )
    return json_response(201, disputes.dispute_json(made))


def test_end_dispute(api: Api, request: Request, reference: str) -> Response:
    """POST /test/disputes/{id}/end {won}: as if the bank had decided"""
    ended = disputes.end(api.books, reference, won=bool(request.json().get("won", False)))
    return json_response(200, disputes.dispute_json(ended))


def bill(api: Api, request: Request, _reference: str) -> Response:
    """GET /v1/bill?on=2026-06-01&after=N: what came and went on one day (UTC), in pages like the books."""
    asked = parse_qs(request.query)
    after, on = asked.get("after", ["0"])[0], asked.get("on", [""])[0]
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        raise Refusal(400, "after_invalid", "`after` is not a number.")
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", on):
        raise Refusal(400, "on_invalid", "`on` is not a day, such as 2026-06-01.")
    rows = api.books.all(
        "SELECT * FROM bill WHERE id > ? AND substr(at, 1, 10) = ? ORDER BY id LIMIT ?",
        *(int(after), on, _BOOKS_PAGE),
    )
    following = rows[-1]["id"] if len(rows) == _BOOKS_PAGE else None
    return json_response(200, {"rows": rows, "next": following})


def add_fault(api: Api, request: Request, _reference: str) -> Response:
    """POST /test/faults {kind, call?, reference?, value?, times?}"""
    data = request.json()
    if data.get("kind") not in FAULTS:
        raise Refusal(422, "fault_unknown", f"The faults are: {', '.join(sorted(FAULTS))}.")
    api.books.change(
        "INSERT INTO fault (kind, call, reference, value, times_left) VALUES (?, ?, ?, ?, ?)",
        data["kind"],
        str(data.get("call", "")),
        str(data.get("reference", "")),
        str(data.get("value", "1")),
        max(1, int(data.get("times", 1))),
    )
    return json_response(201, {})


def clear_faults(api: Api, _request: Request, _reference: str) -> Response:
    """DELETE /test/faults"""
    api.books.change("DELETE FROM fault")
    return json_response(200, {})


def empty_books(api: Api, _request: Request, _reference: str) -> Response:
    """DELETE /test/books: every payment, refund, answer, webhook and fault is forgotten."""
    for table in ("bill", "dispute", "refund", "payment", "answer", "message", "fault"):
        api.books.change(f"DELETE FROM {table}")  # noqa: S608 -- the names stand one line above
    return json_response(200, {})


def test_pay(api: Api, request: Request, reference: str) -> Response:
    """POST /test/payments/{reference}/pay {late?}: as if the shopper had; `late` also after an end."""
    done = api.books.pay(_payment(api, reference), late=bool(request.json().get("late", False)))
    return json_response(200 if done else 409, api.told(_payment(api, reference), request))


def test_decline(api: Api, request: Request, reference: str) -> Response:
    """POST /test/payments/{reference}/decline"""
    done = api.books.end(_payment(api, reference), "declined")
    return json_response(200 if done else 409, api.told(_payment(api, reference), request))


# Method, path, the call's name for faults, handler.
ROUTES: list[tuple[str, re.Pattern[str], str, Handler]] = [
    (method, re.compile(path), call, handler)
    for method, path, call, handler in [
        ("POST", r"/v1/payments", "start", start),
        ("GET", rf"/v1/payments/({_REFERENCE})", "query", query),
        ("POST", rf"/v1/payments/({_REFERENCE})/close", "close", close),
        ("POST", r"/v1/refunds", "refund", refund),
        ("GET", rf"/v1/refunds/({_REFERENCE})", "query", query_refund),
        ("GET", r"/v1/books", "books", books),
        ("GET", r"/v1/disputes", "disputes", list_disputes),
        ("POST", rf"/v1/disputes/({_REFERENCE})/evidence", "evidence", answer_dispute),
        ("POST", rf"/v1/disputes/({_REFERENCE})/accept", "accept", accept_dispute),
        ("GET", r"/v1/bill", "bill", bill),
        ("POST", r"/test/faults", "", add_fault),
        ("DELETE", r"/test/faults", "", clear_faults),
        ("DELETE", r"/test/books", "", empty_books),
        ("POST", rf"/test/payments/({_REFERENCE})/pay", "", test_pay),
        ("POST", rf"/test/payments/({_REFERENCE})/decline", "", test_decline),
        ("POST", rf"/test/payments/({_REFERENCE})/dispute", "", test_dispute),
        ("POST", rf"/test/disputes/({_REFERENCE})/end", "", test_end_dispute),
    ]
]


def route(request: Request) -> tuple[Handler, str, str]:
    """The handler, the call's name and the reference in the path. Raises `Refusal`."""
    for method, path, call, handler in ROUTES:
        match = path.fullmatch(request.path)
        if match and method == request.method:
            return handler, call, match[1] if match.groups() else ""
    raise Refusal(404, "not_found", "There is nothing here.")


def _payment(api: Api, reference: str) -> Row:
    found = api.books.payment(reference)
    if found is None:
        raise Refusal(404, "payment_unknown", "There is no such payment.")
    if found["status"] == "open" and found["expires_at"] <= now().isoformat():
        api.books.end(found, "expired")
        found = api.books.payment(reference)
        assert found is not None
    return found


def _text(data: Row, name: str, *, limit: int = 64, pattern: str = "", empty: bool = False) -> str:
    value: Any = data.get(name, "" if empty else None)
    fits = isinstance(value, str) and len(value) <= limit and (empty or value)
    if not fits or (pattern and not re.fullmatch(pattern, value)):
        raise Refusal(422, "invalid", f"`{name}` is missing or not allowed.")
    return str(value)


def _amount(data: Row) -> int:
    value = data.get("amount")
    if type(value) is not int or not 0 < value < _AMOUNT_LIMIT:
        raise Refusal(422, "invalid", "`amount` is a whole number of minor units above zero.")
    return value


def _return_url(data: Row) -> str:
    url = _text(data, "return_url", limit=500)
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise Refusal(422, "invalid", "`return_url` is not an address.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or not re.fullmatch(r"[!-~]+", url):
        raise Refusal(422, "invalid", "`return_url` is not an http or https address.")
    return url


def _expires_at(data: Row) -> datetime:
    given = data.get("expires_at")
    if given is None:
        return now() + PAGE_TIME
    try:
        moment = datetime.fromisoformat(given)
    except (TypeError, ValueError) as error:
        raise Refusal(422, "invalid", "`expires_at` is not a moment in ISO 8601.") from error
    if moment.tzinfo is None:
        raise Refusal(422, "invalid", "`expires_at` has no zone.")
    return moment.astimezone(UTC)
