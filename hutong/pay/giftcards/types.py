"""What crosses the boundary of `giftcards`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hutong.kernel.money import Money


class CardState(StrEnum):
    """Where a card stands. What is on it stands in the ledger."""

    WAITING = "waiting"
    """Being bought: its money has not come."""
    OPEN = "open"
    """Nobody's yet: whoever opens it first with its code has it."""
    CLAIMED = "claimed"
    """One person's, who spends it."""
    BLOCKED = "blocked"
    """Lost or misused: nothing leaves it until an operator opens it again."""
    LAPSED = "lapsed"
    """Its buyer did not pay in time."""
    RETURNED = "returned"
    """Its buyer took the money back before anybody claimed it."""


class PartState(StrEnum):
    """Where the part of an order that a card bears stands."""

    HELD = "held"
    SPENT = "spent"
    RELEASED = "released"


CHARGEBACK = "chargeback"
"""The reason of a card that its bank has blocked; no person gives it."""


@dataclass(frozen=True, slots=True)
class CardView:
    """A card as pages show it. `left` may be spent, `held` waits in an order."""

    ref: str
    state: CardState
    face: Money
    left: Money
    held: Money
    region_ref: str
    holder_ref: str | None
    holder_name: str
    bought_by_ref: str | None
    issued_by_ref: str | None
    reason: str
    message: str
    block_reason: str
    made_at: datetime
    claimed_at: datetime | None
    expires_at: datetime | None

    @property
    def charged_back(self) -> bool:
        """Blocked since a bank asked for what it was bought with: until that is decided, or for ever where the platform
        bore a part of it."""
        return self.block_reason == CHARGEBACK


@dataclass(frozen=True, slots=True)
class IssuedCard:
    """A new card with the code that opens it, in groups; "" once it is somebody's."""

    ref: str
    code: str
    face: Money
    holder_ref: str | None


@dataclass(frozen=True, slots=True)
class CardShare:
    """What one card bears, or gets back."""

    card_ref: str
    amount: Money


@dataclass(frozen=True, slots=True)
class CardRefundView:
    """Card money that went back for named units of an order: done the moment it is written."""

    ref: str
    order_ref: str
    amount: Money
    reason: str
    unit_refs: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of a balance's history: plus what came onto a card, minus what left it."""

    card_ref: str
    kind: str
    """The kind of the ledger's transaction."""
    amount: Money
    order_ref: str
    """"" where no order is concerned."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Liability:
    """What the platform owes on cards of one currency: `open` is on codes nobody has claimed yet."""

    claimed: Money
    open: Money
    blocked: Money
    held: Money

    @property
    def total(self) -> Money:
        """All of it."""
        return self.claimed + self.open + self.blocked + self.held
