"""The one way into the books."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import rows
from hutong.kernel.errors import Conflict
from hutong.kernel.ids import new_id
from hutong.pay.ledger import queries, rules
from hutong.pay.ledger.services.checkpoints import advance_checkpoint, mark_checkpoint
from hutong.pay.ledger.types import AccountKind, Posted, TransactionKind, TransferSpec

__all__ = [
    "BalanceTooLow",
    "BooksClosed",
    "ReferenceReused",
    "advance_checkpoint",
    "close_books",
    "mark_checkpoint",
    "post",
]


class BalanceTooLow(Conflict):
    """A guarded account holds less than what should leave it; nothing was posted."""

    code = "balance_too_low"
    message = _("This amount is no longer available.")


class ReferenceReused(Conflict):
    """The reference is in the books with another content; nothing was posted."""

    code = "reference_reused"
    message = _("This booking was already made with other amounts.")


class BooksClosed(Conflict):
    """The moment lies in a month whose books are closed; nothing was posted."""

    code = "books_closed"
    message = _("The books of this month are closed. An operator has to open them again first.")


class _AccountKey(NamedTuple):
    kind: str
    owner: str
    unit: str


class _Movement(NamedTuple):
    from_id: int
    to_id: int
    amount: int
    unit: str


# A rival that makes the same account at the same moment wins or loses here; either way the account and its
# balance row are there afterwards, and a statement that starts later sees them.
_MAKE_ACCOUNTS = """
WITH wanted AS (
    SELECT * FROM unnest(%(kinds)s::text[], %(owners)s::text[], %(units)s::text[], %(floors)s::bigint[])
        AS w (kind, owner_ref, unit, floor)
), made AS (
    INSERT INTO ledger_account (kind, owner_ref, unit, guarded)
    SELECT kind, owner_ref, unit, floor IS NOT NULL FROM wanted ORDER BY kind, owner_ref, unit
    ON CONFLICT (kind, owner_ref, unit) DO NOTHING
    RETURNING id, kind, owner_ref, unit
)
INSERT INTO ledger_balance (account_id, minor, floor)
SELECT made.id, 0, wanted.floor FROM made JOIN wanted USING (kind, owner_ref, unit)
WHERE wanted.floor IS NOT NULL
"""

_FIND_ACCOUNTS = """
SELECT a.id, a.kind, a.owner_ref, a.unit
FROM unnest(%(kinds)s::text[], %(owners)s::text[], %(units)s::text[]) AS w (kind, owner_ref, unit)
JOIN ledger_account a USING (kind, owner_ref, unit)
"""

_INSERT = """
WITH posted AS (
    INSERT INTO ledger_transaction (public_id, reference, kind, at)
    SELECT %(public_id)s::text, %(reference)s::text, %(kind)s::text, %(at)s::timestamptz
    WHERE NOT EXISTS (
        SELECT 1 FROM ledger_closing c
        WHERE c.unit = ANY (%(units)s::text[]) AND %(at)s::timestamptz < c.until
    )
    ON CONFLICT (reference) DO NOTHING
    RETURNING id
)
INSERT INTO ledger_transfer (transaction_id, from_account_id, to_account_id, amount, unit)
SELECT posted.id, m.from_id, m.to_id, m.amount, m.unit
FROM posted, unnest(%(from_ids)s::bigint[], %(to_ids)s::bigint[], %(amounts)s::bigint[], %(units)s::text[])
    WITH ORDINALITY AS m (from_id, to_id, amount, unit, position)
