"""Which movements are allowed. Whatever is not declared here is refused."""

from __future__ import annotations

from collections.abc import Sequence

from hutong.pay.ledger.types import (
    PLATFORM,
    AccountKind,
    OwnerType,
    TransactionKind,
    TransferSpec,
)

_CLEARING, _SUSPENSE = AccountKind.CLEARING, AccountKind.SUSPENSE
_UNREDEEMED, _PAYABLE, _COMMISSION = AccountKind.UNREDEEMED, AccountKind.PAYABLE, AccountKind.COMMISSION

DECLARED: dict[TransactionKind, frozenset[tuple[AccountKind, AccountKind]]] = {
    TransactionKind.CAPTURE: frozenset({(_CLEARING, _UNREDEEMED)}),
    TransactionKind.SUSPENSE_IN: frozenset({(_CLEARING, _SUSPENSE)}),
    TransactionKind.SUSPENSE_OUT: frozenset({(_SUSPENSE, _CLEARING)}),
    TransactionKind.REDEEM: frozenset({(_UNREDEEMED, _PAYABLE), (_UNREDEEMED, _COMMISSION)}),
    TransactionKind.UNDO_REDEEM: frozenset({(_PAYABLE, _UNREDEEMED), (_COMMISSION, _UNREDEEMED)}),
    TransactionKind.REFUND: frozenset({(_UNREDEEMED, _CLEARING)}),
}
"""For each kind of transaction, the pairs (from, to) of account kinds it may move money between."""

OWNER_TYPES: dict[AccountKind, OwnerType] = {
    AccountKind.CLEARING: OwnerType.PROVIDER,
    AccountKind.SUSPENSE: OwnerType.PROVIDER,
    AccountKind.UNREDEEMED: OwnerType.MERCHANT,
    AccountKind.PAYABLE: OwnerType.MERCHANT,
    AccountKind.COMMISSION: OwnerType.PLATFORM,
}

FLOORS: dict[AccountKind, int] = {AccountKind.UNREDEEMED: 0, AccountKind.SUSPENSE: 0}
"""Guarded kinds and the minor units their balance never goes below. The others carry no balance row: they
are hot (every sale touches clearing and commission), and one row for all would queue all sales."""

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
