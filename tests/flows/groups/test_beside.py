"""What goes on beside an order that waits for its group: chargebacks, gift cards, the end of an account, the books."""

from datetime import datetime, timedelta

import pytest

from hutong.flows import books, erase_person, jobs, refund, tell
from hutong.flows.groups import settle
from hutong.flows.groups.asking import Ask
from hutong.kernel.rows import execute
from hutong.pay.giftcards import queries as giftcards_read
from hutong.pay.groups import queries as groups
from hutong.pay.groups.types import PlaceState
from hutong.pay.ledger.queries import lots
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState
from hutong.pay.payments.types import DisputeStatus
from hutong.pay.pricing import queries as pricing
from hutong.pay.pricing.models import Promotion
from hutong.pay.pricing.types import CouponState
from hutong.town.notifications.models import Notification
from hutong.visit.stock.queries import stock_of
from hutong.visit.vouchers import queries as vouchers
from tests.factories import disputes, giftcards, people, points, promotions
from tests.factories.groups import group_scene, joined, opened
from tests.fakes.sandbox import Sandbox

DAY = timedelta(days=1)


def place_of(order_ref: str) -> PlaceState:
    place = groups.place_of(order_ref)
    assert place is not None
    return place.state


@pytest.mark.django_db
def test_a_chargeback_keeps_the_voucher_back_until_it_is_won(at: datetime) -> None:
    shop = group_scene(at=at)
    group_ref, mine = opened(shop)
    disputes.tell(disputes.report(mine.order_ref), at)
    joined(shop, group_ref)
    settle.settle(order_ref=mine.order_ref, at=at)
    assert vouchers.wallet(shop.shopper, at=at) == []
    disputes.tell(disputes.report(mine.order_ref, status=DisputeStatus.WON), at)
    settle.run(at=at + timedelta(minutes=5))
    assert len(vouchers.wallet(shop.shopper, at=at)) == 1


@pytest.mark.django_db
def test_a_lost_chargeback_frees_the_place(at: datetime) -> None:
    shop = group_scene(at=at, capacity=5)
    group_ref, mine = opened(shop)
    disputes.tell(disputes.report(mine.order_ref), at)
    disputes.tell(disputes.report(mine.order_ref, status=DisputeStatus.LOST), at)
    assert place_of(mine.order_ref) is PlaceState.LEFT
    found = groups.group_by_ref(group_ref)
    assert found is not None
    assert (found.taken, found.paid) == (0, 0)


@pytest.mark.django_db
def test_gift_cards_bear_it_and_get_it_back(at: datetime) -> None:
    shop = group_scene(at=at, capacity=5)
    giftcards.card(2000, holder=shop.shopper, at=at)
    placed = shop.order(ask=Ask(size=2), from_balance=1590)
    assert placed.state is OrderState.PAID
    assert place_of(placed.order_ref) is PlaceState.PAID
    assert settle.run(at=at + DAY) == 1
    settle.settle(order_ref=placed.order_ref, at=at + DAY)
    assert place_of(placed.order_ref) is PlaceState.REFUNDED
    assert giftcards_read.balance_of(shop.shopper.pk, "EUR").minor == 2000
    found = stock_of([shop.offer.public_id])[shop.offer.public_id]
    assert (found.held, found.sold) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_money_that_comes_after_the_end_leaves_nothing_set_aside(at: datetime, sandbox: Sandbox) -> None:
    shop = group_scene(at=at, capacity=5)
    points.programme(points.rules(earn=1, paid=1, each=1, worth=1, step=10, share_ppm=200_000), at=at)
    shop.scan(shop.bought()[0].code)
    jobs.drain()
    coupon = promotions.coupon(shop.shopper, at=at, budget=200)
    giftcards.card(500, holder=shop.shopper, at=at)
    had = lots.spendable(shop.shopper.public_id, points.UNIT, at)
    held = shop.order(ask=Ask(size=2), coupons=[coupon], use_points=True, from_balance=500)
    assert lots.spendable(shop.shopper.public_id, points.UNIT, at) < had
    assert giftcards_read.balance_of(shop.shopper.pk, "EUR").minor == 0
    after = at + DAY + timedelta(minutes=5)
    assert settle.run(at=after) == 1
    assert shop.money_arrives(held, at=after) == "returned"
    (found,) = pricing.coupons_of(shop.shopper.pk)
    assert found.state is CouponState.READY
    assert Promotion.objects.get().used_amount == 0
    assert lots.spendable(shop.shopper.public_id, points.UNIT, at) == had
    assert giftcards_read.balance_of(shop.shopper.pk, "EUR").minor == 500


