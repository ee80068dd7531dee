"""What a shopper gets back for a part of an order: by the terms that were shown, told before it is confirmed.

Where a price was for so many pieces, or a discount for so much spent, and what is kept does not earn it any more, what is
kept becomes dearer and less goes back (`pay.orders.rules.priced_again`). What was used is settled with the merchant anew, at
what it costs now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from hutong.flows import fulfil
from hutong.flows.fulfil.waiting import WaitingFulfilment
from hutong.flows.groups import places as group_places
from hutong.kernel.errors import Conflict
from hutong.kernel.ids import new_id
from hutong.kernel.money import Money
from hutong.pay.giftcards import services as giftcards
from hutong.pay.orders import queries as orders_read
from hutong.pay.orders import services as orders
from hutong.pay.orders.rules import LIVE_STATES, PricedAgain, places, priced_again
from hutong.pay.orders.types import OrderFacts, SoldUnit, UnitState
from hutong.pay.payments import queries as payments_read
from hutong.pay.pricing.types import Quote, Raise, RaiseReason, UnitPosition
from hutong.pay.settlement.services import resettle
from hutong.pay.settlement.types import Share
from hutong.town.catalog.types import OfferKind
from hutong.town.people.models import Person


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


class NothingComesBack(Conflict):
    """By the terms that were shown, what is kept costs as much as all of it did."""

    code = "nothing_comes_back"
    message = _(
        "By the terms of your price nothing would come back: what you keep costs as much. Nothing was changed; "
        "you can still use it, or give back more of it."
    )


class RefundChanged(Conflict):
    """Not the amount that was shown; `amount` and `unit` are what would come back now."""

    code = "refund_changed"
    message = _("The amount has changed since it was shown. Nothing was refunded; please look at it again.")


@dataclass(frozen=True, slots=True)
class LostTerm:
    """Why what is kept becomes dearer: of which line or discount, what it needs, and what a piece kept costs now."""

    reason: RaiseReason
    titles: Mapping[str, str]
    pieces: int = 0
    minimum: Money | None = None
    price: Money | None = None


@dataclass(frozen=True, slots=True)
class RefundPreview:
    """What giving back `unit_refs` comes to now. Of `amount` cards get `to_cards`; `less` is what `lost` takes off."""

    unit_refs: tuple[str, ...]
    amount: Money
    to_cards: Money
    without_terms: Money
    lost: tuple[LostTerm, ...]

    @property
    def less(self) -> Money:
        """What the terms take off."""
        return self.without_terms - self.amount

    @property
    def to_provider(self) -> Money:
        """What of the amount the payment's provider sends back."""
        return self.amount - self.to_cards


def preview(*, order_ref: str, unit_refs: Sequence[str] | None, by: Person, at: datetime) -> RefundPreview:
    """What a shopper would get back for `unit_refs` of an own order (None: everything not used) now; reads only.

    The amount may be nothing: then a refund is refused. Raises `OrderUnknown`, `UnitsNotSold`, `NothingToRefund`,
    `NotPromised`, `OnlyWhole`, `OrderDisputed`.
    """
    order = orders_read.order_facts(order_ref)
    if order is None or order.person_id != by.pk:
        raise orders.OrderUnknown(order_ref=order_ref)
    if order.state not in LIVE_STATES:
        raise NothingToRefund
    if payments_read.held_by_dispute(order_ref):
        raise OrderDisputed
    units = orders_read.units_of(order_ref)
    kind = kind_of(order)
    refs = wanted(kind, unit_refs, [unit.unit_ref for unit in units], at, generous=False)
    if not refs or any(unit.state is not UnitState.SOLD for unit in units if unit.unit_ref in refs):
        raise NothingToRefund
    if isinstance(kind, WaitingFulfilment) and len(refs) < len(units):
        raise OnlyWhole
    quote = _quote(order_ref)
    found = priced_again(quote, units, refs)
    where = places(quote, units)
    kept = [
        where[unit.unit_ref]
        for unit in units
        if unit.state is not UnitState.REFUNDED and unit.unit_ref not in refs
    ]
    return RefundPreview(
        unit_refs=tuple(refs),
        amount=found.refund,
        to_cards=found.to_cards,
        without_terms=found.without_terms,
        lost=tuple(_lost(quote, each, kept) for each in found.raises),
    )


