"""Reads of stores and categories."""

from __future__ import annotations

from typing import Any

import pytest

from hutong.kernel.geo import Place, mercator
from hutong.kernel.rows import row
from hutong.town.merchants.queries import category_tree, store_by_ref, stores_of, stores_of_merchant
from hutong.town.merchants.types import MerchantState
from tests.factories import merchants as make
from tests.factories import people

pytestmark = pytest.mark.django_db


def test_a_listing_and_a_claimed_store(django_assert_num_queries: Any) -> None:
    listing, store = make.listing(), make.store()
    with django_assert_num_queries(2):
        unclaimed, claimed = store_by_ref(listing.public_id), store_by_ref(store.public_id)
    assert unclaimed is not None
    assert claimed is not None
    assert (unclaimed.merchant_ref, unclaimed.merchant_state, unclaimed.claimed) == (None, None, False)
    assert (claimed.merchant_state, claimed.claimed) == (MerchantState.APPROVED, True)
    assert (claimed.category.slug, claimed.group.slug if claimed.group else None) == ("cafe", "food")
    assert (claimed.zone, claimed.currency) == ("Europe/Helsinki", "EUR")
    assert store_by_ref("sto_none") is None


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_statements_does_not_grow(count: int, django_assert_num_queries: Any) -> None:
    owner = people.person()
    merchant = make.merchant(owner=owner)
    for number in range(count):
        make.store(merchant=merchant, category_slug=f"cafe-{number}")
    with django_assert_num_queries(1):
        assert len(stores_of_merchant(merchant.public_id)) == count
    with django_assert_num_queries(2):
        assert len(stores_of(owner)) == count
    with django_assert_num_queries(1):
        (group,) = category_tree()
    assert len(group.children) == count


def test_the_database_computes_where_a_store_is_on_the_map() -> None:
    store = make.listing(lon=24.9414, lat=60.1710)
    found = row("SELECT place[0] AS x, place[1] AS y FROM merchants_store WHERE id = %s", [store.pk])
    assert found is not None
    assert (found["x"], found["y"]) == pytest.approx(mercator(Place(24.9414, 60.1710)), abs=1e-6)
