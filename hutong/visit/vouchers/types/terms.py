"""What a voucher promises, what is asked of it, and why it is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from hutong.kernel.money import Money


class VoucherKind(StrEnum):
    """What a voucher is good for."""

    SINGLE = "single"
    """One use."""
    CARD = "card"
    """Several uses alike, in any of its stores: a card for ten coffees."""
    CHOICE = "choice"
    """Each use takes one of several things: two of five dishes."""
    CASH = "cash"
    """Each use takes its face value off a bill of a least amount."""
    PASS = "pass"  # noqa: S105  it opens a gym, not an account
    """As often as its day allows, for a period. Its money is earned when it is used first."""


class RefundPromise(StrEnum):
    """Until when a shopper takes back what was not used."""

    ANY_TIME = "any_time"
    """Always: after the last day it goes back by itself."""
    UNTIL_EXPIRY = "until_expiry"
    """Until the last day."""
    NEVER = "never"
    """The shop may, out of goodwill."""


class TermsReason(StrEnum):
    """Why a voucher cannot be used as asked, though it has something left. `Refusal` has what belongs to it."""

    CLOSED_DAY = "closed_day"
    """A day on which it does not hold."""
    WEEKDAY = "weekday"
    """Not on this day of the week."""
    HOUR = "hour"
    """Not at this hour."""
    TOO_MANY = "too_many"
    """More at one visit than its terms allow; `most`."""
    DAY_IS_USED = "day_is_used"
    """It was used as often today as its terms allow; `most`."""
    CHOICE_MISSING = "choice_missing"
    """It has to be said which of its things are taken, one for each use."""
    CHOICE_TAKEN = "choice_taken"
    """One of the things asked for was taken as often as it is in; `most`."""
    BILL_MISSING = "bill_missing"
    """The amount of the bill has to be said."""
    BILL_SMALL = "bill_small"
    """The bill is below the least amount; `least`."""


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of the day on the shop's wall clock; one that closes before it opens runs over midnight."""

    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Days:
    """Days of the shop's calendar, the first and the last included."""

    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the things of a voucher of kind CHOICE; `most` is how often one voucher takes it."""

    names: Mapping[str, str]
    most: int = 1


@dataclass(frozen=True, slots=True)
class Terms:
    """What a voucher promises. They are frozen with it at the sale: later changes concern later sales.

    It holds for `valid_days` after the sale, on the days from `first_on` to `last_on` where these are said. `weekdays`
    (Monday is 1) and `hours` that are empty mean all of them; a night's hours belong to the day on which they begin.
    """

    valid_days: int
    uses: int
    kind: VoucherKind = VoucherKind.SINGLE
    first_on: date | None = None
    last_on: date | None = None
    weekdays: frozenset[int] = frozenset()
    hours: tuple[Hours, ...] = ()
    closed: tuple[Days, ...] = ()
    people: int | None = None
    """How many people a use serves at most."""
    at_once: int | None = None
    """How many uses, of one voucher or of several, one visit takes at most."""
    a_day: int | None = None
    """How many uses one day takes at most."""
    book_ahead_h: int = 0
    """How many hours before the visit the shop wants to know; 0 for no booking."""
    refund: RefundPromise = RefundPromise.ANY_TIME
    choices: tuple[Choice, ...] = ()
    face: Money | None = None
    """What a use of kind CASH is worth."""
    least_bill: Money | None = None
    """The least bill it is taken for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A use as it is asked for: how many at once, which choices, on what bill; and what the voucher has taken so far.

    One scan may take from several vouchers: `uses` are all of it, `own` those of this voucher (None: all).
    """

    uses: int = 1
    own: int | None = None
    choices: tuple[int, ...] = ()
    """Positions in `Terms.choices`, one for each use of this voucher."""
    bill: Money | None = None
    used_today: int = 0
    taken: Mapping[int, int] | None = None
    """How often each choice was taken before, by position."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not. `next_at` is when its days and hours allow it again, None where they never do."""

    reason: TermsReason
    next_at: datetime | None = None
    most: int | None = None
    least: Money | None = None
