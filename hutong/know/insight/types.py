"""What crosses the boundary of `insight`."""

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """A step on the way to an order that leaves no other trace."""

    SEEN = "seen"
    CHECKOUT = "checkout"


@dataclass(frozen=True, slots=True)
class Looks:
    """How often deals were looked at, and how often the checkout of one was opened."""

    seen: int
    checkouts: int
