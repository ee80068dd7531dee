"""What explains a difference between a bill and our rows, and taking an explanation back."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit, second
from hutong.kernel.errors import Conflict, Invalid, NotFound
from hutong.kernel.money import Money
from hutong.kernel.text import clean
from hutong.pay.payments.models import BilledAmount, BillingDifference, Dispute
from hutong.pay.payments.queries import difference_view, our_money
from hutong.pay.payments.rules import booked, signed_own
from hutong.pay.payments.services.dispute_lines import dispute_money
from hutong.pay.payments.types import DifferenceKind, DifferenceView, Explanation, OurMoney

NOTE_LIMIT = 500
ASKED_AGAIN = frozenset(
    (
        DifferenceKind.STATUS,
        DifferenceKind.AMOUNT,
        DifferenceKind.CURRENCY,
        DifferenceKind.MISSING_THERE,
    )
)
"""Kinds where a row of ours may be what is wrong."""


class DifferenceNotFound(NotFound):
    """There is no such difference."""

    code = "difference_not_found"
    message = _("There is no such difference.")


class DifferenceClosed(Conflict):
    """Somebody explained it already, or a bill did."""

    code = "difference_closed"
    message = _("This difference was explained already.")


class NoteMissing(Invalid):
    """A difference is explained with a word about it, or it stays open."""

    code = "note_missing"
    message = _("Please say what explains this difference.")


class ExplanationUnfit(Invalid):
    """Money is in the books for it, or is not, and this explanation is for the other case."""

    code = "explanation_unfit"
    message = _("This difference cannot be explained in that way.")


class NothingToTakeBack(Conflict):
    """It is not explained, or a fact explains it: a later bill, or our row as it is now."""

    code = "nothing_to_take_back"
    message = _("There is no explanation here that could be taken back.")


class StillDiffers(Conflict):
    """The provider was asked again, and our row and the bill still do not agree."""

    code = "still_differs"
    message = _("The payment service was asked again; our record and its bill still do not agree.")


@dataclass(frozen=True, slots=True)
class LookedAgain:
    """A difference after our row was read again: what of `booked` is to be changed, by unit; empty for nothing.

    `fee`: what was booked as a fee of the line and is booked elsewhere by now.
    """

    difference: DifferenceView
    change: tuple[Money, ...]
    fee: Money | None = None


def explain_difference(
    *,
    difference_ref: str,
    explanation: Explanation,
    note: str,
    by: str,
    at: datetime,
    alone_up_to: int,
) -> DifferenceView:
    """Explain an open difference as PROMISED, WRITTEN_OFF or NOTED. In the caller's transaction, which books it.

    A write-off of more than `alone_up_to` (hundredths, see `takes_two`) stays open until `confirm_write_off`. `by` is a
    public id.
    Raises `DifferenceNotFound`, `DifferenceClosed`, `NoteMissing`, `ExplanationUnfit`.
    """
    note = clean(note, limit=NOTE_LIMIT)
    if not note:
        raise NoteMissing
    difference = _locked(difference_ref)
    if difference.explanation is not None:
        raise DifferenceClosed
    if explanation not in fitting_explanations(difference) or explanation is Explanation.OUR_ROW:
        raise ExplanationUnfit
    writes_off = explanation is Explanation.WRITTEN_OFF
    waits = explanation is Explanation.PROMISED or (writes_off and needs_second(difference, alone_up_to))
    return _change(
        difference,
        "bill.difference_explained",
        by=by,
        at=at,
        reason=note,
        bookings=1 if writes_off and not waits else 0,
        explanation=explanation.value,
        note=note,
        explained_by=by,
        explained_at=at,
        closed_at=None if waits else at,
    )


def fitting_explanations(difference: DifferenceView) -> tuple[Explanation, ...]:
    """How a difference may be explained by an operator."""
    if not difference.booked:
        return (Explanation.NOTED,)
    own = (Explanation.OUR_ROW,) if difference.kind in ASKED_AGAIN and difference.ref else ()
    return (Explanation.PROMISED, *own, Explanation.WRITTEN_OFF)


def needs_second(difference: DifferenceView, alone_up_to: int) -> bool:
    """Whether writing it off takes two operators."""
    return second.takes_two(*difference.booked, alone_up_to=alone_up_to)


def confirm_write_off(*, difference_ref: str, by: str, at: datetime) -> DifferenceView:
    """A second operator agrees to a write-off. In the caller's transaction, which books it.

    Raises `DifferenceNotFound`, `DifferenceClosed`, `SecondPersonNeeded`.
    """
    difference = _locked(difference_ref)
    if not difference.awaits_second:
        raise DifferenceClosed
    second.agree(asked_by=difference.explained_by, by=by)
    return _change(
        difference, "bill.write_off_confirmed", by=by, at=at, bookings=1, confirmed_by=by, closed_at=at
    )


def take_back_explanation(*, difference_ref: str, by: str, at: datetime) -> DifferenceView:
    """Open a difference again that words explain; as it stood before. In the caller's transaction, which books it.

    Raises `DifferenceNotFound`, `NothingToTakeBack`.
    """
    difference = _locked(difference_ref)
    if difference.explanation not in (Explanation.PROMISED, Explanation.WRITTEN_OFF, Explanation.NOTED):
        raise NothingToTakeBack
    written_off = difference.explanation is Explanation.WRITTEN_OFF and difference.closed_at is not None
    _change(
        difference,
        "bill.explanation_taken_back",
        by=by,
        at=at,
        bookings=1 if written_off else 0,
        explanation="",
        note="",
        explained_by="",
        explained_at=None,
        confirmed_by="",
        closed_at=None,
    )
    return difference


def look_again(*, difference_ref: str, note: str, by: str, at: datetime) -> LookedAgain:
    """Read our row of an open difference again: it fits now and the difference is closed, or what is booked follows it.

    In the caller's transaction, which books the change. Raises `DifferenceNotFound`, `DifferenceClosed`.
    """
    difference = _locked(difference_ref)
    if difference.closed_at is not None:
        raise DifferenceClosed
    own = _own(difference)
    if own is None:
        return LookedAgain(difference, ())
    mine = signed_own(own)
    legs = booked(difference.kind, ours=mine, done=own.done, theirs=difference.theirs)
    change = _change_of(difference.booked, legs)
    if not change:
        return LookedAgain(difference, ())
    fits: dict[str, object] = {}
    if not legs:
        fits = {"explanation": Explanation.OUR_ROW.value, "note": clean(note, limit=NOTE_LIMIT)}
        fits |= {"explained_by": by, "explained_at": at, "closed_at": at, "confirmed_by": ""}
    after = _change(
        difference,
        "bill.our_row_read_again",
        by=by,
        at=at,
        reason=note,
        bookings=1,
        ours_minor=mine.minor,
        ours_unit=mine.unit,
        done=own.done,
        **fits,
    )
    return LookedAgain(after, change, _fee_elsewhere(difference))


def may_fit_now(difference: DifferenceView) -> bool:
    """Whether our rows may say something else by now: a late webhook, or a dispute that was told after its line."""
    return difference.kind in ASKED_AGAIN or _dispute_of(difference) is not None


def _own(difference: DifferenceView) -> OurMoney | None:
    dispute = _dispute_of(difference)
    if dispute is not None:
        return dispute_money(dispute, came_back=bool(difference.theirs and difference.theirs.minor > 0))
    if difference.kind not in ASKED_AGAIN:
        return None
    return our_money(difference.provider, [difference.ref]).get(difference.ref)


def _dispute_of(difference: DifferenceView) -> Dispute | None:
    if difference.kind is not DifferenceKind.MISSING_HERE or not difference.provider_ref:
        return None
    return Dispute.objects.filter(provider=difference.provider, provider_ref=difference.provider_ref).first()


def _fee_elsewhere(difference: DifferenceView) -> Money | None:
    """What a provider keeps for a dispute is booked with it; the bill no longer counts it as a fee of the line."""
    fee = difference.fee
    if not fee or _dispute_of(difference) is None:
        return None
    column = "fees_kept" if fee.minor > 0 else "fees_back"
    amounts = BilledAmount.objects.filter(
        bill__provider=difference.provider, bill__on=difference.on, unit=fee.unit
    )
    assert amounts.update(**{column: F(column) - abs(fee.minor)}) == 1, (
        "a line's fee is in the sums of its bill"
    )
    return fee


def _change_of(before: tuple[Money, ...], after: tuple[Money, ...]) -> tuple[Money, ...]:
    units = sorted({money.unit for money in (*before, *after)})
    changes = [
        sum((money for money in after if money.unit == unit), Money(0, unit))
        - sum((money for money in before if money.unit == unit), Money(0, unit))
        for unit in units
    ]
    return tuple(change for change in changes if change)


def _locked(difference_ref: str) -> DifferenceView:
    found = BillingDifference.objects.select_for_update(of=("self",)).select_related("bill", "corrected_in")
    row = found.filter(public_id=difference_ref).first()
    if row is None:
        raise DifferenceNotFound
    return difference_view(row)


def _change(
    difference: DifferenceView,
    action: str,
    *,
    by: str,
    at: datetime,
    bookings: int,
    reason: str = "",
    **fields: object,
) -> DifferenceView:
    """Write the fields of a row that is locked, and the entry of the log."""
    with transaction.atomic():
        found = BillingDifference.objects.filter(public_id=difference.difference_ref)
        changed = found.update(bookings=F("bookings") + bookings, **fields)
        assert changed == 1, "the row is locked"
        after = difference_view(found.select_related("bill", "corrected_in").get())
        audit.record(
            action=action,
            subject=difference.difference_ref,
            by=by,
            at=at,
            before=_told(difference),
            after=_told(after) | {"bookings": after.bookings, "by": by},
            reason=reason,
        )
    return after


def _told(difference: DifferenceView) -> dict[str, object]:
    return {
        "explanation": difference.explanation.value if difference.explanation else "",
        "closed": difference.closed_at is not None,
        "booked": [f"{money.major_text} {money.unit}" for money in difference.booked],
        "bookings": difference.bookings,
    }
