"""What is owed to a merchant changes without a redemption: noted beside its posting, so that statements show it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Invalid
from hutong.kernel.money import Money
from hutong.kernel.text import clean
from hutong.pay.ledger import services as ledger
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec
from hutong.pay.settlement.models import Adjustment
from hutong.pay.settlement.queries.payouts import adjustment_view
from hutong.pay.settlement.types import AdjustmentReason, AdjustmentView

NOTE_LIMIT = 300
ENTRY_LIMIT = 40


class NothingToAdjust(Invalid):
    """An adjustment of nothing."""

    code = "nothing_to_adjust"
    message = _("Please give an amount.")


def note_adjustment(
    *,
    merchant_ref: str,
    amount: Money,
    reason: AdjustmentReason,
    reference: str,
    by: str,
    at: datetime,
    subject_ref: str = "",
    note: str = "",
) -> AdjustmentView:
    """Note what the caller posts to the merchant's payable account under `reference`, in the same transaction.

    `amount` is signed: below nothing where the merchant bears something. The next payout takes it. Noted again
    under the same reference, nothing changes. Raises NothingToAdjust.
    """
    if not amount:
        raise NothingToAdjust
    with transaction.atomic():
        row, made = Adjustment.objects.get_or_create(
            reference=reference,
            defaults={
                "merchant_ref": merchant_ref,
                "amount": amount.minor,
                "unit": amount.unit,
                "reason": reason.value,
                "subject_ref": subject_ref,
                "note": clean(note, limit=NOTE_LIMIT),
                "by_ref": by,
                "at": at,
            },
        )
        if made:
            audit.record(
                action="payable.adjusted",
                subject=row.public_id,
                by=by,
                at=at,
                after={"amount": amount.minor, "unit": amount.unit, "why": reason.value, "of": subject_ref},
                merchant=merchant_ref,
                reason=row.note,
            )
        return adjustment_view(row)


def reference_of(merchant_ref: str, entry: str) -> str:
    """Under which reference the books have what an operator filled in; `entry` names that filling in."""
    return f"adjust:{merchant_ref}:{entry[:ENTRY_LIMIT]}"


def book_adjustment(
    *,
    merchant_ref: str,
    amount: Money,
    reason: AdjustmentReason,
    reference: str,
    note: str,
    by: str,
    at: datetime,
) -> AdjustmentView:
    """Post what is given to a merchant or taken, against the platform's account, and note it.

    The same again changes nothing. Raises ledger's ReferenceReused where it was booked with another amount.
    """
    other = AccountKind.PROVIDER_FEES if reason is AdjustmentReason.PROVIDER_FEE else AccountKind.LOSSES
    payable, theirs = (AccountKind.PAYABLE, merchant_ref), (other, PLATFORM)
    (from_kind, from_owner), (to_kind, to_owner) = (
        (theirs, payable) if amount.minor > 0 else (payable, theirs)
    )
    with transaction.atomic():
        ledger.post(
            kind=TransactionKind.ADJUST,
            reference=reference,
            transfers=[
                TransferSpec(
                    from_kind, from_owner, to_kind, to_owner, amount if amount.minor > 0 else -amount
                )
            ],
            at=at,
        )
        return note_adjustment(
            merchant_ref=merchant_ref,
            amount=amount,
            reason=reason,
            reference=reference,
            note=note,
            by=by,
            at=at,
        )
