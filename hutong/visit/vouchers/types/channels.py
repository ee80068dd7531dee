"""Vouchers that another channel sold: what a list of them says, and what came of it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class ChannelState(StrEnum):
    """Where a channel's voucher stands; time ends a ready one. Gone: the channel took it back, or it was used there."""

    READY = "ready"
    USED = "used"
    GONE = "gone"


class RowFault(StrEnum):
    """Why a row of a list brought nothing, or not what it says."""

    BROKEN = "broken"
    """Its cells, quotes or characters cannot be read."""
    CODE = "code"
    """No code, or one that is too short or too long."""
    SHORTENED = "shortened"
    """A spreadsheet made a rounded number of the code."""
    STATE = "state"
    """A word for its state that nobody knows."""
    DAY = "day"
    """A last day that cannot be read."""
    ENDED = "ended"
    """Its last day is over, or too far away."""
    DOUBLE = "double"
    """Its code stands on an earlier row."""
    ALSO_ELSEWHERE = "also_elsewhere"
    """Its code was brought in before for another deal or channel, and stays there."""
    USED_HERE = "used_here"
    """The channel says that it was given back, and it was used here."""


class ListedAs(StrEnum):
    """What a list says of a code."""

    GOOD = "good"
    OVER = "over"
    """It was used, or its time ended; that it was used here is no contradiction."""
    GIVEN_BACK = "given_back"


@dataclass(frozen=True, slots=True)
class ListedCode:
    """A row of a channel's list. `code` is in the form that `rules.channels.channel_code` gives; without `last_on` it
    holds as long as the deal's terms say."""

    line: int
    code: str
    said: ListedAs = ListedAs.GOOD
    last_on: date | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that brought nothing. `ending` is the end of its code, which is all that is kept of it."""

    line: int
    ending: str
    fault: RowFault


@dataclass(frozen=True, slots=True)
class Brought:
    """What a list did: how many codes are good now and were not, are good no longer, and stay as they were.

    `bad_rows` brought nothing.
    """

    import_ref: str
    new: int
    gone: int
    unchanged: int
    bad_rows: int


@dataclass(frozen=True, slots=True)
class ChannelImportView:
    """A list that was brought in, and where its vouchers stand at the moment that was asked for.

    `rows` are those under its header; `bad_rows` of them brought nothing, of which the first are in `bad`.
    """

    ref: str
    channel: str
    offer_ref: str
    titles: dict[str, str]
    by_name: str
    at: datetime
    rows: int
    new: int
    gone: int
    unchanged: int
    bad_rows: int
    bad: tuple[BadRow, ...]
    ready: int
    used: int
    ended: int
    taken_back_at: datetime | None
