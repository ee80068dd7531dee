"""Disputes in the sandbox: a cardholder's bank takes a payment back, reads the answer, and decides. For trying."""

import secrets
from datetime import timedelta

from hutong.pay.payments.providers.sandbox.server.books import Books, Row, now
from hutong.pay.payments.providers.sandbox.server.http import Refusal

FEE = 1_500
"""Minor units that the sandbox keeps for a dispute, and gives back for one that is won."""
ANSWER_WITHIN = timedelta(days=7)
ENDS = ("won", "lost")

# The dispute with its payment's reference.
_SELECT = (
    "SELECT dispute.*, payment.reference AS payment_reference FROM dispute"
    " JOIN payment ON payment.id = dispute.payment_id"
)


def of_payment(books: Books, payment: Row) -> Row | None:
    """The newest dispute about a payment."""
    return books.one(f"{_SELECT} WHERE payment_id = ? ORDER BY dispute.id DESC LIMIT 1", payment["id"])


def since(books: Books, moment: str) -> list[Row]:
    """The disputes opened since a moment in ISO 8601, the oldest first."""
    return books.all(f"{_SELECT} WHERE dispute.created_at >= ? ORDER BY dispute.id LIMIT 500", moment)


def open_one(books: Books, payment: Row, *, amount: int | None = None, reason: str = "") -> Row:
    """The bank takes a paid payment back, or a part of it; the one under way if there is one."""
    known = of_payment(books, payment)
    if known is not None and known["status"] not in ENDS:
        return known
    wanted = payment["captured"] if amount is None else amount
    if payment["status"] != "paid" or not 0 < wanted <= payment["captured"]:
        raise Refusal(422, "not_disputable", "Only what was paid is disputed.")
    ref = f"sbd_{secrets.token_hex(12)}"
    books.change(
        "INSERT INTO dispute (ref, payment_id, amount, fee, currency, reason, due_at, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        *(ref, payment["id"], wanted, FEE, payment["captured_currency"], reason or "product_not_received"),
        (now() + ANSWER_WITHIN).isoformat(),
        now().isoformat(),
    )
    return _told(books, ref, "opened")


def answer(books: Books, ref: str, text: str, files: int) -> Row:
    """The shop's evidence, once; it is kept, and the bank reads it."""
    changed = books.change(
        "UPDATE dispute SET status = 'under_review', evidence = ?, files = ?"
        " WHERE ref = ? AND status = 'needs_response'",
        text,
        files,
        ref,
    )
    return _told(books, ref, "answered") if changed else _known(books, ref)


def end(books: Books, ref: str, *, won: bool) -> Row:
    """The bank decides; the fee comes back with a dispute that is won."""
    changed = books.change(
        "UPDATE dispute SET status = ?, fee = CASE WHEN ? THEN 0 ELSE fee END"
        " WHERE ref = ? AND status IN ('needs_response', 'under_review')",
        "won" if won else "lost",
        won,
        ref,
    )
    return _told(books, ref, "ended") if changed else _known(books, ref)


def dispute_json(dispute: Row) -> Row:
    """A dispute as the API and the webhooks tell it. `reference` is its payment's."""
    names = ("amount", "fee", "currency", "reason", "status", "due_at", "created_at")
    return {
        "id": dispute["ref"],
        "reference": dispute["payment_reference"],
        **{name: dispute[name] for name in names},
    }


def _known(books: Books, ref: str) -> Row:
    found = books.one(f"{_SELECT} WHERE dispute.ref = ?", ref)
    if found is None:
        raise Refusal(404, "dispute_unknown", "There is no such dispute.")
    return found


def _told(books: Books, ref: str, what: str) -> Row:
    found = _known(books, ref)
    books.tell(f"dispute.{what}", dispute_json(found))
    return found
