"""Pure decisions: how a payment and a refund move, and when an unknown outcome is asked for."""

from datetime import datetime, timedelta

from hutong.pay.payments.types import PaymentEvent, PaymentState, RefundState, ReportStatus

S, E = PaymentState, PaymentEvent

# Money that has arrived wins over everything said before it: also over a close and a decline, because
# webhooks come in any order and a provider may succeed late. Nothing moves a captured payment.
TRANSITIONS: dict[tuple[PaymentState, PaymentEvent], PaymentState] = {
    (S.CREATED, E.STARTED): S.PENDING,
    (S.CREATED, E.CALLED): S.UNKNOWN,
    (S.CREATED, E.CAPTURED): S.CAPTURED,
    (S.CREATED, E.FAILED): S.FAILED,
    (S.CREATED, E.MISMATCHED): S.FAILED,
    (S.CREATED, E.CLOSED): S.CLOSED,
    (S.PENDING, E.CALLED): S.UNKNOWN,
    (S.PENDING, E.CAPTURED): S.CAPTURED,
    (S.PENDING, E.FAILED): S.FAILED,
    (S.PENDING, E.MISMATCHED): S.FAILED,
    (S.PENDING, E.CLOSED): S.CLOSED,
    (S.UNKNOWN, E.STARTED): S.PENDING,
    (S.UNKNOWN, E.ABSENT): S.CREATED,
    (S.UNKNOWN, E.CAPTURED): S.CAPTURED,
    (S.UNKNOWN, E.FAILED): S.FAILED,
    (S.UNKNOWN, E.MISMATCHED): S.FAILED,
    (S.UNKNOWN, E.CLOSED): S.CLOSED,
    (S.FAILED, E.CAPTURED): S.CAPTURED,
    (S.FAILED, E.MISMATCHED): S.FAILED,
    (S.CLOSED, E.CAPTURED): S.CAPTURED,
    (S.CLOSED, E.MISMATCHED): S.FAILED,
}

UNDER_WAY = (S.CREATED, S.PENDING, S.UNKNOWN)
"""States in which a payment may still be paid by the shopper; an order has one such payment at most."""

REFUND_OPEN = (RefundState.PENDING, RefundState.UNKNOWN)
"""States in which the end of a refund is not known yet."""

ASK_AFTER = (
    timedelta(seconds=5),
    timedelta(seconds=15),
    timedelta(seconds=60),
    timedelta(minutes=5),
    timedelta(hours=1),
    timedelta(days=1),
)
"""How long after each question the next one follows; the last step repeats."""


def next_state(state: PaymentState, event: PaymentEvent) -> PaymentState | None:
    """The state after `event`, or None when the event is old news in `state`."""
    return TRANSITIONS.get((state, event))


def states_before(event: PaymentEvent) -> list[PaymentState]:
    """The states that `event` moves; what a conditional update may find."""
    return [state for state, happened in TRANSITIONS if happened is event]


def event_of(status: ReportStatus) -> PaymentEvent:
    """What a provider's word about a payment means to us. Not for DONE (the amount decides) and UNKNOWN."""
    return {
        ReportStatus.PENDING: PaymentEvent.STARTED,
        ReportStatus.FAILED: PaymentEvent.FAILED,
        ReportStatus.CLOSED: PaymentEvent.CLOSED,
        ReportStatus.ABSENT: PaymentEvent.ABSENT,
    }[status]


def next_ask_at(asked: int, at: datetime) -> datetime:
    """When to ask the provider next, after `asked` questions so far: 5 s, 15 s, 60 s, 5 min, 1 h, 1 d."""
    return at + ASK_AFTER[min(asked, len(ASK_AFTER) - 1)]
