"""Which rows a payout pays: taken by conditional updates, given back when it never leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hutong.kernel.rows import execute, scalar

# The statements of `queries.claims`, as updates: each row belongs to one payout at most. What was undone is in no payout
# that waits but this one, of which there is one for a merchant and unit, and from which it has fallen out before.
_TAKE_SETTLED = """
UPDATE settlement_settled s SET payout_id = %(payout)s
FROM (SELECT %(at)s::timestamptz - make_interval(days => coalesce(
    (SELECT t.holdback_days FROM settlement_payoutterms t WHERE t.merchant_ref = %(merchant)s),
    %(holdback)s)::int) AS until) AS held
WHERE s.merchant_ref = %(merchant)s AND s.unit = %(unit)s AND s.payout_id IS NULL
  AND s.undone_at IS NULL
  AND s.at <= held.until
"""
_TAKE_UNDONE = """
UPDATE settlement_settled SET undo_payout_id = %(payout)s
WHERE merchant_ref = %(merchant)s AND unit = %(unit)s AND payout_id IS NOT NULL AND undo_payout_id IS NULL
  AND undone_at IS NOT NULL
"""
_TAKE_ADJUSTMENTS = """
UPDATE settlement_adjustment SET payout_id = %(payout)s
WHERE merchant_ref = %(merchant)s AND unit = %(unit)s AND payout_id IS NULL AND (amount < 0 OR NOT %(less)s)
"""
_TAKE_BOUNCED = """
UPDATE settlement_payout SET repaid_by_id = %(payout)s
WHERE merchant_ref = %(merchant)s AND unit = %(unit)s AND repaid_by_id IS NULL
  AND state = 'bounced'
"""
_SUM = """
SELECT coalesce((SELECT sum(net) FROM settlement_settled WHERE payout_id = %(payout)s), 0)
     - coalesce((SELECT sum(net) FROM settlement_settled WHERE undo_payout_id = %(payout)s), 0)
     + coalesce((SELECT sum(amount) FROM settlement_adjustment WHERE payout_id = %(payout)s), 0)
     + coalesce((SELECT sum(amount) FROM settlement_payout WHERE repaid_by_id = %(payout)s), 0)
"""
_GIVE_BACK = (
    "UPDATE settlement_settled SET undo_payout_id = NULL WHERE undo_payout_id = %(payout)s",
    "UPDATE settlement_settled SET payout_id = NULL WHERE payout_id = %(payout)s",
    "UPDATE settlement_adjustment SET payout_id = NULL WHERE payout_id = %(payout)s",
    "UPDATE settlement_payout SET repaid_by_id = NULL WHERE repaid_by_id = %(payout)s",
)


@dataclass(frozen=True, slots=True)
class Target:
    """The payout that takes rows: its key, whose it is, in which unit."""

    payout_id: int
    merchant_ref: str
    unit: str

    def params(self) -> dict[str, object]:
        """As the statements want it."""
        return {"payout": self.payout_id, "merchant": self.merchant_ref, "unit": self.unit}


def take_all(target: Target, *, holdback_days: int, at: datetime) -> int:
    """Give the payout everything that is due; what it adds up to, in minor units."""
    params = {**target.params(), "at": at, "holdback": holdback_days, "less": False}
    for statement in (_TAKE_SETTLED, _TAKE_UNDONE, _TAKE_ADJUSTMENTS, _TAKE_BOUNCED):
        execute(statement, params)
    return sum_of(target)


def take_less(target: Target) -> int:
    """Bring a payout that waited up to date, downwards alone: what was approved never grows.

    Rows undone meanwhile fall out of it; what else went back since is taken from it. Its rows are locked, so that
    an undo waits until it has left. What it adds up to now, in minor units.
    """
    params = {**target.params(), "less": True}
    execute("SELECT 1 FROM settlement_settled WHERE payout_id = %(payout)s ORDER BY id FOR UPDATE", params)
    execute(
        "UPDATE settlement_settled SET payout_id = NULL WHERE payout_id = %(payout)s AND undone_at IS NOT NULL",
        params,
    )
    execute(_TAKE_UNDONE, params)
    execute(_TAKE_ADJUSTMENTS, params)
    return sum_of(target)


def sum_of(target: Target) -> int:
    """What the rows of a payout add up to, in minor units."""
    return int(scalar(_SUM, target.params()))


def give_back(target: Target) -> None:
    """Let the next payout have what this one would have paid."""
    for statement in _GIVE_BACK:
        execute(statement, target.params())
