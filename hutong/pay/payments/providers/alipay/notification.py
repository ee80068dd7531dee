"""Reads Alipay's asynchronous notifications: a form of fields, two of which are not signed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from hutong.pay.payments.providers.alipay import signing, words
from hutong.pay.payments.providers.errors import SignatureInvalid, WebhookMalformed
from hutong.pay.payments.types import Event, RefundReport, ReportStatus

STALE_AFTER = timedelta(hours=26)
"""Alipay repeats a notification for 25 hours, and every copy names the time of the first. A copy that a thief keeps is
old news for that long: the inbox takes each `notify_id` once, and no report has its effect twice."""
AHEAD = timedelta(minutes=5)
"""How far Alipay's clock may be ahead of ours."""
_FIELD_LIMIT = 200
_ID_LIMIT = 100
_NOT_SIGNED = ("sign", "sign_type")


def parse(*, keys: Sequence[RSAPublicKey], app_id: str, seller_id: str, body: bytes, at: datetime) -> Event:
    """The event that `body` tells, if Alipay signed it for this application and seller, not too long before `at`.

    Raises `SignatureInvalid`, or `WebhookMalformed` for what is signed well and cannot be understood.
    """
    fields = _fields(body)
    signature, sign_type = fields.get("sign", ""), fields.get("sign_type", "")
    signed = {name: value for name, value in fields.items() if name not in _NOT_SIGNED}
    # The signed pairs are joined by `&` without escaping it: a value with one in it can be cut in two ways.
    if sign_type != signing.SIGN_TYPE or any("&" in value for value in signed.values()):
        raise SignatureInvalid
    if not signing.is_signed(keys, signing.content(signed), signature):
        raise SignatureInvalid
    # Alipay signs for many; what it signed for somebody else is not for us.
    if signed.get("app_id") != app_id or signed.get("seller_id") != seller_id:
        raise SignatureInvalid
    try:
        sent_at = words.moment(signed["notify_time"])
    except (KeyError, ValueError) as error:
        raise WebhookMalformed from error
    if not at - STALE_AFTER <= sent_at <= at + AHEAD:
        raise SignatureInvalid
    return _event(signed, sent_at)


def _fields(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_FIELD_LIMIT,
        )
    except ValueError as error:
        raise SignatureInvalid from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise SignatureInvalid
    return fields


def _event(fields: dict[str, str], sent_at: datetime) -> Event:
    event_id = fields.get("notify_id", "")
    if not event_id or len(event_id) > _ID_LIMIT:
        raise WebhookMalformed
    try:
        if fields.get("out_biz_no") and fields.get("gmt_refund"):
            refund_ref, trade_no = words.ref(fields["out_biz_no"]), words.ref(fields["trade_no"])
            report = RefundReport(refund_ref, ReportStatus.DONE, trade_no)
            return Event(event_id, sent_at, refund=report)
        return Event(event_id, sent_at, payment=words.payment_report(fields))
    except (KeyError, ValueError) as error:
        raise WebhookMalformed from error
