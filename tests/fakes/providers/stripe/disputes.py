"""Disputes at the simulated Stripe: opened and decided by the test, answered by the merchant."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.parser import BytesParser
from email.policy import HTTP

from tests.fakes.providers.books import Trade
from tests.fakes.providers.server import Call
from tests.fakes.providers.stripe.books import made_id
from tests.fakes.providers.stripe.objects import Json, seconds

FEE = 1_500


@dataclass
class Chargeback:
    """A dispute in the simulator's books. `moved` are its balance transactions: amount and fee.

    They are in the currency of the account (`account_unit`), which is that of the payment unless a test says otherwise.
    """

    ref: str
    trade: Trade
    amount: int
    reason: str
    created_at: datetime
    status: str = "needs_response"
    moved: list[tuple[int, int]] = field(default_factory=list)
    account_unit: str = ""
    evidence: dict[str, str] = field(default_factory=dict)

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self.status in ("won", "lost", "warning_closed")


def opened(number: int, trade: Trade, *, amount: int, reason: str, at: datetime, status: str) -> Chargeback:
    """A new dispute; an inquiry takes no money."""
    made = Chargeback(made_id("du_1", f"{number}:{trade.ref}", 23), trade, amount, reason, at, status)
    if not status.startswith("warning_"):
        made.moved.append((-amount, FEE))
    return made


def dispute_of(dispute: Chargeback) -> Json:
    """A dispute as Stripe writes it."""
    charge = made_id("ch_3", dispute.trade.provider_ref, 23)
    return {
        "id": dispute.ref,
        "object": "dispute",
        "amount": dispute.amount,
        "balance_transactions": [
            {
                "id": made_id("txn_1", f"{dispute.ref}:{number}", 23),
                "object": "balance_transaction",
                "amount": amount,
                "currency": (dispute.account_unit or dispute.trade.paid_unit).lower(),
                "fee": fee,
                "net": amount - fee,
                "reporting_category": "dispute" if amount < 0 else "dispute_reversal",
                "type": "adjustment",
            }
            for number, (amount, fee) in enumerate(dispute.moved)
        ],
        "charge": charge,
        "created": seconds(dispute.created_at),
        "currency": dispute.trade.paid_unit.lower(),
        "evidence": dispute.evidence,
        "evidence_details": {
            "due_by": seconds(dispute.created_at + timedelta(days=9)),
            "has_evidence": bool(dispute.evidence),
            "past_due": False,
            "submission_count": 1 if dispute.status == "under_review" else 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": dispute.trade.data["intent"],
        "reason": dispute.reason,
        "status": dispute.status,
    }


def file_of(call: Call, number: int) -> Json | None:
    """The document of a multipart upload as Stripe writes it; None where it is none for a dispute."""
    head = f"Content-Type: {call.headers.get('content-type', '')}\r\n\r\n".encode()
    parts = {
        str(part.get_param("name", header="content-disposition")): part
        for part in BytesParser(policy=HTTP).parsebytes(head + call.body).iter_parts()
    }
    if "file" not in parts or parts.get("purpose") is None:
        return None
    content = parts["file"].get_payload(decode=True)
    return {
        "id": made_id("file_1", f"{number}", 23),
        "object": "file",
        "filename": parts["file"].get_filename(),
        "purpose": parts["purpose"].get_content().strip(),
        "size": len(content),
        "type": parts["file"].get_content_subtype(),
    }
