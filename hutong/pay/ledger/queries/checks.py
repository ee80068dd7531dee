"""Adding the books up again: all of them, or what was posted since they were last found right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hutong.kernel.rows import row, rows, scalar
from hutong.pay.ledger.rules import DECLARED, FLOORS
from hutong.pay.ledger.types import AccountKind

CHUNK = 100_000
"""Transfers that are added up in one statement, so that a long sum can tell how far it is."""

Report = Callable[[int, int], None]
"""Told (transfers read, transfers there are) while a long sum goes on."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A place in the books: nothing comes any more at or before these ids."""

    transfer: int
    transaction: int


@dataclass(frozen=True, slots=True)
class Added:
    """What adding up found, and how many transfers were read for it.

    `base` is where it began, `settled` up to where it may count as done: every transaction that could still bring
    something before that had ended when the sum was made.
    """

    problems: tuple[str, ...]
    transfers: int
    base: Bound
    settled: Bound | None


@dataclass(frozen=True, slots=True)
class CheckpointView:
    """The last checkpoint: up to where, how many transfers, and when it was made."""

    upto: Bound
    transfers: int
    checked_at: datetime | None


_ALLOWED: dict[str, frozenset[tuple[str, str]]] = {
    kind.value: frozenset((source.value, target.value) for source, target in pairs)
    for kind, pairs in DECLARED.items()
}

# The transactions of a span are looked up between its first and its last: joined without these bounds, each span reads
# every transaction there is, and the whole check grows with the square of the books.
_FOLD = """
WITH span AS MATERIALIZED (
    SELECT transaction_id, from_account_id, to_account_id, unit, amount
    FROM ledger_transfer WHERE id > %(after)s AND id <= %(upto)s
)
SELECT x.kind, t.from_account_id AS source, t.to_account_id AS target, t.unit, sum(t.amount) AS amount,
       count(*) AS transfers, count(*) FILTER (WHERE t.amount <= 0) AS empty
FROM span t LEFT JOIN ledger_transaction x ON x.id = t.transaction_id
    AND x.id >= (SELECT min(transaction_id) FROM span) AND x.id <= (SELECT max(transaction_id) FROM span)
GROUP BY x.kind, t.from_account_id, t.to_account_id, t.unit
"""
_EMPTY = """
SELECT x.reference FROM ledger_transaction x
WHERE x.id > %s AND NOT EXISTS (SELECT 1 FROM ledger_transfer t WHERE t.transaction_id = x.id)
ORDER BY x.id
"""
_ACCOUNTS = """
SELECT a.id, a.kind, a.owner_ref, a.unit, b.minor
FROM ledger_account a LEFT JOIN ledger_balance b ON b.account_id = a.id ORDER BY a.id
"""
# The transactions of before the mark are over when none of their numbers is among those that run. Numbers are given out
# over all databases of a server: whoever is known to run in another one has nothing to do with these books. One that is
# not known any more has just ended, but this snapshot does not see what it wrote.
_SETTLED = """
SELECT next_transfer, next_transaction FROM ledger_checkpoint
WHERE next_xid <= pg_snapshot_xmax(pg_current_snapshot())::text::bigint AND NOT EXISTS (
    SELECT 1 FROM pg_snapshot_xip(pg_current_snapshot()) AS running (xid)
    WHERE running.xid::text::bigint < next_xid AND NOT EXISTS (
        SELECT 1 FROM pg_stat_activity a
        WHERE a.backend_xid = running.xid::xid AND a.datname <> current_database()))
"""


@dataclass(slots=True)
class _Sums:
    """What was read so far: sums by account and kind of transaction, and the movements between accounts."""

    minor: dict[tuple[int, str], int] = field(default_factory=dict)
    transfers: int = 0
    nameless: int = 0
    pairs: set[tuple[str, int, int]] = field(default_factory=set)
    units: dict[tuple[int, str], int] = field(default_factory=dict)
    empty: int = 0

    def add(self, folded: Iterable[dict[str, Any]]) -> None:
        for each in folded:
            kind, amount = each["kind"] or "", int(each["amount"])
            self.transfers += each["transfers"]
            self.empty += each["empty"]
            self.nameless += 0 if kind else each["transfers"]
            self.pairs.add((kind, each["source"], each["target"]))
            for account, sign in ((each["source"], -1), (each["target"], 1)):
                self.minor[account, kind] = self.minor.get((account, kind), 0) + sign * amount
                unit = account, each["unit"]
                self.units[unit] = self.units.get(unit, 0) + each["transfers"]

    def by_account(self) -> dict[int, int]:
        found: dict[int, int] = {}
        for (account, _kind), minor in self.minor.items():
            found[account] = found.get(account, 0) + minor
        return found


