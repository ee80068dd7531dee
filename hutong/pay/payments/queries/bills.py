"""What is read to match a bill, and the bills that were."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from django.db.models import Count, Max, Q

from hutong.kernel.money import Money
from hutong.kernel.rows import rows
from hutong.pay.payments.models import (
    BankIn,
    BillingDifference,
    FetchedBill,
    Payment,
    Refund,
)
from hutong.pay.payments.rules import back_ref, booked, without_back
from hutong.pay.payments.types import (
    BankInView,
    BilledSum,
    BilledTotals,
    BillView,
    DifferenceKind,
    DifferenceView,
    Explanation,
    OurMoney,
    RefundState,
)


def our_money(provider: str, refs: Iterable[str]) -> dict[str, OurMoney]:
    """Of these refs the payments and refunds of a provider that are ours, with what came back of these. Two statements.

    Of a refund that failed before we knew that it was sent, and of which both are named, both count: it went, and came back.
    """
    named = set(refs)
    payments = Payment.objects.filter(provider=provider, public_id__in=named)
    refunds = Refund.objects.filter(payment__provider=provider, public_id__in=set(map(without_back, named)))
    ours = [_of_payment(row) for row in payments]
    for row in refunds:
        both = row.state == RefundState.FAILED and {row.public_id, back_ref(row.public_id)} <= named
        ours += [replace(each, done=each.done or both) for each in (_of_refund(row), _of_return(row))]
    return {each.ref: each for each in ours if each.ref in named}


def money_done_between(provider: str, starts_at: datetime, ends_at: datetime) -> list[OurMoney]:
    """What came, went back, and came again in a half-open span, wrong amounts too, by their refs. Three statements."""
    captured = Q(captured_at__gte=starts_at, captured_at__lt=ends_at)
    wrong = Q(suspense_at__gte=starts_at, suspense_at__lt=ends_at)
    payments = Payment.objects.filter(captured | wrong, provider=provider).order_by("public_id")
    refunds = Refund.objects.filter(payment__provider=provider).order_by("public_id")
    went = refunds.filter(done_at__gte=starts_at, done_at__lt=ends_at)
    returned = refunds.filter(returned_at__gte=starts_at, returned_at__lt=ends_at)
    return [*map(_of_payment, payments), *map(_of_refund, went), *map(_of_return, returned)]


def _of_payment(row: Payment) -> OurMoney:
    # money of a wrong amount came, too: it lies in suspense
    came = Money(row.suspense, row.suspense_unit) if row.suspense else Money(row.amount, row.unit)
    return OurMoney(row.public_id, came, done=bool(row.captured or row.suspense))


def _of_refund(row: Refund) -> OurMoney:
    return OurMoney(row.public_id, Money(row.amount, row.unit), done=row.done_at is not None)


def _of_return(row: Refund) -> OurMoney:
    return OurMoney(back_ref(row.public_id), -Money(row.amount, row.unit), done=row.returned_at is not None)


def bill_view(row: FetchedBill) -> BillView:
    """A bill as it was matched. Two statements: what is open, and its sums."""
    return _bill_view(row, row.differences.filter(closed_at=None).count())


def _bill_view(row: FetchedBill, unexplained: int) -> BillView:
    amounts = sorted(row.amounts.all(), key=lambda amount: amount.unit)
    return BillView(
        provider=row.provider,
        on=row.on,
        fetched_at=row.fetched_at,
        lines=row.lines,
        matched=row.matched,
        open=unexplained,
        sums=tuple(
            BilledSum(each.unit, each.lines, each.ours, each.booked, each.fees_kept, each.fees_back)
            for each in amounts
        ),
    )


def difference_view(row: BillingDifference) -> DifferenceView:
    """A row as the value that crosses the boundary. Its bill and the one that corrected it must be loaded with it."""
    kind = DifferenceKind(row.kind)
    ours, theirs = _money(row.ours_minor, row.ours_unit), _money(row.theirs_minor, row.theirs_unit)
    return DifferenceView(
        difference_ref=row.public_id,
        provider=row.bill.provider,
        on=row.bill.on,
        kind=kind,
        ref=row.ref,
        provider_ref=row.provider_ref,
        ours=ours,
        done=row.done,
        theirs=theirs,
        fee=_money(row.fee_minor, row.fee_unit),
        text=row.text,
        booked=booked(kind, ours=ours, done=row.done, theirs=theirs),
        bookings=row.bookings,
        explanation=Explanation(row.explanation) if row.explanation else None,
        note=row.note,
        explained_by=row.explained_by,
        explained_at=row.explained_at,
        confirmed_by=row.confirmed_by,
        closed_at=row.closed_at,
        corrected_on=row.corrected_in.on if row.corrected_in else None,
        corrected_by=row.corrected_by,
    )


def _money(minor: int | None, unit: str) -> Money | None:
    return None if minor is None else Money(minor, unit)


def bank_in_view(row: BankIn) -> BankInView:
    """A row as the value that crosses the boundary. Makes no query."""
    return BankInView(
        bank_in_ref=row.public_id,
        provider=row.provider,
        amount=Money(row.amount, row.unit),
        on=row.on,
        provider_ref=row.provider_ref,
        note=row.note,
        by=row.by,
        at=row.at,
        undone_at=row.undone_at,
    )


def bank_ins(*, limit: int = 20) -> list[BankInView]:
    """What providers paid into our bank account, the newest day first, with what was taken back."""
    return [bank_in_view(row) for row in BankIn.objects.order_by("-on", "-pk")[:limit]]


def newest_bill_on(provider: str) -> date | None:
    """The last day of which a provider's bill is here."""
    newest = FetchedBill.objects.filter(provider=provider).order_by("-on").first()
    return newest.on if newest else None


