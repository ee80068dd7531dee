"""Giving money back: take the right away first, then send the money, then book it.

What was not used is the shopper's to take back. What was used goes back out of goodwill: the shop or the operator
says why, and what the shop had earned of it is taken back, also after it was paid out.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.flows import fulfil, stored_value, tell
from hutong.flows.dispute_loss import lost_before
from hutong.flows.fulfil.waiting import WaitingFulfilment
from hutong.flows.groups import places
from hutong.kernel import audit, live, outbox
from hutong.kernel.errors import Conflict, Forbidden, Invalid
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
from hutong.pay.payments.types import Outcome, PaymentState, RefundReport, RefundState, RefundView
from hutong.pay.settlement.services import unsettle_units
from hutong.town.catalog.types import OfferKind
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.types import Right
from hutong.town.people.models import Person

EXPIRED = "expired"
GROUP_FAILED = "group_failed"


class NothingToRefund(Conflict):
    """Everything of the order was used or refunded, or it was never paid."""

    code = "nothing_to_refund"
    message = _("There is nothing left to refund: it was used, or refunded before.")


class NotPromised(Conflict):
    """The terms of the vouchers do not promise the shopper this money, or not any more; `unit_refs`."""

    code = "refund_not_promised"
    message = _("The terms of this voucher do not promise a refund now. Please ask the shop.")


class OnlyWhole(Conflict):
    """An order that waits for its group goes back whole, since its place does."""

    code = "refund_only_whole"
    message = _("While the group is not full, only the whole order can be given back.")


class OrderDisputed(Conflict):
    """A bank took the payment back, and it is not known yet who keeps it."""

    code = "order_disputed"
    message = _("A bank took back the payment of this order. Wait until the chargeback has ended.")


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
) -> RefundView:
    """Give back what was paid for `unit_refs` of an order (None: everything not used), to where it came from.

    Never inside a transaction: the provider is called. First the uses are taken away and the refund is
    recorded, in one transaction, so that a voucher is never used and refunded; then the money is sent. The
    answer may still be PENDING or UNKNOWN; the janitor goes on. A shopper refunds only own orders and what was not
    used; who has `Right.REFUND` at the order's shop (`as_merchant`) and an operator also what was, with a reason.
    Other orders look unknown. Raises `NothingToRefund`, `NotPromised`, `OnlyWhole`, `ReasonMissing`,
    `UnitsNotRefundable`, `OrderUnknown`.
    """
    requested = _request(order_ref, unit_refs, reason.strip(), by, as_operator, at, as_merchant)
    return _sent(requested, at)


def refund_expired(*, order_ref: str, unit_refs: Sequence[str], at: datetime) -> RefundView | None:
    """Give back by itself what was unused when a voucher ended that promised it; None where nothing is left to give,
    or a bank has taken the payment back. Again: nothing happens. Never inside a transaction.
    """
    return _by_itself(order_ref, unit_refs, EXPIRED, at)


def refund_failed_group(*, order_ref: str, at: datetime) -> RefundView | None:
    """Give back by itself what was paid in a group that failed; otherwise as `refund_expired`."""
    unit_refs = [unit.unit_ref for unit in orders_read.units_of(order_ref)]
    return _by_itself(order_ref, unit_refs, GROUP_FAILED, at)


def _by_itself(order_ref: str, unit_refs: Sequence[str], reason: str, at: datetime) -> RefundView | None:
    try:
        requested = _request(order_ref, unit_refs, reason, None, False, at)
    except (NothingToRefund, OrderDisputed):
        return None  # the shopper was faster, or who has the money is not decided yet
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
        waits = places.waits(order)
        kind = WaitingFulfilment() if waits else fulfil.of(OfferKind.VOUCHER)
        generous = as_operator or as_merchant
        if by:
            wanted = _wanted(kind, unit_refs, list(offers), None if generous else at)
        else:
            wanted = kind.refundable(unit_refs=list(unit_refs or ()), promised_at=at)
        if not wanted:
            raise NothingToRefund
        if waits and len(wanted) < len(offers):
            raise OnlyWhole
        released = kind.give_back(
            order_ref=order_ref, units={ref: offers[ref] for ref in wanted}, at=at, used_too=generous
        )
        if released.used and not reason:
            raise ReasonMissing
        units = orders.mark_units_refunded(
            order_ref=order_ref,
            unit_refs=wanted,
            by=by.public_id if by else reason,
            at=at,
            used_too=generous,
        )
        requested = _give_back(order, units, released.used, reason, at)
        if by and generous:
            audit.record(
                action="order.refunded",
                subject=order_ref,
                by=by.public_id,
                at=at,
                after={
                    "refund": requested.ref,
                    "amount": sum(unit.paid.minor for unit in units),
                    "unit": order.total.unit,
                    "units": len(wanted),
                    "used": len(released.used),
                },
                merchant=order.merchant_ref,
                reason=reason,
            )
        if released.used:
            outbox.send(
                "recheck_reviews", at=at, order_ref=order_ref, reason="refunded", happened_at=at.isoformat()
            )
        for topic in (order_ref, *released.voucher_refs):
            live.hint(topic)
        for offer_ref in {offers[ref] for ref in wanted}:
            outbox.send("count_sold", at=at, offer_ref=offer_ref)
    return requested


def _wanted(
    kind: fulfil.Fulfilment | WaitingFulfilment,
    unit_refs: Sequence[str] | None,
    offered: list[str],
    promised_at: datetime | None,
) -> list[str]:
    """What somebody asks to have back: of a shopper what the terms promise now (`promised_at`), and nothing else."""
    if unit_refs is None:
        return kind.refundable(unit_refs=offered, promised_at=promised_at)
    unknown = set(unit_refs) - set(offered)
    if unknown:
        raise orders.UnitsNotSold(unit_refs=sorted(unknown))
    if promised_at:
        unused = kind.refundable(unit_refs=unit_refs)
        promised = kind.refundable(unit_refs=unused, promised_at=promised_at)
        if len(promised) < len(unused):
            raise NotPromised(unit_refs=sorted(set(unused) - set(promised)))
    return list(unit_refs)


def _give_back(
    order: OrderFacts, units: Sequence[SoldUnit], used: Sequence[str], reason: str, at: datetime
) -> RefundView:
    """What a provider took is asked back of it; what gift cards bore is on them again at once.

    The provider's refund where there is one, else that of the cards.
    """
    rest = sum((unit.paid_provider for unit in units), Money(0, order.total.unit))
    requested, card_ref = None, new_id("gcr")
    if rest or not order.stored:
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
    back = requested or given
    if back is None:
        raise NothingToRefund
    return back


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


@retrying
def finish(*, report: RefundReport, at: datetime) -> str:
    """Write down how a refund ended, and book the money that went back; once.

    Until the provider has sent it, the money stays where it was: with what is not redeemed, or in suspense.
    A refund that failed keeps its units refunded, and waits for the operator to send it again, unless a bank has taken
    the payment back for good meanwhile.
    """
    known = payments_read.refund_by_ref(report.refund_ref)
    if known is None:
        raise payments.RefundNotFound
    with transaction.atomic():
        order = _lock(known.order_ref)
        recorded = payments.record_refund(report=report, at=at)
        news, merchant_ref = recorded.outcome is Outcome.RECORDED, order.merchant_ref if order else ""
        if news and recorded.refund.state is RefundState.DONE:
            _book(recorded.refund, merchant_ref, at)
        if news and recorded.refund.state is RefundState.FAILED:
            # What the bank has sent is nobody's to wait for.
            news = not lost_before(recorded.refund, merchant_ref, at)
        if news and order:
            tell.refund_ended(
                recorded.refund, person_ref=order.person_ref, merchant_ref=order.merchant_ref, at=at
            )
        live.hint(known.order_ref)
    return str(recorded.outcome.value)


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


def _book(refund: RefundView, merchant_ref: str, at: datetime) -> None:
    """Money for named units was not yet redeemed; money without units lay in suspense.

    What the platform had put into the units' price goes back to it.
    """
    if stored_value.book_card_refund(refund, at):
        return
    if refund.unit_refs:
        kind, account, owner = TransactionKind.REFUND, AccountKind.UNREDEEMED, merchant_ref
    else:
        kind, account, owner = TransactionKind.SUSPENSE_OUT, AccountKind.SUSPENSE, refund.provider
    units = orders_read.units(list(refund.unit_refs)) if refund.unit_refs else ()
    promoted = sum((unit.discount_platform for unit in units), Money(0, refund.amount.unit))
    transfers = [TransferSpec(account, owner, AccountKind.CLEARING, refund.provider, refund.amount)]
    if promoted:
        transfers.append(TransferSpec(account, owner, AccountKind.PROMOTION, PLATFORM, promoted))
    post(kind=kind, reference=f"refund:{refund.ref}", transfers=transfers, at=at)
