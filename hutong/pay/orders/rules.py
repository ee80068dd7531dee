"""The states of an order and of a unit, what gift cards bear of each unit, and what a part given back does to the
others. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from hutong.kernel.money import Money, split
from hutong.pay.orders.types import (
    OrderEventKind,
    OrderState,
    SoldUnit,
    UnitState,
)
from hutong.pay.pricing.rules import binds, cancel
from hutong.pay.pricing.types import Cancellation, Quote, Raise, UnitPosition

TRANSITIONS: dict[tuple[OrderState, OrderEventKind], OrderState] = {
    (OrderState.AWAITING_PAYMENT, OrderEventKind.PAID): OrderState.PAID,
    (OrderState.AWAITING_PAYMENT, OrderEventKind.EXPIRED): OrderState.EXPIRED,
    (OrderState.AWAITING_PAYMENT, OrderEventKind.CANCELLED): OrderState.CANCELLED,
    # A payment that comes too late: honoured while the thing is still free, otherwise given back.
    (OrderState.EXPIRED, OrderEventKind.LATE_PAYMENT_HONOURED): OrderState.PAID,
    (OrderState.EXPIRED, OrderEventKind.LATE_PAYMENT_RETURNED): OrderState.EXPIRED,
    (OrderState.CANCELLED, OrderEventKind.LATE_PAYMENT_RETURNED): OrderState.CANCELLED,
    (OrderState.PAID, OrderEventKind.PARTLY_REFUNDED): OrderState.PARTLY_REFUNDED,
    (OrderState.PARTLY_REFUNDED, OrderEventKind.PARTLY_REFUNDED): OrderState.PARTLY_REFUNDED,
    (OrderState.PAID, OrderEventKind.REFUNDED): OrderState.REFUNDED,
    (OrderState.PARTLY_REFUNDED, OrderEventKind.REFUNDED): OrderState.REFUNDED,
}

PAID_STATES = frozenset({OrderState.PAID, OrderState.PARTLY_REFUNDED, OrderState.REFUNDED})
"""The states of an order whose money arrived and counted: exactly these have `paid_at` and units."""

LIVE_STATES = frozenset({OrderState.PAID, OrderState.PARTLY_REFUNDED})
"""The states in which an unused unit may be used or refunded."""


class TransitionRefused(ValueError):
    """The event does not happen to an order in this state."""


def next_state(state: OrderState, event: OrderEventKind) -> OrderState:
    """The state after `event`; raises TransitionRefused when the table has no such step."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise TransitionRefused(f"{event} does not happen to an order that is {state}") from None


def borne_by_cards(stored: int, quote: Quote) -> list[int]:
    """What gift cards bear of each unit, in minor units, in the order of the quote: by what is paid for it.

    Largest remainder, so that the parts add up to `stored`, and never more than is paid for the unit: a part that
    is rounded up was less than the price before. The same order always gives the same.
    """
    paid = [amounts.paid.minor for line in quote.lines for amounts in line.units]
    if not stored:
        return [0] * len(paid)
    return [part.minor for part in Money(stored, quote.unit).allocate(paid)]


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """What a unit is paid with from now on, since a part of its order was given back: `list` less both discounts."""

    unit_ref: str
    paid: Money
    paid_stored: Money
    discount_merchant: Money
    discount_platform: Money
    tax: Money


@dataclass(frozen=True, slots=True)
class PricedAgain:
    """What giving back some units comes to by the terms that were shown.

    `refund` comes back, of it `to_cards` to gift cards; it would be `without_terms` if what is kept stayed at its price.
    `prices` are the new amounts of all units that have any, those given back among them: they add up to what they were
    before, amount by amount. `raises` are the terms that count; empty where nothing is taken off.
    """

    refund: Money
    to_cards: Money
    without_terms: Money
    prices: tuple[UnitPrice, ...]
    raises: tuple[Raise, ...]

    @property
    def less(self) -> Money:
        """What the terms take off the refund, and what the kept units cost more."""
        return self.without_terms - self.refund


@dataclass(slots=True)
class _Amounts:
    """The amounts of a unit that may change, in minor units."""

    paid: int
    stored: int
    merchant: int
    platform: int
    tax: int


