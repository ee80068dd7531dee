"""Tables of `settlement`. Amounts are whole minor units of `unit`."""

from hutong.pay.settlement.models.core import (
    Adjustment,
    DraftDay,
    MonthClose,
    Payout,
    PayoutAccount,
    PayoutBatch,
    PayoutTerms,
    Settled,
)
from hutong.pay.settlement.models.corrections import Correction

__all__ = [
    "Adjustment",
    "Correction",
    "DraftDay",
    "MonthClose",
    "Payout",
    "PayoutAccount",
    "PayoutBatch",
    "PayoutTerms",
    "Settled",
]
