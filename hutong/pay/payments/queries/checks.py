"""Totals and problems for the books, and our rows against a provider's own."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from hutong.kernel.money import Money
from hutong.kernel.rows import rows
from hutong.pay.payments.models import (
    Attempt,
    Payment,
    Refund,
    Transfer,
    WebhookInbox,
)
from hutong.pay.payments.models.transfers import OPEN
from hutong.pay.payments.rules import REFUND_OPEN
from hutong.pay.payments.types import (
    AttemptState,
    BookRow,
    Difference,
    Outcome,
    PaymentState,
    Problem,
    ProviderTotals,
    RefundState,
    TransferState,
)

Row = TypeVar("Row", Payment, Refund, Attempt)
BATCH = 1_000
"""How many payments are compared with a provider's books at once."""

_TOTALS = """
SELECT unit, sum(captured)::int8 AS captured, sum(refunded)::int8 AS refunded,
       sum(suspense)::int8 AS suspense, sum(suspense_refunded)::int8 AS suspense_refunded,
       sum(disputed)::int8 AS disputed
  FROM (
    SELECT unit, captured, 0 AS refunded, 0 AS suspense, 0 AS suspense_refunded, 0 AS disputed
      FROM payments_payment WHERE provider = %(provider)s AND captured > 0
    UNION ALL
    SELECT suspense_unit, 0, 0, suspense, 0, 0
      FROM payments_payment WHERE provider = %(provider)s AND suspense > 0
    UNION ALL
    SELECT r.unit, 0, CASE WHEN r.from_suspense THEN 0 ELSE r.amount END, 0,
           CASE WHEN r.from_suspense THEN r.amount ELSE 0 END, 0
      FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
     WHERE p.provider = %(provider)s AND r.state = 'done'
    UNION ALL
    SELECT unit, 0, 0, 0, 0, CASE WHEN status = 'won' THEN 0 ELSE amount END
      FROM payments_dispute WHERE provider = %(provider)s
    UNION ALL
    SELECT fee_unit, 0, 0, 0, 0, fee FROM payments_dispute WHERE provider = %(provider)s AND fee > 0
  ) AS moved
 GROUP BY unit ORDER BY unit
"""


def provider_totals(provider: str) -> list[ProviderTotals]:
    """What our rows say `provider` took and gave back, one line a unit; nothing for a unit never used."""
    return [ProviderTotals(**row) for row in rows(_TOTALS, {"provider": provider})]


def unknown_since(before: datetime) -> list[str]:
    """Payments, refunds and payouts that began before a moment and of which nobody knows how they ended; 100 of each.

    A payout that its provider does not send (too little there, a limit, a permission) is one: it may yet.
    """
    payments = Payment.objects.filter(state=PaymentState.UNKNOWN, created_at__lt=before)
    refunds = Refund.objects.filter(state=RefundState.UNKNOWN, created_at__lt=before)
    transfers = Transfer.objects.filter(state=TransferState.UNKNOWN, created_at__lt=before)
    found = (
        payments.values_list("public_id", flat=True),
        refunds.values_list("public_id", flat=True),
        transfers.values_list("ref", flat=True),
    )
    return [ref for refs in found for ref in refs[:100]]


def problems(at: datetime) -> list[Problem]:
    """Re-adds every row: what the constraints promise, and what has been open for longer than a day."""
    a_day_ago = at - timedelta(days=1)
    found = [
        *_named("payment_amounts", _impossible_payments(), lambda row: f"{row.refunded}/{row.captured}"),
        *_refund_sums(),
        *_named(
            "payment_unknown",
            Payment.objects.filter(state=PaymentState.UNKNOWN, created_at__lt=a_day_ago),
            lambda row: f"since {row.created_at:%Y-%m-%d %H:%M}",
        ),
        *_named(
            "refund_open",
            Refund.objects.filter(state__in=REFUND_OPEN, created_at__lt=a_day_ago),
            lambda row: f"{row.state} since {row.created_at:%Y-%m-%d %H:%M}",
        ),
        *_named(
            "attempt_open",
            Attempt.objects.filter(
                state__in=[AttemptState.SENT, AttemptState.UNKNOWN], created_at__lt=a_day_ago
            ),
            lambda row: f"{row.kind} since {row.created_at:%Y-%m-%d %H:%M}",
        ),
        *_open_transfers(a_day_ago),
    ]
    for inbox in WebhookInbox.objects.filter(Q(processed_at=None, received_at__lt=at - timedelta(hours=1))):
        found.append(
            Problem("webhook_unprocessed", inbox.event_id, f"since {inbox.received_at:%Y-%m-%d %H:%M}")
        )
    for inbox in WebhookInbox.objects.filter(outcome=Outcome.CONFLICT.value):
        found.append(Problem("webhook_conflict", inbox.event_id, "contradicts what was recorded before"))
    return found


