"""What may be paid out: everything past its holdback that no payout has taken, less what went back."""

from __future__ import annotations

from datetime import datetime

from hutong.kernel.money import Money
from hutong.kernel.rows import rows
from hutong.pay.settlement.types import Claim

# A row belongs to one payout at most. What was undone while a payout waits falls out of it when it is sent, so
# only what was undone after its payout left is taken back by another.
_DUE = """
SELECT s.merchant_ref, s.net AS amount FROM settlement_settled s
LEFT JOIN settlement_payoutterms t ON t.merchant_ref = s.merchant_ref
WHERE s.unit = %(unit)s AND s.payout_id IS NULL AND s.undone_at IS NULL
  AND s.at <= %(at)s::timestamptz - make_interval(days => coalesce(t.holdback_days, %(holdback)s)::int)
  AND (%(merchant)s::text IS NULL OR s.merchant_ref = %(merchant)s::text)
UNION ALL
SELECT s.merchant_ref, -s.net FROM settlement_settled s JOIN settlement_payout p ON p.id = s.payout_id
WHERE s.unit = %(unit)s AND s.undone_at IS NOT NULL AND s.undo_payout_id IS NULL AND p.state <> 'pending'
  AND (%(merchant)s::text IS NULL OR s.merchant_ref = %(merchant)s::text)
UNION ALL
SELECT a.merchant_ref, a.amount FROM settlement_adjustment a
WHERE a.unit = %(unit)s AND a.payout_id IS NULL
  AND (%(merchant)s::text IS NULL OR a.merchant_ref = %(merchant)s::text)
UNION ALL
SELECT p.merchant_ref, p.amount FROM settlement_payout p
WHERE p.unit = %(unit)s AND p.state = 'bounced' AND p.repaid_by_id IS NULL
  AND (%(merchant)s::text IS NULL OR p.merchant_ref = %(merchant)s::text)
"""

_CLAIMS = f"""
WITH due AS (SELECT merchant_ref, sum(amount)::bigint AS due FROM ({_DUE}) AS d GROUP BY merchant_ref),
owed AS (
    SELECT a.owner_ref AS merchant_ref,
        (coalesce((SELECT sum(amount) FROM ledger_transfer WHERE to_account_id = a.id), 0)
         - coalesce((SELECT sum(amount) FROM ledger_transfer WHERE from_account_id = a.id), 0))::bigint AS balance
    FROM ledger_account a WHERE a.kind = 'payable' AND a.unit = %(unit)s
      AND (%(merchant)s::text IS NULL OR a.owner_ref = %(merchant)s::text)
)
SELECT merchant_ref, coalesce(due.due, 0) AS due, coalesce(owed.balance, 0) AS balance, (
    SELECT min(s.at + make_interval(days => coalesce(t.holdback_days, %(holdback)s)::int))
    FROM settlement_settled s LEFT JOIN settlement_payoutterms t ON t.merchant_ref = s.merchant_ref
    WHERE s.merchant_ref = coalesce(due.merchant_ref, owed.merchant_ref) AND s.unit = %(unit)s
      AND s.payout_id IS NULL AND s.undone_at IS NULL
      AND s.at > %(at)s::timestamptz - make_interval(days => coalesce(t.holdback_days, %(holdback)s)::int)
) AS next_at
FROM due FULL JOIN owed USING (merchant_ref)
ORDER BY merchant_ref
"""  # noqa: S608  # put together of the constant above


def claims(*, unit: str, holdback_days: int, at: datetime, merchant_ref: str | None = None) -> list[Claim]:
    """What may be paid to each merchant now, and what is owed to it in all; by merchant. One statement.

    `holdback_days` are the site's, for merchants without days of their own. Both sums may be below nothing.
    Indexes `settlement_not_paid` and `settlement_to_take_back`.
    """
    found = rows(_CLAIMS, {"unit": unit, "holdback": holdback_days, "at": at, "merchant": merchant_ref})
    return [
        Claim(each["merchant_ref"], Money(each["due"], unit), Money(each["balance"], unit), each["next_at"])
        for each in found
    ]


def claim(merchant_ref: str, *, unit: str, holdback_days: int, at: datetime) -> Claim:
    """As `claims`, of one merchant; of nothing where it has nothing."""
    found = claims(unit=unit, holdback_days=holdback_days, at=at, merchant_ref=merchant_ref)
    return found[0] if found else Claim(merchant_ref, Money(0, unit), Money(0, unit))


def units_owed(merchant_ref: str | None = None) -> list[str]:
    """The currencies in which something was ever owed, to a merchant or to anybody."""
    found = rows(
        """SELECT DISTINCT unit FROM ledger_account
           WHERE kind = 'payable' AND (%(merchant)s::text IS NULL OR owner_ref = %(merchant)s::text)
           ORDER BY unit""",
        {"merchant": merchant_ref},
    )
    return [each["unit"] for each in found]
