"""A shop lets its vouchers hold longer: until the end of a day, with the night that belongs to it."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from hutong.flows import extend_vouchers
from hutong.town.people.models import Person
from hutong.visit.vouchers.models import Voucher
from hutong.visit.vouchers.types import Hours
from tests.factories import people, vouchers
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db

NIGHT = Hours(time(22), time(2))
LATE = Hours(time(18), time(4))


@pytest.fixture
def operator() -> Person:
    return people.operator()


def bought(shop: Scene, *hours: Hours) -> str:
    """A voucher of the deal, sold with these hours."""
    vouchers.promise(shop.offer.public_id, valid_days=10, hours=hours, at=shop.at)
    (made,) = shop.bought()
    return made.ref


def ends(ref: str) -> datetime:
    return Voucher.objects.get(public_id=ref).valid_until


def wall(text: str) -> datetime:
    """A wall time in Helsinki, in summer."""
    return datetime.fromisoformat(f"{text}+03:00")


def test_the_last_night_belongs_to_the_day_until_which_it_holds(at: datetime, operator: Person) -> None:
    shop = scene(at=at)
    night = bought(shop, NIGHT)
    assert ends(night) == wall("2026-06-12T02:00")
    until_on = date(2026, 7, 31)
    changed = extend_vouchers.extend(offer_ref=shop.offer.public_id, until_on=until_on, by=operator, at=at)
    assert (changed, ends(night)) == (1, wall("2026-08-01T02:00"))
    again = extend_vouchers.extend(offer_ref=shop.offer.public_id, until_on=until_on, by=operator, at=at)
    assert (again, ends(night)) == (0, wall("2026-08-01T02:00"))


def test_each_voucher_ends_by_its_own_terms(at: datetime, operator: Person) -> None:
    shop = scene(at=at)
    refs = [bought(shop), bought(shop, NIGHT), bought(shop, LATE)]
    changed = extend_vouchers.extend(
        offer_ref=shop.offer.public_id, until_on=date(2026, 7, 31), by=operator, at=at
    )
    assert changed == 3
    assert [ends(ref) for ref in refs] == [wall(f"2026-08-01T0{hour}:00") for hour in (0, 2, 4)]


def test_the_day_of_its_end_again_takes_no_night_away(at: datetime, operator: Person) -> None:
    shop = scene(at=at)
    night = bought(shop, NIGHT)
    changed = extend_vouchers.extend(
        offer_ref=shop.offer.public_id, until_on=date(2026, 6, 11), by=operator, at=at
    )
    assert (changed, ends(night)) == (0, wall("2026-06-12T02:00"))
