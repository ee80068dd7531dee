"""The states of an order and of a unit. Pure."""

from __future__ import annotations

from hutong.pay.orders.types import OrderEventKind, OrderState

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
