"""Money arrived, or did not: what follows from a provider's news, once, however often and in whatever order it comes."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from hutong.flows import discounts, dispute, fulfil, refund, stored_value
from hutong.flows.alarms import isolated
from hutong.flows.groups import places
from hutong.kernel import live, outbox
from hutong.kernel.errors import DomainError
from hutong.kernel.locking import retrying
from hutong.kernel.money import Money
from hutong.know.customers import services as customers
from hutong.pay.flashsales import services as flashsales
from hutong.pay.giftcards import queries as giftcards_read
from hutong.pay.giftcards import services as giftcards
from hutong.pay.giftcards.types import CardState, CardView
from hutong.pay.groups.services import AlreadyInGroup, GroupEnded, GroupFull
from hutong.pay.ledger.services import post
from hutong.pay.ledger.services.lots import PointsChanged
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec
from hutong.pay.orders import queries as orders_read
from hutong.pay.orders import services as orders
from hutong.pay.orders.types import OrderFacts, OrderState
from hutong.pay.payments import queries as payments_read
from hutong.pay.payments import services as payments
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused, ProviderUnavailable
from hutong.pay.payments.providers.patience import not_now
from hutong.pay.payments.rules import UNDER_WAY
from hutong.pay.payments.types import (
    Event,
    Outcome,
    PaymentReport,
    PaymentState,
    PaymentView,
    Received,
    RefundView,
    ReportStatus,
)
from hutong.pay.pricing.services import DiscountGone
from hutong.town.catalog.types import OfferKind
from hutong.visit.stock.services import SoldOut

logger = logging.getLogger(__name__)

BY = "payment_received"
IGNORED = "ignored"
_WAITING = (ReportStatus.PENDING, ReportStatus.ABSENT)  # absent, as long as nobody opens the provider's page


def receive(*, provider: str, headers: Mapping[str, str], body: bytes, at: datetime) -> str:
    """Take a provider's webhook: check it, keep it, and do what follows from it; what came of it.

    Never inside a transaction. Copies get the same answer and change nothing. What is not ours is taken and left
    alone. Raises `SignatureInvalid`.
    """
    received = payments.receive_webhook(provider=provider, headers=headers, body=body, at=at)
    return _follow(provider, received, at) if received.first else received.outcome


def take_left_behind(*, at: datetime, limit: int = 50) -> int:
    """Do what follows from webhooks whose taker died before it was done; how many, at most `limit`.

    A provider need not send them again. One that cannot be read any more stays, and the books tell of it: however many
    there are of those, and of such as fail, they keep no other from its effect.
    """
    done = 0
    for inbox_id in payments.left_behind(at=at):
        if done == limit:
            break
        with isolated("webhooks", str(inbox_id), at=at):
            done += _taken(inbox_id, at)
    return done


def _taken(inbox_id: int, at: datetime) -> bool:
    try:
        found = payments.read_again(inbox_id=inbox_id)
        if found:
            _follow(*found, at)
    except DomainError as error:
        logger.warning("webhook %s of the inbox is left behind: %s", inbox_id, error.code)
        return False
    return found is not None


def _follow(provider: str, received: Received, at: datetime) -> str:
    """What follows from a webhook that was kept; it is then processed."""
    event = received.event
    if not _is_ours(provider, event):
        # Signed well, and about another shop of the same account, or a kind of news we have no use for.
        payments.mark_processed(inbox_id=received.inbox_id, outcome=IGNORED, at=at)
        return IGNORED
    if event.payment:
        return record(report=event.payment, at=at, inbox_id=received.inbox_id)
    if event.dispute:
        return dispute.record(provider=provider, report=event.dispute, at=at, inbox_id=received.inbox_id)
    assert event.refund is not None, "an event is about a payment, a refund or a dispute"
    outcome = refund.finish(report=event.refund, at=at)
    with transaction.atomic():
        payments.mark_processed(inbox_id=received.inbox_id, outcome=outcome, at=at)
    return outcome


def _is_ours(provider: str, event: Event) -> bool:
    """Whether a webhook is about a payment or refund that we made with the provider that tells of it, or its dispute."""
    if event.dispute:
        return payments_read.payment_of_dispute(provider, event.dispute) is not None
    known: PaymentView | RefundView | None = None
    if event.payment:
        known = payments_read.payment_by_ref(event.payment.payment_ref)
    elif event.refund:
        known = payments_read.refund_by_ref(event.refund.refund_ref)
    return known is not None and known.provider == provider


@retrying
def record(*, report: PaymentReport, at: datetime, inbox_id: int | None = None) -> str:
    """Do what follows from what a provider says of a payment, in one transaction; what came of it, in a word.

    Lock order: the order (or the gift card that is bought), then the payment. After commit, money that belongs to
    neither is sent back.
    """
    known = payments_read.payment_by_ref(report.payment_ref)
    if known is None:
        raise payments.PaymentNotFound
    with transaction.atomic():
        card = stored_value.lock_card(known.order_ref)
        order = None if card else orders.lock_order(order_ref=known.order_ref)
        recorded = payments.record_report(report=report, at=at)
        outcome = str(recorded.outcome.value)
        send_back = None
        if recorded.outcome is Outcome.RECORDED and recorded.money:
            if card:
                outcome, send_back = _card_paid(card, recorded.payment, recorded.money, at)
            elif order:
                outcome, send_back = _money_arrived(order, recorded.payment, recorded.money, at)
        elif recorded.outcome is Outcome.MISMATCH and recorded.money:
            _into_suspense(recorded.payment, recorded.money, at)
            send_back = payments.request_suspense_refund(
                payment_ref=recorded.payment.ref, reason="amount_or_currency", at=at
            ).ref
        if inbox_id is not None:
            payments.mark_processed(inbox_id=inbox_id, outcome=outcome, at=at)
        live.hint(known.order_ref)
    if send_back:
        refund.send(refund_ref=send_back, at=at)
    return outcome


def _money_arrived(
    order: OrderFacts, payment: PaymentView, money: Money, at: datetime
) -> tuple[str, str | None]:
    """Pay the order if it still can be; otherwise keep the money apart and ask for it to be sent back."""
    if order.state is OrderState.AWAITING_PAYMENT:
        try:
            order_paid(order, payment, at)
            return "paid", None
        except GroupEnded:
            order = _cancelled(order, at)
    if order.state is OrderState.EXPIRED and _still_free(order, at):
        order_paid(order, payment, at, late=True)
        return "paid_late", None
    # The order ended, or was paid before: this money is nobody's but the shopper's.
    _into_suspense(payment, money, at)
    if order.state in (OrderState.EXPIRED, OrderState.CANCELLED):
        orders.note_late_payment_returned(order_ref=order.order_ref, by=BY, at=at)
    back = payments.request_refund(
        payment_ref=payment.ref, amount=money, unit_refs=[], reason="late_payment", at=at
    )
    return "returned", back.ref


def _cancelled(order: OrderFacts, at: datetime) -> OrderFacts:
    """The group it was for has ended without it: nothing of it is kept, and its money goes back."""
    orders.cancel_order(order_ref=order.order_ref, by=BY, at=at)
    let_go(order, at)
    return replace(order, state=OrderState.CANCELLED)


def let_go(order: OrderFacts, at: datetime) -> None:
    """What an order held that ended unpaid is free again. In the transaction that has ended it.

    What was kept in stock goes before discounts and cards, as in every flow.
    """
    places.freed(order)
    flashsales.end(order_ref=order.order_ref)
    fulfil.of(OfferKind.VOUCHER).release(order_ref=order.order_ref, at=at)
    discounts.release(order, at)
    if order.stored:
        giftcards.release(order_ref=order.order_ref, at=at)


def _card_paid(card: CardView, payment: PaymentView, money: Money, at: datetime) -> tuple[str, str | None]:
    """The money of a gift card is on it; of a card that has its money already, it goes back."""
    if card.state in (CardState.WAITING, CardState.LAPSED):
        giftcards.top_up(
            card_ref=card.ref, amount=money, provider=payment.provider, payment_ref=payment.ref, at=at
        )
        return "paid", None
    _into_suspense(payment, money, at)
    back = payments.request_refund(
        payment_ref=payment.ref, amount=money, unit_refs=[], reason="late_payment", at=at
    )
    return "returned", back.ref


def _still_free(order: OrderFacts, at: datetime) -> bool:
    """Take again what the order held, its place, goods and gift cards; all of it or nothing."""
    try:
        with transaction.atomic():
            places.retaken(order)
            fulfil.of(OfferKind.VOUCHER).retake(order_ref=order.order_ref, at=at)
            discounts.retake(order, at)
            if order.stored:
                giftcards.retake(order_ref=order.order_ref, at=at)
    except (
        SoldOut,
        DiscountGone,
        PointsChanged,
        giftcards.BalanceChanged,
        GroupEnded,
        GroupFull,
        AlreadyInGroup,
    ):
        return False
    return True


def order_paid(order: OrderFacts, payment: PaymentView | None, at: datetime, *, late: bool = False) -> None:
    """The order is paid: book the money, make what was bought, remember the purchase, tell whoever looks.

    In the transaction that has locked the order. Without a payment gift cards bear all of it. What was kept in stock
    goes before cards and accounts, as in every flow: who orders holds stock while it waits for those. An order in a
    group waits until that is full; raises `GroupEnded` where it ended without it, and has changed nothing.
    """
    made_now = places.paid(order, at)
    units = orders.mark_paid(order_ref=order.order_ref, by=BY, at=at, late=late)
    flashsales.done(order_ref=order.order_ref)
    if made_now:
        fulfil.of(OfferKind.VOUCHER).confirm(order=order, units=units, at=at)
    discounts.settle(order, units, at)
    promoted = sum((unit.discount_platform for unit in units), Money(0, order.total.unit))
    sources = [*stored_value.spent(order, units), (AccountKind.PROMOTION, PLATFORM, promoted)]
    if payment:
        sources.insert(0, (AccountKind.CLEARING, payment.provider, payment.amount))
    transfers = [
        TransferSpec(kind, owner, AccountKind.UNREDEEMED, order.merchant_ref, amount)
        for kind, owner, amount in sources
        if amount
    ]
    if transfers:  # what the shop gives for nothing moves no money
        reference = f"capture:{payment.ref if payment else order.order_ref}"
        post(kind=TransactionKind.CAPTURE, reference=reference, transfers=transfers, at=at)
    if order.remember_consent:
        customers.grant_consent(
            person_ref=order.person_ref,
            merchant_ref=order.merchant_ref,
            source=f"checkout {order.order_ref}",
            at=at,
        )
    outbox.send("remember_purchase", at=at, order_ref=order.order_ref)
    outbox.send("tell_order_paid", at=at, order_ref=order.order_ref)
    for line in order.lines:
        outbox.send("count_sold", at=at, offer_ref=line.offer_ref)


def _into_suspense(payment: PaymentView, money: Money, at: datetime) -> None:
    post(
        kind=TransactionKind.SUSPENSE_IN,
        reference=f"suspense:{payment.ref}",
        transfers=[
            TransferSpec(
                AccountKind.CLEARING, payment.provider, AccountKind.SUSPENSE, payment.provider, money
            )
        ],
        at=at,
    )


def ask_unknown(*, at: datetime, limit: int = 50) -> int:
    """The janitor: ask providers about payments and refunds whose outcome is not known; how many ended.

    At most `limit` of each. What was learned of one is recorded, with what follows, before the next is asked about: who
    dies in between loses no answer, and one that fails takes no other with it. Never inside a transaction.
    """
    ended = 0
    for ask, refunds in ((_ask_payment, False), (_ask_refund, True)):
        for _number in range(limit):
            turn = payments.take_turn(refunds=refunds, at=at)
            if turn is None:
                break
            with isolated("ask_unknown", turn.ref, at=at):
                ended += ask(turn.ref, at)
            payments.end_turn(turn)
    take_left_behind(at=at)
    return ended


def _ask_payment(payment_ref: str, at: datetime) -> bool:
    """Ask for one payment; whether it was captured.

    One that is still waited for although its order or gift card has ended is called off: that failed before.
    """
    report = payments.ask(payment_ref=payment_ref, at=at)
    if report.status is ReportStatus.DONE:
        record(report=report, at=at)
        return True
    payment = payments_read.payment_by_ref(payment_ref) if report.status in _WAITING else None
    if payment and _has_ended(payment.order_ref):
        _try_to_call_off(payment, at)
    return False


def _ask_refund(refund_ref: str, at: datetime) -> bool:
    """Ask for one refund; whether it has ended."""
    report = payments.ask_refund(refund_ref=refund_ref, at=at)
    if report.status not in (ReportStatus.DONE, ReportStatus.FAILED):
        return False
    refund.finish(report=report, at=at)
    return True


def _has_ended(order_ref: str) -> bool:
    """Whether nothing is sold for a payment of this order, or gift card, any more."""
    if stored_value.is_card(order_ref):
        card = giftcards_read.card_view(order_ref)
        return card is not None and card.state is CardState.LAPSED
    order = orders_read.order_facts(order_ref)
    return order is not None and order.state in (OrderState.EXPIRED, OrderState.CANCELLED)


def end_payment(*, order_ref: str, at: datetime) -> None:
    """An order or gift card has ended: call off the payment that is under way, so that nobody can pay late.

    Never inside a transaction. Where the provider cannot be reached, or did not answer just now, the janitor comes back
    to it.
    """
    payment = payments_read.payment_for_order(order_ref)
    if payment and payment.provider in not_now() and payment.state is not PaymentState.CREATED:
        payments.ask_soon(order_ref=order_ref, at=at)
    elif payment:
        _try_to_call_off(payment, at)


def _try_to_call_off(payment: PaymentView, at: datetime) -> None:
    if payment.state in UNDER_WAY:
        with suppress(ProviderUnavailable, OutcomeUnknown, ProviderRefused):
            call_off(payment, at)


def call_off(payment: PaymentView, at: datetime) -> bool:
    """End a payment at its provider; True when it was paid meanwhile, which is recorded with what follows.

    Never inside a transaction. Raises what `payments.services.close` raises.
    """
    report = payments.close(payment_ref=payment.ref, at=at)
    if report.captured is None:
        return False
    record(report=report, at=at)
    return True


def look(*, order_ref: str, at: datetime) -> None:
    """The shopper came back from the payment page: ask the provider at once, should its webhook be late.

    Nothing happens when the payment is settled already. Never inside a transaction.
    """
    payment = payments_read.payment_for_order(order_ref)
    if payment is None or payment.state.value not in ("pending", "unknown"):
        return
    report = payments.ask(payment_ref=payment.ref, at=at)
    if report.captured is not None:
        record(report=report, at=at)
