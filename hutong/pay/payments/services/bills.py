"""The provider's bill, day by day, against our rows: fetched, matched, and each difference kept until it is explained."""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Conflict, Invalid, NotFound
from hutong.kernel.locking import advisory
from hutong.kernel.text import clean
from hutong.pay.payments.models import BilledMoney, BillingDifference, FetchedBill
from hutong.pay.payments.providers.registry import bill_zone
from hutong.pay.payments.providers.registry import provider as provider_called
from hutong.pay.payments.queries import bill_view, difference_view, money_done_between, our_money
from hutong.pay.payments.rules import match, ref_of
from hutong.pay.payments.types import Bill, BillView, DifferenceView, OurMoney

NOTE_LIMIT = 500


class DifferenceNotFound(NotFound):
    """There is no such difference."""

    code = "difference_not_found"
    message = _("There is no such difference.")


class DifferenceClosed(Conflict):
    """Somebody explained it already."""

    code = "difference_closed"
    message = _("This difference was explained already.")


class NoteMissing(Invalid):
    """A difference is closed with a word about it, or it stays open."""

    code = "note_missing"
    message = _("Please say what explains this difference.")


class BillChanged(Conflict):
    """The provider now tells another bill of a day that was matched already; nothing was changed here."""

    code = "bill_changed"
    message = _("The payment service has changed its bill of this day after it was matched.")


def reconcile_bill(*, provider: str, on: date, at: datetime, fee_ppm: int | None = None) -> BillView:
    """Fetch the bill of one day and match every line. Never inside a transaction: the provider is asked.

    What was done on the day before `on` has to be on one of the two bills; it is looked for once both are here,
    because a payment around midnight may be counted on either side. The same bill again changes nothing. Raises
    `BillNotReady`, `BillChanged`, `ProviderUnavailable`, `OutcomeUnknown`.
    """
    bill = provider_called(provider).fetch_bill(on=on)
    digest = hashlib.sha256(repr(bill).encode()).hexdigest()
    with transaction.atomic(durable=True):
        advisory("payments.bills", provider)
        known = FetchedBill.objects.filter(provider=provider, on=on).first()
        if known is not None:
            if known.digest != digest:
                raise BillChanged
            return bill_view(known)
        return bill_view(_keep(bill, provider=provider, on=on, digest=digest, fee_ppm=fee_ppm, at=at))


def explain_difference(*, difference_ref: str, note: str, by: str, at: datetime) -> DifferenceView:
    """Close a difference with what explains it. `by` is a public id.

    Raises `DifferenceNotFound`, `DifferenceClosed`, `NoteMissing`.
    """
    note = clean(note, limit=NOTE_LIMIT)
    if not note:
        raise NoteMissing
    with transaction.atomic():
        found = BillingDifference.objects.filter(public_id=difference_ref)
        closed = found.filter(closed_at=None).update(note=note, closed_at=at)
        difference = found.select_related("bill").first()
        if difference is None:
            raise DifferenceNotFound
        if not closed:
            raise DifferenceClosed
        audit.record(action="bill.difference_explained", subject=difference_ref, by=by, at=at, reason=note)
        return difference_view(difference)


def _keep(
    bill: Bill, *, provider: str, on: date, digest: str, fee_ppm: int | None, at: datetime
) -> FetchedBill:
    named = {ref_of(line) for line in bill.lines} - {""}
    ours, billed = our_money(provider, named), _billed(named)
    found = match(bill, ours, billed=billed, due=_due(provider, on), fee_ppm=fee_ppm)
    kept = FetchedBill.objects.create(
        provider=provider,
        on=on,
        fetched_at=at,
        lines=len(bill.lines) + len(bill.broken),
        matched=len(found.refs),
        digest=digest,
    )
    new = sorted(ours.keys() - billed)
    BilledMoney.objects.bulk_create(BilledMoney(bill=kept, ref=ref) for ref in new)
    BillingDifference.objects.bulk_create(
        BillingDifference(
            bill=kept,
            kind=each.kind.value,
            ref=each.ref[:40],
            provider_ref=each.provider_ref[:100],
            ours=each.ours,
            theirs=each.theirs[:300],
        )
        for each in found.differences
    )
    return kept


def _billed(refs: Iterable[str]) -> set[str]:
    return set(BilledMoney.objects.filter(ref__in=list(refs)).values_list("ref", flat=True))


def _due(provider: str, on: date) -> list[OurMoney]:
    """Our money of the day before that is on no bill yet, where that day has its bill."""
    before = on - timedelta(days=1)
    if not FetchedBill.objects.filter(provider=provider, on=before).exists():
        return []
    zone = ZoneInfo(bill_zone(provider))
    starts_at, ends_at = (datetime.combine(day, time(), zone) for day in (before, on))
    done = money_done_between(provider, starts_at, ends_at)
    billed = _billed(each.ref for each in done)
    return [each for each in done if each.ref not in billed]
