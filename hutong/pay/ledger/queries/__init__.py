"""Reading the books."""

from hutong.pay.ledger.queries.accounts import balance, balances, entries, moved
from hutong.pay.ledger.queries.checks import Added, Bound, Report, add_up, add_up_since, checkpoint, problems
from hutong.pay.ledger.queries.lots import lot_problems
from hutong.pay.ledger.queries.pages import (
    AccountRow,
    KindTotal,
    Movement,
    accounts_of,
    moved_between,
    movements,
    totals,
)

__all__ = [
    "AccountRow",
    "Added",
    "Bound",
    "KindTotal",
    "Movement",
    "Report",
    "accounts_of",
    "add_up",
    "add_up_since",
    "balance",
    "balances",
    "checkpoint",
    "entries",
    "lot_problems",
    "moved",
    "moved_between",
    "movements",
    "problems",
    "totals",
]
