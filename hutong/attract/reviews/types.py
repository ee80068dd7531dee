"""Values of reviews that cross the boundary."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from hutong.town.pictures.types import PictureView


class Side(StrEnum):
    """Who of a visit wrote: the shopper about the store, or the store's people about the shopper."""

    SHOPPER = "shopper"
    MERCHANT = "merchant"


class ReviewState(StrEnum):
    """Where a review stands; the moves are in `rules.TRANSITIONS`.

    Waiting: a moderator looks first. Sealed: accepted, and shown to nobody until the other side wrote or time is up.
    Hidden: by a moderator's word. Withdrawn: taken back by its author, for good.
    """

    WAITING = "waiting"
    SEALED = "sealed"
    PUBLISHED = "published"
    HIDDEN = "hidden"
    WITHDRAWN = "withdrawn"


class Event(StrEnum):
    """What may happen to a review."""

    APPROVE = "approve"
    HIDE = "hide"
    HOLD = "hold"
    SEAL = "seal"
    REVEAL = "reveal"
    WITHDRAW = "withdraw"


class ReportReason(StrEnum):
    """Why somebody reports a review."""

    UNTRUE = "untrue"
    OFFENSIVE = "offensive"
    PRIVATE = "private"
    ADVERTISING = "advertising"
    OFF_TOPIC = "off_topic"
    OTHER = "other"


class ReportState(StrEnum):
    """What became of a report: nothing yet, the review was hidden, or it stays."""

    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


class Sort(StrEnum):
    """The orders in which reviews are read."""

    NEWEST = "newest"
    HELPFUL = "helpful"
    LOWEST = "lowest"
    PHOTOS = "photos"


class Signal(StrEnum):
    """What speaks for a review being false; the weights are in `rules.fraud`."""

    BURST = "burst"
    SHARED_DEVICE = "shared_device"
    SHARED_ADDRESS = "shared_address"
    COPIED = "copied"
    OWN_SHOP = "own_shop"
    COMPETITOR = "competitor"
    RING = "ring"
    NEW_ACCOUNT = "new_account"


@dataclass(frozen=True, slots=True)
class Reason:
    """One signal with its points out of 100 and what it was found by (numbers and public ids, never a name)."""

    signal: Signal
    points: int
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Score:
    """How much speaks for a review being false, 0 to 100, and why."""

    points: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class FraudFacts:
    """What is known around a review when it is scored. Counts are of other authors' reviews unless said otherwise.

    `usual_a_day` is how many reviews the store got a day over the weeks before. `likeness` is the share of common
    shingles with the most similar other review, 0 to 1, whose public id is `like_ref`.
    """

    stars: int
    account_age_s: float
    has_text: bool = True
    last_day: int = 0
    usual_a_day: float = 0.0
    same_device: int = 0
    same_address: int = 0
    likeness: float = 0.0
    like_ref: str = ""
    works_here: bool = False
    competitors: tuple[str, ...] = ()
    """Stores of the same kind nearby whose staff the author is."""
    ring: tuple[str, ...] = ()
    """Reviews that people of this store wrote about stores the author works for."""


@dataclass(frozen=True, slots=True)
class Visited:
    """The visit a review is about, as the room where it happened knows it. `visit_ref` is opaque here.

    `visited_at` is the last time the shopper was served in this store on this account.
    """

    visit_ref: str
    person_ref: str
    store_ref: str
    offer_ref: str
    titles: Mapping[str, str]
    visited_at: datetime


@dataclass(frozen=True, slots=True)
class Content:
    """What somebody says: stars 1 to 5 overall and by aspect, a text, and under which name it is shown."""

    stars: int
    aspects: Mapping[str, int] = field(default_factory=dict)
    text: str = ""
    language: str = "en"
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a review was sent from: keyed hashes alone, forgotten after `rules.ORIGIN_KEPT`; "" is not known."""

    address: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """The stars of a store or an offer: how many reviews, their sum, how many of each star, and aspects.

    `by_star` goes from one star to five. `aspects` holds (sum, count) by aspect.
    """

    count: int
    stars_sum: int
    by_star: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    aspects: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def mean(self) -> float | None:
        """The mean of the stars, as people read it; None without a review."""
        return self.stars_sum / self.count if self.count else None

    @property
    def bars(self) -> list[tuple[int, int, int]]:
        """From five stars to one: the star, how many, and the share of all in whole percent."""
        counted = list(enumerate(self.by_star, start=1))[::-1]
        return [(star, n, round(100 * n / self.count) if self.count else 0) for star, n in counted]

    @property
    def aspect_means(self) -> list[tuple[str, float, int]]:
        """The aspects that somebody gave stars for: name, mean, how many; in the order of their names."""
        return [(name, total / n, n) for name, (total, n) in sorted(self.aspects.items()) if n]


@dataclass(frozen=True, slots=True)
class AnswerView:
    """What the store says to a review. `edited_at` is None until it was changed."""

    text: str
    at: datetime
    edited_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A review as pages show it. `name` is "" for an author who has left.

    `helped` and `mine` speak of who reads. `photos` are those shown.
    """

    ref: str
    visit_ref: str
    store_ref: str
    store_names: dict[str, str]
    offer_ref: str
    titles: dict[str, str]
    author_ref: str
    name: str
    stars: int
    aspects: dict[str, int]
    text: str
    language: str
    visited_at: datetime
    created_at: datetime
    edited_at: datetime | None
    state: ReviewState
    visit_gone: bool
    version: int
    helpful: int
    answer: AnswerView | None
    photos: tuple[PictureView, ...] = ()
    helped: bool = False
    mine: bool = False
    side: Side = Side.SHOPPER
    reveal_at: datetime | None = None

    @property
    def about_shopper(self) -> bool:
        """Whether the store says it about the shopper."""
        return self.side is Side.MERCHANT

    @property
    def shown(self) -> bool:
        """Whether whoever it is for may read it: everybody, or the shopper it is about."""
        return self.state is ReviewState.PUBLISHED and not self.visit_gone


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """A page of reviews; `after` is the cursor of the next one, "" on the last."""

    reviews: tuple[ReviewView, ...]
    after: str


@dataclass(frozen=True, slots=True)
class VersionView:
    """A review or an answer as it was; `by_ref` is who wrote it."""

    number: int
    text: str
    at: datetime
    by_ref: str
    stars: int = 0
    aspects: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report of a review."""

    reason: ReportReason
    note: str
    state: ReportState
    by_ref: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DecisionView:
    """One decision about a review; `undone_at` is when it was taken back."""

    ref: str
    from_state: ReviewState
    to_state: ReviewState
    reason: str
    by_ref: str
    by_name: str
    at: datetime
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class QueueItem:
    """A review that a moderator is to look at, with its score, why, and the reports that are open."""

    review: ReviewView
    score: Score
    reports: tuple[ReportView, ...]
    since_at: datetime


@dataclass(frozen=True, slots=True)
class Written:
    """What came of writing or editing: the review, and whether it is shown, waits, or is sealed."""

    review_ref: str
    store_ref: str
    state: ReviewState
    is_new: bool


@dataclass(frozen=True, slots=True)
class ReviewProblem:
    """A summary that does not agree with its reviews, or a review with a part missing; `what` says how."""

    ref: str
    what: str
