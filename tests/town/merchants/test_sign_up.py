"""A shop that no extract knows signs up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hutong.attract.search.queries import nearby
from hutong.flows.approve import approve_merchant
from hutong.flows.index_search import index_store
from hutong.kernel.errors import Forbidden, TooMany
from hutong.kernel.geo import Place
from hutong.town.merchants import queries, services
from hutong.town.merchants.models import Merchant, Store
from hutong.town.merchants.types import MerchantState, NewShop, Role, StoreState
from hutong.town.people.models import Person
from hutong.town.people.services import PhoneInvalid
from hutong.town.regions.models import Region
from hutong.town.regions.services import set_feature
from hutong.town.regions.types import Feature
from tests.factories import joining, merchants, people, regions

pytestmark = pytest.mark.django_db


@pytest.fixture
def town() -> Region:
    return regions.region()


def send(town: Region, shop: NewShop, olga: Person, at: datetime) -> tuple[str, str]:
    return services.sign_up(
        region_ref=town.public_id,
        shop=shop,
        merchant_ref=None,
        legal_name="",
        business_id="",
        email="",
        by=olga,
        at=at,
    )


def found(store: Store, at: datetime) -> bool:
    """Whether shoppers find the store at its own place."""
    index_store(store.public_id, at)
    cards = nearby(place=Place(store.lon, store.lat), at=at, text="Uusi").items
    assert queries.store_by_ref(store.public_id).shown is bool(cards)  # type: ignore[union-attr]
    return bool(cards)


def test_a_new_shop_waits_with_its_facts(town: Region, at: datetime) -> None:
    olga = people.person()
    store = Store.objects.get(public_id=joining.sign_up(olga, at=at, region_ref=town.public_id))
    assert store.merchant is not None
    assert store.merchant.state == MerchantState.APPLIED.value
    assert store.merchant.business_id == "1234567-8"
    assert (store.names["name"], store.phone, store.osm_ref) == ("Uusi Kahvila", "+358401111111", None)
    assert [role.role for role in queries.staff_roles(olga)] == [Role.OWNER]


def test_shoppers_find_it_only_while_it_is_approved(town: Region, at: datetime) -> None:
    store = Store.objects.get(public_id=joining.sign_up(people.person(), at=at, region_ref=town.public_id))
    assert store.merchant is not None
    ref, operator = store.merchant.public_id, people.operator()
    assert found(store, at) is False
    approve_merchant(merchant_ref=ref, approve=True, reason="", by=operator, at=at)
    assert found(store, at) is True
    approve_merchant(merchant_ref=ref, approve=False, reason="Complaints.", by=operator, at=at)
    assert found(store, at) is False


def test_a_refused_merchant_keeps_its_own_store_unseen(town: Region, at: datetime) -> None:
    store = Store.objects.get(public_id=joining.sign_up(people.person(), at=at, region_ref=town.public_id))
    assert store.merchant is not None
    approve_merchant(
        merchant_ref=store.merchant.public_id, approve=False, reason="No.", by=people.operator(), at=at
    )
    store.refresh_from_db()
    assert store.merchant is not None
    assert found(store, at) is False


def test_sent_twice_it_is_one_shop(town: Region, at: datetime) -> None:
    olga = people.person()
    first = send(town, joining.new_shop(), olga, at)
    assert send(town, joining.new_shop(), olga, at + timedelta(seconds=2)) == first
    assert send(town, joining.new_shop(name="Another"), olga, at) != first
    assert Merchant.objects.count() == 2


def test_a_chain_gets_one_more_store(town: Region, at: datetime) -> None:
    olga = people.person()
    chain = merchants.merchant(owner=olga, region=town)
    ref = joining.sign_up(olga, at=at, region_ref=town.public_id, merchant_ref=chain.public_id)
    assert Store.objects.get(public_id=ref).merchant == chain
    with pytest.raises(Forbidden):
        joining.sign_up(people.person(), at=at, region_ref=town.public_id, merchant_ref=chain.public_id)


def test_what_makes_no_shop_is_refused(town: Region, at: datetime) -> None:
    olga, good = people.person(), joining.new_shop()
    for wrong in (
        replace(good, names={"en": " \u202e"}),
        replace(good, category_slug="food"),
        replace(good, category_slug="nothing"),
    ):
        with pytest.raises(services.ShopIncomplete):
            send(town, wrong, olga, at)
    for lon, lat in ((0.0, 0.0), (25.5, 60.17), (24.945, 61.0)):
        with pytest.raises(services.ShopElsewhere):
            send(town, replace(good, lon=lon, lat=lat), olga, at)
    with pytest.raises(PhoneInvalid):
        send(town, replace(good, phone="call me"), olga, at)
    assert Store.objects.count() == 0


def test_sign_up_can_be_switched_off(town: Region, at: datetime) -> None:
    set_feature(
        region_ref=town.public_id, feature=Feature.SIGN_UP, on=False, by=people.operator().public_id, at=at
    )
    with pytest.raises(services.SignUpClosed):
        joining.sign_up(people.person(), at=at, region_ref=town.public_id)


def test_a_person_signs_up_five_shops_a_day(town: Region, at: datetime) -> None:
    olga = people.person()
    for number in range(5):
        send(town, joining.new_shop(name=f"Shop {number}"), olga, at)
    with pytest.raises(TooMany):
        send(town, joining.new_shop(name="Shop 6"), olga, at)


def test_an_address_is_found_by_the_shops_in_its_street(town: Region) -> None:
    merchants.listing(region=town, lon=24.95, lat=60.171)
    region_id = town.pk
    assert queries.place_of_address(region_id=region_id, address="Aleksanterinkatu 1") == (24.95, 60.171)
    assert queries.place_of_address(region_id=region_id, address="aleksanterinkatu 52 B") == (24.95, 60.171)
    assert queries.place_of_address(region_id=region_id, address="Mannerheimintie 1") is None
    assert queries.place_of_address(region_id=region_id, address="12") is None


def test_an_owner_closes_a_store_for_a_while_and_for_good(at: datetime) -> None:
    olga = people.person()
    store = merchants.store(merchant=merchants.merchant(owner=olga), name="Uusi")
    for state, is_found in ((StoreState.PAUSED, False), (StoreState.OPEN, True), (StoreState.CLOSED, False)):
        services.set_store_state(store_ref=store.public_id, state=state, by=olga, at=at)
        assert found(store, at) is is_found
    with pytest.raises(services.StoreAlreadySo):
        services.set_store_state(store_ref=store.public_id, state=StoreState.PAUSED, by=olga, at=at)
    with pytest.raises(Forbidden):
        services.set_store_state(store_ref=store.public_id, state=StoreState.OPEN, by=people.person(), at=at)
    services.set_store_state(store_ref=store.public_id, state=StoreState.OPEN, by=olga, at=at)
    assert found(store, at) is True


def test_an_owner_writes_the_merchants_facts(at: datetime) -> None:
    olga = people.person()
    made = merchants.merchant(owner=olga)
    facts = {"legal_name": "Kahvila Oy", "business_id": "1234567-8", "email": "Olga@Kahvila.fi"}
    services.set_merchant_facts(
        merchant_ref=made.public_id,
        names={"en": "Coffee", "zh-Hans": "咖啡"},
        phone="040 111 1111",
        by=olga,
        at=at,
        **facts,
    )
    made.refresh_from_db()
    assert made.names == {"name": "Kahvila Oy", "en": "Coffee", "zh-Hans": "咖啡"}
    assert (made.phone, made.email) == ("+358401111111", "olga@kahvila.fi")
    manager = people.person()
    merchants.staff(merchant=made, person=manager, role=Role.MANAGER)
    with pytest.raises(Forbidden):
        services.set_merchant_facts(
            merchant_ref=made.public_id, names={}, phone="", by=manager, at=at, **facts
        )
