"""Reads: payments for pages and flows, totals and problems for the books."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Count, F, Max, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from hutong.kernel.money import Money
from hutong.kernel.rows import rows, values
from hutong.pay.payments.models import (
    Attempt,
    BillingDifference,
    FetchedBill,
    Payment,
    Refund,
    WebhookInbox,
)
from hutong.pay.payments.rules import REFUND_OPEN
from hutong.pay.payments.types import (
    AttemptState,
    BillView,
    BookRow,
    Difference,
    DifferenceKind,
    DifferenceView,
    OurMoney,
    PaymentState,
    PaymentView,
    Problem,
    ProviderTotals,
    RefundState,
    RefundView,
)

Row = TypeVar("Row", Payment, Refund, Attempt)


def payment_view(row: Payment) -> PaymentView:
    """A row as the frozen value that crosses the boundary. Makes no query."""
    return PaymentView(
        ref=row.public_id,
        order_ref=row.order_ref,
        provider=row.provider,
        state=PaymentState(row.state),
        amount=Money(row.amount, row.unit),
        captured=row.captured,
        refunded=row.refunded,
        suspense=Money(row.suspense, row.suspense_unit) if row.suspense else None,
        suspense_refunded=row.suspense_refunded,
        provider_ref=row.provider_ref,
        redirect_url=row.redirect_url,
        created_at=row.created_at,
        captured_at=row.captured_at,
    )


def refund_view(row: Refund) -> RefundView:
    """A row as the frozen value that crosses the boundary. Its payment must be loaded with it."""
    return RefundView(
        ref=row.public_id,
        payment_ref=row.payment.public_id,
        order_ref=row.payment.order_ref,
        provider=row.payment.provider,
        amount=Money(row.amount, row.unit),
        state=RefundState(row.state),
        reason=row.reason,
        unit_refs=tuple(row.unit_refs),
        from_suspense=row.from_suspense,
        created_at=row.created_at,
        done_at=row.done_at,
    )


def payment_by_ref(ref: str) -> PaymentView | None:
    """The payment `ref`, or None."""
    row = Payment.objects.filter(public_id=ref).first()
    return payment_view(row) if row else None


def order_of_payment(text: str) -> str | None:
    """The order of the payment or refund with this public id, or with this id at its provider; else None."""
    if not text:
        return None
    payment = Payment.objects.filter(Q(public_id=text) | Q(provider_ref=text)).values_list(
        "order_ref", flat=True
    )
    refund = Refund.objects.filter(Q(public_id=text) | Q(provider_ref=text))
    return payment.first() or refund.values_list("payment__order_ref", flat=True).first()


def payments_of_order(order_ref: str) -> list[PaymentView]:
    """Every payment that was ever tried for an order, newest first."""
    return [payment_view(row) for row in Payment.objects.filter(order_ref=order_ref).order_by("-id")]


def payment_for_order(order_ref: str) -> PaymentView | None:
    """The payment that matters for an order: the captured one (the first, if two were), else the newest."""
    payments = payments_of_order(order_ref)
    captured = [payment for payment in payments if payment.state is PaymentState.CAPTURED]
    if captured:
        return captured[-1]
    return payments[0] if payments else None


def refund_by_ref(ref: str) -> RefundView | None:
    """The refund `ref`, or None."""
    row = Refund.objects.select_related("payment").filter(public_id=ref).first()
    return refund_view(row) if row else None


def refunds_of_order(order_ref: str) -> list[RefundView]:
    """The refunds of an order, newest first."""
    found = Refund.objects.select_related("payment").filter(payment__order_ref=order_ref).order_by("-id")
    return [refund_view(row) for row in found]


def recent_payments(*, limit: int = 50, before: datetime | None = None) -> list[PaymentView]:
    """For the operator: the newest payments made before `before`."""
    found = Payment.objects.order_by("-created_at", "-id")
    if before is not None:
        found = found.filter(created_at__lt=before)
    return [payment_view(row) for row in found[:limit]]


def open_refunds(*, limit: int = 50) -> list[RefundView]:
    """For the operator: refunds under way, and failed ones not tried again; oldest first."""
    found = Refund.objects.select_related("payment").exclude(state=RefundState.DONE).order_by("id")
    found = found.filter(tried_again=None)
    return [refund_view(row) for row in found[:limit]]


def open_refunds_of(order_refs: Sequence[str]) -> list[RefundView]:
    """The refunds of these orders whose money has not arrived: under way, or failed and not tried again."""
    found = Refund.objects.select_related("payment").filter(payment__order_ref__in=order_refs)
    return [refund_view(row) for row in found.exclude(state=RefundState.DONE).filter(tried_again=None)]


def everything_about(order_refs: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """All rows of this app that belong to these orders, by model: for the file of the person who ordered."""
    mine = Payment.objects.filter(order_ref__in=order_refs)
    return {
        "payments.Payment": values(
            mine,
            *("public_id", "order_ref", "provider", "amount", "unit", "state", "captured", "refunded"),
            *("suspense", "suspense_unit", "suspense_refunded", "provider_ref", "created_at", "captured_at"),
        ),
        "payments.Refund": values(
            Refund.objects.filter(payment__in=mine),
            *("public_id", "payment__order_ref", "amount", "unit", "state", "reason", "unit_refs"),
            *("provider_ref", "created_at", "done_at"),
        ),
    }


_TOTALS = """
SELECT unit, sum(captured)::int8 AS captured, sum(refunded)::int8 AS refunded,
       sum(suspense)::int8 AS suspense, sum(suspense_refunded)::int8 AS suspense_refunded
  FROM (
    SELECT unit, captured, 0 AS refunded, 0 AS suspense, 0 AS suspense_refunded
      FROM payments_payment WHERE provider = %(provider)s AND captured > 0
    UNION ALL
    SELECT suspense_unit, 0, 0, suspense, 0
      FROM payments_payment WHERE provider = %(provider)s AND suspense > 0
    UNION ALL
    SELECT r.unit, 0, CASE WHEN r.from_suspense THEN 0 ELSE r.amount END, 0,
           CASE WHEN r.from_suspense THEN r.amount ELSE 0 END
      FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
     WHERE p.provider = %(provider)s AND r.state = 'done'
  ) AS moved
 GROUP BY unit ORDER BY unit
