"""What gift cards and balances have to do with orders and payments: the parts that other flows put into their own."""

from collections.abc import Sequence
from datetime import datetime

from hutong.kernel.money import Money
from hutong.pay.giftcards import queries as giftcards_read
from hutong.pay.giftcards import services as giftcards
from hutong.pay.giftcards.types import CardRefundView, CardView
from hutong.pay.ledger.services import post
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec
from hutong.pay.orders.types import OrderFacts, SoldUnit
from hutong.pay.payments import queries as payments_read
from hutong.pay.payments.types import RefundState, RefundView

GIFT_CARD = "gift_card"
"""Stands where a refund names its provider: the money went back to gift cards."""


def spent(order: OrderFacts, units: Sequence[SoldUnit]) -> list[tuple[AccountKind, str, Money]]:
    """The order is paid: what its cards had set aside is spent; from which pots it is captured."""
    if not order.stored:
        return []
    shares = giftcards.spend(
        order_ref=order.order_ref, units=[(unit.unit_ref, unit.paid_stored) for unit in units]
    )
    return [(AccountKind.STORED_HELD, share.card_ref, share.amount) for share in shares]


def to_cards(
    order: OrderFacts, units: Sequence[SoldUnit], *, ref: str, alone: bool, reason: str, at: datetime
) -> RefundView | None:
    """What cards bore of refunded units goes back to them at once; None where they bore nothing.

    `ref` is what this is to be called. With `alone` nothing is left for a provider to send, and what the platform had
    put into the price goes back to it here and now; otherwise it does when the provider's refund is done.
    """
    if not order.stored:
        return None
    given = giftcards.give_back(
        ref=ref,
        order_ref=order.order_ref,
        unit_refs=[unit.unit_ref for unit in units],
        merchant_ref=order.merchant_ref,
        reason=reason,
        at=at,
    )
    if given is None:
        return None
    promoted = sum((unit.discount_platform for unit in units), Money(0, order.total.unit))
    if promoted and alone:
        post(
            kind=TransactionKind.REFUND,
            reference=f"refund:{given.ref}",
            transfers=[
                TransferSpec(
                    AccountKind.UNREDEEMED, order.merchant_ref, AccountKind.PROMOTION, PLATFORM, promoted
                )
            ],
            at=at,
        )
    return as_refund(given)


def is_card(ref: str) -> bool:
    """Whether a payment is for a gift card that is bought, and not for an order."""
    return ref.startswith("gft_")


def lock_card(ref: str) -> CardView | None:
    """Lock the gift card a payment is for; None where it is for an order."""
    return giftcards.lock_card(card_ref=ref) if is_card(ref) else None


def book_card_refund(refund: RefundView, at: datetime) -> bool:
    """The provider sent back what was paid for a gift card: it leaves the card. False where something else went back."""
    if not is_card(refund.order_ref) or not refund.unit_refs:
        return False
    giftcards.sent_back(
        card_ref=refund.order_ref,
        amount=refund.amount,
        provider=refund.provider,
        refund_ref=refund.ref,
        at=at,
    )
    return True


def refunds_of_order(order_ref: str) -> list[RefundView]:
    """All that went back for an order, to its provider or to gift cards, the newest first. Two statements."""
    found = [
        *payments_read.refunds_of_order(order_ref),
        *(as_refund(one) for one in giftcards_read.refunds_of_order(order_ref)),
    ]
    return sorted(found, key=lambda refund: refund.created_at, reverse=True)


def on_cards(refund: RefundView) -> Money | None:
    """What of a provider's refund's units went back to gift cards; None where they bore nothing. One statement."""
    units = set(refund.unit_refs)  # a unit is refunded once
    found = [
        one.amount for one in giftcards_read.refunds_of_order(refund.order_ref) if units & set(one.unit_refs)
    ]
    return sum(found, Money(0, refund.amount.unit)) or None


def as_refund(given: CardRefundView) -> RefundView:
    """Card money that went back, as pages and programs show any refund: done at once."""
    return RefundView(
        ref=given.ref,
        payment_ref="",
        order_ref=given.order_ref,
        provider=GIFT_CARD,
        amount=given.amount,
        state=RefundState.DONE,
        reason=given.reason,
        unit_refs=given.unit_refs,
        from_suspense=False,
        created_at=given.at,
        done_at=given.at,
    )
