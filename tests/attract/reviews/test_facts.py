"""The facts around a review, found among planted rows; a store without any of it gives none."""

from datetime import datetime, timedelta

import pytest

from hutong.attract.reviews import queries
from hutong.attract.reviews.types import Content, FraudFacts, Origin
from hutong.town.merchants.models import Store
from hutong.town.merchants.types import Role
from hutong.town.people.models import Person
from tests.factories import merchants, people, reviews

pytestmark = pytest.mark.django_db
PHONE = Origin(address="a" * 64, device="d" * 64)
PRAISE = "Best noodles in town, the broth is rich and the staff are very friendly. We will come again!"


def around(store: Store, author: Person, at: datetime, *, text: str = "", stars: int = 5) -> FraudFacts:
    return queries.gather(
        store_ref=store.public_id,
        content=Content(stars=stars, text=text),
        origin=PHONE,
        author=author,
        at=at,
    )


def test_an_honest_first_review_has_nothing_around_it(at: datetime) -> None:
    facts = around(merchants.store(), people.person(), at)
    assert (facts.last_day, facts.usual_a_day, facts.same_device, facts.same_address) == (0, 0, 0, 0)
    assert (facts.likeness, facts.works_here, facts.competitors, facts.ring) == (0, False, (), ())
    assert facts.has_text is False


def test_reviews_of_the_day_devices_and_copies_are_found(at: datetime) -> None:
    store, author = merchants.store(), people.person()
    copied = reviews.review(store=store, text=PRAISE, origin=PHONE)
    reviews.review(store=merchants.store(), origin=PHONE)
    reviews.review(store=store, person=author, origin=PHONE)
    facts = around(store, author, at + timedelta(hours=1), text=PRAISE.upper())
    assert (facts.last_day, facts.same_device, facts.same_address) == (1, 2, 1)
    assert (facts.likeness, facts.like_ref) == (1.0, copied.public_id)
    later = around(store, author, at + timedelta(days=28))
    assert (later.last_day, later.usual_a_day) == (0, 1 / 28)
    assert around(store, author, at + timedelta(days=31)).same_device == 0


def test_people_of_the_shop_of_rivals_and_of_rings_are_found(at: datetime) -> None:
    store = merchants.store()
    near = merchants.store(lon=store.lon + 0.005)
    far = merchants.store(lon=store.lon + 0.05)
    other_trade = merchants.store(lon=store.lon + 0.005, category_slug="hairdresser")
    assert store.merchant
    assert near.merchant
    cashier = merchants.staff(merchant=store.merchant, role=Role.CASHIER).person
    rival = merchants.staff(merchant=near.merchant, role=Role.OWNER).person
    assert around(store, cashier, at).works_here
    assert around(store, rival, at, stars=1).competitors == (near.public_id,)
    for shop in (far, other_trade):
        assert shop.merchant
        stranger = merchants.staff(merchant=shop.merchant).person
        assert around(store, stranger, at, stars=1).competitors == ()
    assert around(store, rival, at).ring == ()
    praised = reviews.review(store=near, person=cashier, stars=5)
    assert around(store, rival, at).ring == (praised.public_id,)
