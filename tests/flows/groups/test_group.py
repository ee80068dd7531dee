"""A group: opened, joined, full or failed. Each price shown is the price charged, and nobody is left in between."""

from datetime import datetime, timedelta

import pytest

from hutong.flows import cart, checkout, expire_orders, jobs, refund
from hutong.flows.groups import settle
from hutong.flows.groups.asking import Ask, GroupAlone
from hutong.kernel.money import Money
from hutong.pay.groups import queries as groups
from hutong.pay.groups.services import (
    AlreadyInGroup,
    GroupEnded,
    GroupFull,
    GroupNotOffered,
    GroupUnknown,
    set_terms,
)
from hutong.pay.groups.types import GroupState, PlaceState, PriceStep, Terms
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState
from hutong.pay.payments import queries as payments
from hutong.pay.pricing.services import PriceChanged
from hutong.pay.pricing.types import PriceKind
from hutong.visit.stock.queries import stock_of
from hutong.visit.vouchers import queries as vouchers
from tests.factories import catalog, people
from tests.factories.groups import group_scene, joined, opened
from tests.factories.loop import Scene, scene
from tests.fakes.sandbox import Sandbox

DAY = timedelta(days=1)


def state_of(group_ref: str) -> GroupState:
    group = groups.group_by_ref(group_ref)
    assert group is not None
    return group.state


def place_of(order_ref: str) -> PlaceState:
    place = groups.place_of(order_ref)
    assert place is not None
    return place.state


def order_state(order_ref: str) -> OrderState:
    facts = orders.order_facts(order_ref)
    assert facts is not None
    return facts.state


def stock_now(shop: Scene) -> tuple[int, int]:
    found = stock_of([shop.offer.public_id])[shop.offer.public_id]
    return found.held, found.sold


@pytest.mark.django_db
def test_the_price_of_the_group_is_shown_and_charged(at: datetime) -> None:
    shop = group_scene(at=at)
    priced = cart.price(wants={shop.offer.public_id: 1}, at=at, ask=Ask(size=5))
    assert priced.quote.total.minor == 1290
    assert priced.quote.lines[0].price_kind is PriceKind.GROUP
    assert priced.together is not None
    assert (priced.together.missing, priced.together.deadline) == (5, at + DAY)
    assert shop.order(ask=Ask(size=5)).total.minor == 1290
    assert shop.order().total.minor == 1990


@pytest.mark.django_db
def test_the_hash_names_the_group(at: datetime) -> None:
    """A price that was agreed to in one group is not agreed to in another, nor alone."""
    shop = group_scene(at=at)
    first, _order = opened(shop)
    second, _order = opened(shop, by=people.person())
    wants = {shop.offer.public_id: 1}
    asks = (Ask(), Ask(size=2), Ask(group_ref=first), Ask(group_ref=second))
    assert len({cart.price(wants=wants, at=at, ask=ask).quote.hash for ask in asks}) == 4


@pytest.mark.django_db
def test_what_was_paid_waits_until_the_group_is_full(at: datetime) -> None:
    shop = group_scene(at=at, capacity=10)
    group_ref, mine = opened(shop)
    assert order_state(mine.order_ref) is OrderState.PAID
    assert vouchers.wallet(shop.shopper, at=at) == []
    assert stock_now(shop) == (1, 0)
    other = people.person()
    theirs = joined(shop, group_ref, by=other)
    assert state_of(group_ref) is GroupState.FULL
    # Who makes it full has the voucher at once, the others' follow.
    assert len(vouchers.wallet(other, at=at)) == 1
    jobs.drain()
    assert len(vouchers.wallet(shop.shopper, at=at)) == 1
    assert stock_now(shop) == (0, 2)
    assert place_of(mine.order_ref) is place_of(theirs.order_ref) is PlaceState.KEPT
    settle.settle(order_ref=mine.order_ref, at=at)
    assert len(vouchers.wallet(shop.shopper, at=at)) == 1


@pytest.mark.django_db
def test_a_place_is_held_while_its_order_awaits_payment_and_free_when_that_ends(at: datetime) -> None:
    shop = group_scene(at=at)
    group_ref, _mine = opened(shop)
    held = joined(shop, group_ref, pay=False)
    with pytest.raises(GroupFull):
        joined(shop, group_ref)
    assert expire_orders.run(at=held.expires_at) == 1
    joined(shop, group_ref, at=held.expires_at)
    assert state_of(group_ref) is GroupState.FULL


