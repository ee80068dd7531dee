"""The sandbox's own books, in SQLite. Every change is one transaction, every transition conditional."""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hutong.pay.payments.providers.sandbox.server.http import Refusal

Row = dict[str, Any]


def now() -> datetime:
    """The sandbox's own clock."""
    return datetime.now(UTC)


class Books:
    """Payments, refunds, answers given, webhooks to send, faults asked for."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = lambda cursor, row: {
            column[0]: value for column, value in zip(cursor.description, row, strict=True)
        }
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.executescript(Path(__file__).with_name("schema.sql").read_text(encoding="utf-8"))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Not nested, and nothing is awaited inside."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def one(self, sql: str, *params: Any) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._db.execute(sql, params).fetchone()
        return row

    def all(self, sql: str, *params: Any) -> list[Row]:
        """Every row."""
        return self._db.execute(sql, params).fetchall()

    def change(self, sql: str, *params: Any) -> int:
        """Run a statement; how many rows it changed."""
        return self._db.execute(sql, params).rowcount

    # Payments

    def payment(self, reference: str) -> Row | None:
        """The payment with the merchant's id `reference`."""
        return self.one("SELECT * FROM payment WHERE reference = ?", reference)

    def payment_by_token(self, token: str) -> Row | None:
        """The payment whose page is named by `token`."""
        return self.one("SELECT * FROM payment WHERE token = ?", token)

    def add_payment(self, asked: Row) -> Row:
        """A new open payment; the one that is there if the merchant's id is known."""
        known = self.payment(asked["reference"])
        if known is not None:
            if any(known[name] != asked[name] for name in ("amount", "currency", "return_url")):
                raise Refusal(409, "reference_used", "This reference belongs to another payment.")
            return known
        stamp = now().isoformat()
        self.change(
            "INSERT INTO payment (ref, token, reference, amount, currency, payee, description, return_url,"
            " language, expires_at, created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            f"sbp_{secrets.token_hex(12)}",
            secrets.token_urlsafe(24),
            *(asked[name] for name in ("reference", "amount", "currency", "payee", "description")),
            *(asked[name] for name in ("return_url", "language", "expires_at")),
            stamp,
            stamp,
        )
        made = self.payment(asked["reference"])
        assert made is not None
        return made

    def pay(self, payment: Row, *, late: bool = False) -> bool:
        """The shopper's money is here. False when the payment is not open any more: nothing happens twice."""
        amount, currency = payment["amount"], payment["currency"]
        extra = self.take_fault("wrong_amount", reference=payment["reference"])
        other = self.take_fault("wrong_currency", reference=payment["reference"])
        changed = self.change(
            "UPDATE payment SET status = 'paid', captured = ?, captured_currency = ?, changed_at = ?"
            " WHERE id = ? AND (status = 'open' OR (? AND status IN ('closed', 'expired', 'declined')))",
            max(1, amount + int(extra or 0)),
            other or currency,
            now().isoformat(),
            payment["id"],
            late,
        )
        if changed:
            self.change(
                "INSERT INTO bill (ref, payment_reference, amount, currency, at)"
                " SELECT ref, reference, captured, captured_currency, changed_at FROM payment WHERE id = ?",
                payment["id"],
            )
        return self._told(changed, payment["id"])

    def end(self, payment: Row, status: str) -> bool:
        """Decline, close or expire an open payment. False when it is not open any more."""
        changed = self.change(
            "UPDATE payment SET status = ?, changed_at = ? WHERE id = ? AND status = 'open'",
            status,
            now().isoformat(),
            payment["id"],
        )
        return self._told(changed, payment["id"])

    def expire(self) -> None:
        """End the open payments whose time is over."""
        for payment in self.all(
            "SELECT * FROM payment WHERE status = 'open' AND expires_at <= ? LIMIT 100", now().isoformat()
        ):
            with self.transaction():
                self.end(payment, "expired")

    def _told(self, changed: int, payment_id: int) -> bool:
        if changed:
            payment = self.one("SELECT * FROM payment WHERE id = ?", payment_id)
            assert payment is not None
            self.tell(f"payment.{payment['status']}", payment_json(payment))
        return changed == 1

    # Refunds

    def refund(self, reference: str) -> Row | None:
        """The refund with the merchant's id `reference`."""
        return self.one("SELECT * FROM refund WHERE reference = ?", reference)

    def add_refund(self, asked: Row) -> Row:
        """Send money back, at most what is left of it, in one conditional statement."""
        known = self.refund(asked["reference"])
        if known is not None:
            if known["amount"] != asked["amount"] or known["currency"] != asked["currency"]:
                raise Refusal(409, "reference_used", "This reference belongs to another refund.")
            return known
        payment = self.payment(asked["payment_reference"])
        if payment is None:
            raise Refusal(422, "payment_unknown", "There is no such payment.")
        fails = self.take_fault("refund_fails", reference=asked["reference"])
        delay_s = self.take_fault("refund_pending", reference=asked["reference"])
        status = "failed" if fails else "pending" if delay_s else "done"
        granted = self.change(
            "UPDATE payment SET refunded = refunded + ?, changed_at = ?"
            " WHERE id = ? AND captured_currency = ? AND captured - refunded >= ?",
            0 if fails else asked["amount"],
            now().isoformat(),
            payment["id"],
            asked["currency"],
            asked["amount"],
        )
        if not granted:
            raise Refusal(422, "refund_too_large", "More is asked back than is left of this payment.")
        due_at = (now() + timedelta(seconds=float(delay_s))).isoformat() if delay_s else None
        self.change(
            "INSERT INTO refund (ref, payment_id, reference, amount, currency, status, failure, due_at,"
            " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            f"sbr_{secrets.token_hex(12)}",
            payment["id"],
            *(asked[name] for name in ("reference", "amount", "currency")),
            status,
            "the bank refused" if fails else "",
            due_at,
            now().isoformat(),
        )
        made = self.refund(asked["reference"])
        assert made is not None
        if status == "done":
            self._bill_refund(made)
        if status != "pending":
            self.tell(f"refund.{status}", refund_json(made))
        return made

    def finish_refunds(self) -> None:
        """Pending refunds whose time has come are done."""
        for refund in self.all(
            "SELECT * FROM refund WHERE status = 'pending' AND due_at <= ?", now().isoformat()
        ):
            with self.transaction():
                self.change("UPDATE refund SET status = 'done', due_at = NULL WHERE id = ?", refund["id"])
                self._bill_refund(refund)
                self.tell("refund.done", refund_json({**refund, "status": "done"}))

    def _bill_refund(self, refund: Row) -> None:
        self.change(
            "INSERT INTO bill (ref, payment_reference, refund_reference, amount, currency, at)"
            " SELECT ?, reference, ?, ?, ?, ? FROM payment WHERE id = ?",
            *(refund[name] for name in ("ref", "reference", "amount", "currency")),
            now().isoformat(),
            refund["payment_id"],
        )

    # Webhooks

    def tell(self, kind: str, data: Row) -> None:
        """Queue a webhook, in the transaction of what it tells; faults may lose, double or delay it."""
        body = json.dumps({"type": kind, "timestamp": now().isoformat(), "data": data}, separators=(",", ":"))
        reference = data["reference"]
        if self.take_fault("lose_webhook", reference=reference) is not None:
            return
        copies = int(self.take_fault("duplicate_webhook", reference=reference) or 1)
        delay_s = float(self.take_fault("delay_webhook", reference=reference) or 0)
        event_id = f"evt_{secrets.token_hex(12)}"
        for _ in range(copies):
            self.change(
                "INSERT INTO message (event_id, body, next_try_at) VALUES (?, ?, ?)",
                event_id,
                body,
                time.time() + delay_s,
            )

    # Faults

    def take_fault(self, kind: str, *, reference: str = "", call: str = "") -> str | None:
        """The value of a fault that applies here, and one use of it is gone; None when there is none."""
        fault = self.one(
            "SELECT * FROM fault WHERE kind = ? AND call IN ('', ?) AND reference IN ('', ?)"
            " ORDER BY id LIMIT 1",
            kind,
            call,
            reference,
        )
        if fault is None:
            return None
        if fault["times_left"] == 1:
            self.change("DELETE FROM fault WHERE id = ?", fault["id"])
        else:
            self.change("UPDATE fault SET times_left = times_left - 1 WHERE id = ?", fault["id"])
        return str(fault["value"])


def payment_json(payment: Row) -> Row:
    """A payment as the API and the webhooks tell it."""
    names = ("reference", "status", "amount", "currency", "captured", "captured_currency", "refunded")
    return {"id": payment["ref"], **{name: payment[name] for name in (*names, "created_at", "changed_at")}}


def refund_json(refund: Row) -> Row:
    """A refund as the API and the webhooks tell it."""
    names = ("reference", "status", "amount", "currency", "failure", "created_at")
    return {"id": refund["ref"], **{name: refund[name] for name in names}}
