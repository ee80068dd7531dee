"""Pure decisions about reviews: stars and aspects, moves between states, time, names, ratings (`fraud`, `likeness`)."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from hutong.attract.reviews.types import Event, ReviewState
from hutong.kernel.text import clean

STARS = (1, 2, 3, 4, 5)
MAX_TEXT = 2_000
MAX_ANSWER = 1_000
MAX_NAME = 40
MAX_NOTE = 300
MAX_REASON = 500
MAX_PHOTOS = 9
# All photos of one request together; the proxies of deploy/ let as much through.
MAX_PHOTOS_BYTES = 60 * 1024 * 1024
PAGE = 10
# A visit may be reviewed, and its review edited, this long; then it stays as it is, and may still be deleted.
WINDOW = timedelta(days=60)
# Hashes of device and address are there to find bursts of one hand; after this they are emptied.
ORIGIN_KEPT = timedelta(days=30)
# From this score on a moderator looks before anybody reads.
HELD_FROM = 60
TAKEN_BACK_WITHIN = timedelta(minutes=5)
REVIEWS_A_DAY = 20
REPORTS_A_DAY = 20

# What stars are given for beside the whole, by the slug of a category or of the group it belongs to; the category
# counts before its group. The words for them are in `web/shell/review_words.py`.
DEFAULT_ASPECTS = ("service", "place", "value")
ASPECTS: Mapping[str, tuple[str, ...]] = {
    "food": ("taste", "service", "place", "value"),
    "nightlife": ("drinks", "service", "mood", "value"),
    "beauty": ("result", "service", "hygiene", "value"),
    "health": ("care", "service", "hygiene", "value"),
    "fun": ("fun", "service", "place", "value"),
    "stay": ("room", "service", "place", "value"),
    "groceries": ("range", "service", "freshness", "value"),
    "shopping": ("range", "service", "place", "value"),
}
# Where both sides review, this is how long neither reads the other, and how long the store may write; a shopper may
# write until `WINDOW` ends, and after this time that is read at once.
BLIND = timedelta(days=14)
GUESTS_A_DAY = 100

TRANSITIONS: Mapping[tuple[ReviewState, Event], ReviewState] = {
    (ReviewState.WAITING, Event.APPROVE): ReviewState.PUBLISHED,
    (ReviewState.WAITING, Event.SEAL): ReviewState.SEALED,
    (ReviewState.WAITING, Event.HIDE): ReviewState.HIDDEN,
    (ReviewState.WAITING, Event.WITHDRAW): ReviewState.WITHDRAWN,
    (ReviewState.SEALED, Event.REVEAL): ReviewState.PUBLISHED,
    (ReviewState.SEALED, Event.HOLD): ReviewState.WAITING,
    (ReviewState.SEALED, Event.HIDE): ReviewState.HIDDEN,
    (ReviewState.SEALED, Event.WITHDRAW): ReviewState.WITHDRAWN,
    (ReviewState.PUBLISHED, Event.HOLD): ReviewState.WAITING,
    (ReviewState.PUBLISHED, Event.HIDE): ReviewState.HIDDEN,
    (ReviewState.PUBLISHED, Event.WITHDRAW): ReviewState.WITHDRAWN,
    (ReviewState.HIDDEN, Event.APPROVE): ReviewState.PUBLISHED,
    (ReviewState.HIDDEN, Event.SEAL): ReviewState.SEALED,
    # The author mended it: a moderator looks again.
    (ReviewState.HIDDEN, Event.HOLD): ReviewState.WAITING,
    (ReviewState.HIDDEN, Event.WITHDRAW): ReviewState.WITHDRAWN,
}


def next_state(state: ReviewState, event: Event) -> ReviewState | None:
    """The state a review moves to, or None where the table has no such move."""
    return TRANSITIONS.get((state, event))


def aspects_of(category_slug: str, group_slug: str = "") -> tuple[str, ...]:
    """What stars may be given for in a store of this category."""
    return ASPECTS.get(category_slug) or ASPECTS.get(group_slug) or DEFAULT_ASPECTS


def faults(*, stars: int, aspects: Mapping[str, int], allowed: Collection[str]) -> bool:
    """Whether stars are not 1 to 5, or are given for something a store of this kind has no stars for."""
    return stars not in STARS or any(
        name not in allowed or given not in STARS for name, given in aspects.items()
    )


def text_of(raw: str, *, limit: int = MAX_TEXT) -> str:
    """A text as it is kept: clean lines, at most one empty line between two, at most `limit` characters."""
    lines: list[str] = []
    for line in raw.splitlines():
        tidy = clean(line, limit=limit)
        if tidy or (lines and lines[-1]):
            lines.append(tidy)
    return "\n".join(lines).strip()[:limit].rstrip()


def shown_name(name: str) -> str:
    """A person's name as strangers read it: the first name and an initial; of a Chinese name its first sign.

    `Anna Maria Berg` is `Anna B.`, `王小明` is `王**`, `Anna` stays. Somebody without a name is "".
    """
    words = clean(name, limit=120).split()
    if not words:
        return ""
    if len(words) == 1:
        only = words[0]
        return f"{only[0]}**" if "\u4e00" <= only[0] <= "\u9fff" else only[:MAX_NAME]
    return f"{words[0][: MAX_NAME - 3]} {words[-1][0].upper()}."


def closes_at(visited_at: datetime) -> datetime:
    """Until when (not including it) a visit may be reviewed and its review edited."""
    return visited_at + WINDOW


def is_open(visited_at: datetime, at: datetime) -> bool:
    """Whether a visit may be reviewed at `at`."""
    return visited_at <= at < closes_at(visited_at)


def blind_until(visited_at: datetime) -> datetime:
    """Until when (not including it) a store may review who was there, and neither side reads the other alone."""
    return visited_at + BLIND


def is_blind(visited_at: datetime, at: datetime) -> bool:
    """Whether at `at` the two sides of a visit write without reading each other, where both review."""
    return visited_at <= at < blind_until(visited_at)


def may_reveal(*, both_wrote: bool, reveal_at: datetime | None, at: datetime) -> bool:
    """Whether an accepted review may be read: nothing seals it, both sides wrote, or the window ended.

    `both_wrote` counts reviews that were accepted: one that waits for a moderator opens nothing.
    """
    return reveal_at is None or both_wrote or at >= reveal_at


def must_wait(*, region_looks_first: bool, points: int) -> bool:
    """Whether a moderator looks before anybody reads: the region wants it, or too much speaks against the review."""
    return region_looks_first or points >= HELD_FROM


def may_take_back(*, decided_at: datetime, is_last: bool, undone: bool, at: datetime) -> bool:
    """Whether a decision can be taken back: it is young, the last one, and not taken back already."""
    return is_last and not undone and timedelta() <= at - decided_at <= TAKEN_BACK_WITHIN


def bayesian(stars_sum: int, count: int, prior_mean: float, prior_weight: float) -> float:
    """The rating a store is ranked by: as if `prior_weight` reviews of `prior_mean` stars came before its own.

    (prior_weight * prior_mean + stars_sum) / (prior_weight + count): one five-star review does not outrank two
    hundred of 4.7; with many reviews it becomes their mean. Without any review, and any weight, it is the prior.
    """
    if prior_weight + count <= 0:
        return prior_mean
    return (prior_weight * prior_mean + stars_sum) / (prior_weight + count)
