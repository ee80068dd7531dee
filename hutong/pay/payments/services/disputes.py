"""Disputes: what a provider says of them is written down once, and they are answered.

Recording runs in the transaction of what follows from it, with the order locked; answering outside any.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, Invalid, NotFound
from hutong.kernel.money import Money
from hutong.pay.payments.models import Dispute, DisputeEvidence, Payment, Refund
from hutong.pay.payments.providers.patience import calling
from hutong.pay.payments.providers.protocol import Disputes
from hutong.pay.payments.providers.registry import provider as provider_called
from hutong.pay.payments.queries import dispute_view
from hutong.pay.payments.rules import DISPUTE_ENDED, dispute_before
from hutong.pay.payments.services.errors import PaymentNotFound, RefundNotFound
from hutong.pay.payments.services.refunding import beyond_reach
from hutong.pay.payments.types import (
    Bearer,
    DisputeRecorded,
    DisputeReport,
    DisputeStatus,
    DisputeView,
    Evidence,
    EvidenceFile,
    LossShares,
    RefundState,
)

DISPUTE_TEXT_LIMIT = 3_000
FILE_LIMIT = 2_000_000
FILES_LIMIT = 4
PIECES_LIMIT = 20
# What banks take, by how its bytes begin.
_KINDS = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


class DisputeNotFound(NotFound):
    """There is no such dispute, or it is about another merchant's order."""

    code = "dispute_not_found"
    message = _("There is no such chargeback.")


class DisputeClosed(Conflict):
    """The dispute was answered or has ended; nothing can be added or changed any more."""

    code = "dispute_closed"
    message = _("This chargeback was answered already, or it has ended.")


class NotDisputable(Conflict):
    """The provider has no disputes that could be answered from here."""

    code = "not_disputable"
    message = _("This payment service is answered in its own console.")


class EvidenceRefused(Invalid):
    """Not words or a PDF, JPEG or PNG within the limits."""

    code = "evidence_refused"
    message = _("Add up to 3,000 letters, or a PDF, JPEG or PNG of at most 2 MB; four documents in all.")


def record_dispute(
    *, provider: str, report: DisputeReport, order_ref: str, merchant_ref: str, borne_by: Bearer, at: datetime
) -> DisputeRecorded:
    """Write down what a provider says of a dispute; each piece of news counts once, in whatever order it comes.

    In the caller's transaction, with the order locked. A dispute that is first heard of when it has ended was opened
    and has ended, both. Raises `PaymentNotFound`.
    """
    with transaction.atomic():
        row, opened = _row(provider, report, order_ref, merchant_ref, borne_by, at)
        if Money(row.amount, row.unit) != report.amount:
            return DisputeRecorded(dispute_view(row), opened=False, ended=False, conflict=True)
        ends = report.status.value in DISPUTE_ENDED
        moved = Dispute.objects.filter(pk=row.pk, status__in=dispute_before(report.status)).update(
            status=report.status,
            closed_at=at if ends else None,
            submitted_at=F("submitted_at") if ends else at,
            # how a lost one is borne is said by `share_loss`, in the same transaction
            from_platform=F("amount") if report.status is DisputeStatus.LOST else 0,
        )
        fee_changes: tuple[Money, ...] = ()
        if moved or opened or row.status == report.status.value:
            before = Money(0, report.fee.unit) if opened else dispute_view(row).fee
            fee_changes = _fee_changes(before, report.fee)
            Dispute.objects.filter(pk=row.pk).update(
                fee=report.fee.minor,
                fee_unit=report.fee.unit,
                fee_changes=F("fee_changes") + len(fee_changes),
                due_at=report.due_at or row.due_at,
            )
        if moved and report.status is DisputeStatus.WON:
            Payment.objects.filter(pk=row.payment_id).update(disputed=F("disputed") - row.amount)
        row.refresh_from_db()
        contradicts = not moved and ends and row.status != report.status.value
        return DisputeRecorded(
            dispute_view(row),
            opened=opened,
            ended=bool(moved) and ends,
            fee_changes=fee_changes,
            conflict=contradicts,
        )