def checkpoint() -> CheckpointView:
    """Up to where the books were found right; from the beginning where they never were."""
    found = row("SELECT upto_transfer, upto_transaction, transfers, checked_at FROM ledger_checkpoint")
    if found is None:
        return CheckpointView(Bound(0, 0), 0, None)
    upto = Bound(found["upto_transfer"], found["upto_transaction"])
    return CheckpointView(upto, found["transfers"], found["checked_at"])


def problems() -> list[str]:
    """Re-add everything; one line for each thing that cannot be. Empty when the books are right."""
    return list(add_up().problems)


def add_up(*, progress: Report | None = None) -> Added:
    """Re-add every transfer there is, and what the last checkpoint says of those before it.

    All of it is of one moment if the caller's transaction is of one.
    """
    before, last = checkpoint(), _last()
    sums = _Sums()
    for start, end in _spans(0, before.upto.transfer):
        sums.add(rows(_FOLD, {"after": start, "upto": end}))
        _tell(progress, end, last)
    drifted = _against_checkpoint(sums, before)
    for start, end in _spans(before.upto.transfer, last):
        sums.add(rows(_FOLD, {"after": start, "upto": end}))
        _tell(progress, end, last)
    found = [*_judge(sums), *drifted]
    return Added(tuple(found), sums.transfers, before.upto, _settled())


def add_up_since() -> Added:
    """The same of what was posted after the last checkpoint, whose own sums are believed."""
    before, sums = checkpoint(), _Sums()
    for each in rows("SELECT account_id, kind, minor FROM ledger_checkpointsum"):
        sums.minor[each["account_id"], each["kind"]] = each["minor"]
    for start, end in _spans(before.upto.transfer, _last()):
        sums.add(rows(_FOLD, {"after": start, "upto": end}))
    return Added(
        tuple(_judge(sums, after_transaction=before.upto.transaction)),
        sums.transfers,
        before.upto,
        _settled(),
    )


def _last() -> int:
    return int(scalar("SELECT coalesce(max(id), 0) FROM ledger_transfer"))


def _spans(after: int, last: int) -> Iterator[tuple[int, int]]:
    for start in range(after, last, CHUNK):
        yield start, min(start + CHUNK, last)


def _tell(progress: Report | None, done: int, last: int) -> None:
    if progress is not None:
        progress(done, last)


def _settled() -> Bound | None:
    found = row(_SETTLED)
    return Bound(found["next_transfer"], found["next_transaction"]) if found else None


def _judge(sums: _Sums, *, after_transaction: int = 0) -> list[str]:
    accounts = rows(_ACCOUNTS)
    found = _wrong_balances(sums, accounts)
    for transaction in rows(_EMPTY, [after_transaction]):
        found.append(f"ledger: transaction {transaction['reference']} has no transfers")
    return [*found, *_wrong_transfers(sums, accounts)]


def _wrong_balances(sums: _Sums, accounts: list[dict[str, Any]]) -> list[str]:
    found, totals = [], sums.by_account()
    for account in accounts:
        name = _name(account)
        total, minor = totals.get(account["id"], 0), account["minor"]
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


def _wrong_transfers(sums: _Sums, accounts: list[dict[str, Any]]) -> list[str]:
    found = []
    kinds = {account["id"]: account["kind"] for account in accounts}
    units = {account["id"]: account["unit"] for account in accounts}
    moved = {(kind, kinds.get(source, "?"), kinds.get(target, "?")) for kind, source, target in sums.pairs}
    for kind, source, target in sorted(moved):
        if kind and (source, target) not in _ALLOWED.get(kind, frozenset()):
            found.append(f"ledger: {kind} moved money from {source} to {target}")
    if sums.nameless:
        found.append(f"ledger: {sums.nameless} transfers are of no transaction")
    mixed = sum(number for (account, unit), number in sums.units.items() if units.get(account) != unit)
    if mixed or sums.empty:
        found.append(f"ledger: {mixed + sums.empty} transfers mix units or move nothing")
    return found


def _against_checkpoint(sums: _Sums, before: CheckpointView) -> list[str]:
    """What was posted before the checkpoint cannot have changed since."""
    kept = {
        (each["account_id"], each["kind"]): int(each["minor"])
        for each in rows("SELECT account_id, kind, minor FROM ledger_checkpointsum")
    }
    names = {account["id"]: _name(account) for account in rows(_ACCOUNTS)}
    found = [
        f"{names.get(account, account)} had {kept.get((account, kind), 0)} by {kind or 'nothing'} at the checkpoint, "
        f"its transfers up to there add up to {sums.minor.get((account, kind), 0)}"
        for account, kind in sorted(kept.keys() | sums.minor.keys())
        if kept.get((account, kind), 0) != sums.minor.get((account, kind), 0)
    ]
    if sums.transfers != before.transfers:
        found.append(
            f"ledger: there were {before.transfers} transfers up to the checkpoint, now {sums.transfers}"
        )
    return found


def _name(account: dict[str, Any]) -> str:
    return f"ledger: {account['kind']} of {account['owner_ref']} in {account['unit']}"
