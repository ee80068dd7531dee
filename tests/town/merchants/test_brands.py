"""A brand's listings become its merchant's when an operator says so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from hutong.kernel.errors import Forbidden, NotFound
from hutong.town.merchants.models import Brand
from hutong.town.merchants.services import give_brand
from tests.factories import merchants, people, regions

pytestmark = pytest.mark.django_db


def test_an_operator_gives_the_free_listings_of_a_brand_in_one_region(at: datetime) -> None:
    brand = Brand.objects.create(key="kahvila", names={"name": "Kahvila"})
    chain = merchants.merchant()
    free, elsewhere = merchants.listing(region=chain.region), merchants.listing(region=regions.region())
    taken = merchants.store(merchant=merchants.merchant(region=chain.region))
    other = merchants.listing(region=chain.region)
    for store in (free, elsewhere, taken):
        type(store).objects.filter(pk=store.pk).update(brand=brand)
    given: dict[str, Any] = {"brand_ref": brand.public_id, "merchant_ref": chain.public_id, "at": at}
    with pytest.raises(Forbidden):
        give_brand(**given, by=people.person())
    waiting = merchants.merchant(region=chain.region, approved=False)
    with pytest.raises(NotFound):
        give_brand(**{**given, "merchant_ref": waiting.public_id}, by=people.operator())
    assert not chain.stores.exists()
    assert give_brand(**given, by=people.operator()) == 1
    assert list(chain.stores.all()) == [free]
    for store in (elsewhere, other):
        store.refresh_from_db()
        assert store.merchant is None
    brand.refresh_from_db()
    assert brand.merchant == chain
    assert give_brand(**given, by=people.operator()) == 0