def _open_transfers(before: datetime) -> list[Problem]:
    found = Transfer.objects.filter(state__in=OPEN, created_at__lt=before).order_by("pk")
    return [
        Problem(
            "transfer_open",
            row.ref,
            f"{row.state} since {row.created_at:%Y-%m-%d %H:%M}" + (row.reason and f" ({row.reason})"),
        )
        for row in found
    ]


def _impossible_payments() -> QuerySet[Payment]:
    # Constraints forbid all of this; a check that trusts the constraints would not be one.
    return Payment.objects.filter(
        Q(captured__gt=F("amount"))
        | Q(refunded__gt=F("captured"))
        | Q(refunded__lt=0)
        | Q(suspense_refunded__gt=F("suspense"))
        | (Q(state=PaymentState.CAPTURED) & ~Q(captured=F("amount")))
    )


def _refund_sums() -> list[Problem]:
    found = []
    counted = Q(refunds__state__in=[RefundState.PENDING, RefundState.UNKNOWN, RefundState.DONE])
    summed = Payment.objects.annotate(
        sent_back=Coalesce(Sum("refunds__amount", filter=counted & Q(refunds__from_suspense=False)), 0),
        sent_back_suspense=Coalesce(
            Sum("refunds__amount", filter=counted & Q(refunds__from_suspense=True)), 0
        ),
    ).exclude(sent_back=F("refunded"), sent_back_suspense=F("suspense_refunded"))
    for row in summed:
        found.append(
            Problem("refund_sum", row.public_id, f"refunds add up to {row.sent_back}, not {row.refunded}")
        )
    return found


def _named(code: str, found: Iterable[Row], detail: Callable[[Row], str]) -> list[Problem]:
    return [Problem(code, row.public_id, detail(row)) for row in found]


def book_differences(
    *, provider: str, books: Iterable[BookRow], changed_before: datetime
) -> list[Difference]:
    """Where our rows and the provider's `books` disagree, by payment. Both are read in batches of `BATCH`.

    Payments that either side changed at or after `changed_before` are left out: their news is under way.
    Codes: `missing_there`, `missing_here`, `captured`, `refunded`, `disputed`.
    """
    found: list[Difference] = []
    known: set[int] = set()
    theirs = iter(books)
    while batch := list(islice(theirs, BATCH)):
        ours = {
            row.public_id: row
            for row in Payment.objects.filter(
                provider=provider, public_id__in=[row.payment_ref for row in batch]
            )
        }
        known.update(row.pk for row in ours.values())
        pairs = [(row.payment_ref, ours.get(row.payment_ref), row) for row in batch]
        found += _compared(pairs, changed_before)
    last = 0
    while rest := list(Payment.objects.filter(provider=provider, pk__gt=last).order_by("pk")[:BATCH]):
        last = rest[-1].pk
        found += _compared(
            [(row.public_id, row, None) for row in rest if row.pk not in known], changed_before
        )
    return sorted(found, key=lambda each: each.payment_ref)


def _compared(
    pairs: Sequence[tuple[str, Payment | None, BookRow | None]], changed_before: datetime
) -> list[Difference]:
    """The differences of some payments; one statement for their refunds."""
    done: dict[int, int] = {}
    recent: set[int] = set()
    refunds = Refund.objects.filter(payment__in=[mine.pk for _ref, mine, _other in pairs if mine])
    for payment_id, amount, state, created_at, done_at in refunds.values_list(
        "payment_id", "amount", "state", "created_at", "done_at"
    ):
        if state == RefundState.DONE:
            done[payment_id] = done.get(payment_id, 0) + amount
        if (done_at or created_at) >= changed_before:
            recent.add(payment_id)
    found: list[Difference] = []
    for ref, mine, other in pairs:
        under_way = mine is not None and mine.pk in recent
        if not under_way and _changed(mine, other) < changed_before:
            found += _differences(ref, mine, other, done.get(mine.pk, 0) if mine else 0)
    return found


def _changed(mine: Payment | None, other: BookRow | None) -> datetime:
    moments = [other.changed_at] if other else []
    if mine:
        moments.append(mine.captured_at or mine.created_at)
    return max(moments)


def _differences(ref: str, mine: Payment | None, other: BookRow | None, refunded: int) -> list[Difference]:
    ours = _held(mine)
    theirs = other.captured if other else None
    if mine is None:
        return [Difference("missing_here", ref, "", str(theirs))] if theirs else []
    if other is None:
        return [Difference("missing_there", ref, str(ours), "")] if ours else []
    found = []
    if ours != theirs:
        found.append(Difference("captured", ref, str(ours), str(theirs)))
    if refunded != other.refunded:
        found.append(Difference("refunded", ref, str(refunded), str(other.refunded)))
    if mine.disputed != other.disputed:
        found.append(Difference("disputed", ref, str(mine.disputed), str(other.disputed)))
    return found


def _held(mine: Payment | None) -> Money | None:
    if mine is None or not (mine.captured or mine.suspense):
        return None
    return Money(mine.captured, mine.unit) if mine.captured else Money(mine.suspense, mine.suspense_unit)
