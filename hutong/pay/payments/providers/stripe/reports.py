"""What Stripe says of sessions, refunds and transfers, in our words. KeyError, TypeError, ValueError on another shape."""

from typing import Any

from hutong.pay.payments.providers.stripe.amounts import from_stripe
from hutong.pay.payments.types import PaymentReport, RefundReport, ReportStatus, TransferReport

REFUND_STATUS = {
    "pending": ReportStatus.PENDING,
    "requires_action": ReportStatus.PENDING,
    "succeeded": ReportStatus.DONE,
    "failed": ReportStatus.FAILED,
    "canceled": ReportStatus.FAILED,
}
# A completed session whose money is on its way (a bank debit, say) ends in one of these when it does not come.
_INTENT_FAILED = frozenset(("requires_payment_method", "canceled"))


def metadata(thing: object, name: str) -> str:
    """A value that we gave an object at Stripe; "" where it has none, for then the object is not ours."""
    values = thing.get("metadata") if isinstance(thing, dict) else None
    value = values.get(name) if isinstance(values, dict) else None
    return value if isinstance(value, str) else ""


def intent_ref(thing: dict[str, Any]) -> str:
    """The id of the payment intent a session, charge or refund belongs to; "" while there is none."""
    intent = thing.get("payment_intent")
    found = intent.get("id") if isinstance(intent, dict) else intent
    return found if isinstance(found, str) else ""


def payment_report(session: dict[str, Any], *, failed: bool = False) -> PaymentReport:
    """A Checkout Session. `failed`: a webhook says that its money will not come.

    A card that was declined leaves the session open, since the shopper may take another one on the same page: it is
    pending until it is paid or expires.
    """
    status = _payment_status(session, failed)
    return PaymentReport(
        payment_ref=metadata(session, "payment_ref"),
        status=status,
        captured=_captured(session) if status is ReportStatus.DONE else None,
        provider_ref=_text(session["id"]),
        redirect_url=session.get("url") or "",
    )


def refund_report(refund: dict[str, Any]) -> RefundReport:
    """A refund."""
    return RefundReport(
        refund_ref=metadata(refund, "refund_ref"),
        status=REFUND_STATUS[refund["status"]],
        provider_ref=_text(refund["id"]),
        reason=str(refund.get("failure_reason") or ""),
    )


def transfer_report(transfer: dict[str, Any]) -> TransferReport:
    """A transfer. It is with the receiver as soon as there is one, until somebody takes all of it back by hand."""
    back = transfer["reversed"]
    if type(back) is not bool:
        raise ValueError(f"neither reversed nor not: {back!r}")
    status, reason = (ReportStatus.FAILED, "transfer_reversed") if back else (ReportStatus.DONE, "")
    return TransferReport(metadata(transfer, "transfer_ref"), status, _text(transfer["id"]), reason)


def _payment_status(session: dict[str, Any], failed: bool) -> ReportStatus:
    if session["payment_status"] == "paid":
        return ReportStatus.DONE
    status = session["status"]
    if status == "open":
        return ReportStatus.PENDING
    if status == "expired":
        return ReportStatus.CLOSED
    if status != "complete":
        raise ValueError(f"no status of a session: {status!r}")
    intent = session.get("payment_intent")
    ended = isinstance(intent, dict) and intent.get("status") in _INTENT_FAILED
    return ReportStatus.FAILED if failed or ended else ReportStatus.PENDING


def _captured(session: dict[str, Any]) -> Any:
    """What really came: the intent says it, and the session's total where the intent is only named."""
    intent = session.get("payment_intent")
    if isinstance(intent, dict):
        return from_stripe(intent["amount_received"], intent["currency"])
    return from_stripe(session["amount_total"], session["currency"])


def _text(value: object) -> str:
    if not (isinstance(value, str) and value):
        raise ValueError(f"no id: {value!r}")
    return value
