"""What crosses the boundary of `saved`. Names and titles are by language; see `kernel.text.pick`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SavedKind(StrEnum):
    """What an entry keeps."""

    STORE = "store"
    DEAL = "deal"


class LikingKind(StrEnum):
    """What somebody did with a shop; how much each says is in `rules.taste.WEIGHTS`."""

    VIEWED = "viewed"
    SAVED = "saved"
    BOUGHT = "bought"


@dataclass(frozen=True, slots=True)
class Liking:
    """Somebody did something with a shop of a category (a slug, never a group's) at a moment."""

    kind: LikingKind
    category: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """A shop that was looked at: its public id, the slug of its category, and when."""

    store_ref: str
    category: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Likings:
    """What a person did and the shops they saw, the newest first, and what they said about remembering it.

    `remembers` is False for who switched it off; then there are none. What lies before `cleared_at` does not count.
    """

    remembers: bool
    cleared_at: datetime | None
    likings: tuple[Liking, ...]
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class ListView:
    """A list as its owner sees it. The default list has no name of its own: pages call it "Saved"."""

    list_id: int
    ref: str
    name: str
    is_default: bool
    size: int
    share_key: str | None
    shares_notes: bool
    created_at: datetime
    deleted_at: datetime | None

    @property
    def shared(self) -> bool:
        """Whether others can open it by its link."""
        return self.share_key is not None


@dataclass(frozen=True, slots=True)
class EntryView:
    """A shop or a deal in a list. `names` are those of the shop or the titles of the deal, however it stands now."""

    ref: str
    kind: SavedKind
    subject_ref: str
    names: dict[str, str]
    category: str
    emoji: str
    note: str
    added_at: datetime
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """A list with what is in it, in its order."""

    list: ListView
    entries: tuple[EntryView, ...]