@pytest.mark.django_db
def test_the_time_to_pay_ends_with_the_group(at: datetime) -> None:
    shop = group_scene(at=at)
    group_ref, _mine = opened(shop)
    late = joined(shop, group_ref, pay=False, at=at + DAY - timedelta(minutes=4))
    assert late.expires_at == at + DAY


@pytest.mark.django_db
def test_nobody_joins_twice_nor_the_own_group(at: datetime) -> None:
    shop = group_scene(at=at)
    group_ref, _mine = opened(shop, size=5)
    with pytest.raises(AlreadyInGroup):
        joined(shop, group_ref, by=shop.shopper)
    other = people.person()
    joined(shop, group_ref, by=other, pay=False)
    with pytest.raises(AlreadyInGroup):
        joined(shop, group_ref, by=other)


@pytest.mark.django_db
def test_a_full_or_ended_or_strange_group_takes_nobody(at: datetime) -> None:
    shop = group_scene(at=at)
    full, _order = opened(shop)
    joined(shop, full)
    with pytest.raises(GroupEnded):
        joined(shop, full)
    late, _order = opened(shop)
    with pytest.raises(GroupEnded):
        joined(shop, late, at=at + DAY)
    with pytest.raises(GroupUnknown):
        joined(shop, "grp_nothing")
    with pytest.raises(GroupUnknown):
        joined(group_scene(at=at), late)
    with pytest.raises(GroupNotOffered):
        shop.order(ask=Ask(size=3))
    with pytest.raises(GroupNotOffered):
        scene(at=at).order(ask=Ask(size=2))


@pytest.mark.django_db
def test_a_group_is_an_order_of_its_own(at: datetime) -> None:
    shop = group_scene(at=at)
    more = catalog.offer(store=shop.store, at=at)
    wants = {shop.offer.public_id: 1, more.public_id: 1}
    with pytest.raises(GroupAlone):
        cart.price(wants=wants, at=at, ask=Ask(size=2))
    assert cart.price(wants=wants, at=at).together is None


@pytest.mark.django_db
def test_a_change_of_the_terms_leaves_an_open_group_alone(at: datetime) -> None:
    shop = group_scene(at=at)
    group_ref, _mine = opened(shop)
    dearer = Terms(steps=(PriceStep(3, Money(1790, "EUR")),), hours=1)
    later = at + timedelta(hours=2)
    set_terms(offer_ref=shop.offer.public_id, terms=dearer, price=Money(1990, "EUR"), at=later)
    assert joined(shop, group_ref, at=later).total.minor == 1590
    assert state_of(group_ref) is GroupState.FULL


@pytest.mark.django_db(transaction=True)
def test_at_the_deadline_everybody_is_refunded(at: datetime, sandbox: Sandbox) -> None:
    shop = group_scene(at=at, capacity=10)
    group_ref, order = opened(shop, size=5)
    mine, theirs, now = order.order_ref, joined(shop, group_ref).order_ref, at + DAY
    assert settle.run(at=now - timedelta(minutes=1)) == 0
    assert settle.run(at=now) == 1
    assert settle.run(at=now) == 0
    assert state_of(group_ref) is GroupState.FAILED
    for order_ref in (mine, theirs, mine):
        settle.settle(order_ref=order_ref, at=now)
    for order_ref in (mine, theirs):
        assert order_state(order_ref) is OrderState.REFUNDED
        assert place_of(order_ref) is PlaceState.REFUNDED
        (back,) = payments.refunds_of_order(order_ref)
        assert (back.amount.minor, back.reason) == (1290, "group_failed")
    assert stock_now(shop) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_money_that_comes_after_the_group_failed_goes_back(at: datetime, sandbox: Sandbox) -> None:
    shop = group_scene(at=at, capacity=10)
    group_ref, mine = opened(shop)
    held = shop.order(ask=Ask(group_ref=group_ref), by=people.person())
    after = at + DAY
    assert settle.run(at=after) == 0, "somebody is paying just now"
    assert settle.run(at=after + timedelta(minutes=5)) == 1
    assert shop.money_arrives(held, at=after) == "returned"
    assert order_state(held.order_ref) is OrderState.CANCELLED
    assert place_of(held.order_ref) is PlaceState.FREED
    settle.settle(order_ref=mine.order_ref, at=after)
    assert stock_now(shop) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_money_that_comes_late_takes_the_place_again_while_it_is_free(at: datetime, sandbox: Sandbox) -> None:
    shop = group_scene(at=at, capacity=10)
    group_ref, _mine = opened(shop)
    late = shop.order(ask=Ask(group_ref=group_ref), by=people.person())
    expire_orders.run(at=late.expires_at)
    assert place_of(late.order_ref) is PlaceState.FREED
    assert shop.money_arrives(late, at=late.expires_at) == "paid_late"
    assert state_of(group_ref) is GroupState.FULL
    other_ref, _mine = opened(shop, by=people.person())
    too_late = shop.order(ask=Ask(group_ref=other_ref), by=people.person())
    expire_orders.run(at=too_late.expires_at)
    joined(shop, other_ref)
    assert shop.money_arrives(too_late, at=too_late.expires_at) == "returned"
    jobs.drain()