def kind_of(order: OrderFacts) -> fulfil.Fulfilment | WaitingFulfilment:
    """What gives the parts of an order back: vouchers, or its place while it waits for its group."""
    return WaitingFulfilment() if group_places.waits(order) else fulfil.of(OfferKind.VOUCHER)


def wanted(
    kind: fulfil.Fulfilment | WaitingFulfilment,
    unit_refs: Sequence[str] | None,
    offered: Sequence[str],
    at: datetime,
    *,
    generous: bool,
) -> list[str]:
    """What somebody asks to have back (None: everything not used); not `generous`: what the terms promise at `at`."""
    if unknown := set(unit_refs or ()) - set(offered):
        raise orders.UnitsNotSold(unit_refs=sorted(unknown))
    unused = kind.refundable(unit_refs=offered if unit_refs is None else unit_refs, at=at)
    kept = set() if generous else {unit_ref for unit_ref, promised in unused.items() if not promised}
    if unit_refs is None:
        return [unit_ref for unit_ref in unused if unit_ref not in kept]
    if kept:
        raise NotPromised(unit_refs=sorted(kept))
    return list(unit_refs)


@dataclass(frozen=True, slots=True)
class Counted:
    """What goes back, and all units of the order as they were before."""

    before: tuple[SoldUnit, ...]
    found: PricedAgain


def counted(order_ref: str, unit_refs: Sequence[str], expected: Money | None) -> Counted:
    """What goes back for these units, with the order's units locked so that none is used meanwhile.

    In the transaction that has locked the order and its vouchers. Raises `RefundChanged` where that is not what was
    `expected`, and `NothingComesBack`.
    """
    before = orders.lock_units(order_ref=order_ref)
    found = priced_again(_quote(order_ref), before, unit_refs)
    if expected is not None and expected != found.refund:
        raise RefundChanged(amount=found.refund.minor, unit=found.refund.unit)
    if found.less and not found.refund:
        raise NothingComesBack
    return Counted(before, found)


def move_cards(order_ref: str, terms: Counted) -> None:
    """Let gift cards bear what they bore of the units as these are paid with now; before anything goes back to them."""
    was = {unit.unit_ref: unit.paid_stored for unit in terms.before}
    changes = {each.unit_ref: each.paid_stored - was[each.unit_ref] for each in terms.found.prices}
    taken = {ref: -change for ref, change in changes.items() if change.minor < 0}
    given = {ref: change for ref, change in changes.items() if change.minor > 0}
    if taken:
        giftcards.move(order_ref=order_ref, taken=taken, given=given)


def settle_anew(terms: Counted, at: datetime) -> None:
    """Owe the merchant for what was used and became dearer what it sells for now; commission is as it was."""
    new = {each.unit_ref: each for each in terms.found.prices}
    shares = [
        Share(
            unit_ref=unit.unit_ref,
            gross=new[unit.unit_ref].paid + new[unit.unit_ref].discount_platform,
            commission=unit.commission,
            commission_tax=unit.commission_tax,
            provider_fee=unit.provider_fee,
        )
        for unit in terms.before
        if unit.state is UnitState.USED and unit.unit_ref in new
    ]
    was = {unit.unit_ref: unit.gross for unit in terms.before}
    changed = [share for share in shares if share.gross != was[share.unit_ref]]
    if changed:
        resettle(shares=changed, reference=new_id("rpr"), at=at)


def _quote(order_ref: str) -> Quote:
    quote = orders_read.quote_of(order_ref)
    assert quote is not None, "an order has the quote it was placed with"
    return quote


def _lost(quote: Quote, each: Raise, kept: Sequence[UnitPosition]) -> LostTerm:
    """What a page says of a term that is not met any more."""
    if each.line is not None:
        line = quote.lines[each.line]
        pieces = len({index // line.uses for position, index in kept if position == each.line})
        earned = [step for step in line.steps if step.from_quantity <= pieces]
        return LostTerm(each.reason, line.titles, pieces=line.steps[-1].from_quantity, price=earned[-1].price)
    discount = next(one for one in quote.discounts if one.ref == each.ref)
    condition = discount.condition
    assert condition is not None, "what has no condition is not lost"
    return LostTerm(each.reason, discount.titles, pieces=condition.pieces, minimum=condition.minimum)
