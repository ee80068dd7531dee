"""Reads of `settlement`."""

from hutong.pay.settlement.queries.accounts import account_of, accounts_of, terms_of
from hutong.pay.settlement.queries.checks import payout_problems
from hutong.pay.settlement.queries.claims import claim, claims, units_owed
from hutong.pay.settlement.queries.corrections import count_waiting, waiting_corrections
from hutong.pay.settlement.queries.earned import daily, earnings, problems, settled, settled_unit, unit_refs
from hutong.pay.settlement.queries.months import (
    closed_month,
    last_bill_on,
    missing_bills,
    months,
    newest_closed,
    newest_closed_of_all,
)
from hutong.pay.settlement.queries.payouts import (
    account_was_changed,
    adjustments_of,
    batch,
    batches,
    batches_of,
    is_drafted,
    kept_of,
    on_their_way,
    paid_out_between,
    payout,
    payouts_of,
    payouts_of_batch,
    payouts_to_hand_over,
)
from hutong.pay.settlement.queries.statements import (
    balance_at,
    began_at,
    booked_at,
    lines,
    lines_of_payout,
)

__all__ = [
    "account_of",
    "account_was_changed",
    "accounts_of",
    "adjustments_of",
    "balance_at",
    "batch",
    "batches",
    "batches_of",
    "began_at",
    "booked_at",
    "claim",
    "claims",
    "closed_month",
    "count_waiting",
    "daily",
    "earnings",
    "is_drafted",
    "kept_of",
    "last_bill_on",
    "lines",
    "lines_of_payout",
    "missing_bills",
    "months",
    "newest_closed",
    "newest_closed_of_all",
    "on_their_way",
    "paid_out_between",
    "payout",
    "payout_problems",
    "payouts_of",
    "payouts_of_batch",
    "payouts_to_hand_over",
    "problems",
    "settled",
    "settled_unit",
    "terms_of",
    "unit_refs",
    "units_owed",
    "waiting_corrections",
]
