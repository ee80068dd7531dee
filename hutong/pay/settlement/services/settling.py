"""What a redemption earns, and what undoing it takes back.

Each joins the caller's transaction without a savepoint: when one raises, all is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import rows
from hutong.kernel.errors import Conflict
from hutong.kernel.money import Money
from hutong.pay.ledger import services as ledger
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec
from hutong.pay.settlement import queries
from hutong.pay.settlement.types import SettledUnit, Share


class AlreadySettled(Conflict):
    """A unit is settled already, under another redemption; nothing was posted."""

    code = "already_settled"
    message = _("This was already redeemed and settled.")


class NotSettled(Conflict):
    """There is nothing settled under this reference, or it was undone before."""

    code = "not_settled"
    message = _("There is nothing to undo.")


# A unit has one live row at most; the partial unique index makes a rival wait, and then insert nothing.
_INSERT = """
INSERT INTO settlement_settled
    (unit_ref, reference, merchant_ref, store_ref, gross, commission, commission_tax, provider_fee, net, unit, at)
SELECT s.unit_ref, %(reference)s, %(merchant_ref)s, %(store_ref)s, s.gross, s.commission, s.commission_tax,
    s.provider_fee, s.net, %(unit)s, %(at)s::timestamptz
FROM unnest(%(unit_refs)s::text[], %(gross)s::bigint[], %(commissions)s::bigint[], %(taxes)s::bigint[],
    %(fees)s::bigint[], %(nets)s::bigint[])
    AS s (unit_ref, gross, commission, commission_tax, provider_fee, net)
ORDER BY s.unit_ref
ON CONFLICT DO NOTHING
"""

# Who undoes may have read the clock before it waited for a scan that was later and faster.
_UNDO = """
UPDATE settlement_settled SET undone_at = greatest(at, %(at)s::timestamptz)
WHERE (reference = %(reference)s OR unit_ref = ANY (%(unit_refs)s::text[])) AND undone_at IS NULL
RETURNING unit_ref, reference, merchant_ref, store_ref, gross, commission, commission_tax, provider_fee, net,
    unit, at, undone_at
