"""Ratings, price bands, quality: one table each, and that the database agrees after a sale."""

from datetime import datetime
from itertools import pairwise

import pytest

from hutong.attract.reviews.models import ReviewSummary
from hutong.attract.search import services
from hutong.attract.search.models import SearchDeal, SearchStore
from hutong.attract.search.rules import standing
from hutong.town.merchants.models import Store
from tests.factories import catalog, merchants, regions


@pytest.mark.parametrize(
    ("count", "stars_sum", "mean"),
    [(0, 0, 0.0), (1, 5, 37 / 9), (1, 1, 33 / 9), (92, 460, 4.92), (8, 32, 4.0)],
)
def test_a_rating_is_a_bayesian_mean(count: int, stars_sum: int, mean: float) -> None:
    assert standing.rating(count=count, stars_sum=stars_sum) == pytest.approx(mean)


def test_one_review_of_five_stars_is_behind_many_of_nearly_five() -> None:
    assert standing.rating(count=1, stars_sum=5) < standing.rating(count=200, stars_sum=940)


@pytest.mark.parametrize(
    ("price", "currency", "band"),
    [
        (None, "EUR", 0), (1, "EUR", 1), (1_499, "EUR", 1), (1_500, "EUR", 2), (7_000, "EUR", 4), (4_999, "CNY", 1),
        (30_000, "CNY", 4), (1_500, "JPY", 2), (1_500, "UAH", 2), (900, "UAH", 1),
    ],
)  # fmt: skip
def test_a_price_has_a_band(price: int | None, currency: str, band: int) -> None:
    assert standing.price_band(price, currency) == band


def test_bands_rise() -> None:
    for least in (*standing.BANDS.values(), standing.OTHER_BANDS):
        assert all(low < high for low, high in pairwise((0, *least)))


def test_quality_is_within_its_bounds_and_each_part_counts() -> None:
    nothing = {
        "rating": 0.0,
        "reviews": 0,
        "sold": 0,
        "has_deal": False,
        "has_cover": False,
        "claimed": False,
    }
    least = standing.quality(**nothing, hours_known=False)  # type: ignore[arg-type]
    everything = standing.quality(
        rating=5.0, reviews=10**6, sold=10**6, has_deal=True, has_cover=True, claimed=True, hours_known=True
    )
    assert (least, everything) == (standing.STARS_PART * standing.UNKNOWN_STARS, 1.0)
    better = {"rating": 4.9, "reviews": 50, "sold": 9, "has_deal": True, "has_cover": True, "claimed": True}
    for name, value in better.items():
        given = {**nothing, "reviews": 1, "rating": 3.0, name: value}
        without = {**nothing, "reviews": 1, "rating": 3.0}
        assert standing.quality(**given, hours_known=False) > standing.quality(  # type: ignore[arg-type]
            **without,  # type: ignore[arg-type]
            hours_known=False,
        )


@pytest.mark.django_db
def test_what_is_sold_counts_for_the_store_and_for_both_qualities(at: datetime) -> None:
    store = merchants.store()
    cheap, dear = catalog.offer(store=store), catalog.offer(store=store)
    services.index_stores(store_refs=[store.public_id], at=at)
    before = SearchStore.objects.get()
    assert services.set_sold(sold={cheap.public_id: 30, dear.public_id: 12}) == 2
    after = SearchStore.objects.get()
    assert (before.sold, after.sold) == (0, 42)
    assert before.quality < after.quality
    deals = {deal.offer_ref: deal.quality for deal in SearchDeal.objects.all()}
    assert deals[cheap.public_id] > deals[dear.public_id] > before.quality - 1
    services.index_stores(store_refs=[store.public_id], at=at)
    assert SearchStore.objects.values().get() == SearchStore.objects.filter(pk=after.pk).values().get()
    assert (SearchStore.objects.get().sold, SearchStore.objects.get().quality) == (42, after.quality)


@pytest.mark.django_db
def test_a_row_says_price_band_tags_district_and_stars(at: datetime) -> None:
    district = regions.region()
    store = merchants.store()
    Store.objects.filter(pk=store.pk).update(district=district)
    ReviewSummary.objects.create(
        store_ref=store.public_id, store_id=store.pk, count=2, stars_sum=9, four=1, five=1
    )
    catalog.offer(store=store)
    services.index_stores(store_refs=[store.public_id], at=at)
    row, deal = SearchStore.objects.get(), SearchDeal.objects.get()
    assert (row.price_from, row.price_band, row.tags) == (1990, 2, ["refund_any_time"])
    assert (deal.price_band, deal.tags, deal.hours_id) == (2, ["refund_any_time"], row.hours_id)
    for one in (row, deal):
        assert (one.reviews, one.rating, one.district_id, one.circle_id) == (2, 4.1, district.pk, None)
