"""What somebody likes, out of what they did: weights of categories and their groups that fade with the days."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hutong.attract.saved.types import Liking, LikingKind

WEIGHTS = {LikingKind.VIEWED: 1.0, LikingKind.SAVED: 3.0, LikingKind.BOUGHT: 5.0}
# After so long half of it is left.
HALF_LIFE = timedelta(days=30)
# More than these are not looked at; they are the newest ones.
MOST_LIKINGS = 200
# So much weight is half of all the liking there can be: two purchases, or six looks.
HALF_LIKED = 6.0
# How much a category itself counts beside its group: who likes cafés likes restaurants a little.
CATEGORY_SHARE = 0.7
_SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Taste:
    """The weights of what somebody did, by the slug of a category and by that of a group; empty says nothing."""

    categories: Mapping[str, float] = field(default_factory=dict)
    groups: Mapping[str, float] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        """Whether anything is known at all."""
        return bool(self.categories)


def taste(likings: Iterable[Liking], *, groups: Mapping[str, str], at: datetime) -> Taste:
    """The weights at `at`: what was done, halved every `HALF_LIFE`. What lies ahead of `at` does not count.

    `groups` tells the group of a category; one that is not in it (the operator hid it) does not count.
    """
    newest = sorted((one for one in likings if one.at <= at), key=lambda one: one.at, reverse=True)
    categories: dict[str, float] = {}
    whole: dict[str, float] = {}
    for liking in newest[:MOST_LIKINGS]:
        group = groups.get(liking.category)
        if group is None:
            continue
        days = (at - liking.at).total_seconds() / _SECONDS_A_DAY
        weight = WEIGHTS[liking.kind] * 0.5 ** (days / HALF_LIFE.days)
        categories[liking.category] = categories.get(liking.category, 0.0) + weight
        whole[group] = whole.get(group, 0.0) + weight
    return Taste(categories, whole)


def liked(known: Taste, *, category: str, group: str) -> float:
    """How much somebody likes a shop of this category, from 0.0 (nothing is known) to just below 1.0."""
    own = _saturated(known.categories.get(category, 0.0))
    return CATEGORY_SHARE * own + (1 - CATEGORY_SHARE) * _saturated(known.groups.get(group, 0.0))


def _saturated(weight: float) -> float:
    return weight / (weight + HALF_LIKED)
