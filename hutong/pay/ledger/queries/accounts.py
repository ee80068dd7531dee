"""Accounts and what moved on them."""

from __future__ import annotations

from typing import Any

from hutong.kernel.money import Money
from hutong.kernel.rows import rows, scalar
from hutong.pay.ledger.rules import FLOORS
from hutong.pay.ledger.types import AccountKind, Entry, TransactionKind

_ENTRIES = """
SELECT x.public_id, x.reference, x.kind, x.at, t.amount, t.unit,
       f.kind AS from_kind, f.owner_ref AS from_owner, g.kind AS to_kind, g.owner_ref AS to_owner
FROM ledger_transaction x
JOIN ledger_transfer t ON t.transaction_id = x.id
JOIN ledger_account f ON f.id = t.from_account_id
JOIN ledger_account g ON g.id = t.to_account_id
"""


# Most accounts are not guarded, since every sale touches some of them. Their balance is what the last checkpoint
# had, by kind of transaction, and what moved since: index-only scans from the checkpoint on.
_UPTO = "coalesce((SELECT upto_transfer FROM ledger_checkpoint), 0)"
BALANCE = f"""
SELECT coalesce((SELECT sum(s.minor) FROM ledger_checkpointsum s WHERE s.account_id = a.id), 0)
     + coalesce((SELECT sum(t.amount) FROM ledger_transfer t
                 WHERE t.to_account_id = a.id AND t.id > {_UPTO}), 0)
     - coalesce((SELECT sum(t.amount) FROM ledger_transfer t
                 WHERE t.from_account_id = a.id AND t.id > {_UPTO}), 0) AS minor
"""  # noqa: S608  # a constant above
_MOVED = f"""
WITH later AS (
    SELECT transaction_id, to_account_id AS account_id, amount AS minor FROM ledger_transfer WHERE id > {_UPTO}
    UNION ALL SELECT transaction_id, from_account_id, -amount FROM ledger_transfer WHERE id > {_UPTO}
), every AS (
    SELECT account_id, kind, minor FROM ledger_checkpointsum
    UNION ALL SELECT later.account_id, x.kind, later.minor
        FROM later JOIN ledger_transaction x ON x.id = later.transaction_id
)
SELECT a.owner_ref, a.unit, sum(every.minor)::bigint AS minor
FROM ledger_account a JOIN every ON every.account_id = a.id
WHERE a.kind = %(account)s AND every.kind = ANY (%(kinds)s::text[])
GROUP BY a.owner_ref, a.unit
"""  # noqa: S608  # a constant above


def balance(kind: AccountKind, owner: str, unit: str) -> Money:
    """What came into the account less what went out; nothing for an account that does not exist.

    A guarded account has its balance in a row; of the others what moved since the last checkpoint is added to it.
    """
    if kind in FLOORS:
        sql = """SELECT b.minor FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
                 WHERE a.kind = %s AND a.owner_ref = %s AND a.unit = %s"""
    else:
        sql = f"{BALANCE} FROM ledger_account a WHERE a.kind = %s AND a.owner_ref = %s AND a.unit = %s"
    return Money(int(scalar(sql, [str(kind), owner, unit]) or 0), unit)


def balances(kind: AccountKind) -> dict[str, list[Money]]:
    """The balances of all accounts of a kind, by owner, one for each unit; added up from the last checkpoint on."""
    sql = (
        f"{BALANCE}, a.owner_ref, a.unit FROM ledger_account a WHERE a.kind = %s ORDER BY a.owner_ref, a.unit"
    )
    by_owner: dict[str, list[Money]] = {}
    for account in rows(sql, [str(kind)]):
        by_owner.setdefault(account["owner_ref"], []).append(Money(int(account["minor"]), account["unit"]))
    return by_owner


def moved(account: AccountKind, *kinds: TransactionKind) -> dict[tuple[str, str], int]:
    """What transactions of these kinds brought into accounts of a kind, less what they took out, in minor
    units by (owner, unit). Reads the last checkpoint, and every transaction after it."""
    found = rows(_MOVED, {"account": str(account), "kinds": [str(kind) for kind in kinds]})
    return {(each["owner_ref"], each["unit"]): int(each["minor"]) for each in found}


def entries(reference: str) -> list[Entry]:
    """The transfers posted under a reference, in the order they were given; empty when there are none."""
    return [_entry(found) for found in rows(_ENTRIES + " WHERE x.reference = %s ORDER BY t.id", [reference])]


def _entry(found: dict[str, Any]) -> Entry:
    return Entry(
        transaction_ref=found["public_id"],
        reference=found["reference"],
        kind=TransactionKind(found["kind"]),
        at=found["at"],
        from_kind=AccountKind(found["from_kind"]),
        from_owner=found["from_owner"],
        to_kind=AccountKind(found["to_kind"]),
        to_owner=found["to_owner"],
        amount=Money(found["amount"], found["unit"]),
    )
