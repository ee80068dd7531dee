"""What the simulator's books look like as Stripe's JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tests.fakes.providers.books import Back, BackState, BillRow, Trade, TradeState
from tests.fakes.providers.stripe.books import made_id, merchants_own

Json = dict[str, Any]
# As long as the fragments of real Checkout addresses, so that nobody keeps them in too small a place.
_FRAGMENT = "#" + "fidnandhYHdWcXxpYCc%2FJ2FgY2RwaXEn" * 18


def seconds(at: datetime | None) -> int | None:
    """A moment as Stripe writes it."""
    return int(at.timestamp()) if at else None


def intent_of(trade: Trade) -> Json | None:
    """The payment intent, which is there from the moment the shopper first tried to pay."""
    tried = trade.data.get("declined") or trade.data.get("processing")
    if trade.state in (TradeState.OPEN, TradeState.CLOSED) and not tried:
        return None
    paid = trade.state is TradeState.PAID
    status = "succeeded" if paid else "requires_payment_method"
    if trade.state is TradeState.CLOSED:
        status = "canceled"
    elif trade.state is TradeState.OPEN and trade.data.get("processing"):
        status = "processing"
    error = {"type": "card_error", "code": "card_declined", "message": "Your card was declined."}
    return {
        "id": trade.data["intent"],
        "object": "payment_intent",
        "amount": trade.paid if paid else trade.amount,
        "amount_received": trade.paid,
        "currency": (trade.paid_unit or trade.unit).lower(),
        "status": status,
        "created": seconds(trade.created_at),
        "last_payment_error": error if status == "requires_payment_method" else None,
        "latest_charge": made_id("ch_3", trade.provider_ref, 23) if paid else None,
        "livemode": False,
        "metadata": trade.data.get("intent_metadata", {}),
    }


def session_of(trade: Trade, *, url: str, expand: bool = False) -> Json:
    """A Checkout Session; `expand` puts the intent in place of its id."""
    paid, waiting = trade.state is TradeState.PAID, trade.state is TradeState.OPEN
    complete = paid or trade.state is TradeState.FAILED or (waiting and trade.data.get("processing"))
    status = "complete" if complete else "open" if waiting else "expired"
    intent = intent_of(trade)
    total = trade.paid if paid else trade.amount
    return {
        "id": trade.provider_ref,
        "object": "checkout.session",
        "amount_subtotal": total,
        "amount_total": total,
        "cancel_url": trade.data.get("cancel_url"),
        "client_reference_id": trade.data.get("client_reference_id"),
        "created": seconds(trade.created_at),
        "currency": (trade.paid_unit or trade.unit).lower(),
        "expires_at": seconds(trade.expires_at),
        "livemode": False,
        "metadata": trade.data.get("metadata", {}),
        "mode": "payment",
        "payment_intent": intent if expand or intent is None else intent["id"],
        "payment_status": "paid" if paid else "unpaid",
        "status": status,
        "success_url": trade.data.get("return_url"),
        "url": f"{url}{_FRAGMENT}" if status == "open" else None,
    }


_REFUND_STATUS = {BackState.PENDING: "pending", BackState.DONE: "succeeded", BackState.FAILED: "failed"}


def refund_of(back: Back) -> Json:
    """A refund."""
    failed = back.state is BackState.FAILED
    return {
        "id": back.provider_ref,
        "object": "refund",
        "amount": back.amount,
        "charge": back.data["charge"],
        "created": seconds(back.created_at),
        "currency": back.unit.lower(),
        "metadata": back.data.get("metadata", {}),
        "payment_intent": back.data["intent"],
        "reason": back.data.get("reason"),
        "status": _REFUND_STATUS[back.state],
        **({"failure_reason": "lost_or_stolen_card"} if failed else {}),
    }


def balance_transaction_of(row: BillRow, number: int, *, expand: bool) -> Json:
    """A line of the bill. `status` of a planted row is its type, but for the two that the books write."""
    kind = {"SUCCESS": "charge", "REFUND": "refund"}.get(row.status, row.status)
    charge = made_id("ch_3", row.provider_ref, 23)
    source: Any = {
        "id": made_id("re_3", row.refund_ref, 23) if row.refund_ref else charge,
        "object": "refund" if row.refund_ref else "charge",
        "amount": row.amount,
        "currency": row.unit.lower(),
        "payment_intent": made_id("pi_3", row.provider_ref, 23),
        "metadata": {"payment_ref": merchants_own(row.ref)} if row.ref else {},
    }
    if row.refund_ref:
        source["metadata"]["refund_ref"] = merchants_own(row.refund_ref)
    # Rows that were planted to be broken hold anything at all.
    whole = isinstance(row.amount, int) and isinstance(row.fee, int)
    amount = -row.amount if row.refund_ref and whole else row.amount
    return {
        "id": made_id("txn_3", f"{number}:{row.ref}:{row.refund_ref}:{row.at}", 23),
        "object": "balance_transaction",
        "amount": amount,
        "created": seconds(row.at),
        "currency": row.unit.lower(),
        "fee": row.fee,
        "net": amount - row.fee if whole else None,
        "source": source if expand else source["id"],
        "status": "pending",
        "type": kind,
    }


def page_of(things: list[Json], *, path: str, limit: int, after: str) -> Json:
    """A list as Stripe cuts it: `things` newest first, those that follow the id `after`."""
    ids = [thing["id"] for thing in things]
    begin = ids.index(after) + 1 if after else 0
    return {
        "object": "list",
        "url": path,
        "has_more": begin + limit < len(things),
        "data": things[begin : begin + limit],
    }


def endpoint_of(url: str, *, events: Sequence[str] = ("*",), status: str = "enabled") -> Json:
    """A webhook endpoint as Stripe lists it, without its secret."""
    return {
        "id": made_id("we_1", url, 23),
        "object": "webhook_endpoint",
        "api_version": None,
        "created": 1_700_000_000,
        "enabled_events": list(events),
        "livemode": False,
        "status": status,
        "url": url,
    }
