"""Whether the books say of merchants' money what the rows here say."""

from __future__ import annotations

from hutong.kernel.rows import rows
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger.types import AccountKind

# What is owed: redeemed and not undone, with adjustments, less what left and did not come back.
_OWED = """
SELECT merchant_ref, unit, sum(amount)::bigint AS minor FROM (
    SELECT merchant_ref, unit, net AS amount FROM settlement_settled WHERE undone_at IS NULL
    UNION ALL SELECT merchant_ref, unit, amount FROM settlement_adjustment
    UNION ALL SELECT merchant_ref, unit, -amount FROM settlement_payout WHERE state IN ('sent', 'paid')
) AS each GROUP BY merchant_ref, unit
"""
_ON_ITS_WAY = """
SELECT merchant_ref, unit, sum(amount)::bigint AS minor FROM settlement_payout
WHERE state = 'sent' GROUP BY merchant_ref, unit
"""
_LINES = """
SELECT p.public_id, p.amount,
    (coalesce((SELECT sum(net) FROM settlement_settled WHERE payout_id = p.id), 0)
     - coalesce((SELECT sum(net) FROM settlement_settled WHERE undo_payout_id = p.id), 0)
     + coalesce((SELECT sum(amount) FROM settlement_adjustment WHERE payout_id = p.id), 0)
     + coalesce((SELECT sum(amount) FROM settlement_payout WHERE repaid_by_id = p.id), 0))::bigint AS lines
FROM settlement_payout p WHERE p.state <> 'dropped'
"""


def payout_problems() -> list[str]:
    """One line for each thing that cannot be: payable and payout accounts against the rows, payouts against
    their lines. Empty when all of it holds."""
    return [
        *_differences(AccountKind.PAYABLE, _OWED),
        *_differences(AccountKind.PAYOUT, _ON_ITS_WAY),
        *(
            f"payout {each['public_id']} is {each['amount']}, its lines add up to {each['lines']}"
            for each in rows(_LINES + " ORDER BY p.id")
            if each["amount"] != each["lines"]
        ),
    ]


def _differences(kind: AccountKind, sql: str) -> list[str]:
    expected = {(each["merchant_ref"], each["unit"]): int(each["minor"]) for each in rows(sql)}
    booked = {
        (owner, money.unit): money.minor
        for owner, amounts in ledger.balances(kind).items()
        for money in amounts
    }
    return [
        f"{kind} of {owner} in {unit} is {booked.get((owner, unit), 0)} in the books, "
        f"{expected.get((owner, unit), 0)} by redemptions, adjustments and payouts"
        for owner, unit in sorted(booked.keys() | expected.keys())
        if booked.get((owner, unit), 0) != expected.get((owner, unit), 0)
    ]
