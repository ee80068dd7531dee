"""The states of a payout and of its batch, who has to approve it, and who is due."""

from __future__ import annotations

from datetime import date

from hutong.kernel.money import Money, above
from hutong.pay.settlement.types import BatchState, PayoutEvery, PayoutState

PAYOUT_MOVES: dict[PayoutState, frozenset[PayoutState]] = {
    PayoutState.PENDING: frozenset({PayoutState.SENT, PayoutState.DROPPED}),
    PayoutState.SENT: frozenset({PayoutState.PAID, PayoutState.BOUNCED}),
    # A bank may send money back days after it said that it arrived.
    PayoutState.PAID: frozenset({PayoutState.BOUNCED}),
    PayoutState.BOUNCED: frozenset(),
    PayoutState.DROPPED: frozenset(),
}

BATCH_MOVES: dict[BatchState, frozenset[BatchState]] = {
    BatchState.DRAFT: frozenset({BatchState.APPROVED, BatchState.DROPPED}),
    BatchState.APPROVED: frozenset({BatchState.SENT, BatchState.DROPPED}),
    BatchState.SENT: frozenset({BatchState.CLOSED}),
    BatchState.CLOSED: frozenset(),
    BatchState.DROPPED: frozenset(),
}

LEFT_US = frozenset({PayoutState.SENT, PayoutState.PAID})
"""The states of a payout that is out of what we owe the merchant."""


def may_become(state: PayoutState) -> list[str]:
    """The states from which a payout may move to this one."""
    return sorted(start.value for start, ends in PAYOUT_MOVES.items() if state in ends)


def needs_two(total: Money, second_above: int) -> bool:
    """Whether a second operator has to approve: above the limit, in whole major units, and not at it."""
    return above(total, hundredths=second_above * 100)


def is_due(every: PayoutEvery, *, on: date, last_on: date | None) -> bool:
    """Whether a merchant that was last paid by the batch of `last_on` is paid again by one of `on`."""
    if last_on is None or every is PayoutEvery.BATCH:
        return True
    if every is PayoutEvery.WEEK:
        return on.isocalendar()[:2] != last_on.isocalendar()[:2]
    return (on.year, on.month) != (last_on.year, last_on.month)
