"""What of the money of an order, or of a gift card that was bought, is with its payer again: sent by providers and to gift
cards, or taken by a bank.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from hutong.flows import stored_value
from hutong.flows.stored_value import GIFT_CARD
from hutong.kernel.money import Money
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderView, SoldUnit, UnitState
from hutong.pay.payments import queries as payments
from hutong.pay.payments.types import DisputeStatus, DisputeView, RefundState, RefundView


@dataclass(frozen=True, slots=True)
class MoneyBack:
    """Of an order that was paid: `refunds` that were sent, and lost disputes (`taken`), the oldest first.

    `by_bank` are the units that ended with the latter. `left` is what was paid less both, below nothing where money came
    twice, and `tax` what it contains.
    """

    refunds: tuple[RefundView, ...]
    taken: tuple[DisputeView, ...]
    by_bank: frozenset[str]
    left: Money
    tax: Money


def of_order(order_ref: str, *, total: Money) -> MoneyBack:
    """All of it. Money without units came too much, or too late: it was never a part of the order."""
    nothing = Money(0, total.unit)
    found = [each for each in stored_value.refunds_of_order(order_ref) if each.unit_refs]
    sent = [each for each in found if each.state is RefundState.DONE]
    taken, by_bank = taken_by_bank(order_ref, found)
    units = orders.units_of(order_ref)
    before = total - sum((each.amount for each in sent), nothing)
    # What a bank took for no unit that ended (the platform bears it) was the price of something all the same.
    for_units = sum((unit.paid_provider for unit in units if unit.unit_ref in by_bank), nothing)
    left = before - sum((each.amount for each in taken), nothing)
    tax = _tax(units, sent, by_bank, nothing)
    if before - for_units != left:
        tax = _part(tax, left, before - for_units)
    return MoneyBack(
        refunds=tuple(sorted(sent, key=lambda each: each.created_at)),
        taken=tuple(reversed(taken)),
        by_bank=by_bank,
        left=left,
        tax=tax,
    )


def of_card(card_ref: str, *, face: Money) -> MoneyBack:
    """The same of a gift card that was bought: it has no units, and no tax until it is spent."""
    nothing = Money(0, face.unit)
    found = payments.refunds_of_order(card_ref)
    sent = [each for each in found if each.state is RefundState.DONE and not each.from_suspense]
    taken, _units = taken_by_bank(card_ref, sent)
    gone = [*(refund.amount for refund in sent), *(dispute.amount for dispute in taken)]
    return MoneyBack(
        refunds=tuple(reversed(sent)),
        taken=tuple(reversed(taken)),
        by_bank=frozenset(),
        left=face - sum(gone, nothing),
        tax=nothing,
    )


def taken_by_bank(order_ref: str, refunds: Iterable[RefundView]) -> tuple[list[DisputeView], frozenset[str]]:
    """The lost disputes of what paid an order, the newest first, and the units that ended with them."""
    lost = [
        each
        for each in payments.disputes_of_order(order_ref)
        if each.status is DisputeStatus.LOST and not payments.bought_nothing(each.payment_ref)
    ]
    if not lost:
        return [], frozenset()
    ended = {ref for each in refunds if each.ended_by for ref in each.unit_refs}
    return lost, frozenset(ended | payments.lost_units(order_ref))


def refunded(order: OrderView, by_bank: frozenset[str]) -> Money:
    """Of what an order's refunded units were paid with, what no bank took: it was sent, is to be sent, or is on cards."""
    units = (unit for line in order.lines for unit in line.units if unit.unit_ref in by_bank)
    taken = (unit.paid - unit.paid_stored for unit in units if unit.state is UnitState.REFUNDED)
    return order.refunded - sum(taken, Money(0, order.total.unit))


def _tax(
    units: Iterable[SoldUnit], sent: Iterable[RefundView], by_bank: frozenset[str], nothing: Money
) -> Money:
    """What the units contain whose money has not come back; of a part of their money, the part."""
    by_card = {ref for each in sent if each.provider == GIFT_CARD for ref in each.unit_refs}
    by_provider = by_bank | {ref for each in sent if each.provider != GIFT_CARD for ref in each.unit_refs}
    tax = nothing
    for unit in units:
        kept = unit.paid
        kept -= unit.paid_stored if unit.unit_ref in by_card else nothing
        kept -= unit.paid_provider if unit.unit_ref in by_provider else nothing
        tax += _part(unit.tax, kept, unit.paid)
    return tax


def _part(amount: Money, part: Money, whole: Money) -> Money:
    """So much of an amount as `part` is of `whole`, rounded half up; nothing of nothing."""
    if part.minor <= 0 or whole.minor <= 0:
        return Money(0, amount.unit)
    return Money((2 * amount.minor * part.minor + whole.minor) // (2 * whole.minor), amount.unit)
