"""The states of an order and of a unit, and what gift cards bear of each unit. Pure."""

from __future__ import annotations

from hutong.kernel.money import Money
from hutong.pay.orders.types import OrderEventKind, OrderState
from hutong.pay.pricing.types import Quote

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
