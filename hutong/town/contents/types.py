"""Values of contents that cross the boundary."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class SubjectKind(StrEnum):
    """What a revision is about."""

    STORE = "store"
    OFFER = "offer"
    PAGE = "page"
    # The pictures of a store or an offer have versions of their own, beside those of its texts.
    PICTURES = "pictures"


class RevisionState(StrEnum):
    """Where a revision stands: it waits, then it is published or rejected, or a newer one replaced it."""

    WAITING = "waiting"
    PUBLISHED = "published"
    REJECTED = "rejected"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class RevisionView:
    """One version of what a subject says. `body` holds texts, numbers and refs by field."""

    ref: str
    subject_ref: str
    kind: SubjectKind
    merchant_ref: str
    region_ref: str
    number: int
    body: dict[str, Any]
    state: RevisionState
    by_ref: str
    by_name: str
    at: datetime
    decided_by_ref: str
    decided_by_name: str
    decided_at: datetime | None
    reason: str


class PieceKind(StrEnum):
    """What became of a piece of text."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words that stayed, came or went."""

    kind: PieceKind
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs; `field` is a path such as `descriptions.en`. `pieces` is empty but for texts."""

    field: str
    before: Any
    after: Any
    pieces: tuple[Piece, ...]


class ReasonKind(StrEnum):
    """What a ready reason is about."""

    CLAIM = "claim"
    MERCHANT = "merchant"
    DEAL = "deal"
    CONTENT = "content"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class ReasonView:
    """A ready reason. `key` names it: a word for those of the code, a public id for the operators' own."""

    key: str
    kind: ReasonKind
    texts: dict[str, str]
    of_code: bool
    changed: bool
    retired: bool


class Audience(StrEnum):
    """Who sees an announcement: on the pages of shoppers, of shops, or on all."""

    ALL = "all"
    SHOPPERS = "shoppers"
    SHOPS = "shops"


@dataclass(frozen=True, slots=True)
class AnnouncementView:
    """An announcement, shown from `starts_at` until `ends_at` (half open) or until it was ended."""

    ref: str
    texts: dict[str, str]
    audience: Audience
    urgent: bool
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    by_name: str

    def shows(self, at: datetime) -> bool:
        """Whether it is shown at a moment."""
        return self.ended_at is None and self.starts_at <= at < self.ends_at
