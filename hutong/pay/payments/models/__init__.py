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

__all__ = [
    "Attempt",
    "BankIn",
    "BilledAmount",
    "BilledMoney",
    "BillingDifference",
    "FetchedBill",
    "Payment",
    "Refund",
    "WebhookInbox",
]
