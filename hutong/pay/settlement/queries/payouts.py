"""Payouts and their batches as they stand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum

from hutong.kernel.money import Money
from hutong.kernel.rows import rows
from hutong.pay.settlement.models import Adjustment, DraftDay, Payout, PayoutBatch
from hutong.pay.settlement.queries.accounts import details_of
from hutong.pay.settlement.rules.states import LEFT_US
from hutong.pay.settlement.types import (
    AdjustmentReason,
    AdjustmentView,
    BatchState,
    BatchView,
    PayoutState,
    PayoutView,
)

_OPEN = (PayoutState.PENDING.value, PayoutState.SENT.value)


def batches(*, limit: int = 50) -> list[BatchView]:
    """The batches, the newest first. One statement."""
    return [_batch_view(row) for row in _batches().order_by("-pk")[:limit]]


def batch(batch_ref: str) -> BatchView | None:
    """One batch, or None."""
    row = _batches().filter(public_id=batch_ref).first()
    return _batch_view(row) if row else None


def is_drafted(*, unit: str, on: date) -> bool:
    """Whether the draft of a day was made by itself, or nobody was due."""
    return DraftDay.objects.filter(unit=unit, on=on).exists()


def payouts_of_batch(batch_ref: str) -> list[PayoutView]:
    """The payouts of a batch, the largest first; those dropped last."""
    found = Payout.objects.select_related("account", "batch").filter(batch__public_id=batch_ref)
    views = [payout_view(row) for row in found.order_by("-amount", "pk")]
    return sorted(views, key=lambda each: each.state is PayoutState.DROPPED)


def payout(payout_ref: str, *, merchant_ref: str | None = None) -> PayoutView | None:
    """One payout, of a merchant where one is named; or None."""
    found = Payout.objects.select_related("account", "batch").filter(public_id=payout_ref)
    if merchant_ref is not None:
        found = found.filter(merchant_ref=merchant_ref)
    row = found.first()
    return payout_view(row) if row else None


def payouts_of(merchant_ref: str, *, limit: int = 50) -> list[PayoutView]:
    """A merchant's payouts, the newest first, without those that never left. Index `settlement_payout_by_merchant`."""
    found = Payout.objects.select_related("account", "batch").filter(merchant_ref=merchant_ref)
    found = found.exclude(state=PayoutState.DROPPED.value)
    return [payout_view(row) for row in found.order_by("-pk")[:limit]]


def batches_of(payout_refs: Iterable[str]) -> dict[str, str]:
    """By payout the batch it is in; what is none is left out."""
    found = Payout.objects.filter(public_id__in=list(payout_refs))
    return dict(found.values_list("public_id", "batch__public_id"))


def account_was_changed(payout_ref: str) -> bool:
    """Whether the merchant is paid to another account by now than this payout was made for."""
    return Payout.objects.filter(public_id=payout_ref, account__replaced_at__isnull=False).exists()


def payout_view(row: Payout) -> PayoutView:
    """A row, loaded with its account and batch, as the value that crosses the boundary."""
    return PayoutView(
        ref=row.public_id,
        batch_ref=row.batch.public_id,
        merchant_ref=row.merchant_ref,
        amount=Money(row.amount, row.unit),
        state=PayoutState(row.state),
        details=details_of(row.account),
        made_at=row.made_at,
        sent_at=row.sent_at,
        paid_at=row.paid_at,
        bounced_at=row.bounced_at,
        reason=row.reason,
        via=row.via,
    )


def payouts_to_hand_over(*, limit: int = 200) -> list[PayoutView]:
    """What left by a provider that was not told yet, the oldest first. Index `settlement_payout_to_hand_over`."""
    found = Payout.objects.select_related("account", "batch").filter(to_hand_over=True)
    return [payout_view(row) for row in found.order_by("pk")[:limit]]


