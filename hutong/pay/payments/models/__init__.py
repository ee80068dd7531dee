"""Tables of payments: money and its bills (`core`), and what banks take back (`disputes`)."""

from hutong.pay.payments.models.core import (
    Attempt,
    BankIn,
    BilledAmount,
    BilledMoney,
    BillingDifference,
    FetchedBill,
    Payment,
    Refund,
    WebhookInbox,
)
from hutong.pay.payments.models.disputes import Dispute, DisputeEvidence

__all__ = [
    "Attempt",
    "BankIn",
    "BilledAmount",
    "BilledMoney",
    "BillingDifference",
    "Dispute",
    "DisputeEvidence",
    "FetchedBill",
    "Payment",
    "Refund",
    "WebhookInbox",
]
