"""What a bill and our rows do not agree on: kept apart in the books, until it is explained, corrected or written off."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from django.conf import settings
from django.db import transaction

from hutong.flows import close_month, payment_received, refund
from hutong.flows.alarms import isolated
from hutong.kernel.errors import Forbidden
from hutong.kernel.money import Money
from hutong.pay.ledger.services import post
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec
from hutong.pay.payments import queries, services
from hutong.pay.payments.rules import without_back
from hutong.pay.payments.types import DifferenceView, Explanation
from hutong.town.people.models import Person

# From where to where an amount goes that the provider has more than our rows say; one that it has less, the other way.
_ACCOUNTS = {
    TransactionKind.RECONCILE: (AccountKind.CLEARING, AccountKind.DISCREPANCY),
    TransactionKind.WRITE_OFF: (AccountKind.DISCREPANCY, AccountKind.LOSSES),
}


LOOKED_AT_ONCE = 200
"""How many open differences are read at once."""


def book_found(found: Iterable[DifferenceView], *, at: datetime) -> None:
    """Set what a new bill has more or less apart: its first booking."""
    for difference in found:
        _post(difference, TransactionKind.RECONCILE, difference.booked, number=1, at=at)


def book_corrected(corrected: Iterable[DifferenceView], *, at: datetime) -> None:
    """A later bill took these back; each as it stood before. What was written off of them is not lost after all."""
    for difference in corrected:
        number = difference.bookings + 1
        back = _contrary(difference.booked)
        if _written_off(difference):
            _post(difference, TransactionKind.WRITE_OFF, back, number=number, at=at)
            number += 1
        _post(difference, TransactionKind.RECONCILE, back, number=number, at=at)


def explain(
    *, difference_ref: str, explanation: Explanation, note: str, by: Person, at: datetime
) -> DifferenceView:
    """An operator says what explains a difference; what that means for the books is booked with it.

    OUR_ROW asks the provider again, never inside a transaction. A write-off above the site's limit waits for a second
    operator. Raises `Forbidden`, `DifferenceNotFound`, `DifferenceClosed`, `NoteMissing`, `ExplanationUnfit`,
    `StillDiffers`.
    """
    _operator(by)
    if explanation is Explanation.OUR_ROW:
        return _ask_again(difference_ref, note, by.public_id, at)
    with transaction.atomic():
        after = services.explain_difference(
            difference_ref=difference_ref,
            explanation=explanation,
            note=note,
            by=by.public_id,
            at=at,
            alone_up_to=settings.HUTONG_WRITE_OFF_LIMIT,
        )
        if _written_off(after):
            _post(after, TransactionKind.WRITE_OFF, after.booked, number=after.bookings, at=at)
    return after


def confirm(*, difference_ref: str, by: Person, at: datetime) -> DifferenceView:
    """A second operator agrees to a write-off, and it is booked.

    Raises `Forbidden`, `DifferenceNotFound`, `DifferenceClosed`, `SecondPersonNeeded`.
    """
    _operator(by)
    with transaction.atomic():
        after = services.confirm_write_off(difference_ref=difference_ref, by=by.public_id, at=at)
        _post(after, TransactionKind.WRITE_OFF, after.booked, number=after.bookings, at=at)
    return after


def take_back(*, difference_ref: str, by: Person, at: datetime) -> None:
    """The difference is open again; a write-off is booked back. Raises `Forbidden`, `DifferenceNotFound`,
    `NothingToTakeBack`, and `MonthClosed` where a month was closed because it was over.
    """
    _operator(by)
    known = queries.difference_by_ref(difference_ref)
    if known is None:
        raise services.DifferenceNotFound
    with transaction.atomic():
        services.hold_bills(provider=known.provider)
        before = services.take_back_explanation(difference_ref=difference_ref, by=by.public_id, at=at)
        if before.closed_at is not None:
            close_month.keep_closed(until_on=before.on)
        if _written_off(before):
            back = _contrary(before.booked)
            _post(before, TransactionKind.WRITE_OFF, back, number=before.bookings + 1, at=at)


def look_at_open(*, at: datetime) -> int:
    """Close what fits by now: a webhook may have come after the bill. All are looked at; how many changed."""
    changed, last = 0, ""
    while found := queries.differences_to_look_at(limit=LOOKED_AT_ONCE, after=last):
        last = found[-1].difference_ref
        for difference in found:
            if services.may_fit_now(difference):
                # Somebody may have closed it meanwhile.
                with (
                    isolated("differences", difference.difference_ref, at=at),
                    suppress(services.DifferenceClosed),
                ):
                    changed += _look(difference.difference_ref, note="", by="platform", at=at)[1]
    return changed


def _ask_again(difference_ref: str, note: str, by: str, at: datetime) -> DifferenceView:
    known = queries.difference_by_ref(difference_ref)
    if known is None:
        raise services.DifferenceNotFound
    if known.explanation is not None:
        raise services.DifferenceClosed
    if Explanation.OUR_ROW not in services.fitting_explanations(known):
        raise services.ExplanationUnfit
    _ask(known.ref, at)
    after, _changed = _look(difference_ref, note=note, by=by, at=at)
    if after.explanation is not Explanation.OUR_ROW:
        raise services.StillDiffers
    return after


def _ask(ref: str, at: datetime) -> None:
    """Ask the provider of a payment or refund, and do what follows from its answer."""
    ref = without_back(ref)
    if queries.refund_by_ref(ref) is not None:
        refund.finish(report=services.ask_refund(refund_ref=ref, at=at), at=at)
    elif queries.payment_by_ref(ref) is not None:
        report = services.ask(payment_ref=ref, at=at)
        if report.captured is not None:
            payment_received.record(report=report, at=at)


def _look(difference_ref: str, *, note: str, by: str, at: datetime) -> tuple[DifferenceView, bool]:
    with transaction.atomic():
        again = services.look_again(difference_ref=difference_ref, note=note, by=by, at=at)
        if again.change:
            number = again.difference.bookings
            _post(again.difference, TransactionKind.RECONCILE, again.change, number=number, at=at)
        if again.fee is not None:
            _post_fee_back(again.difference, again.fee, at)
    return again.difference, bool(again.change)


def _post_fee_back(difference: DifferenceView, fee: Money, at: datetime) -> None:
    """What was booked as a fee of a day is a fee of a dispute, and booked with it."""
    fees, clearing = (AccountKind.PROVIDER_FEES, PLATFORM), (AccountKind.CLEARING, difference.provider)
    source, target = (clearing, fees) if fee.minor > 0 else (fees, clearing)
    transfer = TransferSpec(*source, *target, fee if fee.minor > 0 else -fee)
    reference = f"difference:{difference.difference_ref}:fee"
    post(kind=TransactionKind.PROVIDER_FEE, reference=reference, transfers=[transfer], at=at)


def _post(
    difference: DifferenceView,
    kind: TransactionKind,
    amounts: Iterable[Money],
    *,
    number: int,
    at: datetime,
) -> None:
    """One transaction of a difference: `amounts` are signed as what the provider has more."""
    source, target = _ACCOUNTS[kind]
    owners = {AccountKind.LOSSES: PLATFORM}
    transfers = []
    for money in amounts:
        start, end = (source, target) if money.minor > 0 else (target, source)
        transfers.append(
            TransferSpec(
                start,
                owners.get(start, difference.provider),
                end,
                owners.get(end, difference.provider),
                money if money.minor > 0 else -money,
            )
        )
    if transfers:
        reference = f"difference:{difference.difference_ref}:{number}"
        post(kind=kind, reference=reference, transfers=transfers, at=at)


def _written_off(difference: DifferenceView) -> bool:
    return difference.explanation is Explanation.WRITTEN_OFF and difference.closed_at is not None


def _contrary(amounts: Iterable[Money]) -> tuple[Money, ...]:
    return tuple(-money for money in amounts)


def _operator(by: Person) -> None:
    if not by.is_operator:
        raise Forbidden
