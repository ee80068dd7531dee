"""Money that a provider sends to a merchant: written down first, sent with its own reference, asked about until it ended."""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict
from hutong.kernel.locking import having
from hutong.kernel.money import Money
from hutong.pay.payments.models import Transfer
from hutong.pay.payments.models.transfers import OPEN
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused, ProviderUnavailable
from hutong.pay.payments.providers.patience import calling, not_now
from hutong.pay.payments.providers.protocol import Transfers
from hutong.pay.payments.rules import next_ask_at
from hutong.pay.payments.types import (
    ReportStatus,
    TransferReport,
    TransferRequest,
    TransferState,
)

REASON_LIMIT = 300
LEASE = timedelta(minutes=2)
"""How long a worker has a transfer for itself: longer than its two calls may take. It has its lock while it lives."""
ASK_ENDED_AFTER = (timedelta(minutes=5), timedelta(hours=1), timedelta(days=1))
"""When one that failed is asked about again, each time from the last. The first is later than a lease."""
_LOCK = "payments.transfer"
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


def _go(_ref: str) -> str:
    return ""


def send_transfers(
    *,
    at: datetime,
    limit: int = 50,
    why_not: Callable[[str], str] = _go,
    each: Callable[[str], AbstractContextManager[object]] = nullcontext,
) -> list[TransferReport]:
    """Send what waits, and ask about what was sent and has not ended, or failed. Never inside a transaction.

    `why_not` is asked right before one would be sent: it gives "", or why it is not to go any more, and what the provider
    has never got then is FAILED for that reason. `each` is entered with its ref around one: there the caller may end what
    goes wrong with it, so that the others have their turn.

    Gives back those that ended, which are the caller's to record (`record_transfer`) with all that follows; among
    them one that failed here and was sent nevertheless.
    """
    due = (
        Transfer.objects.filter(next_ask_at__lte=at)
        .order_by("next_ask_at", "pk")
        .values_list("ref", flat=True)
    )
    found = []
    tried: set[str] = set()
    # One after the other: whose provider does not answer just now keeps none of another's from going.
    while len(tried) < limit:
        ref = due.exclude(provider__in=not_now()).exclude(ref__in=tried).first()
        if ref is None:
            break
        tried.add(ref)
        report = None
        with each(ref), having(_LOCK, ref) as mine:
            report = _look(ref, at=at, why_not=why_not) if mine else None
        if report is not None and report.status in _ENDED:
            found.append(report)
    return found


def record_transfer(*, report: TransferReport, at: datetime) -> bool:
    """Record how a transfer ended, in the caller's transaction; whether it had not been recorded before.

    One that failed may be recorded as done, which then stays.
    """
    state = _ENDED[report.status]
    failed = state is TransferState.FAILED
    before = OPEN if failed else [*OPEN, TransferState.FAILED.value]
    changed = Transfer.objects.filter(ref=report.transfer_ref, state__in=before).update(
        state=state.value,
        provider_ref=report.provider_ref,
        reason=report.reason[:REASON_LIMIT],
        ended_at=at,
        asked=0,
        next_ask_at=at + ASK_ENDED_AFTER[0] if failed else None,
    )
    return bool(changed)


def hurry_transfers(*, refs: Collection[str], at: datetime) -> int:
    """Have those of these that have not ended looked at now, in the caller's transaction; how many.

    What somebody has for themselves at this moment is looked at when their time is over.
    """
    soonest = Least("next_ask_at", Greatest(Value(at), F("tried_at") + LEASE))
    return Transfer.objects.filter(ref__in=refs, state__in=OPEN).update(next_ask_at=soonest)


