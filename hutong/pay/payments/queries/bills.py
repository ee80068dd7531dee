"""What is read to match a bill, and the bills that were."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import Count, Max, Q

from hutong.kernel.money import Money
from hutong.pay.payments.models import (
    BillingDifference,
    FetchedBill,
    Payment,
    Refund,
)
from hutong.pay.payments.types import (
    BillView,
    DifferenceKind,
    DifferenceView,
    OurMoney,
    RefundState,
)


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