def priced_again(quote: Quote, units: Sequence[SoldUnit], given_back: Collection[str]) -> PricedAgain:
    """What giving back the units of these refs comes to, and what every unit is paid with then.

    `units` are all of a paid order, in the order of its quote. Where terms bind (`pricing.rules.cancel`), kept units
    become dearer: their part of a discount goes over to the units that are given back, unit by unit and funder by
    funder, and what was paid for those goes over to the kept ones. So `paid`, `paid_stored`, both discounts and the tax
    add up to the same over the order, and whatever pays, settles or gives back by a unit's amounts needs to know of
    nothing else. What was used counts as kept, and becomes dearer as well.

    What a provider took goes over first, and what gift cards bore only where that is not enough: cards get back what
    they can. A unit that became dearer never becomes cheaper again by a later cancellation.
    """
    back = [unit for unit in units if unit.unit_ref in given_back]
    worth = sum((unit.paid for unit in back), Money(0, quote.unit))
    to_cards = sum((unit.paid_stored for unit in back), Money(0, quote.unit))
    if not binds(quote):
        return PricedAgain(worth, to_cards, worth, (), ())
    where = places(quote, units)
    kept = [unit for unit in units if unit.state is not UnitState.REFUNDED and unit not in back]
    gone = [unit for unit in units if unit.state is UnitState.REFUNDED]
    told = cancel(
        quote,
        [where[unit.unit_ref] for unit in back],
        gone=[where[unit.unit_ref] for unit in gone],
        given_back=sum((unit.paid for unit in gone), Money(0, quote.unit)),
    )
    wanted = [max(told.prices[where[unit.unit_ref]].minor - unit.paid.minor, 0) for unit in kept]
    moved = min(sum(wanted), worth.minor)
    if not moved:
        return PricedAgain(worth, to_cards, worth, (), ())
    now = {unit.unit_ref: _amounts(unit) for unit in (*back, *kept)}
    _move(now, back, kept, split(moved, wanted), _platforms(quote, kept, where, told))
    before = {unit.unit_ref: _amounts(unit) for unit in (*back, *kept)}
    return PricedAgain(
        refund=Money(sum(now[unit.unit_ref].paid for unit in back), quote.unit),
        to_cards=Money(sum(now[unit.unit_ref].stored for unit in back), quote.unit),
        without_terms=worth,
        prices=tuple(
            _unit_price(ref, amounts, quote.unit) for ref, amounts in now.items() if amounts != before[ref]
        ),
        raises=told.raises,
    )


def places(quote: Quote, units: Sequence[SoldUnit]) -> dict[str, UnitPosition]:
    """Where in its quote each unit of an order is: they were made in this order."""
    positions = [(line, index) for line, each in enumerate(quote.lines) for index in range(each.quantity)]
    return {unit.unit_ref: position for unit, position in zip(units, positions, strict=True)}


def _platforms(
    quote: Quote, kept: Sequence[SoldUnit], where: Mapping[str, UnitPosition], told: Cancellation
) -> dict[str, int]:
    """What the platform still pays of each kept unit."""
    return {
        unit.unit_ref: (
            quote.lines[line].units[index].discount_platform
            - told.by_platform.get((line, index), Money(0, quote.unit))
        ).minor
        for unit in kept
        for line, index in [where[unit.unit_ref]]
    }


def _move(
    now: Mapping[str, _Amounts],
    back: Sequence[SoldUnit],
    kept: Sequence[SoldUnit],
    more: Sequence[int],
    platforms: Mapping[str, int],
) -> None:
    """Let each kept unit be paid with so much `more` of what was paid for those given back."""
    takes, gives = [now[unit.unit_ref] for unit in kept], [now[unit.unit_ref] for unit in back]
    # A discount goes over with its funder; the merchant's is what the platform does not take off.
    by_platform = [
        min(
            max(amounts.platform - platforms[unit.unit_ref], part - amounts.merchant, 0),
            part,
            amounts.platform,
        )
        for unit, amounts, part in zip(kept, takes, more, strict=True)
    ]
    of_provider = [amounts.paid - amounts.stored for amounts in gives]
    from_provider = min(sum(more), sum(of_provider))
    from_cards = sum(more) - from_provider
    providers = _split(from_provider, of_provider)
    cards = _split(from_cards, [amounts.stored for amounts in gives])
    lower = [provider + card for provider, card in zip(providers, cards, strict=True)]
    taxes = [
        amounts.tax * part // amounts.paid if amounts.paid else 0
        for amounts, part in zip(gives, lower, strict=True)
    ]
    to_platform = _split(sum(by_platform), lower)
    for amounts, part, card, platform, tax in zip(gives, lower, cards, to_platform, taxes, strict=True):
        _change(amounts, -part, -card, -platform, -tax)
    shares = zip(takes, more, _split(from_cards, more), by_platform, _split(sum(taxes), more), strict=True)
    for amounts, part, card, platform, tax in shares:
        _change(amounts, part, card, platform, tax)


def _change(amounts: _Amounts, paid: int, stored: int, platform: int, tax: int) -> None:
    amounts.paid += paid
    amounts.stored += stored
    amounts.platform -= platform
    amounts.merchant -= paid - platform
    amounts.tax += tax


def _split(whole: int, weights: Sequence[int]) -> list[int]:
    return split(whole, weights) if whole else [0] * len(weights)


def _amounts(unit: SoldUnit) -> _Amounts:
    return _Amounts(
        paid=unit.paid.minor,
        stored=unit.paid_stored.minor,
        merchant=unit.discount_merchant.minor,
        platform=unit.discount_platform.minor,
        tax=unit.tax.minor,
    )


def _unit_price(unit_ref: str, amounts: _Amounts, unit: str) -> UnitPrice:
    return UnitPrice(
        unit_ref=unit_ref,
        paid=Money(amounts.paid, unit),
        paid_stored=Money(amounts.stored, unit),
        discount_merchant=Money(amounts.merchant, unit),
        discount_platform=Money(amounts.platform, unit),
        tax=Money(amounts.tax, unit),
    )
