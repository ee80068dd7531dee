"""Pure decisions of gift cards: how much, from which card, for which unit, and how often a code may be guessed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hutong.kernel.money import Money, exponent
from hutong.pay.ledger.rules import first_in_first_out

CHOICES_MAJOR = (10, 25, 50, 100)
MOST_MAJOR = 500
MOST_CARDS = 100
"""Cards that one order may be paid with; the books allow 200 transfers in a transaction."""
TIME_TO_PAY = timedelta(minutes=30)

# Wrong codes in one window; see `may_try`.
FAILURE_WINDOW_S = 900
OWN_TRIES = 8
SHARED_TRIES = 20
NEWCOMER_TRIES = 30


def _major(amount: int, unit: str) -> Money:
    """So many of the currency's notes: where it has no decimals, a hundred of it count as one."""
    return Money(amount * 10 ** max(2, exponent(unit)), unit)


def choices(unit: str) -> list[Money]:
    """What a card may be bought for: 10, 25, 50, 100 euros; of yen a hundred times as many."""
    return [_major(amount, unit) for amount in CHOICES_MAJOR]


def most(unit: str) -> Money:
    """The most that one card may be made for."""
    return _major(MOST_MAJOR, unit)


def oldest_first(cards: Sequence[tuple[str, int]], wanted: int) -> list[tuple[str, int]] | None:
    """Which card bears how much of `wanted`: the first all it has, then the next; None when they have too little.

    `cards` are (ref, minor units left), the oldest first. Cards that bear nothing are left out.
    """
    return first_in_first_out(cards[:MOST_CARDS], wanted)


def may_try(*, own: int, address: int) -> bool:
    """Whether a person may try a code after so many wrong codes in the window, of its own and from its address.

    Nobody after 8 of its own; up to 20 at its address anybody else; up to 30 who has none of its own, so that who
    guesses does not lock out the honest beside it at once.
    """
    return own < OWN_TRIES and (address < SHARED_TRIES or (own == 0 and address < NEWCOMER_TRIES))