def give_up_transfer(*, ref: str, at: datetime) -> TransferReport:
    """End one that the provider never got: FAILED, the caller's to record. Never inside a transaction.

    Refused while somebody is at it, or may be; the provider is asked about it later again, all the same. Raises
    `TransferUnderWay`, also where the provider cannot be asked.
    """
    with having(_LOCK, ref) as mine:
        if not mine or not _take(ref, at=at, due_only=False):
            raise TransferUnderWay
        row = Transfer.objects.get(ref=ref)
        try:
            with _calling(row) as provider:
                report = provider.query_transfer(transfer_ref=ref)
        except _TROUBLE as error:
            raise TransferUnderWay from error
    if report.status is ReportStatus.FAILED:
        return report
    if report.status is not ReportStatus.ABSENT:
        raise TransferUnderWay
    return TransferReport(ref, ReportStatus.FAILED, reason=row.reason)


def _look(ref: str, *, at: datetime, why_not: Callable[[str], str]) -> TransferReport | None:
    if not _take(ref, at=at, due_only=True):
        return None  # another worker has it
    row = Transfer.objects.get(ref=ref)
    if row.state == TransferState.FAILED.value:
        return _ask_again(row, at=at)
    try:
        with _calling(row) as provider:
            report = provider.query_transfer(transfer_ref=ref) if row.tries else None
            if report is None or report.status is ReportStatus.ABSENT:
                reason = why_not(ref)
                if not _still_ours(row, at=at, sending=not reason):
                    return None  # it took so long that somebody else has it, or gave it up
                if reason:
                    return TransferReport(ref, ReportStatus.FAILED, reason=reason)
                amount = Money(row.amount, row.unit)
                report = provider.transfer(TransferRequest(ref, amount, row.account, row.holder, row.purpose))
    except _TROUBLE as error:
        # Not swallowed: it stays open, with the provider's word, and keeps its place in the plan.
        _stays(row, TransferState(row.state), str(error.details.get("reason", "") or error.code), at)
        return TransferReport(ref, ReportStatus.UNKNOWN)
    if report.status not in _ENDED:
        _stays(row, TransferState.PENDING, "", at)
    return report


def _ask_again(row: Transfer, *, at: datetime) -> TransferReport | None:
    """Whether one that failed was sent all the same: DONE, or None."""
    try:
        with _calling(row) as provider:
            report = provider.query_transfer(transfer_ref=row.ref)
    except _TROUBLE:
        # Not swallowed: no answer counts as none, and it is asked in an hour.
        failed = Transfer.objects.filter(pk=row.pk, state=TransferState.FAILED.value)
        failed.update(next_ask_at=at + timedelta(hours=1))
        return None
    if report.status is ReportStatus.DONE:
        return report
    left = ASK_ENDED_AFTER[row.asked + 1 :]
    # What the provider is still at is asked about for as long as it takes.
    under_way = report.status not in (ReportStatus.ABSENT, ReportStatus.FAILED)
    wait = left[0] if left else ASK_ENDED_AFTER[-1] if under_way else None
    Transfer.objects.filter(pk=row.pk, state=TransferState.FAILED.value).update(
        asked=F("asked") + 1, next_ask_at=at + wait if wait else None
    )
    return None


def _still_ours(row: Transfer, *, at: datetime, sending: bool) -> bool:
    """Note another try if it is being sent, unless the transfer ended or was taken since it was taken at `at`."""
    taken = Transfer.objects.filter(pk=row.pk, state__in=OPEN, tried_at=at)
    return bool(taken.update(tries=F("tries") + int(sending)))


def _take(ref: str, *, at: datetime, due_only: bool) -> bool:
    """Have a transfer for oneself for a while. One that somebody else has is not due."""
    with transaction.atomic(durable=True):
        row = Transfer.objects.select_for_update().filter(ref=ref).first()
        if row is None or row.next_ask_at is None or (not due_only and row.state not in OPEN):
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


@contextmanager
def _calling(row: Transfer) -> Iterator[Transfers]:
    with calling(row.provider) as found:
        if not isinstance(found, Transfers):
            raise ProviderRefused(reason=f"{row.provider} sends no money to merchants")
        yield found
