"""A deal that is on with so many buyers: one group without an end of places, which everybody joins who buys."""

from datetime import date, datetime, timedelta

import pytest

from hutong.flows import cart, jobs
from hutong.flows.groups import settle
from hutong.flows.groups.asking import Ask
from hutong.kernel.money import Money
from hutong.pay.groups import queries as groups
from hutong.pay.groups.services import CampaignOver, GroupNotOffered, set_terms
from hutong.pay.groups.types import GroupState, GroupView, PlaceState, Terms
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState
from hutong.visit.vouchers import queries as vouchers
from tests.factories import people
from tests.factories.groups import campaign_scene
from tests.factories.loop import Scene
from tests.fakes.sandbox import Sandbox


def running(shop: Scene) -> GroupView:
    (found,) = groups.groups_of_offer(shop.offer.public_id)
    return found


def last_day(at: datetime) -> date:
    return at.date() + timedelta(days=3)


@pytest.mark.django_db
def test_everybody_who_buys_is_in_and_gets_vouchers_once_there_are_enough(at: datetime) -> None:
    shop = campaign_scene(at=at, minimum=3, last_on=last_day(at))
    early = [people.person(), people.person()]
    for person in early:
        assert shop.money_arrives(shop.order(by=person)) == "paid"
    assert vouchers.wallet(early[0], at=at) == []
    assert (running(shop).paid, running(shop).left) == (2, 1)
    third = people.person()
    shop.money_arrives(shop.order(by=third))
    assert running(shop).state is GroupState.FULL
    jobs.drain()
    assert [len(vouchers.wallet(person, at=at)) for person in (*early, third)] == [1, 1, 1]
    # It stays on sale until its end, and nobody waits any more.
    fourth = people.person()
    shop.money_arrives(shop.order(by=fourth))
    assert len(vouchers.wallet(fourth, at=at)) == 1
    assert running(shop).paid == 4


@pytest.mark.django_db
def test_the_price_is_the_deals_own_and_the_hash_is_the_same_for_the_first_and_the_next(at: datetime) -> None:
    shop = campaign_scene(at=at, minimum=3, last_on=last_day(at))
    wants = {shop.offer.public_id: 1}
    before = cart.price(wants=wants, at=at)
    assert before.quote.total.minor == 1990
    shop.order()
    after = cart.price(wants=wants, at=at)
    assert after.quote.hash == before.quote.hash
    with pytest.raises(GroupNotOffered):
        cart.price(wants=wants, at=at, ask=Ask(size=2))


@pytest.mark.django_db(transaction=True)
def test_too_few_by_its_end_and_everybody_is_refunded(at: datetime, sandbox: Sandbox) -> None:
    shop = campaign_scene(at=at, minimum=3, last_on=last_day(at))
    placed = [shop.order(by=people.person()) for _ in range(2)]
    for order in placed:
        shop.money_arrives(order)
    end = running(shop).deadline
    assert settle.run(at=end) == 1
    for order in placed:
        settle.settle(order_ref=order.order_ref, at=end)
        facts = orders.order_facts(order.order_ref)
        place = groups.place_of(order.order_ref)
        assert facts is not None
        assert place is not None
        assert (facts.state, place.state) == (OrderState.REFUNDED, PlaceState.REFUNDED)
    with pytest.raises(CampaignOver):
        shop.order(by=people.person(), at=end)


@pytest.mark.django_db
def test_a_campaign_under_way_keeps_its_terms(at: datetime) -> None:
    shop = campaign_scene(at=at, minimum=2, last_on=last_day(at))
    shop.money_arrives(shop.order(by=people.person()))
    later = at + timedelta(hours=1)
    offer_ref, price = shop.offer.public_id, Money(1990, "EUR")
    set_terms(offer_ref=offer_ref, terms=Terms(minimum=50, last_on=last_day(at)), price=price, at=later)
    shop.money_arrives(shop.order(by=people.person(), at=later), at=later)
    assert (running(shop).state, running(shop).size) == (GroupState.FULL, 2)
