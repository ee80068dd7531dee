"""The squares of the map always say what the stores in them say, whatever is done to the stores."""

import random

import pytest
from django.utils import timezone

from hutong.attract.search.models import SearchCell, SearchStore, SearchTile
from hutong.attract.search.services.cells import rebuild_cells, wrong_cells
from hutong.kernel.rows import execute, scalar

pytestmark = pytest.mark.django_db


def row(number: int, chance: random.Random) -> SearchStore:
    """A store somewhere in Helsinki, some with a deal in one of two currencies."""
    deals = chance.choice([0, 0, 1, 2])
    price = chance.randrange(500, 520) if deals and chance.random() < 0.9 else None
    category = chance.choice([11, 12, 21, 22, 30])
    unit = chance.choice(["EUR", "EUR", "SEK"]) if price else None
    return SearchStore(
        store_id=number, store_ref=f"sto_{number}", region_id=1, category_id=category,
        root_category_id=category // 10 * 10, lon=24.9 + chance.random() / 50, lat=60.15 + chance.random() / 50,
        deals=deals, price_from=price, card={"unit": unit}, indexed_at=timezone.now(),
    )  # fmt: skip


def version(level: int = 8) -> int:
    """The newest version of any square of a level."""
    return int(scalar("SELECT coalesce(max(version), 0) FROM search_searchtile WHERE level = %s", [level]))


def test_squares_follow_every_change() -> None:
    chance = random.Random(7)
    SearchStore.objects.bulk_create(row(number, chance) for number in range(1, 301))
    assert wrong_cells() == 0
    for step in range(12):
        ids = chance.sample(range(1, 301), 25)
        if step % 3 == 0:
            SearchStore.objects.filter(pk__in=ids).delete()
        elif step % 3 == 1:
            there = set(SearchStore.objects.values_list("pk", flat=True))
            SearchStore.objects.bulk_create(row(number, chance) for number in ids if number not in there)
        else:
            for one in SearchStore.objects.filter(pk__in=ids):
                new = row(one.pk, chance)
                new.save(force_update=True)
        assert wrong_cells() == 0, step
    assert scalar("SELECT sum(stores) FROM search_searchcell WHERE level = 8 AND category_id = 0") == (
        SearchStore.objects.count()
    )
    SearchStore.objects.all().delete()
    assert not SearchCell.objects.exists()


def test_one_statement_over_many_rows_counts_each() -> None:
    chance = random.Random(8)
    SearchStore.objects.bulk_create(row(number, chance) for number in range(1, 101))
    execute("UPDATE search_searchstore SET lon = lon + 0.01, price_from = price_from + store_id % 7")
    execute("UPDATE search_searchstore SET deals = 0, price_from = NULL, card = '{}' WHERE store_id % 2 = 0")
    assert wrong_cells() == 0


def test_the_comparison_sees_a_wrong_square_and_counting_anew_mends_it() -> None:
    chance = random.Random(9)
    SearchStore.objects.bulk_create(row(number, chance) for number in range(1, 21))
    execute("UPDATE search_searchcell SET stores = stores + 1 WHERE level = 9 AND category_id = 0")
    assert wrong_cells() > 0
    rebuild_cells()
    assert wrong_cells() == 0


def test_a_square_has_a_new_version_after_a_change_in_it_and_only_then() -> None:
    chance = random.Random(10)
    SearchStore.objects.bulk_create(row(number, chance) for number in range(1, 51))
    before = dict(SearchTile.objects.filter(level=16).values_list("cell", "version"))
    coarse = version()
    changed = SearchStore.objects.get(pk=7)
    execute("UPDATE search_searchstore SET card = card || '{\"names\": {}}' WHERE store_id = 7")
    after = dict(SearchTile.objects.filter(level=16).values_list("cell", "version"))
    cell = scalar("SELECT search_square(place) FROM search_searchstore WHERE store_id = %s", [changed.pk])
    assert {one for one in after if after[one] != before[one]} == {cell}
    assert version() > coarse
    still = version()
    execute("UPDATE search_searchstore SET deals = 9 WHERE store_id = 70000")
    assert version() == still