"""


def provider_totals(provider: str) -> list[ProviderTotals]:
    """What our rows say `provider` took and gave back, one line a unit; nothing for a unit never used."""
    return [ProviderTotals(**row) for row in rows(_TOTALS, {"provider": provider})]


def unknown_since(before: datetime) -> list[str]:
    """Payments and refunds whose outcome nobody knows although they began before a moment; at most 100 of each."""
    payments = Payment.objects.filter(state=PaymentState.UNKNOWN, created_at__lt=before)
    refunds = Refund.objects.filter(state=RefundState.UNKNOWN, created_at__lt=before)
    return [ref for found in (payments, refunds) for ref in found.values_list("public_id", flat=True)[:100]]


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
    ]
    for inbox in WebhookInbox.objects.filter(Q(processed_at=None, received_at__lt=at - timedelta(hours=1))):
        found.append(
            Problem("webhook_unprocessed", inbox.event_id, f"since {inbox.received_at:%Y-%m-%d %H:%M}")
        )
    for inbox in WebhookInbox.objects.filter(outcome="conflict"):
        found.append(Problem("webhook_conflict", inbox.event_id, "contradicts what was recorded before"))
    return found


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


def our_money(provider: str, refs: Iterable[str]) -> dict[str, OurMoney]:
    """Of these refs the payments and refunds of a provider that are ours. Two statements."""
    named = list(refs)
    payments = Payment.objects.filter(provider=provider, public_id__in=named)
    refunds = Refund.objects.filter(payment__provider=provider, public_id__in=named)
    return {each.ref: each for each in [*map(_of_payment, payments), *map(_of_refund, refunds)]}


def money_done_between(provider: str, starts_at: datetime, ends_at: datetime) -> list[OurMoney]:
    """What came and what went back in a half-open span, in the order of their refs. Two statements."""
    payments = Payment.objects.filter(
        provider=provider, captured_at__gte=starts_at, captured_at__lt=ends_at
    ).order_by("public_id")
    refunds = Refund.objects.filter(
        payment__provider=provider,
        state=RefundState.DONE,
        done_at__gte=starts_at,
        done_at__lt=ends_at,
    ).order_by("public_id")
    return [*map(_of_payment, payments), *map(_of_refund, refunds)]


def _of_payment(row: Payment) -> OurMoney:
    # money of a wrong amount came, too: it lies in suspense
    came = Money(row.suspense, row.suspense_unit) if row.suspense else Money(row.amount, row.unit)
    return OurMoney(row.public_id, came, done=bool(row.captured or row.suspense))


def _of_refund(row: Refund) -> OurMoney:
    return OurMoney(row.public_id, Money(row.amount, row.unit), done=row.state == RefundState.DONE)


def bill_view(row: FetchedBill) -> BillView:
    """A bill as it was matched. One statement for what is open."""
    return BillView(
        provider=row.provider,
        on=row.on,
        fetched_at=row.fetched_at,
        lines=row.lines,
        matched=row.matched,
        open=row.differences.filter(closed_at=None).count(),
    )


def difference_view(row: BillingDifference) -> DifferenceView:
    """A row as the value that crosses the boundary. Its bill must be loaded with it."""
    return DifferenceView(
        difference_ref=row.public_id,
        provider=row.bill.provider,
        on=row.bill.on,
        kind=DifferenceKind(row.kind),
        ref=row.ref,
        provider_ref=row.provider_ref,
        ours=row.ours,
        theirs=row.theirs,
        note=row.note,
        closed_at=row.closed_at,
    )


def newest_bill_on(provider: str) -> date | None:
    """The last day of which a provider's bill is here."""
    newest = FetchedBill.objects.filter(provider=provider).order_by("-on").first()
    return newest.on if newest else None


