"""Corrections that wait for a second operator."""

from __future__ import annotations

from hutong.kernel.money import Money
from hutong.kernel.rows import scalar
from hutong.pay.settlement.models import Correction
from hutong.pay.settlement.types import AdjustmentReason, CorrectionState, CorrectionView


def waiting_corrections(*, merchant_ref: str | None = None, limit: int = 100) -> list[CorrectionView]:
    """What waits for a second operator, of a merchant where one is named, the oldest first.

    Index `settlement_correction_waits`.
    """
    found = Correction.objects.filter(state=CorrectionState.WAITING.value)
    if merchant_ref is not None:
        found = found.filter(merchant_ref=merchant_ref)
    return [correction_view(row) for row in found.order_by("pk")[:limit]]


_WAITING = """
SELECT count(*) FROM (
    (SELECT 1 FROM settlement_correction WHERE state = 'waiting' LIMIT %(most)s)
    UNION ALL (SELECT 1 FROM settlement_payoutbatch WHERE state = 'draft' LIMIT %(most)s)
) AS waiting
"""


def count_waiting(*, most: int) -> int:
    """How many corrections and drafts of batches wait for an operator, each counted up to `most`. One statement."""
    return int(scalar(_WAITING, {"most": most}))


def correction_view(row: Correction) -> CorrectionView:
    """A row as the value that crosses the boundary."""
    return CorrectionView(
        ref=row.public_id,
        merchant_ref=row.merchant_ref,
        amount=Money(row.amount, row.unit),
        reason=AdjustmentReason(row.reason),
        note=row.note,
        state=CorrectionState(row.state),
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        decided_by=row.decided_by,
    )
