"""Money that a provider sends to a merchant: written down first, sent with its own reference, asked about until it ended."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict
from hutong.kernel.money import Money
from hutong.pay.payments.models import Transfer
from hutong.pay.payments.models.transfers import OPEN
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused, ProviderUnavailable
from hutong.pay.payments.providers.protocol import Transfers
from hutong.pay.payments.providers.registry import provider as provider_called
from hutong.pay.payments.rules import next_ask_at
from hutong.pay.payments.types import (
    ReportStatus,
    TransferReport,
    TransferRequest,
    TransferState,
)

REASON_LIMIT = 300
LEASE = timedelta(minutes=2)
"""How long one worker has a transfer for itself: longer than its two calls may take."""
_TROUBLE = (ProviderUnavailable, OutcomeUnknown, ProviderRefused)
_ENDED = {ReportStatus.DONE: TransferState.DONE, ReportStatus.FAILED: TransferState.FAILED}


class TransferUnderWay(Conflict):
    """The provider has it, or may have it: what became of it is the provider's to say."""

    code = "transfer_under_way"
    message = _("The payment service sends this payout, and will say whether it arrived. Look again later.")


def ask_for_transfer(*, provider: str, request: TransferRequest, at: datetime) -> None:
    """Write down what is to be sent, in the caller's transaction; nothing is sent. Asked again, nothing changes."""
    Transfer.objects.get_or_create(
        ref=request.transfer_ref,
        defaults={
            "provider": provider,
            "amount": request.amount.minor,
            "unit": request.amount.unit,
            "account": request.account,
            "holder": request.holder,
            "purpose": request.purpose,
            "created_at": at,
            "next_ask_at": at,
        },
    )


def send_transfers(*, at: datetime, limit: int = 50) -> list[TransferReport]:
    """Send what waits, and ask about what was sent and has not ended. Never inside a transaction.

    Gives back those that ended, which are the caller's to record (`record_transfer`) with all that follows.
    """
    due = Transfer.objects.filter(state__in=OPEN, next_ask_at__lte=at).order_by("next_ask_at", "pk")
    reports = [_look(ref, at=at) for ref in list(due.values_list("ref", flat=True)[:limit])]
    return [report for report in reports if report is not None and report.status in _ENDED]


def record_transfer(*, report: TransferReport, at: datetime) -> bool:
    """Record how a transfer ended, in the caller's transaction; whether it had not been recorded before."""
    changed = Transfer.objects.filter(ref=report.transfer_ref, state__in=OPEN).update(
        state=_ENDED[report.status].value,
        provider_ref=report.provider_ref,
        reason=report.reason[:REASON_LIMIT],
        ended_at=at,
        next_ask_at=None,
    )
    return bool(changed)


def give_up_transfer(*, ref: str, at: datetime) -> TransferReport:
    """End one that the provider never got: FAILED, the caller's to record. Never inside a transaction.

    Whoever may be sending it at this moment is waited out. Raises `TransferUnderWay`, also where the provider cannot
    be asked.
    """
    if not _take(ref, at=at, due_only=False):
        raise TransferUnderWay
    row = Transfer.objects.get(ref=ref)
    try:
        report = _provider(row).query_transfer(transfer_ref=ref)
    except _TROUBLE as error:
        raise TransferUnderWay from error
    if report.status is ReportStatus.FAILED:
        return report
    if report.status is not ReportStatus.ABSENT:
        raise TransferUnderWay
    return TransferReport(ref, ReportStatus.FAILED, reason=row.reason)


def _look(ref: str, *, at: datetime) -> TransferReport | None:
    if not _take(ref, at=at, due_only=True):
        return None  # another worker has it
    row = Transfer.objects.get(ref=ref)
    try:
        provider = _provider(row)
        report = provider.query_transfer(transfer_ref=ref) if row.tries else None
        if report is None or report.status is ReportStatus.ABSENT:
            Transfer.objects.filter(pk=row.pk).update(tries=F("tries") + 1, tried_at=at)
            request = TransferRequest(ref, Money(row.amount, row.unit), row.account, row.holder, row.purpose)
            report = provider.transfer(request)
    except _TROUBLE as error:
        # Not swallowed: it stays open, with the provider's word, and keeps its place in the plan.
        _stays(row, TransferState(row.state), str(error.details.get("reason", "") or error.code), at)
        return TransferReport(ref, ReportStatus.UNKNOWN)
    if report.status not in _ENDED:
        _stays(row, TransferState.PENDING, "", at)
    return report


def _take(ref: str, *, at: datetime, due_only: bool) -> bool:
    """Have a transfer for oneself for a while. One that somebody else has is not due."""
    with transaction.atomic(durable=True):
        row = Transfer.objects.select_for_update().filter(ref=ref).first()
        if row is None or row.next_ask_at is None:
            return False  # it has ended
        leased = row.tried_at is not None and row.tried_at + LEASE > at
        if (due_only and row.next_ask_at > at) or (not due_only and leased):
            return False
        Transfer.objects.filter(pk=row.pk).update(next_ask_at=at + LEASE, tried_at=at)
        return True


def _stays(row: Transfer, state: TransferState, reason: str, at: datetime) -> None:
    Transfer.objects.filter(pk=row.pk, state__in=OPEN).update(
        state=state.value,
        reason=reason[:REASON_LIMIT],
        asked=F("asked") + 1,
        next_ask_at=next_ask_at(row.asked, at),
    )


def _provider(row: Transfer) -> Transfers:
    found = provider_called(row.provider)
    if not isinstance(found, Transfers):
        raise ProviderRefused(reason=f"{row.provider} sends no money to merchants")
    return found
