"""Points over all rooms: earned by what was enjoyed, spent as money, back with a refund, and never out of nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import transaction

from hutong.flows import books, erase_person, export_person, jobs, points, redeem, refund
from hutong.kernel.money import Money
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger.queries import lots as read
from hutong.pay.ledger.services.lots import PointsChanged
from hutong.pay.ledger.types import AccountKind
from hutong.pay.orders import services as orders
from hutong.town.people.models import Person
from hutong.town.people.types import SignInState
from tests.factories import people
from tests.factories import points as factory
from tests.factories.loop import Scene, scene
from tests.factories.points import UNIT, lot, ordered, paid, programme, rules

pytestmark = pytest.mark.django_db

no_money = pytest.mark.unbalanced(
    "orders of the factory are paid without money; points are checked by themselves"
)
names = pytest.mark.unbalanced(
    "points are earned with names here; what they are spent on is checked by itself"
)


def left(person: Person, at: datetime) -> int:
    return read.spendable(person.public_id, UNIT, at).minor


def held(person: Person) -> int:
    return ledger.balance(AccountKind.POINTS_HELD, person.public_id, UNIT).minor


def wrong(at: datetime) -> list[str]:
    """What the books say of points, but for the names that they were earned with."""
    found = [*ledger.lot_problems(), *books._points_and_orders(at)]
    return [each for each in found if "earned with unt_" not in each]


@pytest.fixture
def shop(at: datetime) -> Scene:
    """A shop whose deal costs 19.90, on a site with points."""
    programme(at=at)
    return scene(at=at)


def undo(shop: Scene, redemption_ref: str) -> None:
    actor = redeem.actor_for(device_ref=shop.device.public_id)
    redeem.undo(redemption_ref=redemption_ref, actor=actor, at=shop.at)
    jobs.drain()


def test_points_come_with_the_use_and_not_with_the_payment(shop: Scene, at: datetime) -> None:
    (voucher,) = shop.bought()
    jobs.drain()
    assert left(shop.shopper, at) == 0
    shop.scan(voucher.code)
    jobs.drain()
    assert left(shop.shopper, at) == 19
    assert points.earned_with_order(voucher.order_ref) == factory.points(19)
    (mine,) = points.points_of(person_ref=shop.shopper.public_id, at=at)
    assert (mine.points.minor, mine.worth) == (19, Money(19, "EUR"))
    assert mine.endings[0].ends_at == datetime.fromisoformat("2027-06-01T21:00:00+00:00")
    assert [step.order_ref for step in mine.steps] == [voucher.order_ref]


def test_an_undone_scan_takes_them_back_and_the_next_gives_them_again(shop: Scene, at: datetime) -> None:
    (voucher,) = shop.bought()
    for _time in range(2):
        scanned = shop.scan(voucher.code)
        jobs.drain()
        assert left(shop.shopper, at) == 19
        undo(shop, scanned.redemption_ref)
        assert left(shop.shopper, at) == 0


def test_jobs_out_of_turn_end_where_the_units_stand(shop: Scene, at: datetime) -> None:
    """The job of a scan comes after that of its undo, and twice."""
    (voucher,) = shop.bought()
    scanned = shop.scan(voucher.code)
    undo(shop, scanned.redemption_ref)
    for _time in range(2):
        points.follow(order_ref=voucher.order_ref, at=at)
    assert left(shop.shopper, at) == 0


def test_each_unit_has_its_share_of_whole_points(shop: Scene, at: datetime) -> None:
    """Three for 19.90 are 59 points: 20, 20 and 19, whichever is used first."""
    vouchers = shop.bought(quantity=3)
    gained = []
    for voucher in reversed(vouchers):
        before = left(shop.shopper, at)
        shop.scan(voucher.code)
        jobs.drain()
        gained.append(left(shop.shopper, at) - before)
    assert gained == [19, 20, 20]


def test_a_used_unit_that_is_refunded_gives_its_points_back(shop: Scene, at: datetime) -> None:
    vouchers = shop.bought(quantity=2)
    for voucher in vouchers:
        shop.scan(voucher.code)
    jobs.drain()
    assert left(shop.shopper, at) == 39
    order_ref = vouchers[0].order_ref
    used = [use.unit_ref for use in vouchers[0].uses]
    refund.refund(
        order_ref=order_ref, unit_refs=used, reason="cold", by=people.operator(), as_operator=True, at=at
    )
    jobs.drain()
    assert left(shop.shopper, at) == 19
    assert points.earned_with_order(order_ref) == factory.points(19)


def test_a_programme_that_is_off_gives_none_and_still_takes_what_was_earned(at: datetime) -> None:
    shop = scene(at=at)
    (early,) = shop.bought()
    shop.scan(early.code)
    jobs.drain()
    assert left(shop.shopper, at) == 0  # there was none
    programme(rules(earn=10), at=at)
    (voucher,) = shop.bought()
    shop.scan(voucher.code)
    jobs.drain()
    assert left(shop.shopper, at) == 199
    programme(rules(earn=10), on=False, at=at + timedelta(days=1))
    later = at + timedelta(days=1)
    assert points.to_earn(paid=Money(5000, "EUR"), at=later) is None
    offered = points.at_checkout(person=shop.shopper, currency="EUR", at=later)
    assert offered is not None
    assert offered.use == factory.points(199)


@names
def test_checkout_is_offered_points_from_one_step_on(at: datetime) -> None:
    programme(at=at)
    person = people.person()
    assert points.at_checkout(person=person, currency="EUR", at=at) is None
    lot(person.public_id, 99, at=at)
    assert points.at_checkout(person=person, currency="EUR", at=at) is None
    lot(person.public_id, 151, at=at)
    offered = points.at_checkout(person=person, currency="EUR", at=at)
    assert offered is not None
    assert (offered.use.minor, offered.least_worth, offered.share_ppm) == (250, Money(100, "EUR"), 500_000)
    assert points.at_checkout(person=person, currency="CNY", at=at) is None


@no_money
def test_points_of_an_order_go_and_come_back_unit_by_unit(at: datetime) -> None:
    person = people.person()
    lot(person.public_id, 400, days=10, at=at)
    lot(person.public_id, 400, days=20, at=at)
    order = ordered(person, 500, quantity=2, at=at)
    with transaction.atomic():
        points.hold(order_ref=order.order_ref, person=person, points=factory.points(500), at=at)
    assert (left(person, at), held(person), wrong(at)) == (300, 500, [])
    units = paid(order, at=at)
    assert [unit.points for unit in units] == [factory.points(250)] * 2
    points.spend(order_ref=order.order_ref, units=units, at=at)
    assert (left(person, at), held(person), wrong(at)) == (300, 0, [])
    for number, expected in ((1, 550), (0, 800)):
        (gone,) = orders.mark_units_refunded(
            order_ref=order.order_ref, unit_refs=[units[number].unit_ref], by="x", at=at
        )
        assert gone.points == factory.points(250)
        for _time in range(2):
            points.give_back(order_ref=order.order_ref, units=[gone], at=at)
        assert (left(person, at), wrong(at)) == (expected, [])


@no_money
def test_an_order_that_ends_and_is_paid_late(at: datetime) -> None:
    person = people.person()
    lot(person.public_id, 500, at=at)
    order = ordered(person, 500, at=at)
    points.hold(order_ref=order.order_ref, person=person, points=factory.points(500), at=at)
    late = at + timedelta(minutes=20)
    orders.expire_order(order_ref=order.order_ref, by="x", at=late)
    for _time in range(2):
        points.release(order_ref=order.order_ref, at=late)
    assert (left(person, late), wrong(late)) == (500, [])
    points.retake(order_ref=order.order_ref, at=late)
    units = orders.mark_paid(order_ref=order.order_ref, by="x", at=late, late=True)
    points.spend(order_ref=order.order_ref, units=units, at=late)
    assert (left(person, late), held(person), wrong(late)) == (0, 0, [])


@no_money
def test_units_of_another_order_are_not_paid_with_it(at: datetime) -> None:
    person = people.person()
    lot(person.public_id, 900, at=at)
    mine, other = ordered(person, 500, at=at), ordered(person, 300, at=at)
    points.hold(order_ref=mine.order_ref, person=person, points=factory.points(500), at=at)
    with pytest.raises(ValueError, match="what the pots bear"), transaction.atomic():
        points.spend(order_ref=mine.order_ref, units=paid(other, at=at), at=at)
    with pytest.raises(PointsChanged), transaction.atomic():
        points.hold(order_ref=other.order_ref, person=person, points=factory.points(401), at=at)
    assert (left(person, at), held(person)) == (400, 500)


@no_money
def test_the_books_miss_points_that_an_order_should_have_set_aside(at: datetime) -> None:
    person = people.person()
    order = ordered(person, 500, at=at)
    assert wrong(at) == [f"{order.order_ref} holds 0 points, and 500 is right"]
    (unit,) = paid(order, at=at)
    assert wrong(at) == [f"{unit.unit_ref} was sold for 500 points, its lots bore 0 and got back 0"]


def test_the_books_miss_points_that_a_refund_should_have_taken_back(shop: Scene, at: datetime) -> None:
    (voucher,) = shop.bought()
    shop.scan(voucher.code)
    jobs.drain()
    used = [use.unit_ref for use in voucher.uses]
    refund.refund(
        order_ref=voucher.order_ref, unit_refs=used, reason="x", by=people.operator(), as_operator=True, at=at
    )
    later = at + timedelta(hours=2)
    assert wrong(at) == []
    assert [each for each in wrong(later) if "not taken back" in each] != []
    jobs.drain()
    assert wrong(later) == []


@names
def test_lots_end_by_the_clock(at: datetime) -> None:
    programme(at=at)
    person = people.person()
    lot(person.public_id, 70, days=1, at=at)
    lot(person.public_id, 30, days=2, at=at)
    assert points.expire(at=at) == 0
    jobs.tick(at=at + timedelta(days=1))
    assert ledger.balance(AccountKind.POINTS, person.public_id, UNIT) == factory.points(30)
    assert points.expire(at=at + timedelta(days=1)) == 0
    (owed,) = points.owed(at)
    assert (owed.points, owed.worth) == (factory.points(30), Money(30, "EUR"))


@names
def test_points_end_with_the_account(at: datetime) -> None:
    person = people.person()
    lot(person.public_id, 70, days=None, at=at)
    points.end(person_ref=person.public_id, at=at)
    assert ledger.balance(AccountKind.POINTS, person.public_id, UNIT) == factory.points(0)
    assert ledger.lot_problems() == []


def test_points_are_in_ones_own_file_and_end_with_the_account(shop: Scene, at: datetime) -> None:
    (voucher,) = shop.bought()
    shop.scan(voucher.code)
    jobs.drain()
    (kept,) = export_person.everything(person=shop.shopper)["ledger.Lot"]
    assert (kept["unit"], kept["earned"], kept["remaining"]) == (UNIT, 19, 19)
    sign_in = SignInState(ref="sgn_test", ended=False, last_seen_at=at, proved_at=at)
    ends_at = erase_person.ask(person=shop.shopper, sign_in=sign_in, give_up=False, at=at)
    assert erase_person.erase(person_ref=shop.shopper.public_id, at=ends_at)
    assert left(shop.shopper, ends_at) == 0
    assert wrong(ends_at) == []