def bills(*, limit: int = 30) -> list[BillView]:
    """The bills of all providers, the newest day first. One statement."""
    unexplained = Count("differences", filter=Q(differences__closed_at=None))
    found = FetchedBill.objects.annotate(unexplained=unexplained).order_by("-on", "provider")[:limit]
    return [
        BillView(row.provider, row.on, row.fetched_at, row.lines, row.matched, row.unexplained)
        for row in found
    ]


def newest_open_difference() -> tuple[int, str]:
    """How many differences nobody has explained, and the newest of them; "" without any. One statement."""
    found = BillingDifference.objects.filter(closed_at=None).aggregate(
        number=Count("pk"), newest=Max("public_id")
    )
    return found["number"], found["newest"] or ""


def open_differences(*, provider: str = "", limit: int = 200) -> list[DifferenceView]:
    """What nobody has explained yet, the oldest bill first; of one provider or of all."""
    found = BillingDifference.objects.filter(closed_at=None).select_related("bill")
    if provider:
        found = found.filter(bill__provider=provider)
    return [difference_view(row) for row in found.order_by("bill__on", "pk")[:limit]]


def book_differences(
    *, provider: str, books: Sequence[BookRow], changed_before: datetime
) -> list[Difference]:
    """Where our rows and the provider's `books` disagree, by payment.

    Payments that either side changed at or after `changed_before` are left out: their news is under way.
    Codes: `missing_there`, `missing_here`, `captured`, `refunded`.
    """
    ours = {row.public_id: row for row in Payment.objects.filter(provider=provider)}
    done: dict[str, int] = {}
    recent: set[str] = set()
    refunds = Refund.objects.filter(payment__provider=provider)
    for payment_ref, amount, state, created_at, done_at in refunds.values_list(
        "payment__public_id", "amount", "state", "created_at", "done_at"
    ):
        if state == RefundState.DONE:
            done[payment_ref] = done.get(payment_ref, 0) + amount
        if (done_at or created_at) >= changed_before:
            recent.add(payment_ref)
    theirs = {row.payment_ref: row for row in books}
    found: list[Difference] = []
    for ref in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(ref), theirs.get(ref)
        if ref in recent or _changed(mine, other) >= changed_before:
            continue
        found += _differences(ref, mine, other, done.get(ref, 0))
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
    return found


def _held(mine: Payment | None) -> Money | None:
    if mine is None or not (mine.captured or mine.suspense):
        return None
    return Money(mine.captured, mine.unit) if mine.captured else Money(mine.suspense, mine.suspense_unit)