def _fee_changes(before: Money, after: Money) -> tuple[Money, ...]:
    """What is kept more, or less, than before; in two units where the provider kept it in another one first."""
    changes = [after - before] if before.unit == after.unit else [-before, after]
    return tuple(change for change in changes if change)


def _row(
    provider: str, report: DisputeReport, order_ref: str, merchant_ref: str, borne_by: Bearer, at: datetime
) -> tuple[Dispute, bool]:
    """The dispute's row, locked, and whether it was made now: then its money is no headroom any more."""
    payments = Payment.objects.filter(provider=provider, order_ref=order_ref)
    named = (
        {"public_id": report.payment_ref}
        if report.payment_ref
        else {"provider_ref": report.payment_provider_ref}
    )
    payment = payments.filter(**named).first()
    if payment is None:
        raise PaymentNotFound
    row, made = Dispute.objects.get_or_create(
        provider=provider,
        provider_ref=report.provider_ref,
        defaults={
            "payment": payment,
            "order_ref": order_ref,
            "merchant_ref": merchant_ref,
            "amount": report.amount.minor,
            "unit": report.amount.unit,
            "fee": report.fee.minor,
            "fee_unit": report.fee.unit,
            "reason": report.reason[:60],
            "borne_by": borne_by,
            "due_at": report.due_at,
            "opened_at": at,
        },
    )
    if made:
        Payment.objects.filter(pk=payment.pk).update(disputed=F("disputed") + report.amount.minor)
    return Dispute.objects.select_related("payment").select_for_update(of=("self",)).get(pk=row.pk), made


def share_loss(*, ref: str, shares: LossShares) -> DisputeView:
    """Write down how a lost dispute is borne, in the transaction that recorded the loss. Raises `DisputeNotFound`."""
    changed = Dispute.objects.filter(public_id=ref, status=DisputeStatus.LOST, unit_refs=[]).update(
        unit_refs=[*shares.unused, *shares.used],
        from_unredeemed=shares.from_unredeemed,
        from_merchant=shares.from_merchant,
        from_platform=shares.from_platform,
    )
    if not changed:
        raise DisputeNotFound
    return dispute_view(Dispute.objects.select_related("payment").get(public_id=ref))


def cover_unsent(*, refund_ref: str) -> DisputeView | None:
    """End a refund that failed after its payment was lost to a bank: what it was to send, the shopper has from there.

    What the platform bore of the dispute is lower by it. None where no lost dispute of the payment has the platform
    bear so much, or nothing is `beyond_reach`: it waits for the operator as every failed one. In the caller's
    transaction, the order locked.
    """
    with transaction.atomic():
        refund = Refund.objects.select_related("payment").filter(public_id=refund_ref).first()
        if refund is None:
            raise RefundNotFound
        if beyond_reach(refund.payment) <= 0:
            return None
        lost = Dispute.objects.select_related("payment").select_for_update(of=("self",))
        row = (
            lost.filter(
                payment_id=refund.payment_id,
                status=DisputeStatus.LOST,
                unit=refund.unit,
                from_platform__gte=refund.amount,
            )
            .order_by("pk")
            .first()
        )
        if row is None:
            return None
        ended = Refund.objects.filter(pk=refund.pk, state=RefundState.FAILED, ended_by="")
        if not ended.update(ended_by=row.public_id):
            return None
        row.from_platform -= refund.amount
        row.from_unredeemed += refund.amount
        row.unit_refs = [*row.unit_refs, *refund.unit_refs]
        row.save(update_fields=["from_platform", "from_unredeemed", "unit_refs"])
        return dispute_view(row)


