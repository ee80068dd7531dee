"""What crosses the boundary of `groups`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from hutong.kernel.money import Money


class GroupKind(StrEnum):
    """A group has a size and ends when it is full. A campaign is one group with a least number of buyers and no most,
    which everybody joins who buys the offer."""

    GROUP = "group"
    CAMPAIGN = "campaign"


class GroupState(StrEnum):
    """Where a group stands. A campaign that reached its number is full, and may still be joined until its deadline."""

    OPEN = "open"
    FULL = "full"
    FAILED = "failed"


class PlaceState(StrEnum):
    """Where an order stands in its group."""

    HELD = "held"
    """Its order awaits payment; the place is nobody else's."""
    PAID = "paid"
    """Paid, and waiting for the others."""
    KEPT = "kept"
    """The group is full, and what was bought is made."""
    FREED = "freed"
    """Its order ended unpaid; the place is free again."""
    LEFT = "left"
    """Given back before the group was full."""
    REFUNDED = "refunded"
    """Given back because the group failed."""


@dataclass(frozen=True, slots=True)
class PriceStep:
    """Together with so many one pays so much each."""

    size: int
    price: Money


@dataclass(frozen=True, slots=True)
class Terms:
    """What an offer promises to who buys together.

    Of groups: the `steps` by size, the `hours` to fill one, and how many may be missing at its deadline for the platform
    to fill it (`fill`, 0 for none). Of a campaign: how many buyers it needs (`minimum`) by the end of the day
    `last_on` in the shop's zone, at the offer's own price. With neither steps nor minimum nothing is offered.
    """

    steps: tuple[PriceStep, ...] = ()
    hours: int = 24
    fill: int = 0
    minimum: int = 0
    last_on: date | None = None

    @property
    def kind(self) -> GroupKind | None:
        """What is offered; None for nothing."""
        if self.minimum:
            return GroupKind.CAMPAIGN
        return GroupKind.GROUP if self.steps else None


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group as pages show it. `price` is None where the offer's own price counts. `taken` includes `paid`; `filled`
    places had no buyer."""

    group_id: int
    ref: str
    kind: GroupKind
    state: GroupState
    offer_ref: str
    merchant_ref: str
    size: int
    price: Money | None
    taken: int
    paid: int
    filled: int
    fill: int
    opened_at: datetime
    deadline: datetime
    ended_at: datetime | None

    @property
    def left(self) -> int:
        """How many buyers are missing for it to be full; 0 once it is."""
        return max(0, self.size - self.paid - self.filled)

    @property
    def free(self) -> int:
        """How many places nobody holds; of a campaign as many as are missing."""
        return max(0, self.size - self.taken)

    def may_be_joined(self, at: datetime) -> bool:
        """Whether somebody new may take a place at `at`."""
        if self.deadline <= at:
            return False
        if self.kind is GroupKind.CAMPAIGN:
            return self.state is not GroupState.FAILED
        return self.state is GroupState.OPEN and self.taken < self.size


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a group, as the others see them: a letter, and whether it is paid."""

    person_ref: str
    initial: str
    paid: bool
    opened: bool


@dataclass(frozen=True, slots=True)
class PlaceView:
    """An order's place with the group it is in."""

    order_ref: str
    state: PlaceState
    group: GroupView

    @property
    def waits(self) -> bool:
        """Paid, and nothing made of it yet."""
        return self.state is PlaceState.PAID


@dataclass(frozen=True, slots=True)
class Ended:
    """A group that ended just now, with the orders whose places were paid."""

    group: GroupView
    order_refs: tuple[str, ...]
