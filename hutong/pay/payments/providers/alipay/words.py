"""How Alipay writes amounts, times and states, and what they mean to us."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hutong.kernel.money import Money, exponent
from hutong.pay.payments.types import PaymentReport, RefundReport, ReportStatus

UNIT = "CNY"
ZONE = "Asia/Shanghai"
_MOMENT = "%Y-%m-%d %H:%M:%S"
_AMOUNT = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,3}))?", re.ASCII)
_UNIT = re.compile(r"[A-Z]{3}", re.ASCII)
_REF = re.compile(r"\w{1,64}", re.ASCII)
# Not allowed in a title; `&` and `=` are also what signed pairs are joined with.
_NOT_IN_TITLES = re.compile(r"[\x00-\x1f\x7f/=&+%#?<>\"'\\]+")
_TITLE_LIMIT = 128

_STATUS = {
    "WAIT_BUYER_PAY": ReportStatus.PENDING,
    "TRADE_SUCCESS": ReportStatus.DONE,
    "TRADE_FINISHED": ReportStatus.DONE,
    "TRADE_CLOSED": ReportStatus.CLOSED,
}
_REFUND_STATUS = {"REFUND_SUCCESS": ReportStatus.DONE, "REFUND_FAIL": ReportStatus.FAILED}
# Said of a trade that was paid, also when it was paid back in full afterwards and therefore closed.
_PAID_MARKS = ("send_pay_date", "gmt_payment")


def amount(text: Any, unit: str = UNIT) -> Money:
    """`19.90` as money. Raises ValueError on anything else, also on more decimals than the unit has."""
    found = _AMOUNT.fullmatch(text) if isinstance(text, str) else None
    digits = exponent(unit)
    if found is None or len(found[3] or "") > digits:
        raise ValueError(f"no amount in {unit}: {text!r}")
    minor = int(found[2] + (found[3] or "").ljust(digits, "0"))
    return Money(-minor if found[1] else minor, unit)


def moment(text: Any) -> datetime:
    """`2026-11-22 08:00:00`, wall time of China, as a moment in UTC. Raises ValueError."""
    if not isinstance(text, str) or len(text) != 19 or not text.isascii():
        raise ValueError(f"no time: {text!r}")
    return datetime.strptime(text, _MOMENT).replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


def wall_text(at: datetime) -> str:
    """A moment as Alipay writes it."""
    return at.astimezone(ZoneInfo(ZONE)).strftime(_MOMENT)


def ref(value: Any) -> str:
    """A reference of ours as Alipay takes them: letters, digits and `_`, up to 64. Raises ValueError."""
    if not isinstance(value, str) or not _REF.fullmatch(value):
        raise ValueError(f"no reference: {value!r}")
    return value


def title(text: str) -> str:
    """What the shopper reads on Alipay's page, without the characters that Alipay refuses."""
    return " ".join(_NOT_IN_TITLES.sub(" ", text).split())[:_TITLE_LIMIT] or "Hutong"


def payment_report(data: Mapping[str, Any]) -> PaymentReport:
    """A trade of a reply or a notification, in our words. Raises KeyError, ValueError on another shape.

    Alipay numbers a trade when the shopper opens it, after our start was answered. The reference that both sides
    know from the start is ours, and Alipay takes it wherever it takes its own: it is the `provider_ref`.
    """
    payment_ref = ref(data["out_trade_no"])
    status = _STATUS[data["trade_status"]]
    if status is ReportStatus.CLOSED and any(data.get(mark) for mark in _PAID_MARKS):
        status = ReportStatus.DONE
    captured = None
    if status is ReportStatus.DONE:
        unit = data.get("trans_currency") or UNIT
        if not isinstance(unit, str) or not _UNIT.fullmatch(unit):
            raise ValueError(f"no currency: {unit!r}")
        captured = amount(data["total_amount"], unit)
        if captured.minor <= 0:
            raise ValueError("nothing was paid")
    return PaymentReport(payment_ref, status, captured, payment_ref)


def refund_report(refund_ref: str, data: Mapping[str, Any]) -> RefundReport:
    """The answer of a refund query, in our words. Raises KeyError, ValueError on another shape.

    Alipay has no number of its own for a refund: it is found by its trade and our reference, so the trade is what
    we keep as `provider_ref`.
    """
    if not data.get("out_request_no"):
        return RefundReport(refund_ref, ReportStatus.ABSENT)
    status = _REFUND_STATUS.get(data.get("refund_status", ""), ReportStatus.PENDING)
    reason = "" if status is not ReportStatus.FAILED else str(data["refund_status"])
    return RefundReport(refund_ref, status, str(data["trade_no"]), reason)
