"""What a merchant lacks before it is approved."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from hutong.flows.checklist import checklist, stores_with_facts
from hutong.kernel.errors import NotFound
from hutong.town.catalog.services import submit_offer
from hutong.town.merchants import services
from hutong.town.merchants.models import Store
from hutong.town.merchants.rules import missing_for_approval
from hutong.town.merchants.types import CheckItem, ShopFacts, StoreState
from tests.factories import catalog, joining, merchants, people, regions

EMPTY = ShopFacts(
    names={"name": "Kahvila"},
    legal_name="",
    business_id="",
    phone="",
    email="",
    stores=0,
    hours=False,
    pictures=0,
    descriptions={},
    deals=0,
    devices=0,
)
FULL = ShopFacts(
    names={"name": "Kahvila", "en": "Coffee", "zh-Hans": "咖啡"},
    legal_name="Kahvila Oy",
    business_id="1234567-8",
    phone="+358401111111",
    email="olga@kahvila.fi",
    stores=1,
    hours=True,
    pictures=1,
    descriptions={"en": "Coffee.", "zh-Hans": "咖啡。"},
    deals=1,
    devices=1,
)


def lacks(facts: ShopFacts, *, must: bool | None = None) -> set[CheckItem]:
    lines = missing_for_approval(facts)
    return {line.item for line in lines if not line.done and must in (None, line.must)}


def hours_done(merchant_ref: str) -> bool:
    return next(line.done for line in checklist(merchant_ref) if line.item is CheckItem.HOURS)


def test_who_has_all_lacks_nothing() -> None:
    assert lacks(FULL) == set()
    assert lacks(EMPTY) == set(CheckItem)


def test_what_must_be_there() -> None:
    assert lacks(EMPTY, must=True) == {
        CheckItem.STORE,
        CheckItem.LEGAL_NAME,
        CheckItem.BUSINESS_ID,
        CheckItem.PHONE,
        CheckItem.HOURS,
        CheckItem.DEAL,
    }


def test_one_language_is_half_a_description() -> None:
    assert lacks(replace(FULL, descriptions={"en": "Coffee."})) == {CheckItem.DESCRIPTION}
    assert lacks(replace(FULL, names={"name": "Kahvila", "en": "Coffee"})) == {CheckItem.NAMES}


@pytest.mark.django_db
def test_the_facts_come_from_the_rooms_that_own_them(
    at: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    olga, town = people.person(), regions.region()
    store = Store.objects.get(public_id=joining.sign_up(olga, at=at, region_ref=town.public_id))
    assert store.merchant is not None
    ref = store.merchant.public_id
    with django_assert_max_num_queries(5):
        open_lines = {line.item for line in checklist(ref) if not line.done and line.must}
    assert open_lines == {CheckItem.HOURS, CheckItem.DEAL}
    Store.objects.filter(pk=store.pk).update(opening_hours="Mo-Su 08:00-20:00")
    draft = catalog.offer(store=store, live=False)
    assert not all(line.done for line in checklist(ref) if line.must)
    submit_offer(offer_ref=draft.public_id, by=olga, at=at)
    assert all(line.done for line in checklist(ref) if line.must)
    with pytest.raises(NotFound):
        checklist("mer_none")


@pytest.mark.django_db
def test_a_closed_store_lacks_nothing(at: datetime) -> None:
    olga = people.person()
    merchant = merchants.merchant(owner=olga)
    kept, closed = merchants.store(merchant=merchant), merchants.store(merchant=merchant, opening_hours="")
    assert not hours_done(merchant.public_id)
    services.set_store_state(store_ref=closed.public_id, state=StoreState.CLOSED, by=olga, at=at)
    assert hours_done(merchant.public_id)
    assert [row.store.ref for row in stores_with_facts(merchant.public_id)] == [
        kept.public_id,
        closed.public_id,
    ]
