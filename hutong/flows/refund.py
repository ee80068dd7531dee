"""Giving money back: take the right away first, then send the money, then book it.

What was not used is the shopper's to take back. What was used goes back out of goodwill: the shop or the operator
says why, and what the shop had earned of it is taken back, also after it was paid out.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.flows import discounts, refund_booking, stored_value, tell
from hutong.flows.dispute_loss import lost_before
from hutong.flows.fulfil.waiting import WaitingFulfilment
from hutong.flows.refund_terms import (
    NothingComesBack,
    NothingToRefund,
    NotPromised,
    OnlyWhole,
    OrderDisputed,
    RefundChanged,
    RefundPreview,
    counted,
    kind_of,
    move_cards,
    preview,
    settle_anew,
    wanted,
)
from hutong.kernel import audit, live, outbox
from hutong.kernel.errors import Forbidden, Invalid
from hutong.kernel.ids import new_id
from hutong.kernel.locking import retrying
from hutong.kernel.money import Money
from hutong.pay.ledger.services import post
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec
from hutong.pay.orders import queries as orders_read
from hutong.pay.orders import services as orders
from hutong.pay.orders.rules import LIVE_STATES
from hutong.pay.orders.types import OrderFacts, SoldUnit
from hutong.pay.payments import queries as payments_read
from hutong.pay.payments import services as payments
from hutong.pay.payments.types import (
    Outcome,
    PaymentState,
    RefundReport,
    RefundState,
    RefundView,
    ReportStatus,
)
from hutong.pay.settlement.services import unsettle_units
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.types import Right
from hutong.town.people.models import Person

EXPIRED = "expired"
GROUP_FAILED = "group_failed"

__all__ = [
    "EXPIRED",
    "NotPromised",
    "NothingComesBack",
    "NothingToRefund",
    "OnlyWhole",
    "OrderDisputed",
    "ReasonMissing",
    "RefundChanged",
    "RefundPreview",
    "finish",
    "preview",
    "refund",
    "refund_expired",
    "resend",
    "send",
]


class ReasonMissing(Invalid):
    """What was used goes back for a reason that was said."""

    code = "refund_reason_missing"
    message = _("Please say why what was used is refunded.")


def refund(
    *,
    order_ref: str,
    unit_refs: Sequence[str] | None,
    reason: str,
    by: Person,
    as_operator: bool,
    at: datetime,
    as_merchant: bool = False,
    expected: Money | None = None,
) -> RefundView:
    """Give back what was paid for `unit_refs` of an order (None: everything not used), to where it came from.

    To a shopper less where the terms of the price say so (`preview`); `expected` is the amount that was shown, and
    another one is refused. An operator and the shop give back what was paid for each unit, whatever the terms say.

    Never inside a transaction: the provider is called. First the uses are taken away and the refund is
    recorded, in one transaction, so that a voucher is never used and refunded; then the money is sent. The
    answer may still be PENDING or UNKNOWN; the janitor goes on. A shopper refunds only own orders and what was not
    used; who has `Right.REFUND` at the order's shop (`as_merchant`) and an operator also what was, with a reason.
    Other orders look unknown. Raises `NothingToRefund`, `NotPromised`, `OnlyWhole`, `ReasonMissing`,
    `RefundChanged`, `NothingComesBack`, `UnitsNotRefundable`, `OrderUnknown`.
    """
    requested = _request(order_ref, unit_refs, reason.strip(), by, as_operator, at, as_merchant, expected)
    return _sent(requested, at)


def refund_expired(*, order_ref: str, unit_refs: Sequence[str], at: datetime) -> RefundView | None:
    """Give back by itself what was unused when a voucher ended that promised it; None where nothing is left to give,
    or a bank has taken the payment back (asked for again once it has decided), or the terms of the price leave nothing.
    Again: nothing happens. Never inside a transaction.
    """
    return _by_itself(order_ref, unit_refs, EXPIRED, at)


def refund_failed_group(*, order_ref: str, at: datetime) -> RefundView | None:
    """Give back by itself what was paid in a group that failed; otherwise as `refund_expired`."""
    unit_refs = [unit.unit_ref for unit in orders_read.units_of(order_ref)]
    return _by_itself(order_ref, unit_refs, GROUP_FAILED, at)


def _by_itself(order_ref: str, unit_refs: Sequence[str], reason: str, at: datetime) -> RefundView | None:
    try:
        requested = _request(order_ref, unit_refs, reason, None, False, at)
    except (NothingToRefund, OrderDisputed, NothingComesBack):
        return None  # the shopper was faster, or who has the money is not decided yet, or nothing is promised
    return _sent(requested, at)


def _sent(requested: RefundView, at: datetime) -> RefundView:
    if requested.provider == stored_value.GIFT_CARD:
        return requested  # all of it came from cards, and is there again
    send(refund_ref=requested.ref, at=at)
    return payments_read.refund_by_ref(requested.ref) or requested


@retrying
def _request(
    order_ref: str,
    unit_refs: Sequence[str] | None,
    reason: str,
    by: Person | None,
    as_operator: bool,
    at: datetime,
    as_merchant: bool = False,
    expected: Money | None = None,
) -> RefundView:
    """Take the right away and write the refund down; without `by` the platform does it by itself."""
    with transaction.atomic():
        order = orders.lock_order(order_ref=order_ref)
        if by:
            _check_asker(order, by, as_operator=as_operator, as_merchant=as_merchant)
        if order.state not in LIVE_STATES:
            raise NothingToRefund
        if payments_read.held_by_dispute(order_ref):
            raise OrderDisputed
        offers = {unit.unit_ref: unit.offer_ref for unit in orders_read.units_of(order_ref)}
        kind = kind_of(order)
        generous = as_operator or as_merchant
        if by:
            chosen = wanted(kind, unit_refs, list(offers), at, generous=generous)
        else:
            asked = kind.refundable(unit_refs=list(unit_refs or ()), at=at)
            chosen = [unit_ref for unit_ref, promised in asked.items() if promised]
        if not chosen:
            raise NothingToRefund
        if isinstance(kind, WaitingFulfilment) and len(chosen) < len(offers):
            raise OnlyWhole
        released = kind.give_back(
            order_ref=order_ref, units={ref: offers[ref] for ref in chosen}, at=at, used_too=generous
        )
        if released.used and not reason:
            raise ReasonMissing
        terms = None if generous else counted(order_ref, chosen, expected)
        units = orders.mark_units_refunded(
            order_ref=order_ref,
            unit_refs=chosen,
            by=by.public_id if by else reason,
            at=at,
            used_too=generous,
            prices=terms.found.prices if terms else (),
        )
        if terms:
            move_cards(order_ref, terms)
        discounts.give_back(order, units, sum((unit.paid for unit in units), Money(0, order.total.unit)), at)
        requested = _give_back(order, units, released.used, reason, at)
        if terms:
            settle_anew(terms, at)
        if by and generous:
            _record(order, units, requested.ref, len(released.used), by, reason, at)
        if released.used:
            outbox.send(
                "recheck_reviews", at=at, order_ref=order_ref, reason="refunded", happened_at=at.isoformat()
            )
            outbox.send("follow_points", at=at, order_ref=order_ref, happened_at=at.isoformat())
        for topic in (order_ref, *released.voucher_refs):
            live.hint(topic)
        for offer_ref in {offers[ref] for ref in chosen}:
            outbox.send("count_sold", at=at, offer_ref=offer_ref)
    return requested


def _record(
    order: OrderFacts,
    units: Sequence[SoldUnit],
    refund_ref: str,
    used: int,
    by: Person,
    reason: str,
    at: datetime,
) -> None:
    audit.record(
        action="order.refunded",
        subject=order.order_ref,
        by=by.public_id,
        at=at,
        after={
            "refund": refund_ref,
            "amount": sum(unit.paid.minor for unit in units),
            "unit": order.total.unit,
            "units": len(units),
            "used": used,
        },
        merchant=order.merchant_ref,
        reason=reason,
    )


def _give_back(
    order: OrderFacts, units: Sequence[SoldUnit], used: Sequence[str], reason: str, at: datetime
) -> RefundView:
    """What a provider took is asked back of it; what gift cards bore is on them again at once.

    The provider's refund where there is one, else that of the cards.
    """
    rest = sum((unit.paid_provider for unit in units), Money(0, order.total.unit))
    requested, card_ref = None, new_id("gcr")
    if rest:
        payment = payments_read.payment_for_order(order.order_ref)
        if payment is None or payment.state is not PaymentState.CAPTURED:
            raise NothingToRefund
        requested = payments.request_refund(
            payment_ref=payment.ref,
            amount=rest,
            unit_refs=[unit.unit_ref for unit in units],
            reason=reason,
            at=at,
        )
    if used:
        unsettle_units(unit_refs=used, reference=requested.ref if requested else card_ref, at=at)
    given = stored_value.to_cards(order, units, ref=card_ref, alone=requested is None, reason=reason, at=at)
    if given and requested is None:  # else it is told with the provider's part, once that is on its way
        tell.refunded_to_cards(given, person_ref=order.person_ref, merchant_ref=order.merchant_ref, at=at)
    return requested or given or _nothing_paid(order, units, card_ref, reason, at)


def _nothing_paid(
    order: OrderFacts, units: Sequence[SoldUnit], ref: str, reason: str, at: datetime
) -> RefundView:
    """Units that discounts had paid whole are given back: what the platform bore goes back to it, and no more moves."""
    promoted = sum((unit.discount_platform for unit in units), Money(0, order.total.unit))
    if promoted:
        post(
            kind=TransactionKind.REFUND,
            reference=f"refund:{ref}",
            transfers=[
                TransferSpec(
                    AccountKind.UNREDEEMED, order.merchant_ref, AccountKind.PROMOTION, PLATFORM, promoted
                )
            ],
            at=at,
        )
    return RefundView(
        ref=ref,
        payment_ref="",
        order_ref=order.order_ref,
        provider=stored_value.GIFT_CARD,
        amount=Money(0, order.total.unit),
        state=RefundState.DONE,
        reason=reason,
        unit_refs=tuple(unit.unit_ref for unit in units),
        from_suspense=False,
        created_at=at,
        done_at=at,
    )


def _check_asker(order: OrderFacts, by: Person, *, as_operator: bool, as_merchant: bool) -> None:
    if as_operator:
        allowed = by.is_operator
    elif as_merchant:
        allowed = has_right(by, Right.REFUND, order.merchant_ref, order.store_ref)
    else:
        allowed = order.person_id == by.pk
    if not allowed:
        raise orders.OrderUnknown(order_ref=order.order_ref)


def send(*, refund_ref: str, at: datetime) -> str:
    """Send a recorded refund to the provider and book what it answers; the outcome in a word. Safe to repeat."""
    return finish(report=payments.send_refund(refund_ref=refund_ref, at=at), at=at)


def finish(*, report: RefundReport, at: datetime) -> str:
    """Write down how a refund ended, and book the money that went back; once.

    Until the provider has sent it, the money stays where it was: with what is not redeemed, or in suspense.
    A refund that failed keeps its units refunded, and waits for the operator to send it again, unless a bank has taken
    the payment back for good meanwhile. So does one that had been sent and came back: what was booked then is booked back.

    Never inside a transaction: where the news contradicts what is recorded, the provider is asked which of both holds;
    webhooks come in any order.
    """
    outcome = _record_end(report, at)
    if outcome is Outcome.CONFLICT:
        now = payments.ask_refund(refund_ref=report.refund_ref, at=at)
        if now.status in (ReportStatus.DONE, ReportStatus.FAILED):
            outcome = _record_end(now, at)
            outcome = Outcome.STALE if outcome is Outcome.REPEATED else outcome
    return str(outcome.value)


@retrying
def _record_end(report: RefundReport, at: datetime) -> Outcome:
    known = payments_read.refund_by_ref(report.refund_ref)
    if known is None:
        raise payments.RefundNotFound
    with transaction.atomic():
        order = _lock(known.order_ref)
        recorded = payments.record_refund(report=report, at=at)
        news, merchant_ref = recorded.outcome is Outcome.RECORDED, order.merchant_ref if order else ""
        if news and recorded.refund.state is RefundState.DONE:
            refund_booking.book(recorded.refund, merchant_ref, at)
        if news and recorded.refund.state is RefundState.FAILED:
            if recorded.refund.returned_at:
                refund_booking.book_back(recorded.refund, at)
            # What the bank has sent is nobody's to wait for.
            news = not lost_before(recorded.refund, merchant_ref, at)
        if news and order:
            tell.refund_ended(
                recorded.refund, person_ref=order.person_ref, merchant_ref=order.merchant_ref, at=at
            )
        live.hint(known.order_ref)
    return recorded.outcome


def resend(*, refund_ref: str, by: Person, at: datetime) -> RefundView:
    """The operator sends a failed refund again, as a new one for the same units.

    Raises `Forbidden`, `RefundNotFound`, `RefundNotFailed`, `RefundTooLarge`.
    """
    if not by.is_operator:
        raise Forbidden
    failed = payments_read.refund_by_ref(refund_ref)
    if failed is None:
        raise payments.RefundNotFound
    with transaction.atomic():
        order = _lock(failed.order_ref)
        again = payments.request_again(refund_ref=refund_ref, at=at)
        audit.record(
            action="order.refund_resent",
            subject=failed.order_ref,
            by=by.public_id,
            at=at,
            before={"refund": failed.ref},
            after={"refund": again.ref, "amount": again.amount.minor, "unit": again.amount.unit},
            merchant=order.merchant_ref if order else "",
        )
    send(refund_ref=again.ref, at=at)
    return payments_read.refund_by_ref(again.ref) or again


def _lock(ref: str) -> OrderFacts | None:
    """Lock what a payment is for: an order, or a gift card that was bought (None)."""
    return None if stored_value.lock_card(ref) else orders.lock_order(order_ref=ref)
