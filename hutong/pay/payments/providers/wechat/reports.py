"""Payments and refunds as WeChat Pay writes them, in our words."""

from collections.abc import Mapping
from typing import Any

from hutong.kernel.money import Money
from hutong.pay.payments.types import PaymentReport, RefundReport, ReportStatus

# `REFUND` says that some or all of it went back: it was paid, and refunds are reported by themselves.
PAYMENT_STATUS = {
    "SUCCESS": ReportStatus.DONE,
    "REFUND": ReportStatus.DONE,
    "NOTPAY": ReportStatus.PENDING,
    "ACCEPT": ReportStatus.PENDING,
    "USERPAYING": ReportStatus.PENDING,
    "CLOSED": ReportStatus.CLOSED,
    "REVOKED": ReportStatus.CLOSED,
    "PAYERROR": ReportStatus.FAILED,
}
# `ABNORMAL`: the shopper's card took it no more. The money has left us and waits at WeChat Pay until somebody
# handles it in the merchant platform; another refund would be refused, so this one is still under way.
REFUND_STATUS = {
    "SUCCESS": ReportStatus.DONE,
    "PROCESSING": ReportStatus.PENDING,
    "ABNORMAL": ReportStatus.PENDING,
    "CLOSED": ReportStatus.FAILED,
}


class NotOurs(ValueError):
    """It is about another merchant, another app or another payment than it should be."""


def payment_report(data: Mapping[str, Any], *, mchid: str, appid: str) -> PaymentReport:
    """A transaction in our words. Raises `NotOurs`, and KeyError, TypeError, ValueError on another shape."""
    if data["mchid"] != mchid or data["appid"] != appid:
        raise NotOurs("another merchant or app")
    status = PAYMENT_STATUS[data["trade_state"]]
    captured = None
    if status is ReportStatus.DONE:
        captured = Money(data["amount"]["total"], str(data["amount"].get("currency", "CNY")))
        if captured.minor <= 0:
            raise ValueError("a payment of nothing")
    ref = str(data["out_trade_no"])
    return PaymentReport(payment_ref=ref, status=status, captured=captured, provider_ref=ref)


def refund_report(data: Mapping[str, Any]) -> RefundReport:
    """A refund in our words; a reply says `status`, a notification `refund_status`. Raises as above."""
    word = str(data["refund_status"] if "refund_status" in data else data["status"])
    status = REFUND_STATUS[word]
    return RefundReport(
        refund_ref=str(data["out_refund_no"]),
        status=status,
        provider_ref=str(data["refund_id"]),
        reason=word if word in ("ABNORMAL", "CLOSED") else "",
    )