ORDER BY m.position
"""

# `locked` takes the rows in account id order, whatever plan joins them, so two postings never wait for each
# other in a ring. The guard is part of the WHERE: a balance that would pass its floor is not updated, and the
# missing row is noticed. Accounts without a balance row are not guarded and not counted.
_MOVE_BALANCES = """
WITH delta AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(deltas)s::bigint[]) AS d (account_id, minor)
), locked AS (
    SELECT b.account_id FROM ledger_balance b
    WHERE b.account_id = ANY (%(ids)s::bigint[]) ORDER BY b.account_id FOR UPDATE
)
UPDATE ledger_balance b SET minor = b.minor + delta.minor
FROM delta JOIN locked USING (account_id)
WHERE b.account_id = delta.account_id AND b.minor + delta.minor >= b.floor
"""


def post(*, kind: TransactionKind, reference: str, transfers: Sequence[TransferSpec], at: datetime) -> Posted:
    """Write one transaction with its transfers, and move the guarded balances, all or nothing.

    Posting the same reference with the same kind and transfers again changes nothing and returns what is
    there (`replayed`). Three statements once the accounts exist. Joins the caller's transaction without a
    savepoint: when it raises, the caller's transaction is lost as well.

    Raises BalanceTooLow, ReferenceReused, BooksClosed for a moment before `close_books`' last word on any of the
    units, and rules.UndeclaredTransaction for what the books do not know.
    """
    rules.check(kind, reference, transfers)
    with transaction.atomic(savepoint=False):
        movements = _movements(transfers)
        public_id = new_id("txn")
        inserted = rows.execute(
            _INSERT,
            {
                "public_id": public_id,
                "reference": reference,
                "kind": str(kind),
                "at": at,
                "from_ids": [movement.from_id for movement in movements],
                "to_ids": [movement.to_id for movement in movements],
                "amounts": [movement.amount for movement in movements],
                "units": [movement.unit for movement in movements],
            },
        )
        if inserted == 0:
            return _replayed(kind, reference, transfers)
        _move_balances(kind, reference, transfers, movements)
    return Posted(transaction_ref=public_id, reference=reference, kind=kind, at=at, replayed=False)


def _movements(transfers: Sequence[TransferSpec]) -> list[_Movement]:
    """The transfers with the ids of their accounts, which are made where they do not exist yet."""
    ids = _account_ids({key for transfer in transfers for key in _keys(transfer)})
    movements = []
    for transfer in transfers:
        from_key, to_key = _keys(transfer)
        movements.append(_Movement(ids[from_key], ids[to_key], transfer.amount.minor, transfer.amount.unit))
    return movements


def _keys(transfer: TransferSpec) -> tuple[_AccountKey, _AccountKey]:
    unit = transfer.amount.unit
    return (
        _AccountKey(str(transfer.from_kind), transfer.from_owner, unit),
        _AccountKey(str(transfer.to_kind), transfer.to_owner, unit),
    )


def _account_ids(keys: Iterable[_AccountKey]) -> dict[_AccountKey, int]:
    """The ids of the accounts. One statement when all exist; three when one has to be made."""
    wanted = sorted(set(keys))
    ids = _find(wanted)
    missing = [key for key in wanted if key not in ids]
    if missing:
        rows.execute(
            _MAKE_ACCOUNTS,
            {**_columns(missing), "floors": [rules.FLOORS.get(AccountKind(key.kind)) for key in missing]},
        )
        ids |= _find(missing)
    return ids


def _find(keys: Sequence[_AccountKey]) -> dict[_AccountKey, int]:
    found = rows.rows(_FIND_ACCOUNTS, _columns(keys))
    return {_AccountKey(row["kind"], row["owner_ref"], row["unit"]): row["id"] for row in found}


def _columns(keys: Sequence[_AccountKey]) -> dict[str, list[str]]:
    return {
        "kinds": [key.kind for key in keys],
        "owners": [key.owner for key in keys],
        "units": [key.unit for key in keys],
    }


def _move_balances(
    kind: TransactionKind,
    reference: str,
    transfers: Sequence[TransferSpec],
    movements: Sequence[_Movement],
) -> None:
    """Change the balances of the guarded accounts, in one statement; raise BalanceTooLow at a floor."""
    deltas: dict[int, int] = {}
    for transfer, movement in zip(transfers, movements, strict=True):
        if transfer.from_kind in rules.FLOORS:
            deltas[movement.from_id] = deltas.get(movement.from_id, 0) - movement.amount
        if transfer.to_kind in rules.FLOORS:
            deltas[movement.to_id] = deltas.get(movement.to_id, 0) + movement.amount
    if not deltas:
        return
    moved = rows.execute(
        _MOVE_BALANCES, {"ids": sorted(deltas), "deltas": [deltas[key] for key in sorted(deltas)]}
    )
    if moved != len(deltas):
        raise BalanceTooLow(kind=str(kind), reference=reference)


def _replayed(kind: TransactionKind, reference: str, transfers: Sequence[TransferSpec]) -> Posted:
    """The transaction posted under `reference` before; raises ReferenceReused when it says another thing.

    Where there is none, nothing was inserted because the books of that moment are closed.
    """
    entries = queries.entries(reference)
    if not entries:
        raise BooksClosed(reference=reference)
    stored = [
        TransferSpec(entry.from_kind, entry.from_owner, entry.to_kind, entry.to_owner, entry.amount)
        for entry in entries
    ]
    if entries[0].kind != kind or stored != list(transfers):
        raise ReferenceReused(reference=reference)
    first = entries[0]
    return Posted(first.transaction_ref, reference, first.kind, first.at, replayed=True)


def close_books(*, unit: str, until: datetime) -> None:
    """From now on nothing is posted in `unit` with a moment before `until`; an earlier `until` opens what was
    closed after it. Whoever calls it keeps the record of who did so, and why."""
    rows.execute(
        """INSERT INTO ledger_closing (unit, until) VALUES (%s, %s)
           ON CONFLICT (unit) DO UPDATE SET until = EXCLUDED.until""",
        [unit, until],
    )