@pytest.mark.django_db(transaction=True)
def test_who_waits_may_leave_with_all_of_the_money(at: datetime, sandbox: Sandbox) -> None:
    shop = group_scene(at=at, capacity=10)
    group_ref, order = opened(shop)
    mine = order.order_ref
    refund.refund(order_ref=mine, unit_refs=None, reason="", by=shop.shopper, as_operator=False, at=at)
    assert place_of(mine) is PlaceState.LEFT
    assert stock_now(shop) == (0, 0)
    found = groups.group_by_ref(group_ref)
    assert found is not None
    assert (found.taken, found.paid, found.state) == (0, 0, GroupState.OPEN)


@pytest.mark.django_db(transaction=True)
def test_the_refund_of_one_member_leaves_the_price_of_the_others(at: datetime, sandbox: Sandbox) -> None:
    shop = group_scene(at=at)
    group_ref, order = opened(shop)
    mine = order.order_ref
    theirs = joined(shop, group_ref).order_ref
    jobs.drain()
    refund.refund(order_ref=mine, unit_refs=None, reason="", by=shop.shopper, as_operator=False, at=at)
    assert state_of(group_ref) is GroupState.FULL
    assert place_of(theirs) is PlaceState.KEPT
    facts = orders.order_facts(theirs)
    assert facts is not None
    assert (facts.state, facts.total.minor, facts.refunded.minor) == (OrderState.PAID, 1590, 0)
    assert payments.refunds_of_order(theirs) == []


@pytest.mark.django_db
def test_the_platform_fills_a_group_that_is_nearly_full(at: datetime) -> None:
    shop = group_scene(at=at, steps=((3, 1590),), fill=1)
    group_ref, mine = opened(shop, size=3)
    joined(shop, group_ref)
    alone, _order = opened(shop, size=3, by=people.person())
    assert settle.run(at=at + DAY) == 2
    filled = groups.group_by_ref(group_ref)
    assert filled is not None
    assert (filled.state, filled.paid, filled.filled, filled.left) == (GroupState.FULL, 2, 1, 0)
    assert state_of(alone) is GroupState.FAILED
    settle.settle(order_ref=mine.order_ref, at=at + DAY)
    assert len(vouchers.wallet(shop.shopper, at=at + DAY)) == 1


@pytest.mark.django_db
def test_what_a_dead_job_left_is_found_again(at: datetime) -> None:
    shop = group_scene(at=at)
    group_ref, _mine = opened(shop)
    joined(shop, group_ref)
    assert vouchers.wallet(shop.shopper, at=at) == []
    settle.run(at=at + timedelta(minutes=4))
    assert vouchers.wallet(shop.shopper, at=at) == []
    settle.run(at=at + timedelta(minutes=5))
    assert len(vouchers.wallet(shop.shopper, at=at)) == 1


@pytest.mark.django_db
def test_the_same_click_is_one_place(at: datetime) -> None:
    shop = group_scene(at=at)
    wants = {shop.offer.public_id: 1}
    shown = cart.price(wants=wants, at=at, ask=Ask(size=2)).quote.hash
    first = shop.order(ask=Ask(size=2), client_key="one")
    second = shop.order(ask=Ask(size=2), client_key="one")
    assert first.order_ref == second.order_ref
    assert len(groups.groups_of_offer(shop.offer.public_id)) == 1
    with pytest.raises(PriceChanged):
        checkout.place(
            person=shop.shopper, wants=wants, store_ref=None, shown_hash=shown, client_key="two",
            remember_consent=False, at=at, ask=Ask(size=5),
        )  # fmt: skip
