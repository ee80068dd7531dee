"""Summaries of stars: every change of a review goes through here, so that they are always the sum of the reviews."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hutong.attract.reviews.models import OfferSummary, Review, ReviewSummary
from hutong.attract.reviews.types import ReviewState, Side
from hutong.kernel import outbox
from hutong.kernel.rows import execute

_COLUMNS = ("one", "two", "three", "four", "five")

# One statement: arithmetic on the row as it is once its lock is had, so parallel changes all count. The CHECK
# constraints refuse a sum that would not add up.
_ADD = """
UPDATE {table} AS s SET count = s.count + %(count)s::int4, stars_sum = s.stars_sum + %(stars_sum)s::int4,
  one = s.one + %(one)s::int4, two = s.two + %(two)s::int4, three = s.three + %(three)s::int4,
  four = s.four + %(four)s::int4, five = s.five + %(five)s::int4,
  aspects = (
    SELECT coalesce(jsonb_object_agg(name, jsonb_build_array(stars, n)), '{{}}')
    FROM (
      SELECT name, sum((pair->>0)::int8) AS stars, sum((pair->>1)::int8) AS n
      FROM (SELECT * FROM jsonb_each(s.aspects) UNION ALL SELECT * FROM jsonb_each(%(aspects)s::jsonb))
        AS either (name, pair)
      GROUP BY name HAVING sum((pair->>1)::int8) <> 0
    ) AS added
  )
WHERE s.{key} = %(key)s
"""
_ADD_TO_STORE = _ADD.format(table="reviews_reviewsummary", key="store_ref")
_ADD_TO_OFFER = _ADD.format(table="reviews_offersummary", key="offer_ref")


@dataclass(frozen=True, slots=True)
class Counted:
    """What a review adds to the summaries."""

    stars: int
    aspects: Mapping[str, int]


def counted(review: Review) -> Counted | None:
    """What a review adds as it is; None for one that nobody reads, or that is about a shopper."""
    if review.side != Side.SHOPPER.value or review.visit_gone_at is not None:
        return None
    if review.state != ReviewState.PUBLISHED.value:
        return None
    return Counted(review.stars, dict(review.aspects))


def change(review: Review, *, at: datetime, **fields: Any) -> None:
    """Write `fields` of a review whose row the caller has locked, and bring the summaries up to date with it.

    `review.store` is loaded. Search is told when something that is shown of the store changed.
    """
    before = counted(review)
    for name, value in fields.items():
        setattr(review, name, value)
    changed = Review.objects.filter(pk=review.pk).update(**fields)
    assert changed == 1, "the row is locked"
    recount(review, before, counted(review), at=at)


def recount(review: Review, before: Counted | None, after: Counted | None, *, at: datetime) -> None:
    """Take `before` out of the summaries of the review's store and offer, and put `after` in."""
    if before == after:
        return
    delta: dict[str, Any] = dict.fromkeys(("count", "stars_sum", *_COLUMNS), 0)
    aspects: dict[str, list[int]] = {}
    for part, sign in ((before, -1), (after, 1)):
        if part is None:
            continue
        delta["count"] += sign
        delta["stars_sum"] += sign * part.stars
        delta[_COLUMNS[part.stars - 1]] += sign
        for name, stars in part.aspects.items():
            pair = aspects.setdefault(name, [0, 0])
            pair[0], pair[1] = pair[0] + sign * stars, pair[1] + sign
    values = {**delta, "aspects": json.dumps(aspects)}
    store = review.store
    if not execute(_ADD_TO_STORE, {**values, "key": store.public_id}):
        fresh = ReviewSummary(store_ref=store.public_id, store_id=store.pk)
        ReviewSummary.objects.bulk_create([fresh], ignore_conflicts=True)
        execute(_ADD_TO_STORE, {**values, "key": store.public_id})
    if not execute(_ADD_TO_OFFER, {**values, "key": review.offer_ref}):
        OfferSummary.objects.bulk_create([OfferSummary(offer_ref=review.offer_ref)], ignore_conflicts=True)
        execute(_ADD_TO_OFFER, {**values, "key": review.offer_ref})
    outbox.send("index_store", at=at, store_ref=store.public_id)
