"""What a lost dispute does: vouchers end, and each part of the money is booked to whoever is to bear it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from hutong.flows import discounts, points, stored_value
from hutong.flows.groups import places
from hutong.kernel import outbox
from hutong.kernel.money import Money
from hutong.pay.giftcards import services as giftcards
from hutong.pay.ledger.services import post
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec
from hutong.pay.orders import queries as orders_read
from hutong.pay.orders import services as orders
from hutong.pay.orders.types import OrderFacts, SoldUnit, UnitState
from hutong.pay.payments import queries as payments_read
from hutong.pay.payments import services as payments
from hutong.pay.payments.rules import REFUND_OPEN
from hutong.pay.payments.types import Bearer, DisputeView, LossShares, RefundView
from hutong.pay.settlement.services import unsettle_units
from hutong.visit.vouchers import services as vouchers

BY = "dispute"


def share(amount: Money, units: Sequence[SoldUnit], borne_by: Bearer) -> LossShares:
    """How a lost dispute of `amount` is borne. What was not redeemed first, unit by unit while the amount covers it;
    then what was redeemed, by the merchant where it bears that; what is left by the platform.

    Only what a provider took counts: what gift cards bore of a unit is no bank's to take.
    """
    left = amount.minor
    taken: dict[UnitState, list[str]] = {UnitState.SOLD: [], UnitState.USED: []}
    sums = dict.fromkeys(taken, 0)
    states = [UnitState.SOLD, *([UnitState.USED] if borne_by is Bearer.MERCHANT else [])]
    for state in states:
        for unit in units:
            paid = unit.paid_provider.minor
            if unit.state is state and 0 < paid <= left:
                taken[state].append(unit.unit_ref)
                sums[state] += paid
                left -= paid
    return LossShares(
        unused=tuple(taken[UnitState.SOLD]),
        used=tuple(taken[UnitState.USED]),
        from_unredeemed=sums[UnitState.SOLD],
        from_merchant=sums[UnitState.USED],
        from_platform=left,
    )


def lose(order: OrderFacts, dispute: DisputeView, at: datetime) -> None:
    """The money is gone: units end as refunded, and each part is booked to who bears it."""
    units = orders_read.units_of(order.order_ref)
    # What a refund could not send is with what is not redeemed still: the bank has brought it to the shopper instead.
    unsent = payments.end_unsent(
        dispute_ref=dispute.ref, payment_ref=dispute.payment_ref, amount=dispute.amount
    )
    sent_by_bank = sum((refund.amount for refund in unsent), Money(0, dispute.amount.unit))
    before = [ref for refund in unsent for ref in refund.unit_refs]
    shares = share(dispute.amount - sent_by_bank, units, dispute.borne_by)
    ended = [*shares.unused, *shares.used]
    if ended:
        # No stock comes back: nobody can say any more what of it was kept for a shopper who is gone.
        if places.waits(order):
            places.left(order.order_ref)
        else:
            vouchers.release_for_refund(unit_refs=ended, used_too=True)
        orders.mark_units_refunded(order_ref=order.order_ref, unit_refs=ended, by=BY, at=at, used_too=True)
        # Coupons before points, as in checkout.
        discounts.take_back_earned(order, at)
        points.give_back(
            order_ref=order.order_ref, units=[unit for unit in units if unit.unit_ref in ended], at=at
        )
    if shares.used:
        unsettle_units(unit_refs=shares.used, reference=dispute.ref, at=at)
        outbox.send("follow_points", at=at, order_ref=order.order_ref, happened_at=at.isoformat())
    shares = replace(
        shares,
        unused=(*before, *shares.unused),
        from_unredeemed=shares.from_unredeemed + sent_by_bank.minor,
    )
    mine = [unit for unit in units if unit.unit_ref in ended]
    unit = dispute.amount.unit
    paid_for = [each for each in units if each.unit_ref in (*ended, *before)]
    promoted = sum((each.discount_platform for each in paid_for), Money(0, unit))
    unredeemed = (AccountKind.UNREDEEMED, order.merchant_ref)
    disputed = (AccountKind.DISPUTED, dispute.provider)
    post_moves(
        TransactionKind.DISPUTE_LOST,
        f"dispute_lost:{dispute.ref}",
        [
            (unredeemed, disputed, Money(shares.from_unredeemed + shares.from_merchant, unit)),
            (unredeemed, (AccountKind.PROMOTION, PLATFORM), promoted),
            ((AccountKind.LOSSES, PLATFORM), disputed, Money(shares.from_platform, unit)),
        ],
        at,
    )
    # What gift cards bore of these units was never the bank's: it is on the cards again.
    stored_value.to_cards(order, mine, ref=dispute.ref, alone=False, reason="dispute", at=at)
    payments.share_loss(ref=dispute.ref, shares=shares)


def lose_apart(dispute: DisputeView, at: datetime) -> None:
    """Money that bought nothing is gone: out of suspense where it could not be sent back, else it went back twice."""
    unsent = payments.end_unsent(
        dispute_ref=dispute.ref, payment_ref=dispute.payment_ref, amount=dispute.amount
    )
    here = sum((refund.amount for refund in unsent), Money(0, dispute.amount.unit))
    disputed = (AccountKind.DISPUTED, dispute.provider)
    post_moves(
        TransactionKind.DISPUTE_LOST,
        f"dispute_lost:{dispute.ref}",
        [
            ((AccountKind.SUSPENSE, dispute.provider), disputed, here),
            ((AccountKind.LOSSES, PLATFORM), disputed, dispute.amount - here),
        ],
        at,
    )
    shares = LossShares((), (), here.minor, 0, (dispute.amount - here).minor)
    payments.share_loss(ref=dispute.ref, shares=shares)


def lose_card(dispute: DisputeView, at: datetime) -> None:
    """What a gift card was bought with is gone: what is left on it goes first, the platform bears what was spent."""
    payments.end_unsent(dispute_ref=dispute.ref, payment_ref=dispute.payment_ref, amount=dispute.amount)
    under_way = [
        refund.amount
        for refund in payments_read.refunds_of_order(dispute.order_ref)
        if refund.state in REFUND_OPEN and refund.unit_refs
    ]
    given = giftcards.lose(
        card_ref=dispute.order_ref,
        amount=dispute.amount,
        under_way=sum(under_way, Money(0, dispute.amount.unit)),
        provider=dispute.provider,
        reference=f"dispute_lost:{dispute.ref}",
        at=at,
    )
    shares = LossShares((), (), given.minor, 0, (dispute.amount - given).minor)
    payments.share_loss(ref=dispute.ref, shares=shares)


def lost_before(refund: RefundView, merchant_ref: str, at: datetime) -> bool:
    """A refund failed: whether the shopper has its money from the bank, which took the payment back while it was under way.

    Then the platform has borne what it can find again where the refund took it from. In the transaction that has
    recorded the failure, with the order or the card locked.
    """
    dispute = payments.cover_unsent(refund_ref=refund.ref)
    if dispute is None:
        return False
    promoted = Money(0, refund.amount.unit)
    if refund.from_suspense or not refund.unit_refs:
        source = (AccountKind.SUSPENSE, refund.provider)
    elif stored_value.is_card(refund.order_ref):
        source = (AccountKind.STORED_VALUE, refund.order_ref)
    else:
        source = (AccountKind.UNREDEEMED, merchant_ref)
        units = orders_read.units(list(refund.unit_refs))
        promoted = sum((unit.discount_platform for unit in units), promoted)
    post_moves(
        TransactionKind.DISPUTE_LOST,
        f"dispute_lost:{dispute.ref}:{refund.ref}",
        [
            (source, (AccountKind.LOSSES, PLATFORM), refund.amount),
            (source, (AccountKind.PROMOTION, PLATFORM), promoted),
        ],
        at,
    )
    return True


def post_moves(
    kind: TransactionKind,
    reference: str,
    moves: Sequence[tuple[tuple[AccountKind, str], tuple[AccountKind, str], Money]],
    at: datetime,
) -> None:
    """Post what of `moves` (from, to, amount) is not nothing, as one transaction."""
    transfers = [TransferSpec(*source, *target, amount) for source, target, amount in moves if amount]
    if transfers:
        post(kind=kind, reference=reference, transfers=transfers, at=at)
