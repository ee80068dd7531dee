"""Reads of the stars that are kept added up; nothing is counted here."""

from collections.abc import Iterable

from hutong.attract.reviews.models import OfferSummary, ReviewSummary, Summed
from hutong.attract.reviews.types import Summary
from hutong.kernel.rows import row

NONE = Summary(count=0, stars_sum=0)


def summary(store_ref: str) -> Summary:
    """The stars of a store; zeros without a review."""
    return summaries([store_ref]).get(store_ref, NONE)


def summaries(store_refs: Iterable[str]) -> dict[str, Summary]:
    """The stars of these stores, by store; those without a review are not in it. One statement."""
    found = ReviewSummary.objects.filter(store_ref__in=list(store_refs), count__gt=0)
    return {one.store_ref: _view(one) for one in found}


def offer_summaries(offer_refs: Iterable[str]) -> dict[str, Summary]:
    """The stars that those who enjoyed these offers gave, by offer; as `summaries`."""
    found = OfferSummary.objects.filter(offer_ref__in=list(offer_refs), count__gt=0)
    return {one.offer_ref: _view(one) for one in found}


def merchant_summary(merchant_ref: str) -> Summary:
    """The stars of all stores that a merchant has now, added up; without aspects."""
    found = row(
        """
        SELECT coalesce(sum(r.count), 0)::int8 AS count, coalesce(sum(r.stars_sum), 0)::int8 AS stars_sum,
          coalesce(sum(r.one), 0)::int8 AS one, coalesce(sum(r.two), 0)::int8 AS two,
          coalesce(sum(r.three), 0)::int8 AS three, coalesce(sum(r.four), 0)::int8 AS four,
          coalesce(sum(r.five), 0)::int8 AS five
        FROM reviews_reviewsummary r JOIN merchants_store s ON s.id = r.store_id
        JOIN merchants_merchant m ON m.id = s.merchant_id
        WHERE m.public_id = %s
        """,
        [merchant_ref],
    )
    assert found is not None, "a sum has one row"
    by_star = (found["one"], found["two"], found["three"], found["four"], found["five"])
    return Summary(found["count"], found["stars_sum"], by_star)


def _view(one: Summed) -> Summary:
    return Summary(
        count=one.count,
        stars_sum=one.stars_sum,
        by_star=(one.one, one.two, one.three, one.four, one.five),
        aspects={name: (pair[0], pair[1]) for name, pair in one.aspects.items()},
    )
