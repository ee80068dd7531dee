"""The provider's bill, day by day, against our rows: fetched, matched, and each difference kept until it is explained."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Conflict
from hutong.kernel.locking import advisory
from hutong.pay.payments.models import BilledAmount, BilledMoney, BillingDifference, FetchedBill
from hutong.pay.payments.providers.patience import calling
from hutong.pay.payments.providers.registry import bill_zone
from hutong.pay.payments.queries import agreed_fees, bill_view, difference_view, money_done_between, our_money
from hutong.pay.payments.rules import booked, is_back, match, ref_of, summed, takes_back, without_back
from hutong.pay.payments.services.bank_in import BILLS_LOCK, keep_payouts
from hutong.pay.payments.services.dispute_lines import with_disputes
from hutong.pay.payments.types import (
    Bill,
    BillDifference,
    DifferenceKind,
    DifferenceView,
    Explanation,
    KeptBill,
    Matched,
    OurMoney,
)

PLATFORM = "platform"


class BillChanged(Conflict):
    """The provider now tells another bill of a day that was matched already; nothing was changed here."""

    code = "bill_changed"
    message = _("The payment service has changed its bill of this day after it was matched.")


def fetch_bill(*, provider: str, on: date) -> Bill:
    """The bill of one day. Never inside a transaction: the provider is asked.

    Raises `BillNotReady`, `ProviderUnavailable`, `OutcomeUnknown`, `ProviderRefused`.
    """
    with calling(provider) as asked:
        return asked.fetch_bill(on=on)


def keep_bill(*, provider: str, on: date, bill: Bill, at: datetime) -> KeptBill:
    """Match every line of a day's bill. In the caller's transaction, which books what is found.

    What was done on the day before `on` has to be on one of the two bills; it is looked for once both are here,
    because a payment around midnight may be counted on either side. Older differences that this bill takes back are
    closed. Fees are looked at where a rate is agreed for the day. The same bill again changes nothing. Raises `BillChanged`.
    """
    digest = hashlib.sha256(repr(bill).encode()).hexdigest()
    advisory(BILLS_LOCK, provider)
    known = FetchedBill.objects.filter(provider=provider, on=on).first()
    if known is not None:
        if known.digest != digest:
            raise BillChanged
        return KeptBill(bill_view(known))
    bill, disputes = with_disputes(provider, bill)
    named = {ref_of(line) for line in bill.lines} - {""}
    ours, billed = our_money(provider, named) | disputes, _billed(named)
    standing = _standing(provider, bill)
    late = {each.ref for each in standing if each.kind is DifferenceKind.MISSING_THERE}
    agreed = agreed_fees(provider, on=on)
    found = match(bill, ours, billed=billed, due=_due(provider, on), late=late, agreed=agreed)
    corrections, left = _corrections(bill, ours, found, standing)
    row = FetchedBill.objects.create(
        provider=provider,
        on=on,
        fetched_at=at,
        lines=len(bill.lines) + len(bill.broken),
        matched=len(found.refs),
        digest=digest,
    )
    BilledMoney.objects.bulk_create(BilledMoney(bill=row, ref=ref) for ref in sorted(ours.keys() - billed))
    back = [-leg for each, _line in corrections for leg in each.booked]
    BilledAmount.objects.bulk_create(
        BilledAmount(
            bill=row,
            unit=each.unit,
            lines=each.lines,
            ours=each.ours,
            booked=each.booked,
            fees_kept=each.fees_kept,
            fees_back=each.fees_back,
        )
        for each in summed(bill, found.counted, left, back)
    )
    rows = BillingDifference.objects.bulk_create(_row(row, each) for each in left)
    for before, line in corrections:
        _correct(before, row, line, at)
    return KeptBill(
        bill_view(row),
        new=True,
        found=tuple(difference_view(each) for each in rows),
        corrected=tuple(before for before, _line in corrections),
        paid_out=keep_payouts(provider=provider, payouts=bill.payouts, at=at),
    )


def _row(bill: FetchedBill, each: BillDifference) -> BillingDifference:
    legs = booked(each.kind, ours=each.ours, done=each.done, theirs=each.theirs)
    return BillingDifference(
        bill=bill,
        kind=each.kind.value,
        ref=each.ref[:40],
        provider_ref=each.provider_ref[:100],
        ours_minor=None if each.ours is None else each.ours.minor,
        ours_unit="" if each.ours is None else each.ours.unit,
        done=each.done,
        theirs_minor=None if each.theirs is None else each.theirs.minor,
        theirs_unit="" if each.theirs is None else each.theirs.unit,
        fee_minor=None if each.fee is None else each.fee.minor,
        fee_unit="" if each.fee is None else each.fee.unit,
        text=each.text[:2_300],
        bookings=1 if legs else 0,
    )


def _standing(provider: str, bill: Bill) -> list[DifferenceView]:
    """The differences of earlier bills that lines of this one are about and may take back, locked; oldest first."""
    refs = {ref for line in bill.lines for ref in (line.payment_ref, line.refund_ref, ref_of(line))}
    theirs = {line.provider_ref for line in bill.lines}
    open_ones = Q(closed_at=None) | Q(explanation=Explanation.WRITTEN_OFF)
    rows = (
        BillingDifference.objects.select_for_update(of=("self",))
        .select_related("bill", "corrected_in")
        .filter(open_ones, bill__provider=provider)
        .filter(Q(ref__in=refs - {""}) | Q(provider_ref__in=theirs - {""}))
        .order_by("pk")
    )
    return [each for each in map(difference_view, rows) if each.booked]


def _corrections(
    bill: Bill, ours: dict[str, OurMoney], found: Matched, standing: Sequence[DifferenceView]
) -> tuple[list[tuple[DifferenceView, str]], list[BillDifference]]:
    """Which older differences this bill takes back, each with the number of the line, and what is different besides.

    What was on no bill is taken back by being named at last; anything else by lines that are exactly its contrary.
    """
    numbers = {ref_of(line): line.provider_ref for line in reversed(bill.lines)}
    left = list(found.differences)
    corrections: list[tuple[DifferenceView, str]] = []
    for each in standing:
        if each.kind is DifferenceKind.MISSING_THERE:
            if each.ref in ours:
                corrections.append((each, numbers[each.ref]))
            continue
        lines = _contrary(each, [one for one in left if _about_the_same(each, one)])
        if lines:
            left = [one for one in left if one not in lines]
            corrections.append((each, lines[0].provider_ref))
    return corrections, left


def _about_the_same(standing: DifferenceView, line: BillDifference) -> bool:
    moved_again = line.kind in (DifferenceKind.MISSING_HERE, DifferenceKind.DUPLICATE)
    came_back = line.kind is DifferenceKind.STATUS and is_back(line.ref)
    return (moved_again or came_back) and (
        bool(line.ref and without_back(line.ref) == without_back(standing.ref))
        or bool(line.provider_ref and line.provider_ref == standing.provider_ref)
    )


def _contrary(standing: DifferenceView, lines: list[BillDifference]) -> list[BillDifference]:
    """The one line that takes it back, or all of them together; empty when they do not."""
    for some in (*([one] for one in lines), lines):
        moved = [one.theirs for one in some if one.theirs]
        if takes_back(standing.booked, moved):
            return some
    return []


def _correct(before: DifferenceView, bill: FetchedBill, line: str, at: datetime) -> None:
    undone = 2 if before.explanation is Explanation.WRITTEN_OFF and before.closed_at else 1
    changed = BillingDifference.objects.filter(public_id=before.difference_ref).update(
        explanation=Explanation.CORRECTED,
        closed_at=at,
        corrected_in=bill,
        corrected_by=line[:100],
        bookings=F("bookings") + undone,
    )
    assert changed == 1, "its row is locked"
    audit.record(
        action="bill.difference_corrected",
        subject=before.difference_ref,
        by=PLATFORM,
        at=at,
        before={"explanation": before.explanation or ""},
        after={"explanation": Explanation.CORRECTED.value, "line": line, "bill": bill.on.isoformat()},
    )


def _billed(refs: Iterable[str]) -> set[str]:
    return set(BilledMoney.objects.filter(ref__in=list(refs)).values_list("ref", flat=True))


def _due(provider: str, on: date) -> list[OurMoney]:
    """Our money that is on no bill yet: of the day before, where that has its bill, and of the day itself, where this
    bill comes later than the one after it.
    """
    before, after = on - timedelta(days=1), on + timedelta(days=1)
    here = set(
        FetchedBill.objects.filter(provider=provider, on__in=(before, after)).values_list("on", flat=True)
    )
    if not here:
        return []
    first, last = before if before in here else on, after if after in here else on
    zone = ZoneInfo(bill_zone(provider))
    starts_at, ends_at = (datetime.combine(day, time(), zone) for day in (first, last))
    done = money_done_between(provider, starts_at, ends_at)
    billed = _billed(each.ref for each in done)
    return [each for each in done if each.ref not in billed]
