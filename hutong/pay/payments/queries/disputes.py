"""Disputes as pages and flows see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import F

from hutong.kernel.money import Money
from hutong.kernel.rows import values
from hutong.pay.payments.models import Dispute, DisputeEvidence, Payment, Refund
from hutong.pay.payments.types import (
    Bearer,
    DisputeReport,
    DisputeStatus,
    DisputeView,
    EvidenceFile,
    EvidenceView,
)


def dispute_view(row: Dispute) -> DisputeView:
    """A row as the frozen value that crosses the boundary. Its payment must be loaded with it."""
    return DisputeView(
        ref=row.public_id,
        provider=row.provider,
        provider_ref=row.provider_ref,
        payment_ref=row.payment.public_id,
        order_ref=row.order_ref,
        merchant_ref=row.merchant_ref,
        amount=Money(row.amount, row.unit),
        fee=Money(row.fee, row.fee_unit or row.unit),
        reason=row.reason,
        status=DisputeStatus(row.status),
        borne_by=Bearer(row.borne_by),
        due_at=row.due_at,
        opened_at=row.opened_at,
        submitted_at=row.submitted_at,
        closed_at=row.closed_at,
        from_unredeemed=Money(row.from_unredeemed, row.unit),
        from_merchant=Money(row.from_merchant, row.unit),
        from_platform=Money(row.from_platform, row.unit),
        fee_changes=row.fee_changes,
    )


def dispute_by_ref(ref: str, *, merchant_ref: str = "") -> DisputeView | None:
    """The dispute `ref`, or None; with `merchant_ref` also None where it is of another merchant."""
    found = Dispute.objects.select_related("payment").filter(public_id=ref)
    if merchant_ref:
        found = found.filter(merchant_ref=merchant_ref)
    row = found.first()
    return dispute_view(row) if row else None


def list_disputes(*, merchant_ref: str = "", limit: int = 200) -> list[DisputeView]:
    """Those that are open by their deadline, then those that ended, the newest first. One statement."""
    found = Dispute.objects.select_related("payment")
    if merchant_ref:
        found = found.filter(merchant_ref=merchant_ref)
    ordered = found.order_by(F("closed_at").desc(nulls_first=True), F("due_at").asc(nulls_last=True), "pk")
    return [dispute_view(row) for row in ordered[:limit]]


def open_disputes(*, due_before: datetime | None = None, limit: int = 200) -> list[DisputeView]:
    """Open ones that still need an answer, by deadline; with `due_before` those due until then. One statement."""
    found = Dispute.objects.select_related("payment").filter(status=DisputeStatus.NEEDS_RESPONSE)
    if due_before is not None:
        found = found.filter(due_at__lt=due_before)
    return [dispute_view(row) for row in found.order_by("due_at", "pk")[:limit]]


def disputes_of_order(order_ref: str) -> list[DisputeView]:
    """The disputes about an order, the newest first."""
    found = Dispute.objects.select_related("payment").filter(order_ref=order_ref).order_by("-pk")
    return [dispute_view(row) for row in found]


def evidence_of(ref: str) -> list[EvidenceView]:
    """What was added to the answer to a dispute, the oldest first. Documents without their content."""
    found = DisputeEvidence.objects.filter(dispute__public_id=ref).defer("content").order_by("pk")
    return [
        EvidenceView(
            ref=row.public_id,
            text=row.text,
            file_name=row.file_name,
            content_type=row.content_type,
            by_ref=row.by_ref,
            at=row.at,
            sent_at=row.sent_at,
        )
        for row in found
    ]


def evidence_file(ref: str, *, merchant_ref: str = "") -> EvidenceFile | None:
    """One document, or None; with `merchant_ref` also None where it is about another merchant's dispute."""
    found = DisputeEvidence.objects.filter(public_id=ref, content__isnull=False)
    if merchant_ref:
        found = found.filter(dispute__merchant_ref=merchant_ref)
    row = found.first()
    return EvidenceFile(row.file_name, row.content_type, bytes(row.content or b"")) if row else None


def payment_of_dispute(provider: str, report: DisputeReport) -> tuple[str, str] | None:
    """The payment (its ref, and its order's) that a provider's report is about; None where it is none of ours."""
    found = Payment.objects.filter(provider=provider)
    if report.payment_ref:
        found = found.filter(public_id=report.payment_ref)
    elif report.payment_provider_ref:
        found = found.filter(provider_ref=report.payment_provider_ref)
    else:
        return None
    return found.values_list("public_id", "order_ref").first()


def bought_nothing(payment_ref: str) -> bool:
    """Whether a payment came too late, twice or with other money: then all of it was to be sent back at once."""
    return Refund.objects.filter(payment__public_id=payment_ref, unit_refs=[]).exists()


def held_by_dispute(order_ref: str) -> bool:
    """Whether a bank has what was paid for an order, and it is not decided who keeps it.

    A dispute about money that came late or twice holds nothing: another payment paid for the order.
    """
    return any(one.open and not bought_nothing(one.payment_ref) for one in disputes_of_order(order_ref))


def platform_bore(order_ref: str) -> bool:
    """Whether the platform bears a part of what a bank took back of an order or gift card; late money left out."""
    return any(
        one.from_platform and not bought_nothing(one.payment_ref) for one in disputes_of_order(order_ref)
    )


def lost_units(order_ref: str) -> set[str]:
    """The units of an order that ended with a lost dispute."""
    lost = Dispute.objects.filter(order_ref=order_ref, status=DisputeStatus.LOST)
    return {ref for refs in lost.values_list("unit_refs", flat=True) for ref in refs}


def disputes_about(order_refs: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """All rows about disputes of these orders, by model: for the file of the person who ordered."""
    mine = Dispute.objects.filter(order_ref__in=order_refs)
    return {
        "payments.Dispute": values(
            mine,
            *("public_id", "order_ref", "provider", "amount", "unit", "reason", "status", "opened_at"),
            *("closed_at", "unit_refs"),
        ),
    }
