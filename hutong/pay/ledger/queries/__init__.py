"""Reading the books."""

from hutong.pay.ledger.queries.accounts import balance, balances, entries, moved
from hutong.pay.ledger.queries.checks import Added, Bound, Report, add_up, add_up_since, checkpoint, problems

__all__ = [
    "Added",
    "Bound",
    "Report",
    "add_up",
    "add_up_since",
    "balance",
    "balances",
    "checkpoint",
    "entries",
    "moved",
    "problems",
]
