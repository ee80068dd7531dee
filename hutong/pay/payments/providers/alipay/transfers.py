"""Money to somebody's Alipay account (`alipay.fund.trans.uni.transfer`), with our own reference as its key.

Alipay opens these calls to applications with certificates only, see `certificates`.
"""

from collections.abc import Mapping
from typing import Any

from hutong.pay.payments.providers.alipay import words
from hutong.pay.payments.providers.alipay.gateway import Gateway, SaidNo
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused
from hutong.pay.payments.types import ReportStatus, TransferReport, TransferRequest

_PRODUCT = {"product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER"}
LEAST = 10
_ABSENT = "ORDER_NOT_EXIST"
# It may have been done; only a query tells.
_UNKNOWN = {"SYSTEM_ERROR", "REQUEST_PROCESSING"}
# What is wrong with who is to get it, or with the amount, and stays wrong however often it is sent. Anything else
# that Alipay says no to (too little on our account, a limit of the day, a permission) may be mended, and the same
# transfer sent then.
_PAYEE = "PAYEE_"
_NEVER = {"PERM_AML_NOT_REALNAME_REV", "BLOCK_USER_FORBBIDEN_RECIEVE", "EXCEED_LIMIT_SM_MIN_AMOUNT"}
_STATUS = {
    "SUCCESS": ReportStatus.DONE,
    "FAIL": ReportStatus.FAILED,
    "CLOSED": ReportStatus.FAILED,
    "REFUND": ReportStatus.FAILED,
    "DEALING": ReportStatus.PENDING,
    "WAIT_PAY": ReportStatus.PENDING,
}


def send(gateway: Gateway, request: TransferRequest) -> TransferReport:
    """See `Transfers.transfer`."""
    if request.amount.unit != words.UNIT:
        raise ProviderRefused(reason=f"Alipay sends {words.UNIT} only, not {request.amount.unit}")
    content = {
        "out_biz_no": request.transfer_ref,
        "trans_amount": request.amount.major_text,
        **_PRODUCT,
        "order_title": words.title(request.purpose),
        "payee_info": {
            "identity": request.account,
            "identity_type": "ALIPAY_LOGON_ID",
            "name": request.holder,
        },
    }
    try:
        answer = gateway.call("alipay.fund.trans.uni.transfer", content, effect=True)
    except SaidNo as error:
        if error.word in _UNKNOWN:
            raise OutcomeUnknown(reason=error.word) from error
        if error.word.startswith(_PAYEE) or error.word in _NEVER:
            return TransferReport(request.transfer_ref, ReportStatus.FAILED, reason=error.word)
        raise
    return _report(request.transfer_ref, answer)


def ask(gateway: Gateway, transfer_ref: str) -> TransferReport:
    """See `Transfers.query_transfer`."""
    try:
        answer = gateway.call("alipay.fund.trans.common.query", {**_PRODUCT, "out_biz_no": transfer_ref})
    except SaidNo as error:
        if error.word == _ABSENT:
            return TransferReport(transfer_ref, ReportStatus.ABSENT)
        if error.word in _UNKNOWN:
            raise OutcomeUnknown(reason=error.word) from error
        raise
    return _report(transfer_ref, answer)


def _report(transfer_ref: str, answer: Mapping[str, Any]) -> TransferReport:
    # An answer that was signed for another transfer is none to this call.
    status = _STATUS.get(str(answer.get("status")))
    if status is None or answer.get("out_biz_no") != transfer_ref:
        raise OutcomeUnknown(reason="the answer cannot be understood")
    failed = status is ReportStatus.FAILED
    reason = str(answer.get("error_code") or answer["status"])[:100] if failed else ""
    return TransferReport(transfer_ref, status, str(answer.get("order_id") or ""), reason)
