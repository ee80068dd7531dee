"""Pure decisions of gift cards: how much, from which card, for which unit, and how often a code may be guessed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hutong.kernel.money import Money, exponent

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
    parts = []
    for ref, left in cards[:MOST_CARDS]:
        part = min(left, wanted)
        if part > 0:
            parts.append((ref, part))
            wanted -= part
    return parts if wanted == 0 else None


def poured(cards: Sequence[tuple[str, int]], units: Sequence[tuple[str, int]]) -> list[tuple[str, str, int]]:
    """Which card bears how much of which unit: (card, unit, minor), the first card into the first units.

    Both sides add up to the same, and so does the outcome by card and by unit. The same two always give the same.
    """
    if sum(minor for _ref, minor in cards) != sum(minor for _ref, minor in units):
        raise ValueError("what the cards bear is what the units were paid with from cards")
    found = []
    cards_left = iter(cards)
    card_ref, card_minor = "", 0
    for unit_ref, unit_minor in units:
        missing = unit_minor
        while missing:
            if not card_minor:
                card_ref, card_minor = next(cards_left)
            part = min(card_minor, missing)
            if part:
                found.append((card_ref, unit_ref, part))
            missing -= part
            card_minor -= part
    return found


def may_try(*, own: int, address: int) -> bool:
    """Whether a person may try a code after so many wrong codes in the window, of its own and from its address.

    Nobody after 8 of its own; up to 20 at its address anybody else; up to 30 who has none of its own, so that who
    guesses does not lock out the honest beside it at once.
    """
    return own < OWN_TRIES and (address < SHARED_TRIES or (own == 0 and address < NEWCOMER_TRIES))
