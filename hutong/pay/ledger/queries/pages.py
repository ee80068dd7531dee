"""The accounts as people look at them: what lies where, and what moved on one account."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hutong.kernel.money import Money
from hutong.kernel.rows import row, rows
from hutong.pay.ledger.queries.accounts import BALANCE
from hutong.pay.ledger.types import AccountKind, TransactionKind

# The balance of any account: its row where it is guarded, else from the last checkpoint on.
_EVERY = f"""
SELECT a.id, a.kind, a.owner_ref, a.unit,
       CASE WHEN a.guarded THEN (SELECT b.minor FROM ledger_balance b WHERE b.account_id = a.id) ELSE each.minor END
       AS minor
FROM ledger_account a LEFT JOIN LATERAL ({BALANCE} WHERE NOT a.guarded) each ON true
"""  # noqa: S608  # a constant above


@dataclass(frozen=True, slots=True)
class KindTotal:
    """All accounts of a kind in one unit (and of one owner, where the owner is a provider), in minor units.

    `above` adds up those above nothing, `below` those below it.
    """

    kind: AccountKind
    owner: str
    unit: str
    above: int
    below: int

    @property
    def minor(self) -> int:
        """Both together."""
        return self.above + self.below


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account and its balance."""

    kind: AccountKind
    owner: str
    balance: Money


@dataclass(frozen=True, slots=True)
class Movement:
    """A transfer seen from one account: `amount` is positive where it came in. `number` is its place in the books."""

    number: int
    at: datetime
    kind: TransactionKind
    reference: str
    other_kind: AccountKind
    other_owner: str
    amount: Money


def totals() -> list[KindTotal]:
    """What lies where, by kind and unit; accounts of providers one by one. One statement."""
    found = rows(
        f"""SELECT kind, CASE WHEN kind = ANY (%s::text[]) THEN owner_ref ELSE '' END AS owner, unit,
                   coalesce(sum(minor) FILTER (WHERE minor > 0), 0)::int8 AS above,
                   coalesce(sum(minor) FILTER (WHERE minor < 0), 0)::int8 AS below
            FROM ({_EVERY}) every GROUP BY 1, 2, 3 ORDER BY 3, 1, 2""",  # noqa: S608  # a constant above
        [[str(kind) for kind in _OF_PROVIDERS]],
    )
    return [KindTotal(**{**each, "kind": AccountKind(each["kind"])}) for each in found]


_OF_PROVIDERS = (AccountKind.CLEARING, AccountKind.SUSPENSE, AccountKind.DISPUTED, AccountKind.DISCREPANCY)


def accounts_of(kind: AccountKind, unit: str, *, limit: int = 200) -> list[AccountRow]:
    """The accounts of a kind that are not empty, the largest first, whether above nothing or below."""
    found = rows(
        f"""SELECT owner_ref, minor FROM ({_EVERY} WHERE a.kind = %s AND a.unit = %s) every
            WHERE minor <> 0 ORDER BY abs(minor) DESC, owner_ref LIMIT %s""",  # noqa: S608  # a constant above
        [str(kind), unit, limit],
    )
    return [AccountRow(kind, each["owner_ref"], Money(int(each["minor"]), unit)) for each in found]


# Either side from its own index, the newest first, no more than a page of each.
_MOVEMENTS = """
WITH side AS (
    (SELECT id, transaction_id, from_account_id AS other_id, amount FROM ledger_transfer
        WHERE to_account_id = %(account)s AND id < %(before)s ORDER BY id DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT id, transaction_id, to_account_id, -amount FROM ledger_transfer
        WHERE from_account_id = %(account)s AND id < %(before)s ORDER BY id DESC LIMIT %(limit)s)
)
SELECT side.id, x.at, x.kind, x.reference, o.kind AS other_kind, o.owner_ref AS other_owner, side.amount
FROM side JOIN ledger_transaction x ON x.id = side.transaction_id JOIN ledger_account o ON o.id = side.other_id
ORDER BY side.id DESC LIMIT %(limit)s
"""
_NO_BOUND = 2**63 - 1


def movements(
    kind: AccountKind, owner: str, unit: str, *, before: int | None = None, limit: int = 50
) -> list[Movement] | None:
    """What moved on an account, the newest first, from before the place `before`; None where there is no account.

    Two statements, whatever the account has seen.
    """
    account = row(
        "SELECT id FROM ledger_account WHERE kind = %s AND owner_ref = %s AND unit = %s",
        [str(kind), owner, unit],
    )
    if account is None:
        return None
    found = rows(
        _MOVEMENTS,
        {"account": account["id"], "before": _NO_BOUND if before is None else before, "limit": limit},
    )
    return [
        Movement(
            number=each["id"],
            at=each["at"],
            kind=TransactionKind(each["kind"]),
            reference=each["reference"],
            other_kind=AccountKind(each["other_kind"]),
            other_owner=each["other_owner"],
            amount=Money(each["amount"], unit),
        )
        for each in found
    ]


def moved_between(
    kinds: Iterable[AccountKind], *, unit: str, starts_at: datetime, ends_at: datetime
) -> dict[AccountKind, Money]:
    """What came into the accounts of each kind in a half-open span, less what went out of them. One statement."""
    wanted = list(kinds)
    found = rows(
        """SELECT a.kind, sum(CASE WHEN t.to_account_id = a.id THEN t.amount ELSE -t.amount END)::int8 AS minor
           FROM ledger_transaction x JOIN ledger_transfer t ON t.transaction_id = x.id
           JOIN ledger_account a ON a.id IN (t.from_account_id, t.to_account_id)
           WHERE x.at >= %s::timestamptz AND x.at < %s::timestamptz AND t.unit = %s AND a.kind = ANY (%s::text[])
           GROUP BY a.kind""",
        [starts_at, ends_at, unit, [str(kind) for kind in wanted]],
    )
    moved = {AccountKind(each["kind"]): Money(each["minor"], unit) for each in found}
    return {kind: moved.get(kind, Money(0, unit)) for kind in wanted}