"""


def settle(
    *, shares: Sequence[Share], merchant_ref: str, reference: str, at: datetime, store_ref: str = ""
) -> tuple[SettledUnit, ...]:
    """Owe the merchant the net of redeemed units, and keep commission, its tax and the fee's share, in the books.

    `reference` names the redemption; the posting is `redeem:<reference>`. Four statements once the
    accounts exist. Raises AlreadySettled; ledger.BalanceTooLow when more is redeemed than was paid.
    """
    unit = _one_unit(shares)
    with transaction.atomic(savepoint=False):
        settled = _inserted(shares, merchant_ref, store_ref, reference, unit, at)
        _post(TransactionKind.REDEEM, settled, f"redeem:{reference}", at)
    return settled


def unsettle(*, reference: str, at: datetime) -> tuple[SettledUnit, ...]:
    """Take back what `settle` did under this reference: the rows are marked, the amounts posted back.

    Four statements. Raises NotSettled when there is nothing live under the reference.
    """
    with transaction.atomic(savepoint=False):
        undone = _undone({"reference": reference, "unit_refs": [], "at": at})
        if not undone:
            raise NotSettled(reference=reference)
        _post(TransactionKind.UNDO_REDEEM, undone, f"undo_redeem:{reference}", at)
    return undone


def unsettle_units(*, unit_refs: Sequence[str], reference: str, at: datetime) -> tuple[SettledUnit, ...]:
    """Take back what these units of one merchant earned, all or none, because their money goes back.

    `reference` names what makes it go back (a refund, a dispute); the posting is `undo_redeem:<reference>`.
    What was paid out already is owed by the merchant afterwards: `payable` may go below nothing. Four
    statements. Raises NotSettled when one of them is not settled, or was undone.
    """
    with transaction.atomic(savepoint=False):
        undone = _undone({"reference": None, "unit_refs": list(unit_refs), "at": at})
        if len(undone) != len(set(unit_refs)):
            raise NotSettled(reference=reference)
        _post(TransactionKind.UNDO_REDEEM, undone, f"undo_redeem:{reference}", at)
    return undone


def resettle(*, shares: Sequence[Share], reference: str, at: datetime) -> tuple[SettledUnit, ...]:
    """Settle redeemed units of one merchant anew, at other amounts: they became dearer. All or none.

    What was settled of each is taken back, and settled in the same store at `at` under `reference`; statements show
    both, and a payout that has left already is followed by the difference. Postings are `undo_redeem:<reference>` and
    `redeem:<reference>`. Raises NotSettled.
    """
    unit = _one_unit(shares)
    by_ref = {share.unit_ref: share for share in shares}
    with transaction.atomic(savepoint=False):
        undone = unsettle_units(unit_refs=list(by_ref), reference=reference, at=at)
        settled: list[SettledUnit] = []
        for store_ref in sorted({each.store_ref for each in undone}):
            here = [by_ref[each.unit_ref] for each in undone if each.store_ref == store_ref]
            settled += _inserted(here, undone[0].merchant_ref, store_ref, reference, unit, at)
        _post(TransactionKind.REDEEM, settled, f"redeem:{reference}", at)
    return tuple(settled)


def _inserted(
    shares: Sequence[Share], merchant_ref: str, store_ref: str, reference: str, unit: str, at: datetime
) -> tuple[SettledUnit, ...]:
    """The rows of what is settled, written; AlreadySettled where one of the units is."""
    params = {
        "unit_refs": [share.unit_ref for share in shares],
        "gross": [share.gross.minor for share in shares],
        "commissions": [share.commission.minor for share in shares],
        "taxes": [share.commission_tax.minor for share in shares],
        "fees": [share.provider_fee.minor for share in shares],
        "nets": [share.net.minor for share in shares],
        "reference": reference,
        "merchant_ref": merchant_ref,
        "store_ref": store_ref,
        "unit": unit,
        "at": at,
    }
    if rows.execute(_INSERT, params) != len(shares):
        raise AlreadySettled(reference=reference)
    return tuple(
        SettledUnit(
            unit_ref=share.unit_ref,
            reference=reference,
            merchant_ref=merchant_ref,
            store_ref=store_ref,
            gross=share.gross,
            commission=share.commission,
            commission_tax=share.commission_tax,
            provider_fee=share.provider_fee,
            net=share.net,
            at=at,
            undone_at=None,
        )
        for share in shares
    )


def _undone(params: dict[str, Any]) -> tuple[SettledUnit, ...]:
    return tuple(queries.settled_unit(found) for found in rows.rows(_UNDO, params))


def _one_unit(shares: Sequence[Share]) -> str:
    """The unit of money all shares are in; what does not add up is a fault of the caller."""
    if not shares or len({share.unit_ref for share in shares}) != len(shares):
        raise ValueError("settling names each unit once, and at least one")
    unit = shares[0].gross.unit
    for share in shares:
        kept = (share.commission, share.commission_tax, share.provider_fee)
        if share.gross.unit != unit or min(amount.minor for amount in kept) < 0 or share.net.minor < 0:
            raise ValueError(
                f"{share.unit_ref}: what is kept lies between nothing and what the unit sold for"
            )
    return unit


def _post(kind: TransactionKind, units: Sequence[SettledUnit], reference: str, at: datetime) -> None:
    """Post the sums of one merchant's units by where they go; an amount of nothing is no transfer."""
    merchant_ref, nothing = units[0].merchant_ref, Money(0, units[0].net.unit)
    sums = {
        (AccountKind.PAYABLE, merchant_ref): sum((settled.net for settled in units), nothing),
        (AccountKind.COMMISSION, PLATFORM): sum((settled.commission for settled in units), nothing),
        (AccountKind.COMMISSION_TAX, PLATFORM): sum((settled.commission_tax for settled in units), nothing),
        (AccountKind.PROVIDER_FEES, PLATFORM): sum((settled.provider_fee for settled in units), nothing),
    }
    transfers = [
        TransferSpec(AccountKind.UNREDEEMED, merchant_ref, account, owner, amount)
        if kind is TransactionKind.REDEEM
        else TransferSpec(account, owner, AccountKind.UNREDEEMED, merchant_ref, amount)
        for (account, owner), amount in sums.items()
        if amount
    ]
    if transfers:
        ledger.post(kind=kind, reference=reference, transfers=transfers, at=at)
