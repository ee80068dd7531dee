"""Writes of payments. A flow, in order:

1. `create_payment` in the transaction that places the order; `start` outside any transaction.
2. A webhook: `receive_webhook`; then in one transaction `record_report` (or `record_refund`), what follows
   from it, and `mark_processed`.
3. A refund: `request_refund` in the transaction that releases the uses; `send_refund` outside; then
   `record_refund` of its report, with what follows from it, in one transaction.
4. Once a day: `reconcile_bill` of the day before; what it finds stays open until `explain_difference`.
5. The janitor: `ask_unknown` every few seconds; the reports it returns are handled like those of webhooks.
"""

from hutong.pay.payments.services.asking import Asked, ask, ask_refund, ask_unknown
from hutong.pay.payments.services.bills import (
    BillChanged,
    DifferenceClosed,
    DifferenceNotFound,
    NoteMissing,
    explain_difference,
    reconcile_bill,
)
from hutong.pay.payments.services.errors import (
    AlreadyPaid,
    PaymentNotFound,
    PaymentNotPayable,
    RefundNotFailed,
    RefundNotFound,
    RefundTooLarge,
)
from hutong.pay.payments.services.paying import close, create_payment, start
from hutong.pay.payments.services.reconciling import reconcile
from hutong.pay.payments.services.recording import record_capture, record_report
from hutong.pay.payments.services.refunding import (
    record_refund,
    request_again,
    request_refund,
    request_suspense_refund,
    send_refund,
)
from hutong.pay.payments.services.webhooks import acknowledgement, mark_processed, receive_webhook

__all__ = [
    "AlreadyPaid",
    "Asked",
    "BillChanged",
    "DifferenceClosed",
    "DifferenceNotFound",
    "NoteMissing",
    "PaymentNotFound",
    "PaymentNotPayable",
    "RefundNotFailed",
    "RefundNotFound",
    "RefundTooLarge",
    "acknowledgement",
    "ask",
    "ask_refund",
    "ask_unknown",
    "close",
    "create_payment",
    "explain_difference",
    "mark_processed",
    "receive_webhook",
    "reconcile",
    "reconcile_bill",
    "record_capture",
    "record_refund",
    "record_report",
    "request_again",
    "request_refund",
    "request_suspense_refund",
    "send_refund",
    "start",
]