def newest_payouts_on(unit: str) -> dict[str, date]:
    """The day of the last batch that paid each merchant in `unit`, by merchant; what came back paid nobody."""
    gone = (PayoutState.DROPPED.value, PayoutState.BOUNCED.value)
    found = Payout.objects.filter(unit=unit).exclude(state__in=gone)
    return dict(
        found.values_list("merchant_ref").annotate(last=Max("batch__on")).values_list("merchant_ref", "last")
    )


def pending_merchants(unit: str) -> set[str]:
    """Merchants that are in a batch which was not sent yet."""
    found = Payout.objects.filter(unit=unit, state=PayoutState.PENDING.value)
    return set(found.values_list("merchant_ref", flat=True))


def adjustments_of(merchant_ref: str, *, limit: int = 50) -> list[AdjustmentView]:
    """What changed a merchant's balance without a redemption, the newest first."""
    found = Adjustment.objects.filter(merchant_ref=merchant_ref).order_by("-pk")[:limit]
    return [adjustment_view(row) for row in found]


def adjustment_view(row: Adjustment) -> AdjustmentView:
    """A row as the value that crosses the boundary."""
    return AdjustmentView(
        ref=row.public_id,
        merchant_ref=row.merchant_ref,
        amount=Money(row.amount, row.unit),
        reason=AdjustmentReason(row.reason),
        reference=row.reference,
        subject_ref=row.subject_ref,
        note=row.note,
        at=row.at,
    )


def on_their_way(merchant_refs: Iterable[str] | None = None) -> list[PayoutView]:
    """Payouts that were sent and of which the bank has not said that they arrived, the oldest first."""
    found = Payout.objects.select_related("account", "batch").filter(state=PayoutState.SENT.value)
    if merchant_refs is not None:
        found = found.filter(merchant_ref__in=list(merchant_refs))
    return [payout_view(row) for row in found.order_by("pk")]


def paid_out_between(merchant_ref: str, *, unit: str, starts_at: datetime, ends_at: datetime) -> Money:
    """What left for a merchant in a half-open span and was not sent back."""
    found = Payout.objects.filter(
        merchant_ref=merchant_ref,
        unit=unit,
        sent_at__gte=starts_at,
        sent_at__lt=ends_at,
        state__in=[state.value for state in LEFT_US],
    )
    return Money(found.aggregate(total=Sum("amount"))["total"] or 0, unit)


def _batches() -> QuerySet[Any]:
    kept = ~Q(payouts__state=PayoutState.DROPPED.value)
    return PayoutBatch.objects.annotate(
        total=Sum("payouts__amount", filter=kept),
        number=Count("payouts", filter=kept),
        open=Count("payouts", filter=Q(payouts__state__in=_OPEN)),
    )


def _batch_view(row: Any) -> BatchView:
    return BatchView(
        ref=row.public_id,
        on=row.on,
        unit=row.unit,
        state=BatchState(row.state),
        needs_two=row.needs_two,
        made_by=row.made_by,
        made_at=row.made_at,
        approved_by=row.approved_by,
        seconded_by=row.seconded_by,
        sent_at=row.sent_at,
        closed_at=row.closed_at,
        total=Money(row.total or 0, row.unit),
        payouts=row.number,
        open=row.open,
    )


def kept_of(payout_refs: Iterable[str]) -> dict[str, tuple[Money, Money]]:
    """By payout, what its redemptions sold for and what was kept of that in fees and tax, less what was undone."""
    found = rows(
        """SELECT p.public_id, p.unit, sum(s.sign * s.gross)::bigint AS gross,
                  sum(s.sign * (s.gross - s.net))::bigint AS kept
           FROM settlement_payout p JOIN (
               SELECT payout_id AS paid_by, 1 AS sign, gross, net FROM settlement_settled
               UNION ALL SELECT undo_payout_id, -1, gross, net FROM settlement_settled
           ) AS s ON s.paid_by = p.id
           WHERE p.public_id = ANY (%s::text[]) GROUP BY p.public_id, p.unit""",
        [list(payout_refs)],
    )
    return {
        each["public_id"]: (Money(each["gross"], each["unit"]), Money(each["kept"], each["unit"]))
        for each in found
    }
