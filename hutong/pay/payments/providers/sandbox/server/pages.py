"""The sandbox's pages: one payment, one page. No script, no cookie; the address is the secret."""

import html
import re
from datetime import datetime
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, urlsplit

from hutong.pay.payments.providers.sandbox.server import disputes
from hutong.pay.payments.providers.sandbox.server.books import Books, Row, now
from hutong.pay.payments.providers.sandbox.server.http import Request, Response
from hutong.pay.payments.providers.sandbox.server.texts import LANGUAGES, TEXTS, amount_text, choose

_HERE = Path(__file__).parent
_TEMPLATES = {
    path.stem: Template(path.read_text(encoding="utf-8")) for path in (_HERE / "templates").glob("*.html")
}
_CSS = (_HERE / "static" / "sandbox.css").read_bytes()
_PAGE = re.compile(r"/pay/([A-Za-z0-9_-]{16,64})")
_SIGNS = {"paid": "✓", "declined": "✕", "closed": "–", "expired": "⧗", "missing": "?"}


class Pages:
    """Answers browsers."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def respond(self, request: Request) -> Response:
        """GET shows a payment, POST pays or declines it and goes back to the shop."""
        if request.path == "/static/sandbox.css":
            return Response(
                200, _CSS, {"content-type": "text/css; charset=utf-8", "cache-control": "max-age=300"}
            )
        if request.path == "/favicon.ico":
            return Response(204)
        match = _PAGE.fullmatch(request.path)
        payment = self._books.payment_by_token(match[1]) if match else None
        language = _language(request, payment)
        if payment is None:
            return _missing(language)
        if request.method == "POST":
            return self._act(request, payment)
        return self._show(payment, language)

    def _act(self, request: Request, payment: Row) -> Response:
        action = parse_qs(request.body.decode("utf-8", "replace")).get("action", [""])[0]
        if payment["status"] == "paid" and action in ("dispute", "win", "lose"):
            return self._dispute(payment, action)
        if payment["expires_at"] <= now().isoformat():
            with self._books.transaction():
                self._books.end(payment, "expired")
        elif action in ("pay", "decline"):
            # A second tap finds the payment ended, changes nothing and goes back to the shop as well.
            with self._books.transaction():
                if action == "pay":
                    self._books.pay(payment)
                else:
                    self._books.end(payment, "declined")
        return Response(303, b"", {"location": payment["return_url"], "cache-control": "no-store"})

    def _dispute(self, payment: Row, action: str) -> Response:
        """The cardholder goes to the bank, or the bank decides; then the same page shows it."""
        with self._books.transaction():
            known = disputes.of_payment(self._books, payment)
            if action == "dispute":
                disputes.open_one(self._books, payment)
            elif known is not None:
                disputes.end(self._books, known["ref"], won=action == "win")
        return Response(303, b"", {"location": f"/pay/{payment['token']}", "cache-control": "no-store"})

    def _asked(self, payment: Row, text: dict[str, str]) -> dict[str, str]:
        """What can be tried on the page of a paid payment: a dispute, and how the bank decides."""
        known = disputes.of_payment(self._books, payment)
        if known is None or known["status"] in disputes.ENDS:
            ended = f"dispute_{known['status']}" if known else "dispute_ask"
            return {
                "ask": text[ended],
                "first": text["dispute"],
                "first_action": "dispute",
                "second": "",
                "second_action": "",
                "second_hidden": "hidden",
            }
        return {
            "ask": text[f"dispute_{known['status']}"],
            "first": text["dispute_win"],
            "first_action": "win",
            "second": text["dispute_lose"],
            "second_action": "lose",
            "second_hidden": "",
        }

    def _show(self, payment: Row, language: str) -> Response:
        status = payment["status"]
        if status == "open" and payment["expires_at"] <= now().isoformat():
            status = "expired"
        text = TEXTS[language]
        seconds_left = (datetime.fromisoformat(payment["expires_at"]) - now()).total_seconds()
        amount = amount_text(payment["amount"], payment["currency"], language)
        values = {
            "payee": payment["payee"],
            "description": payment["description"] or payment["reference"],
            "amount": amount,
            "pay": text["pay"].format(amount=amount),
            "until": text["until"].format(minutes=max(1, round(seconds_left / 60))),
            "return_url": payment["return_url"],
            "status": status,
            "sign": _SIGNS.get(status, ""),
            "headline": text.get(status, ""),
            "more": text.get(f"{status}_more", ""),
        }
        parts = urlsplit(payment["return_url"])
        if status == "paid":
            values |= self._asked(payment, text)
        template = {"open": "pay", "paid": "paid"}.get(status, "ended")
        return _page(template, language, values, f"{parts.scheme}://{parts.netloc}")


def _missing(language: str) -> Response:
    text = TEXTS[language]
    values = {"sign": _SIGNS["missing"], "headline": text["missing"], "more": text["missing_more"]}
    return _page("missing", language, values, "", status=404)


def _language(request: Request, payment: Row | None) -> str:
    return choose(
        asked=parse_qs(request.query).get("lang", [""])[0],
        accept=request.headers.get("accept-language", ""),
        suggested=payment["language"] if payment else "",
    )


def _page(name: str, language: str, values: dict[str, str], shop: str, *, status: int = 200) -> Response:
    other = next(code for code in LANGUAGES if code != language)
    texts = {f"t_{key}": value for key, value in TEXTS[language].items()}
    # Every value is escaped here, so no template can forget it.
    safe = {
        key: html.escape(value)
        for key, value in {**texts, **values, "language": language, "other": other}.items()
    }
    body = _TEMPLATES[name].substitute(safe).encode()
    # Browsers hold the redirect after a form to form-action as well, so it names the shop.
    policy = f"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' {shop}".rstrip()
    return Response(
        status,
        body,
        {
            "content-type": "text/html; charset=utf-8",
            "cache-control": "no-store",
            "content-security-policy": f"{policy}; base-uri 'none'; frame-ancestors 'none'",
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
        },
    )
