"""Places of a table that another source brought already: they are told, and not stored a second time.

The same place is near and is called the same, has the same phone, or is of the same brand. Of a chain nearness says
little, since its shops share name, phone and brand; there numbers and names must not speak against it. A listing is
the same as one row at most, the nearest, so of two rows one is always a shop of its own.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from hutong.kernel.geo import Place, distance_m
from hutong.kernel.text import fold, pick
from hutong.town.merchants.queries import category_groups, known_refs, others_near
from hutong.town.merchants.types import ImportedStore, OtherStore

# Maps and tables place a shop at its door, its building or its street number: farther apart they are two.
NEAR_M = 80.0
# So many places are asked about at once; each question reads the region's listings once.
CHUNK = 10_000
_PHONE_DIGITS = 8
_LEAST_DIGITS = 6


class Why(StrEnum):
    """What says that two places are one; the value is what people read."""

    NAME = "the same name"
    PHONE = "the same phone"
    BRAND = "the same brand"


@dataclass(frozen=True, slots=True)
class Here:
    """A listing that is there already for a row of the table."""

    store_ref: str
    name: str
    why: Why
    away_m: float

    @property
    def said(self) -> str:
        """As the report says it."""
        return f"already here as {self.name} ({self.store_ref}), {self.away_m:.0f} m away: {self.why.value}"


def already_here(
    stores: Iterable[tuple[int, ImportedStore]], *, region_id: int, source: str
) -> dict[int, Here]:
    """The listings that are these places already, by the line of their row.

    What this source itself has as an open listing is left out: it is brought up to date as ever.
    """
    groups = category_groups()
    found: list[tuple[float, int, Here]] = []
    for chunk in _chunks(stores):
        known = known_refs(region_id, [store.osm_ref for _line, store in chunk])
        asked = {line: store for line, store in chunk if store.osm_ref not in known}
        places = {line: Place(store.lon, store.lat) for line, store in asked.items()}
        for line, other in others_near(region_id, places, within_m=NEAR_M, but_source=source):
            store, away_m = asked[line], distance_m(places[line], Place(other.lon, other.lat))
            why = same(store, other, groups) if away_m <= NEAR_M else None
            if why:
                found.append((away_m, line, Here(other.ref, pick(other.names, "name"), why, away_m)))
    return _one_to_one(found)


def same(store: ImportedStore, other: OtherStore, groups: Mapping[str, str]) -> Why | None:
    """Why a row and a listing near it are one place; None where nothing says so.

    `groups` names the group of each category: a hotel and its restaurant share a phone and are two places.
    """
    brand = store.brand.key if store.brand else ""
    is_chain = bool(brand or other.brand)
    if is_chain and _apart(store, other):
        return None
    mine, theirs = _names(store.names), _names(other.names)
    if mine & theirs:
        return Why.NAME
    # A shop of a chain that is called by more than the brand may be another one than the next.
    is_bare = not is_chain or bool({brand, other.brand} & (mine | theirs))
    if not is_bare:
        return None
    if brand and brand == other.brand:
        return Why.BRAND
    is_kind = groups.get(store.category_slug) == groups.get(other.category_slug)
    return (
        Why.PHONE if is_kind and _phone(store.phone) and _phone(store.phone) == _phone(other.phone) else None
    )


def _apart(store: ImportedStore, other: OtherStore) -> bool:
    """Whether phones or house numbers, where both have some, tell two shops of a chain apart."""
    phones = {_phone(store.phone), _phone(other.phone)}
    numbers = _numbers(store.address), _numbers(other.address)
    return (all(phones) and len(phones) == 2) or (all(numbers) and not numbers[0] & numbers[1])


def _names(names: Mapping[str, str]) -> set[str]:
    return {fold(name) for name in names.values()} - {""}


def _phone(written: str) -> str:
    """The last digits of a number, with which it is the same with and without its country; "" for too few."""
    digits = re.sub(r"\D", "", written)
    return digits[-_PHONE_DIGITS:] if len(digits) >= _LEAST_DIGITS else ""


def _numbers(address: str) -> set[str]:
    return set(re.findall(r"\d+", address))


def _one_to_one(found: list[tuple[float, int, Here]]) -> dict[int, Here]:
    """The nearest pairs first; each row and each listing once."""
    rows: dict[int, Here] = {}
    taken: set[str] = set()
    for _away, line, here in sorted(found, key=lambda one: (one[0], one[1], one[2].store_ref)):
        if line not in rows and here.store_ref not in taken:
            rows[line] = here
            taken.add(here.store_ref)
    return rows


def _chunks(stores: Iterable[tuple[int, ImportedStore]]) -> Iterator[list[tuple[int, ImportedStore]]]:
    left = iter(stores)
    while chunk := list(islice(left, CHUNK)):
        yield chunk
