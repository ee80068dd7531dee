"""The order of the home page: nearness x taste x time of day, each a factor one can read off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hutong.attract.saved.rules.hours import hour_weight
from hutong.attract.saved.rules.taste import Taste, liked

# At this distance nearness is one half; at nine times as much, one tenth.
HALF_NEAR_M = 1_000.0
# What is liked as much as can be weighs 1 + TASTE_PULL times what is unknown.
TASTE_PULL = 1.0
# From so much liking on, the page says so, where it moved the shop up.
REASON_FROM = 0.15


@dataclass(frozen=True, slots=True)
class Candidate:
    """A shop or a deal that may be shown: its public id, the slug of its category, metres from the visitor."""

    ref: str
    category: str
    distance_m: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate in its place. `because` is the category somebody likes, "" where taste did not move it up."""

    ref: str
    score: float
    because: str


def nearness(distance_m: float) -> float:
    """From 1.0 here towards 0.0 far away; one half at `HALF_NEAR_M`."""
    return HALF_NEAR_M / (HALF_NEAR_M + max(0.0, distance_m))


def ranked(
    candidates: Sequence[Candidate], *, taste: Taste, groups: Mapping[str, str], hour: int
) -> list[Ranked]:
    """The candidates, the best first; of equals the nearer one, then by ref, so that the order is always the same.

    `groups` tells the group of a category; `hour` is that of the place's wall clock.
    """
    scores: dict[str, float] = {}
    plain: dict[str, float] = {}
    likings: dict[str, float] = {}
    for one in candidates:
        group = groups.get(one.category, one.category)
        likings[one.ref] = liked(taste, category=one.category, group=group)
        plain[one.ref] = nearness(one.distance_m) * hour_weight(hour, category=one.category, group=group)
        scores[one.ref] = plain[one.ref] * (1 + TASTE_PULL * likings[one.ref])
    without = _places(candidates, plain)
    return [
        Ranked(
            ref=one.ref,
            score=scores[one.ref],
            because=one.category if place < without[one.ref] and likings[one.ref] >= REASON_FROM else "",
        )
        for place, one in enumerate(_ordered(candidates, scores))
    ]


def _ordered(candidates: Sequence[Candidate], scores: Mapping[str, float]) -> list[Candidate]:
    return sorted(candidates, key=lambda one: (-scores[one.ref], one.distance_m, one.ref))


def _places(candidates: Sequence[Candidate], scores: Mapping[str, float]) -> dict[str, int]:
    return {one.ref: place for place, one in enumerate(_ordered(candidates, scores))}
