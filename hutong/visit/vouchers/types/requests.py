"""A shop asks for leave to redeem, by a phone number: what the shop sees of it, and what the person who is asked."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hutong.kernel.money import Money
from hutong.visit.vouchers.types import Prepared


class RequestState(StrEnum):
    """Where a request stands for whoever looks at it."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    """The shop took it back."""
    UNANSWERED = "unanswered"
    """Its time is over. The shop is not told whether anybody was there, or said no."""
    REFUSED = "refused"
    """The person said no; nobody else sees this state."""


@dataclass(frozen=True, slots=True)
class RequestForShop:
    """A request as the shop sees it, which says nothing of the person. `redemption_ref` is there once confirmed."""

    ref: str
    state: RequestState
    store_ref: str
    ending: str
    uses: int
    ends_at: datetime
    redemption_ref: str


@dataclass(frozen=True, slots=True)
class RequestForOwner:
    """A request as the person sees it who is asked: which shop asks, by whom or which device, for how many uses."""

    ref: str
    state: RequestState
    store_id: int
    store_ref: str
    store_names: dict[str, str]
    merchant_names: dict[str, str]
    device_name: str
    staff_name: str
    uses: int
    bill: Money | None
    asked_at: datetime
    ends_at: datetime
    zone: str
    redemption_ref: str


@dataclass(frozen=True, slots=True)
class Usable:
    """A voucher of a person that a store could redeem now, with those bought with it; `prepared` says how."""

    prepared: Prepared
    valid_until: datetime
    uses_left: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A request that was taken to be confirmed, in this very transaction: by whom it was asked, and for what."""

    ref: str
    store_ref: str
    device_ref: str | None
    asked_by_id: int | None
    uses: int
    bill: Money | None
