"""Operators correct what is owed to a merchant: one alone up to a limit, above it a second one agrees."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit, second
from hutong.kernel.errors import Conflict, NotFound
from hutong.kernel.money import Money
from hutong.kernel.text import clean
from hutong.pay.ledger.services import ReferenceReused
from hutong.pay.settlement.models import Adjustment, Correction
from hutong.pay.settlement.queries.corrections import correction_view
from hutong.pay.settlement.services.adjusting import (
    NOTE_LIMIT,
    NothingToAdjust,
    book_adjustment,
    reference_of,
)
from hutong.pay.settlement.services.errors import ReasonNeeded
from hutong.pay.settlement.types import AdjustmentReason, AdjustmentView, CorrectionState, CorrectionView


class CorrectionNotFound(NotFound):
    """There is no such correction."""

    code = "correction_not_found"
    message = _("There is no such correction.")


class CorrectionDecided(Conflict):
    """Somebody agreed to it or declined it already."""

    code = "correction_decided"
    message = _("This correction was decided already.")


def adjust(
    *,
    merchant_ref: str,
    amount: Money,
    reason: AdjustmentReason,
    entry: str,
    note: str,
    by: str,
    at: datetime,
    alone_up_to: int,
) -> AdjustmentView | CorrectionView:
    """An operator gives or takes what no redemption did: at the platform's cost, or for a provider's fee.

    `amount` is signed. More than `alone_up_to` (hundredths, see `takes_two`) is not booked, but waits for
    `agree_to_correction`. `entry` names the form that was filled in: the same one again returns what it did, so that an
    answer that got lost costs nothing. Raises NothingToAdjust, ReasonNeeded, and ledger's ReferenceReused where it had
    another amount.
    """
    note = clean(note, limit=NOTE_LIMIT)
    if not note:
        raise ReasonNeeded
    if not amount or not entry:
        raise NothingToAdjust
    reference = reference_of(merchant_ref, entry)
    asked = Correction.objects.filter(reference=reference).exists()
    booked = not asked and Adjustment.objects.filter(reference=reference).exists()
    if booked or not (asked or second.takes_two(amount, alone_up_to=alone_up_to)):
        return book_adjustment(
            merchant_ref=merchant_ref,
            amount=amount,
            reason=reason,
            reference=reference,
            note=note,
            by=by,
            at=at,
        )
    with transaction.atomic():
        row, made = Correction.objects.get_or_create(
            reference=reference,
            defaults={
                "merchant_ref": merchant_ref,
                "amount": amount.minor,
                "unit": amount.unit,
                "reason": reason.value,
                "note": note,
                "asked_by": by,
                "asked_at": at,
            },
        )
        if Money(row.amount, row.unit) != amount or row.reason != reason.value:
            raise ReferenceReused(reference)
        if made:
            _record("correction.asked", row, by=by, at=at, reason=note)
        return correction_view(row)


def agree_to_correction(*, correction_ref: str, by: str, at: datetime) -> AdjustmentView:
    """A second operator agrees, and it is booked.

    Raises CorrectionNotFound, CorrectionDecided, and `SecondPersonNeeded` for who asked for it.
    """
    with transaction.atomic():
        row = _locked(correction_ref)
        second.agree(asked_by=row.asked_by, by=by)
        _decide(row, CorrectionState.BOOKED, by=by, at=at)
        _record("correction.agreed", row, by=by, at=at)
        return book_adjustment(
            merchant_ref=row.merchant_ref,
            amount=Money(row.amount, row.unit),
            reason=AdjustmentReason(row.reason),
            reference=row.reference,
            note=row.note,
            by=by,
            at=at,
        )


def decline_correction(*, correction_ref: str, by: str, at: datetime) -> CorrectionView:
    """An operator, also the one who asked for it, gives it up; nothing was booked.

    Raises CorrectionNotFound, CorrectionDecided.
    """
    with transaction.atomic():
        row = _locked(correction_ref)
        _decide(row, CorrectionState.DECLINED, by=by, at=at)
        _record("correction.declined", row, by=by, at=at)
        return correction_view(row)


def _locked(correction_ref: str) -> Correction:
    row = Correction.objects.select_for_update().filter(public_id=correction_ref).first()
    if row is None:
        raise CorrectionNotFound
    if row.state != CorrectionState.WAITING.value:
        raise CorrectionDecided
    return row


def _decide(row: Correction, state: CorrectionState, *, by: str, at: datetime) -> None:
    row.state, row.decided_by, row.decided_at = state.value, by, at
    row.save(update_fields=["state", "decided_by", "decided_at"])


def _record(action: str, row: Correction, *, by: str, at: datetime, reason: str = "") -> None:
    # Not among the merchant's own entries, which have what is booked.
    audit.record(
        action=action,
        subject=row.public_id,
        by=by,
        at=at,
        after={
            "amount": row.amount,
            "unit": row.unit,
            "why": row.reason,
            "of": row.merchant_ref,
            "asked_by": row.asked_by,
        },
        reason=reason,
    )
