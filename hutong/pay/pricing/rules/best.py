"""The best lawful combination: at most one candidate of each lane, each on what the lanes before it left.

Branch and bound: exactly what trying every combination would find. What a lane may give at most is what its best
candidate would take now, since nothing ever takes more of less (`Candidate.takes`), and discounts only make it less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hutong.kernel.money import split
from hutong.pay.pricing.rules.sift import Candidate, Sifted

_UNKNOWN = 1 << 200  # more than anything is worth


@dataclass(frozen=True, slots=True)
class Taken:
    """A candidate of the best combination, what it takes, and of which of its lines how much."""

    candidate: Candidate
    amount: int
    parts: tuple[tuple[int, int], ...]


class _Offer(NamedTuple):
    """What a candidate takes, and is worth, of a certain rest."""

    worth: int
    amount: int
    left: int
    candidate: Candidate


@dataclass(slots=True)
class _Search:
    lanes: list[list[Candidate]]
    must: list[bool]
    """In which lanes a candidate has to be taken if it takes anything."""
    best: int = -1
    chosen: tuple[_Offer, ...] = ()


def best(sifted: Sifted, totals: Sequence[int], wanted: frozenset[str] | None) -> tuple[Taken, ...]:
    """The combination that leaves the least to pay; of equal ones that with the fewest points, then coupons.

    A coupon that is `wanted` by name is left out only where it would take nothing, or does not go with another one
    that is: then that which uses more of them, then the cheaper.
    """
    asked = wanted or frozenset()
    lanes = [found for found in sifted.lanes.values() if found]
    search = _Search([], [])
    for found in lanes:
        named = [each for each in found if each.ref in asked]
        search.lanes.append(named or found)
        search.must.append(bool(named))
    _descend(search, 0, list(totals), 0, [_UNKNOWN] * len(search.lanes), ())
    ranked = [(_named(search.chosen, asked), search.best, search.chosen)]
    for each in sifted.alone:
        left = sum(totals[index] for index in each.lines)
        offer = _Offer(each.worth(each.takes(left)), each.takes(left), left, each)
        ranked.append((_named((offer,), asked), offer.worth, (offer,)))
    _asked, _worth, chosen = max(ranked, key=lambda combination: combination[:2])
    return _taken(chosen, totals)


def _named(chosen: Sequence[_Offer], asked: frozenset[str]) -> int:
    return sum(offer.candidate.ref in asked for offer in chosen)


def _taken(chosen: Sequence[_Offer], totals: Sequence[int]) -> tuple[Taken, ...]:
    rest, found = list(totals), []
    for offer in chosen:
        parts = _apply(rest, offer)
        found.append(Taken(offer.candidate, offer.amount, parts))
    return tuple(found)


def _apply(rest: list[int], offer: _Offer) -> tuple[tuple[int, int], ...]:
    """Take the offer off its lines by what is left of them, largest remainder; which line gives how much."""
    lines = offer.candidate.lines
    parts = split(offer.amount, [rest[index] for index in lines])
    for index, part in zip(lines, parts, strict=True):
        rest[index] -= part
    return tuple((index, part) for index, part in zip(lines, parts, strict=True) if part)


def _descend(
    search: _Search, lane: int, rest: list[int], worth: int, bounds: list[int], chosen: tuple[_Offer, ...]
) -> None:
    """Try what the lanes from `lane` on may take of `rest`; `bounds` is what each is worth at most, as known so far."""
    if lane == len(search.lanes):
        if worth > search.best:
            search.best, search.chosen = worth, chosen
        return
    offers, bounds = [], list(bounds)
    for later in range(lane, len(search.lanes)):
        offers.append(_offers(search.lanes[later], rest))
        bounds[later] = offers[-1][0].worth if offers[-1] else 0
        if worth + sum(bounds[lane:]) <= search.best:
            return
    at_most = sum(bounds[lane + 1 :])
    everything = sum(rest)
    for offer in offers[0]:
        if worth + offer.worth + at_most <= search.best:
            break
        after = list(bounds)
        for later in range(lane + 1, len(search.lanes)):
            after[later] = _bound(offers[later - lane], offer, everything, len(rest))
        if worth + offer.worth + sum(after[lane + 1 :]) <= search.best:
            continue
        remaining = list(rest)
        _apply(remaining, offer)
        _descend(search, lane + 1, remaining, worth + offer.worth, after, (*chosen, offer))
    if worth + at_most > search.best and not (search.must[lane] and offers[0]):
        _descend(search, lane + 1, rest, worth, bounds, chosen)


def _offers(candidates: Sequence[Candidate], rest: Sequence[int]) -> list[_Offer]:
    """What the candidates of a lane would take of `rest`, the best first; without those that would take nothing."""
    sums: dict[tuple[int, ...], int] = {}
    found = []
    for each in candidates:
        left = sums.get(each.lines)
        if left is None:
            left = sums[each.lines] = sum(map(rest.__getitem__, each.lines))
        amount = each.takes(left)
        if amount:
            found.append(_Offer(each.worth(amount), amount, left, each))
    found.sort(key=lambda offer: -offer.worth)
    return found


def _bound(offers: Sequence[_Offer], before: _Offer, everything: int, lines: int) -> int:
    """What the best of `offers` is worth at most once `before` was taken.

    Of what `before` takes, its lines that a later candidate is not for give at most their share, and each less than one
    minor unit more by rounding. They cost at most what all lines cost but the later candidate's. The rest of it is
    taken off the lines of both.
    """
    most = 0
    for offer in offers:
        if offer.worth <= most:
            break
        left, others = offer.left - before.amount, everything - offer.left
        if others:
            left = min(offer.left, left + before.amount * others // before.left + lines)
        amount = offer.candidate.takes(max(left, 0))
        most = max(most, offer.candidate.worth(amount))
    return most
