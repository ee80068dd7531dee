"""Pure decisions about customers: recency, frequency and money marks, and what they say together.

RFM marks from 1 to 5 go back to Hughes, "Strategic Database Marketing" (1994), who cuts each measure into
fifths of the customers. For a small shop fifths of recency and frequency mean little: most came once, and
ties fall anywhere (Miglautsch, "Thoughts on RFM scoring", Journal of Database Marketing 8, 2000). So recency
and frequency have fixed limits that a shopkeeper can read, ours; only money, which has no scale of its own,
is cut into fifths of the merchant's customers.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from hutong.know.customers.types import Marks, Segment

# A mark is one more than the number of limits that are reached.
RECENCY_DAYS = (120, 60, 30, 14)
FREQUENCY_VISITS = (2, 3, 5, 10)
MONEY_FIFTHS = (0.2, 0.4, 0.6, 0.8)

# By recency mark; within it by frequency mark 1 to 5.
_GRID = {
    5: (Segment.NEW, Segment.OCCASIONAL, Segment.REGULAR, Segment.BEST, Segment.BEST),
    4: (Segment.NEW, Segment.OCCASIONAL, Segment.REGULAR, Segment.BEST, Segment.BEST),
    3: (Segment.OCCASIONAL, Segment.OCCASIONAL, Segment.REGULAR, Segment.REGULAR, Segment.REGULAR),
    2: (Segment.SLIPPING,) * 5,
    1: (Segment.LOST,) * 5,
}


def recency_limits(at: datetime) -> list[datetime]:
    """The moments that a last visit must reach for marks 2, 3, 4 and 5, ascending."""
    return [at - timedelta(days=days) for days in RECENCY_DAYS]


def rfm_marks(
    *, last_visit_at: datetime, visits: int, spent_minor: int, money_cuts: Sequence[int], at: datetime
) -> Marks:
    """The three marks of a customer who has come.

    `money_cuts` are the four amounts that part the merchant's customers into fifths, ascending; who reaches a
    cut is above it, so equal customers have equal marks and a shop's only customer has mark 5.
    """
    return Marks(
        recency=1 + bisect_right(recency_limits(at), last_visit_at),
        frequency=1 + bisect_right(FREQUENCY_VISITS, visits),
        money=1 + bisect_right(money_cuts, spent_minor),
    )


def segment_of(marks: Marks | None) -> Segment:
    """The segment of these marks; without marks somebody bought and has not come yet."""
    return Segment.BOUGHT if marks is None else _GRID[marks.recency][marks.frequency - 1]


def cells_of(segment: Segment) -> list[tuple[int, int]]:
    """The (recency, frequency) marks that make up a segment."""
    return [
        (recency, frequency)
        for recency, row in _GRID.items()
        for frequency, found in enumerate(row, start=1)
        if found is segment
    ]


def count_segments(by_marks: Iterable[tuple[tuple[int, int], int]], bought: int) -> dict[Segment, int]:
    """How many customers each segment has, zeros included, from the counts by (recency, frequency)."""
    counts = dict.fromkeys(Segment, 0)
    counts[Segment.BOUGHT] = bought
    for (recency, frequency), number in by_marks:
        counts[_GRID[recency][frequency - 1]] += number
    return counts
