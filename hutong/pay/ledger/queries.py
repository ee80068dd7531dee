"""Reading the books."""

from __future__ import annotations

from typing import Any

from hutong.kernel.money import Money
from hutong.kernel.rows import row, rows, scalar
from hutong.pay.ledger.rules import DECLARED, FLOORS
from hutong.pay.ledger.types import AccountKind, Entry, TransactionKind

_ENTRIES = """
SELECT x.public_id, x.reference, x.kind, x.at, t.amount, t.unit,
       f.kind AS from_kind, f.owner_ref AS from_owner, g.kind AS to_kind, g.owner_ref AS to_owner
FROM ledger_transaction x
JOIN ledger_transfer t ON t.transaction_id = x.id
JOIN ledger_account f ON f.id = t.from_account_id
JOIN ledger_account g ON g.id = t.to_account_id
"""


def balance(kind: AccountKind, owner: str, unit: str) -> Money:
    """What came into the account less what went out; nothing for an account that does not exist.

    A guarded account has its balance in a row. The others are summed from their transfers: two index-only
    scans, `ledger_transfer_in` and `ledger_transfer_out`, as long as the account has lived.
    """
    key = [str(kind), owner, unit]
    if kind in FLOORS:
        sql = """SELECT b.minor FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
                 WHERE a.kind = %s AND a.owner_ref = %s AND a.unit = %s"""
    else:
        sql = """SELECT coalesce((SELECT sum(amount) FROM ledger_transfer WHERE to_account_id = a.id), 0)
                      - coalesce((SELECT sum(amount) FROM ledger_transfer WHERE from_account_id = a.id), 0)
                 FROM ledger_account a WHERE a.kind = %s AND a.owner_ref = %s AND a.unit = %s"""
    return Money(int(scalar(sql, key) or 0), unit)


def balances(kind: AccountKind) -> dict[str, list[Money]]:
    """The balances of all accounts of a kind, by owner, one for each unit; re-added from the transfers."""
    found = rows(_SUMS + " WHERE a.kind = %s ORDER BY a.owner_ref, a.unit", [str(kind)])
    by_owner: dict[str, list[Money]] = {}
    for account in found:
        by_owner.setdefault(account["owner_ref"], []).append(Money(int(account["sum"]), account["unit"]))
    return by_owner


def moved(account: AccountKind, *kinds: TransactionKind) -> dict[tuple[str, str], int]:
    """What transactions of these kinds brought into accounts of a kind, less what they took out, in minor
    units by (owner, unit). Reads every such transaction: for checks, not for pages."""
    found = rows(
        """WITH side AS (
               SELECT transaction_id, to_account_id AS account_id, amount FROM ledger_transfer
               UNION ALL SELECT transaction_id, from_account_id, -amount FROM ledger_transfer
           )
           SELECT a.owner_ref, a.unit, sum(side.amount)::bigint AS minor
           FROM ledger_account a JOIN side ON side.account_id = a.id
           JOIN ledger_transaction x ON x.id = side.transaction_id
           WHERE a.kind = %(account)s AND x.kind = ANY (%(kinds)s::text[])
           GROUP BY a.owner_ref, a.unit""",
        {"account": str(account), "kinds": [str(kind) for kind in kinds]},
    )
    return {(each["owner_ref"], each["unit"]): int(each["minor"]) for each in found}


def entries(reference: str) -> list[Entry]:
    """The transfers posted under a reference, in the order they were given; empty when there are none."""
    return [_entry(found) for found in rows(_ENTRIES + " WHERE x.reference = %s ORDER BY t.id", [reference])]


_SUMS = """
SELECT a.id, a.kind, a.owner_ref, a.unit, b.minor, b.floor,
       coalesce(i.total, 0) - coalesce(o.total, 0) AS sum
FROM ledger_account a
LEFT JOIN ledger_balance b ON b.account_id = a.id
LEFT JOIN (SELECT to_account_id AS id, sum(amount) AS total FROM ledger_transfer GROUP BY 1) i USING (id)
LEFT JOIN (SELECT from_account_id AS id, sum(amount) AS total FROM ledger_transfer GROUP BY 1) o USING (id)
"""


def problems() -> list[str]:
    """Re-add everything; one line for each thing that cannot be. Empty when the books are right."""
    return [*_balance_problems(), *_transaction_problems()]


def _balance_problems() -> list[str]:
    found = []
    for account in rows(_SUMS + " ORDER BY a.id"):
        name = f"ledger: {account['kind']} of {account['owner_ref']} in {account['unit']}"
        total, minor = int(account["sum"]), account["minor"]
        floor = FLOORS.get(AccountKind(account["kind"]))
        if floor is not None and minor is None:
            found.append(f"{name} is guarded and has no balance row")
        elif floor is None and minor is not None:
            found.append(f"{name} is not guarded and has a balance row")
        elif minor is not None and minor != total:
            found.append(f"{name} says {minor}, its transfers add up to {total}")
        if floor is not None and total < floor:
            found.append(f"{name} is at {total}, below its floor {floor}")
    return found


def _transaction_problems() -> list[str]:
    empty = rows("""SELECT x.reference FROM ledger_transaction x
                    WHERE NOT EXISTS (SELECT 1 FROM ledger_transfer t WHERE t.transaction_id = x.id)
                    ORDER BY x.id""")
    found = [f"ledger: transaction {transaction['reference']} has no transfers" for transaction in empty]
    used = rows("""SELECT DISTINCT x.kind, f.kind AS from_kind, g.kind AS to_kind
                   FROM ledger_transfer t JOIN ledger_transaction x ON x.id = t.transaction_id
                   JOIN ledger_account f ON f.id = t.from_account_id
                   JOIN ledger_account g ON g.id = t.to_account_id""")
    for pair in used:
        declared = DECLARED.get(TransactionKind(pair["kind"]), frozenset())
        if (pair["from_kind"], pair["to_kind"]) not in declared:
            found.append(f"ledger: {pair['kind']} moved money from {pair['from_kind']} to {pair['to_kind']}")
    mixed = row("""SELECT count(*) AS n FROM ledger_transfer t
                   JOIN ledger_account f ON f.id = t.from_account_id
                   JOIN ledger_account g ON g.id = t.to_account_id
                   WHERE t.unit <> f.unit OR t.unit <> g.unit OR t.amount <= 0""")
    if mixed and mixed["n"]:
        found.append(f"ledger: {mixed['n']} transfers mix units or move nothing")
    return found


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
