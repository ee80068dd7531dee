"""Tables of payments: money and its bills (`core`), `agreed` fees, `transfers` to merchants, chargebacks (`disputes`),
and days `without_bill`.
"""

from hutong.pay.payments.models.agreed import AgreedRate
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
from hutong.pay.payments.models.transfers import Transfer
from hutong.pay.payments.models.without_bill import WithoutBill

__all__ = [
    "AgreedRate",
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
    "Transfer",
    "WebhookInbox",
    "WithoutBill",
]