def first_bill_on(provider: str) -> date | None:
    """The first day of which a provider's bill is here."""
    first = FetchedBill.objects.filter(provider=provider).order_by("on").first()
    return first.on if first else None


def newest_bills() -> dict[str, BillView]:
    """The newest bill of each provider that has one. Two statements."""
    found = FetchedBill.objects.order_by("provider", "-on").distinct("provider").prefetch_related("amounts")
    return {row.provider: _bill_view(row, 0) for row in found}


def bills(*, limit: int = 30) -> list[BillView]:
    """The bills of all providers, the newest day first. Two statements."""
    unexplained = Count("differences", filter=Q(differences__closed_at=None))
    found = FetchedBill.objects.annotate(unexplained=unexplained).prefetch_related("amounts")
    return [_bill_view(row, row.unexplained) for row in found.order_by("-on", "provider")[:limit]]


_WITHOUT_WORD = Q(closed_at=None, explanation="")


def newest_open_difference() -> tuple[int, str]:
    """How many differences nobody has explained, and the newest of them; "" without any. One statement."""
    found = BillingDifference.objects.filter(_WITHOUT_WORD).aggregate(
        number=Count("pk"), newest=Max("public_id")
    )
    return found["number"], found["newest"] or ""


def open_differences(*, provider: str = "", limit: int = 200, after: str = "") -> list[DifferenceView]:
    """What nobody has explained yet, the oldest bill first; of one provider or of all, those that follow `after`."""
    return _differences(_WITHOUT_WORD, provider, limit, after)


def waiting_differences(*, provider: str = "", limit: int = 200, after: str = "") -> list[DifferenceView]:
    """What is explained and not over: the provider is to correct it, or a second operator is to agree; as above."""
    return _differences(Q(closed_at=None) & ~Q(explanation=""), provider, limit, after)


def differences_to_look_at(*, limit: int = 200, after: str = "") -> list[DifferenceView]:
    """What is not closed, explained or not, in the order of `open_differences`, those that follow `after`."""
    return _differences(Q(closed_at=None), "", limit, after)


def closed_differences(*, since: datetime, limit: int = 50) -> list[DifferenceView]:
    """What was closed at or after a moment, the newest first."""
    found = BillingDifference.objects.filter(closed_at__gte=since).select_related("bill", "corrected_in")
    return [difference_view(row) for row in found.order_by("-closed_at", "-pk")[:limit]]


def difference_by_ref(ref: str) -> DifferenceView | None:
    """The difference `ref`, or None."""
    row = BillingDifference.objects.filter(public_id=ref).select_related("bill", "corrected_in").first()
    return difference_view(row) if row else None


def differences_not_over(*, until_on: date) -> int:
    """How many differences of bills up to a day are not closed: a month with one of them does not close."""
    return BillingDifference.objects.filter(closed_at=None, bill__on__lte=until_on).count()


def _differences(wanted: Q, provider: str, limit: int, after: str) -> list[DifferenceView]:
    found = BillingDifference.objects.filter(wanted).select_related("bill", "corrected_in")
    if provider:
        found = found.filter(bill__provider=provider)
    last = BillingDifference.objects.filter(public_id=after).values_list("bill__on", "pk").first()
    if last is not None:
        found = found.filter(Q(bill__on__gt=last[0]) | Q(bill__on=last[0], pk__gt=last[1]))
    return [difference_view(row) for row in found.order_by("bill__on", "pk")[:limit]]


# What the bills brought into the books, by provider and unit. A difference that a later bill took back is booked no
# more; one that was written off stays in what the provider holds and has left the differences.
_BILLED = """
WITH booked AS (
    SELECT b.provider, leg.unit, leg.minor, d.explanation = 'written_off' AND d.closed_at IS NOT NULL AS written_off
    FROM payments_billingdifference d JOIN payments_fetchedbill b ON b.id = d.bill_id
    CROSS JOIN LATERAL (VALUES (d.theirs_unit, d.theirs_minor),
        (d.ours_unit, CASE WHEN d.done AND d.kind <> 'duplicate' THEN -d.ours_minor END)) AS leg (unit, minor)
    WHERE d.kind NOT IN ('fee', 'broken') AND d.explanation <> 'corrected' AND leg.minor IS NOT NULL
), every AS (
    SELECT b.provider, a.unit, a.fees_kept - a.fees_back AS fees, 0 AS paid_out, 0 AS booked, 0 AS open
        FROM payments_billedamount a JOIN payments_fetchedbill b ON b.id = a.bill_id
    UNION ALL SELECT provider, unit, 0, amount, 0, 0 FROM payments_bankin WHERE undone_at IS NULL
    UNION ALL SELECT provider, unit, 0, 0, minor, CASE WHEN written_off THEN 0 ELSE minor END FROM booked
)
SELECT provider, unit, sum(fees)::int8 AS fees, sum(paid_out)::int8 AS paid_out,
       sum(booked)::int8 AS booked, sum(open)::int8 AS open
FROM every GROUP BY 1, 2 ORDER BY 1, 2
"""


def billed_totals() -> list[BilledTotals]:
    """What bills and payouts changed in what each provider holds, by unit. One statement."""
    return [BilledTotals(**found) for found in rows(_BILLED)]