def set_bearer(*, ref: str, borne_by: Bearer) -> DisputeView:
    """Who will bear what was redeemed, should the dispute be lost. Raises `DisputeNotFound`, `DisputeClosed`."""
    with transaction.atomic():
        changed = Dispute.objects.filter(public_id=ref, closed_at=None).update(borne_by=borne_by)
        row = _dispute(ref)
        if not changed:
            raise DisputeClosed
        return dispute_view(row)


def add_evidence(
    *, ref: str, text: str = "", file_name: str = "", content: bytes = b"", by_ref: str, at: datetime
) -> str:
    """Keep words, or a document, for the answer; its ref. Its type is read from its bytes.

    Raises `DisputeNotFound`, `DisputeClosed`, `EvidenceRefused`.
    """
    text = text.strip()
    kind = next((found for begin, found in _KINDS.items() if content.startswith(begin)), "")
    wrong = len(content) > FILE_LIMIT or not kind if content else not 0 < len(text) <= DISPUTE_TEXT_LIMIT
    if wrong:
        raise EvidenceRefused
    with transaction.atomic():
        row = _dispute(ref, lock=True)
        if row.status != DisputeStatus.NEEDS_RESPONSE:
            raise DisputeClosed
        documents = row.evidence.filter(content__isnull=False).count()
        if row.evidence.count() >= PIECES_LIMIT or (content and documents >= FILES_LIMIT):
            raise EvidenceRefused
        made = DisputeEvidence.objects.create(
            dispute=row,
            text="" if content else text,
            file_name=(file_name.strip()[-120:] or "document") if content else "",
            content_type=kind,
            content=content or None,
            by_ref=by_ref,
            at=at,
        )
        return made.public_id


def answer_dispute(*, ref: str, facts: str, at: datetime) -> DisputeReport:
    """Send the evidence to the provider: the facts we know, and all that was added. Never inside a transaction.

    The same key goes with every repetition. Hand the report to `record_dispute`. Raises `DisputeNotFound`,
    `DisputeClosed`, `NotDisputable`, and what the provider raises.
    """
    row = _dispute(ref)
    if row.status != DisputeStatus.NEEDS_RESPONSE:
        raise DisputeClosed
    asked = _with_disputes(row)
    pieces = list(row.evidence.order_by("pk"))
    texts = [facts, *(piece.text for piece in pieces if piece.text)]
    files = tuple(
        EvidenceFile(piece.file_name, piece.content_type, bytes(piece.content))
        for piece in pieces
        if piece.content
    )
    report = asked.submit_evidence(
        key=f"{row.public_id}-answer",
        provider_ref=row.provider_ref,
        evidence=Evidence("\n\n".join(texts), files),
    )
    DisputeEvidence.objects.filter(pk__in=[piece.pk for piece in pieces]).update(sent_at=at)
    return report


def give_up_dispute(*, ref: str) -> DisputeReport:
    """Tell the provider that we do not answer: the dispute is lost. Otherwise as `answer_dispute`."""
    row = _dispute(ref)
    if row.status != DisputeStatus.NEEDS_RESPONSE:
        raise DisputeClosed
    return _with_disputes(row).accept_dispute(key=f"{row.public_id}-accept", provider_ref=row.provider_ref)


def fetch_disputes(*, provider: str, since: datetime) -> list[DisputeReport]:
    """The disputes that a provider opened since a moment; none where it has no disputes. Never inside a transaction."""
    with calling(provider) as asked:
        return asked.fetch_disputes(since=since) if isinstance(asked, Disputes) else []


def _with_disputes(row: Dispute) -> Disputes:
    asked = provider_called(row.provider)
    if not isinstance(asked, Disputes):
        raise NotDisputable
    return asked


def _dispute(ref: str, *, lock: bool = False) -> Dispute:
    found = Dispute.objects.select_related("payment").filter(public_id=ref)
    row = (found.select_for_update(of=("self",)) if lock else found).first()
    if row is None:
        raise DisputeNotFound
    return row
