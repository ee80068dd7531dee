"""Which movements are allowed. Whatever is not declared here is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hutong.pay.ledger.types import (
    PLATFORM,
    AccountKind,
    OwnerType,
    TransactionKind,
    TransferSpec,
)

_A = AccountKind
Pot = TypeVar("Pot")


def _both_ways(*pairs: tuple[AccountKind, AccountKind]) -> frozenset[tuple[AccountKind, AccountKind]]:
    return frozenset(pairs) | frozenset((to, source) for source, to in pairs)


_REDEEM = frozenset(
    (_A.UNREDEEMED, to) for to in (_A.PAYABLE, _A.COMMISSION, _A.COMMISSION_TAX, _A.PROVIDER_FEES)
)
_DISPUTE = frozenset({(_A.DISPUTED, _A.CLEARING), (_A.PROVIDER_FEES, _A.CLEARING)})

DECLARED: dict[TransactionKind, frozenset[tuple[AccountKind, AccountKind]]] = {
    TransactionKind.CAPTURE: frozenset(
        (source, _A.UNREDEEMED) for source in (_A.CLEARING, _A.STORED_HELD, _A.PROMOTION)
    ),
    TransactionKind.SUSPENSE_IN: frozenset({(_A.CLEARING, _A.SUSPENSE)}),
    TransactionKind.SUSPENSE_OUT: frozenset({(_A.SUSPENSE, _A.CLEARING)}),
    TransactionKind.REDEEM: _REDEEM,
    TransactionKind.UNDO_REDEEM: frozenset((to, source) for source, to in _REDEEM),
    TransactionKind.REFUND: frozenset(
        (_A.UNREDEEMED, to) for to in (_A.CLEARING, _A.STORED_VALUE, _A.PROMOTION)
    ),
    TransactionKind.REFUND_RETURNED: frozenset(
        (source, to)
        for to in (_A.UNREDEEMED, _A.STORED_VALUE, _A.SUSPENSE)
        for source in (_A.CLEARING, _A.PROMOTION)
        if source is _A.CLEARING or to is _A.UNREDEEMED
    ),
    TransactionKind.PROVIDER_FEE: _both_ways((_A.PROVIDER_FEES, _A.CLEARING)),
    TransactionKind.BANK_IN: _both_ways((_A.BANK, _A.CLEARING)),
    TransactionKind.PAYOUT_SENT: frozenset({(_A.PAYABLE, _A.PAYOUT)}),
    # Out of what is owed again where it was given up and sent all the same.
    TransactionKind.PAYOUT_PAID: frozenset(
        {(_A.PAYOUT, _A.BANK), (_A.PAYOUT, _A.CLEARING), (_A.PAYABLE, _A.CLEARING)}
    ),
    TransactionKind.PAYOUT_BOUNCED: frozenset({(_A.PAYOUT, _A.PAYABLE), (_A.BANK, _A.PAYABLE)}),
    TransactionKind.ADJUST: _both_ways((_A.PAYABLE, _A.LOSSES), (_A.PAYABLE, _A.PROVIDER_FEES)),
    TransactionKind.DISPUTE_OPENED: _DISPUTE,
    TransactionKind.DISPUTE_WON: frozenset((to, source) for source, to in _DISPUTE),
    TransactionKind.DISPUTE_LOST: frozenset(
        (source, _A.DISPUTED)
        for source in (_A.UNREDEEMED, _A.PAYABLE, _A.STORED_VALUE, _A.SUSPENSE, _A.LOSSES)
    )
    | {(_A.UNREDEEMED, _A.PROMOTION)}
    # What the platform bore is found again where a refund that was under way could not be sent.
    | {(source, _A.LOSSES) for source in (_A.UNREDEEMED, _A.STORED_VALUE, _A.SUSPENSE)},
    TransactionKind.RECONCILE: _both_ways((_A.CLEARING, _A.DISCREPANCY)),
    TransactionKind.WRITE_OFF: _both_ways((_A.DISCREPANCY, _A.LOSSES)),
    TransactionKind.TOP_UP: frozenset({(_A.CLEARING, _A.STORED_VALUE)}),
    TransactionKind.GOODWILL: frozenset({(_A.PROMOTION, _A.STORED_VALUE)}),
    TransactionKind.STORED_HOLD: frozenset({(_A.STORED_VALUE, _A.STORED_HELD)}),
    TransactionKind.STORED_RELEASE: frozenset({(_A.STORED_HELD, _A.STORED_VALUE)}),
    TransactionKind.TOP_UP_REFUND: frozenset({(_A.STORED_VALUE, _A.CLEARING)}),
    TransactionKind.POINTS_EARNED: frozenset({(_A.POINTS_ISSUED, _A.POINTS)}),
    TransactionKind.POINTS_TAKEN_BACK: frozenset({(_A.POINTS, _A.POINTS_ISSUED)}),
    TransactionKind.POINTS_HOLD: frozenset({(_A.POINTS, _A.POINTS_HELD)}),
    TransactionKind.POINTS_RELEASE: frozenset({(_A.POINTS_HELD, _A.POINTS)}),
    TransactionKind.POINTS_SPENT: frozenset({(_A.POINTS_HELD, _A.POINTS_SPENT)}),
    TransactionKind.POINTS_RETURNED: frozenset({(_A.POINTS_SPENT, _A.POINTS)}),
    TransactionKind.POINTS_EXPIRED: frozenset({(_A.POINTS, _A.POINTS_EXPIRED)}),
}
"""For each kind of transaction, the pairs (from, to) of account kinds it may move money between."""

OWNER_TYPES: dict[AccountKind, OwnerType] = {
    **dict.fromkeys((_A.CLEARING, _A.SUSPENSE, _A.DISPUTED, _A.DISCREPANCY), OwnerType.PROVIDER),
    **dict.fromkeys((_A.UNREDEEMED, _A.PAYABLE, _A.PAYOUT), OwnerType.MERCHANT),
    **dict.fromkeys((_A.COMMISSION, _A.COMMISSION_TAX, _A.PROVIDER_FEES), OwnerType.PLATFORM),
    **dict.fromkeys((_A.PROMOTION, _A.LOSSES, _A.BANK), OwnerType.PLATFORM),
    **dict.fromkeys((_A.POINTS_ISSUED, _A.POINTS_SPENT, _A.POINTS_EXPIRED), OwnerType.PLATFORM),
    **dict.fromkeys((_A.STORED_VALUE, _A.STORED_HELD), OwnerType.CARD),
    **dict.fromkeys((_A.POINTS, _A.POINTS_HELD), OwnerType.PERSON),
}

FLOORS: dict[AccountKind, int] = dict.fromkeys(
    (_A.UNREDEEMED, _A.SUSPENSE, _A.PAYOUT, _A.STORED_VALUE, _A.STORED_HELD, _A.POINTS, _A.POINTS_HELD), 0
)
"""Guarded kinds and the minor units their balance never goes below. The others carry no balance row: they
are hot (every sale touches clearing and commission), and one row for all would queue all sales; and a merchant
whose sale is refunded after its payout owes us, below nothing."""

POINT_KINDS = frozenset((_A.POINTS_ISSUED, _A.POINTS, _A.POINTS_HELD, _A.POINTS_SPENT, _A.POINTS_EXPIRED))
"""Accounts in points of a programme; all others are in money."""

MAX_TRANSFERS = 200
"""Transfers in one transaction; a bigger one is a mistake of the caller."""


class UndeclaredTransaction(ValueError):
    """The caller asks for a movement the books do not know. A fault of the programme, not of a person."""


def check(kind: TransactionKind, reference: str, transfers: Sequence[TransferSpec]) -> None:
    """Raise UndeclaredTransaction unless every transfer is declared for `kind` and well formed."""
    if not reference or len(reference) > 100:
        raise UndeclaredTransaction(f"a reference has 1 to 100 characters: {reference!r}")
    if not 0 < len(transfers) <= MAX_TRANSFERS:
        raise UndeclaredTransaction(f"{reference}: a transaction has 1 to {MAX_TRANSFERS} transfers")
    declared = DECLARED.get(kind)
    if declared is None:
        raise UndeclaredTransaction(f"{reference}: the kind {kind!r} is not declared")
    for transfer in transfers:
        if (transfer.from_kind, transfer.to_kind) not in declared:
            raise UndeclaredTransaction(
                f"{reference}: {kind} may not move money from {transfer.from_kind} to {transfer.to_kind}"
            )
        if (transfer.from_kind in POINT_KINDS) != transfer.amount.unit.startswith("pts_"):
            raise UndeclaredTransaction(
                f"{reference}: {transfer.from_kind} does not hold {transfer.amount.unit}"
            )
        if transfer.amount.minor <= 0:
            raise UndeclaredTransaction(f"{reference}: an amount is positive, got {transfer.amount}")
        _check_owners(reference, transfer)


def _check_owners(reference: str, transfer: TransferSpec) -> None:
    """An owner is named; the platform has one name; money stays with its owner within one owner type."""
    sides = ((transfer.from_kind, transfer.from_owner), (transfer.to_kind, transfer.to_owner))
    for kind, owner in sides:
        if not owner or len(owner) > 60:
            raise UndeclaredTransaction(f"{reference}: an owner has 1 to 60 characters: {owner!r}")
        if OWNER_TYPES[kind] is OwnerType.PLATFORM and owner != PLATFORM:
            raise UndeclaredTransaction(f"{reference}: {kind} belongs to {PLATFORM!r}, not to {owner!r}")
    same_type = OWNER_TYPES[transfer.from_kind] is OWNER_TYPES[transfer.to_kind]
    if same_type and transfer.from_owner != transfer.to_owner:
        raise UndeclaredTransaction(
            f"{reference}: {transfer.from_kind} of {transfer.from_owner} cannot pay {transfer.to_kind} "
            f"of {transfer.to_owner}"
        )


def first_in_first_out(pots: Sequence[tuple[Pot, int]], wanted: int) -> list[tuple[Pot, int]] | None:
    """Which pot gives how much of `wanted`: the first all it has, then the next; None when they have too little.

    `pots` are (name, minor units left), the one to be used first before the others. Those that give nothing are left
    out.
    """
    parts = []
    for name, left in pots:
        part = min(left, wanted)
        if part > 0:
            parts.append((name, part))
            wanted -= part
    return parts if wanted == 0 else None


def poured(pots: Sequence[tuple[Pot, int]], units: Sequence[tuple[str, int]]) -> list[tuple[Pot, str, int]]:
    """Which pot bears how much of which unit: (pot, unit, minor), the first pot into the first units.

    Both sides add up to the same, and so does the outcome by pot and by unit. The same two always give the same.
    """
    if sum(minor for _name, minor in pots) != sum(minor for _ref, minor in units):
        raise ValueError("what the pots bear is what the units were paid with from them")
    found = []
    pots_left = iter(pots)
    name: Pot | None = None
    minor = 0
    for unit_ref, unit_minor in units:
        missing = unit_minor
        while missing:
            if not minor:
                name, minor = next(pots_left)
            part = min(minor, missing)
            if part and name is not None:
                found.append((name, unit_ref, part))
            missing -= part
            minor -= part
    return found
