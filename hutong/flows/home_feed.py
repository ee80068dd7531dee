"""The home page's order: what is near, by what somebody likes and by the time of day.

`attract/saved` has the rules, search the candidates, `pay` what was bought. Nothing is stored: the order follows from
what is there at the moment, and is the same again for the same moment, so that a long list goes on where it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from hutong.attract.saved import queries as saved
from hutong.attract.saved.rules.feed import Candidate, Ranked, ranked
from hutong.attract.saved.rules.taste import MOST_LIKINGS, Taste, taste
from hutong.attract.saved.types import Liking, LikingKind, Seen
from hutong.attract.search import queries as search
from hutong.attract.search.types import DealCard, StoreCard
from hutong.kernel.clock import local
from hutong.kernel.geo import Place
from hutong.pay.orders.queries import bought_categories

# So many of the nearest are looked at; what is further away than all of these is not among the first anyway.
CANDIDATES = 100

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a visitor: their taste, the shops they saw last, and whether they want that at all."""

    taste: Taste
    seen: tuple[Seen, ...]
    remembers: bool


@dataclass(frozen=True, slots=True)
class Picked(Generic[T]):
    """A card in its place. `because` is the slug of the category that somebody likes, "" where that moved nothing."""

    card: T
    because: str


@dataclass(frozen=True, slots=True)
class Order:
    """By what is ordered: the zone of the place, the taste, the group of each category.

    `at` is when the list began, by which it is ordered; what is on sale and open is that of `now`.
    """

    place: Place
    at: datetime
    now: datetime
    zone: str
    taste: Taste
    groups: Mapping[str, str]


def known_of_person(*, person_id: int, groups: Mapping[str, str], at: datetime) -> Known:
    """What is known of somebody who is signed in, as it was at `at`; two statements, one where they want none of it."""
    found = saved.likings_of(person_id)
    if not found.remembers:
        return Known(Taste(), (), remembers=False)
    bought = [
        Liking(LikingKind.BOUGHT, category, moment)
        for category, moment in bought_categories(person_id, limit=MOST_LIKINGS)
        if found.cleared_at is None or moment > found.cleared_at
    ]
    return Known(taste([*found.likings, *bought], groups=groups, at=at), found.seen, remembers=True)


def known_of_visitor(*, seen: Sequence[Seen], groups: Mapping[str, str], at: datetime) -> Known:
    """What is known of somebody without an account, by what their browser keeps; no statement."""
    likings = [Liking(LikingKind.VIEWED, one.category, one.at) for one in seen]
    return Known(taste(likings, groups=groups, at=at), tuple(seen), remembers=True)


def deals(order: Order) -> list[Picked[DealCard]]:
    """The nearest deals that can be bought, in the order of the home page; one statement."""
    found = search.deals_near(place=order.place, at=order.now, limit=CANDIDATES).items
    cards = {card.offer_ref: card for card in found}
    candidates = [Candidate(card.offer_ref, card.category_slug, card.distance_m) for card in found]
    return [Picked(cards[one.ref], one.because) for one in _ranked(candidates, order)]


def stores(order: Order, *, limit: int) -> tuple[list[Picked[StoreCard]], bool]:
    """The first `limit` shops of the home page and whether there are more; one statement, or two beyond `CANDIDATES`.

    The nearest `CANDIDATES` come in their order; those that lie further away follow, the nearest first.
    """
    found = search.nearest_stores(place=order.place, limit=CANDIDATES)
    near = {one.ref: one for one in found.items}
    placed = _ranked([Candidate(one.ref, one.category_slug, one.distance_m) for one in found.items], order)[
        :limit
    ]
    cards = search.cards_of([near[one.ref] for one in placed], place=order.place, at=order.now)
    picked = [Picked(card, one.because) for card, one in zip(cards, placed, strict=True)]
    if limit <= len(near) or found.next is None:
        return picked, limit < len(near) or found.next is not None
    rest = search.nearby(place=order.place, at=order.now, limit=limit - len(near), after=found.next)
    return [*picked, *(Picked(card, "") for card in rest.items)], rest.next is not None


def _ranked(candidates: Sequence[Candidate], order: Order) -> list[Ranked]:
    hour = local(order.at, order.zone).hour
    return ranked(candidates, taste=order.taste, groups=order.groups, hour=hour)
