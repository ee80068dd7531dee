"""Pure decisions of stock: how a hold may move."""

from hutong.visit.stock.types import HoldEvent, HoldState

# A confirmed hold is never released: what was sold comes back only by a refund, which counts separately.
HOLD_TRANSITIONS: dict[tuple[HoldState, HoldEvent], HoldState] = {
    (HoldState.HELD, HoldEvent.CONFIRM): HoldState.CONFIRMED,
    (HoldState.HELD, HoldEvent.RELEASE): HoldState.RELEASED,
    (HoldState.HELD, HoldEvent.RETAKE): HoldState.CONFIRMED,
    (HoldState.RELEASED, HoldEvent.RETAKE): HoldState.CONFIRMED,
}


def next_state(state: HoldState, event: HoldEvent) -> HoldState | None:
    """Where the event leads from this state; None when it may not happen there."""
    return HOLD_TRANSITIONS.get((state, event))