@pytest.mark.django_db
@pytest.mark.unbalanced("the state of a discount is set by hand")
def test_the_books_notice_a_discount_that_no_order_waits_for(at: datetime) -> None:
    shop = group_scene(at=at)
    coupon = promotions.coupon(shop.shopper, at=at)
    placed = shop.order(ask=Ask(size=2), coupons=[coupon])
    assert books.check(at=at, ask_providers=False).problems == ()
    execute("UPDATE orders_order SET state = 'cancelled' WHERE public_id = %s", [placed.order_ref])
    said = f"promotions: the discount of {placed.order_ref} is held, and the order cancelled"
    assert said in books.check(at=at, ask_providers=False).problems


@pytest.mark.django_db(transaction=True)
def test_what_waits_stands_in_the_way_of_erasure_and_can_be_taken_back(
    at: datetime, sandbox: Sandbox
) -> None:
    shop = group_scene(at=at)
    _group_ref, mine = opened(shop)
    (unused,) = erase_person.hindrances(person=shop.shopper, at=at).unused
    assert (unused.order_ref, unused.worth.minor) == (mine.order_ref, 1590)
    assert erase_person.refund_unused(person=shop.shopper, at=at) == 1
    assert erase_person.hindrances(person=shop.shopper, at=at).unused == ()
    assert place_of(mine.order_ref) is PlaceState.LEFT


@pytest.mark.django_db
def test_a_part_of_what_waits_is_not_given_back(at: datetime) -> None:
    shop = group_scene(at=at)
    placed = shop.order(quantity=2, ask=Ask(size=2))
    shop.money_arrives(placed)
    unit_ref = orders.units_of(placed.order_ref)[0].unit_ref
    with pytest.raises(refund.OnlyWhole):
        refund.refund(
            order_ref=placed.order_ref, unit_refs=[unit_ref], reason="", by=shop.shopper,
            as_operator=False, at=at,
        )  # fmt: skip
    assert place_of(placed.order_ref) is PlaceState.PAID


@pytest.mark.django_db
def test_people_are_told_how_it_stands(at: datetime) -> None:
    shop = group_scene(at=at)
    group_ref, mine = opened(shop)
    jobs.drain()
    other = people.person()
    joined(shop, group_ref, by=other)
    jobs.drain()
    failed, lone = opened(shop, by=people.person())
    jobs.drain()
    tell.group_ended(order_ref=lone.order_ref, full=False, at=at)
    jobs.drain()
    told = set(Notification.objects.values_list("person__public_id", "kind"))
    opener = orders.order_facts(lone.order_ref)
    assert opener is not None
    assert {
        (shop.shopper.public_id, "group_waits"),
        (shop.shopper.public_id, "group_full"),
        (other.public_id, "order_paid"),
        (opener.person_ref, "group_waits"),
        (opener.person_ref, "group_failed"),
    } <= told
    assert (other.public_id, "group_waits") not in told
    assert failed != group_ref
    assert place_of(mine.order_ref) is PlaceState.KEPT


@pytest.mark.django_db
def test_what_waited_for_a_bank_has_an_hour_once_it_has_decided(at: datetime) -> None:
    group_ref, mine = opened(group_scene(at=at))
    disputes.tell(disputes.report(mine.order_ref), at)
    over = at + 2 * DAY
    assert settle.end(group_ref=group_ref, at=over)
    decided = over + DAY

    def waits(minutes: int) -> list[str]:
        problems = books.check(at=decided + timedelta(minutes=minutes), ask_providers=False).problems
        return [problem for problem in problems if "waits for a group" in problem]

    assert waits(0) == []
    disputes.tell(disputes.report(mine.order_ref, status=DisputeStatus.WON), decided)
    assert waits(59) == []
    assert len(waits(60)) == 1
    settle.settle(order_ref=mine.order_ref, at=decided)
    assert waits(60) == []


@pytest.mark.django_db
@pytest.mark.unbalanced("the books are made wrong here")
@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("UPDATE groups_group SET taken = taken + 1", "taken is not the number of its places"),
        ("UPDATE groups_group SET deadline = opened_at + interval '1 s'", "has not ended"),
        ("UPDATE groups_place SET state = 'held'", "is held, and the order paid"),
        ("UPDATE groups_place SET state = 'kept'", "no voucher was made"),
        (
            "UPDATE groups_group SET state = 'failed', ended_at = opened_at",
            "waits for a group that is failed",
        ),
    ],
)
def test_the_books_see_what_is_wrong_with_a_group(at: datetime, fault: str, says: str) -> None:
    opened(group_scene(at=at))
    assert books.check(at=at, ask_providers=False).problems == ()
    execute(fault)
    problems = books.check(at=at + timedelta(hours=2), ask_providers=False).problems
    assert any(says in problem for problem in problems), problems
