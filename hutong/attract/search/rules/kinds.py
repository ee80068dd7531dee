"""The kind of a store: everything that a filter may ask of it, but its place and hours, as one whole number.

A city of a million stores has some hundreds of kinds, so that what no sample shows is counted kind by kind, each by an
index that leads to its stores in the area and to no others. PostgreSQL makes the number of a row (`search_kind`, of
migration 0009); this is the same layout for those who ask.
"""

from collections.abc import Iterable

from hutong.attract.search.rules import ranking

# From the lowest bit on: the promises in this order, ten of them at most; whether there is a deal; the class of stars;
# the price band; the rest is the key of the category.
TAGS = (
    "refund_any_time",
    "no_booking",
    "book_ahead",
    "weekends_too",
    "new_customers",
    "takeaway",
    "group_price",
)
DEAL_BIT, STARS_SHIFT, BAND_SHIFT, CATEGORY_SHIFT = 10, 11, 13, 16
STARS_MASK, BAND_MASK = 3, 7
# The least stars of each class, from 1 on; below them is class 0.
STARS = tuple(sorted(ranking.LEAST_RATINGS))


def tag_bits(tags: Iterable[str]) -> int:
    """The bits of promises; one without a bit counts for nothing."""
    return sum(1 << TAGS.index(tag) for tag in set(tags) if tag in TAGS)


def stars_class(least: float) -> int:
    """The lowest class that has stores with at least so many stars."""
    return sum(least >= one for one in STARS)


def tells_stars(least: float) -> bool:
    """Whether the class alone tells which stores have at least so many stars."""
    return least in STARS or least <= 0
