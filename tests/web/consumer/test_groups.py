"""Pages of buying together: what a deal's page offers, the page of a group, and what its link refuses."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from hutong.flows import refund
from hutong.flows.groups import settle
from hutong.kernel import clock
from hutong.kernel.rows import execute
from hutong.pay.groups import queries as groups
from hutong.pay.groups.types import GroupState
from hutong.pay.orders import queries as orders
from hutong.town.people.models import Person
from tests.factories import people
from tests.factories.groups import campaign_scene, group_scene, joined, opened
from tests.factories.loop import Scene
from tests.fakes.sandbox import Sandbox
from tests.web.visitors import visitor


@pytest.fixture
def shop() -> Scene:
    """A shop whose deal costs two 15.90 each and five 12.90, alone 19.90."""
    return group_scene(at=clock.now())


def checkout(shop: Scene) -> str:
    return f"/deal/{shop.offer.public_id}/buy/"


def text(browser: Client, path: str, **query: str) -> str:
    return browser.get(path, query).content.decode()


@pytest.mark.django_db
def test_the_deal_shows_the_prices_of_groups_beside_its_own(shop: Scene) -> None:
    path = f"/deal/{shop.offer.public_id}/"
    page = text(visitor(), path)
    for words in ("€19.90", "€15.90", "€12.90", "Group of 2", "Group of 5", "?group=5"):
        assert words in page
    assert "No group is looking for somebody just now" in page
    group_ref, _order = opened(shop, size=5)
    page = text(visitor(), path)
    assert f"/group/{group_ref}/" in page
    assert "4 more are needed" in page
    assert "1 of 5 have paid" in page


@pytest.mark.django_db
def test_a_group_nobody_has_paid_in_is_not_offered(shop: Scene) -> None:
    group_ref, _order = opened(shop, size=5, pay=False)
    assert group_ref not in text(visitor(), f"/deal/{shop.offer.public_id}/")


@pytest.mark.django_db
def test_the_page_of_a_group_says_who_is_in_and_tells_no_names(shop: Scene) -> None:
    Person.objects.filter(pk=shop.shopper.pk).update(name="Victoria Verysecret")
    group_ref, order = opened(shop, size=5)
    page = text(visitor(), f"/group/{group_ref}/")
    assert ">V<" in page
    assert "4 more are needed" in page
    assert f"?join={group_ref}" in page
    assert "data-live=" in page
    for secret in ("Verysecret", shop.shopper.public_id, order.order_ref, str(shop.shopper.phone)):
        assert secret not in page
    part = visitor().get(f"/group/{group_ref}/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert visitor().get("/group/grp_none/").status_code == 404


@pytest.mark.django_db
def test_its_own_opener_is_asked_to_invite_and_cannot_join(shop: Scene) -> None:
    group_ref, order = opened(shop)
    browser = visitor(shop.shopper)
    page = text(browser, f"/group/{group_ref}/")
    assert "Invite somebody" in page
    assert f"/orders/{order.order_ref}/" in page
    assert "?join=" not in page
    answer = browser.get(checkout(shop), {"join": group_ref})
    assert answer["Location"] == f"/group/{group_ref}/"
    assert "You are in this group already" in text(browser, f"/group/{group_ref}/")


@pytest.mark.django_db
def test_a_full_group_leads_back_to_itself(shop: Scene) -> None:
    group_ref, _order = opened(shop)
    joined(shop, group_ref)
    browser = visitor(people.person())
    assert browser.get(checkout(shop), {"join": group_ref})["Location"] == f"/group/{group_ref}/"
    page = text(browser, f"/group/{group_ref}/")
    assert "The group is full" in page
    assert "data-settled" in page
    assert "?join=" not in page


@pytest.mark.django_db
@pytest.mark.parametrize("query", [{"group": "3"}, {"group": "999"}])
def test_a_size_that_is_not_offered_leads_back_to_the_deal(shop: Scene, query: dict[str, str]) -> None:
    answer = visitor(shop.shopper).get(checkout(shop), query)
    assert answer["Location"] == f"/deal/{shop.offer.public_id}/"


@pytest.mark.django_db
@pytest.mark.parametrize("query", [{"group": "many"}, {"group": "-2"}, {"group": "9" * 40}])
def test_what_is_no_size_is_bought_alone(shop: Scene, query: dict[str, str]) -> None:
    assert "€19.90" in visitor(shop.shopper).get(checkout(shop), query).content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_group_is_opened_at_the_price_that_was_shown(shop: Scene, sandbox: Sandbox) -> None:
    browser = visitor(shop.shopper)
    page = text(browser, checkout(shop), group="5")
    assert "You open a group of 5" in page
    assert "€12.90" in page
    fields = dict(
        re.findall(r'name="(client_key|shown_hash|shown_quantity|store|group)" value="([^"]*)"', page)
    )
    sent = {**fields, "quantity": "1"}
    alone = browser.post(checkout(shop), {**sent, "group": ""})
    assert alone.status_code == 409
    assert "The price has changed" in alone.content.decode()
    assert browser.post(checkout(shop), sent).status_code == 302
    (placed,) = orders.orders_of(shop.shopper.pk)
    assert placed.total.minor == 1290
    (group,) = groups.groups_of_offer(shop.offer.public_id)
    assert (group.size, group.taken, group.paid) == (5, 1, 0)


@pytest.mark.django_db
def test_who_waits_sees_it_everywhere(shop: Scene) -> None:
    group_ref, order = opened(shop)
    browser = visitor(shop.shopper)
    for path in ("/wallet/", f"/orders/{order.order_ref}/", f"/pay/{order.order_ref}/return/"):
        page = text(browser, path)
        assert "1 more is needed" in page, path
    assert "Leave with all of my money" in text(browser, f"/orders/{order.order_ref}/")
    joined(shop, group_ref)
    settle.settle(order_ref=order.order_ref, at=clock.now())
    assert "Enough joined" in text(browser, f"/orders/{order.order_ref}/")
    assert "more is needed" not in text(browser, "/wallet/")


@pytest.mark.django_db(transaction=True)
def test_who_left_may_come_back(shop: Scene, sandbox: Sandbox) -> None:
    group_ref, order = opened(shop)
    refund.refund(
        order_ref=order.order_ref, unit_refs=None, reason="", by=shop.shopper, as_operator=False,
        at=clock.now(),
    )  # fmt: skip
    browser = visitor(shop.shopper)
    assert "You left before enough had joined" in text(browser, f"/orders/{order.order_ref}/")
    assert f"?join={group_ref}" in text(browser, f"/group/{group_ref}/")


@pytest.mark.django_db(transaction=True)
def test_a_failed_group_says_what_became_of_the_money(shop: Scene, sandbox: Sandbox) -> None:
    group_ref, order = opened(shop)
    at = clock.now() + timedelta(days=2)
    settle.run(at=at)
    settle.settle(order_ref=order.order_ref, at=at)
    browser = visitor(shop.shopper)
    page = text(browser, f"/group/{group_ref}/")
    assert "Not enough joined in time" in page
    assert "You are in" not in page
    assert "you got all of your money back" in text(browser, f"/orders/{order.order_ref}/")


@pytest.mark.django_db
def test_a_campaign_shows_how_far_it_is_and_when_it_is_over() -> None:
    at = clock.now()
    shop = campaign_scene(at=at, minimum=2, last_on=(at + timedelta(days=3)).date())
    path = f"/deal/{shop.offer.public_id}/"
    assert "On with 2 buyers" in text(visitor(), path)
    assert "2 buyers are needed with you" in text(visitor(shop.shopper), checkout(shop))
    shop.money_arrives(shop.order())
    assert "1 has paid" in text(visitor(), path)
    part = visitor().get(path, {"part": "campaign"}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "1 more is needed" in part
    shop.money_arrives(shop.order(by=people.person()))
    assert "It is on" in text(visitor(), path)
    assert "Your voucher comes at once" in text(visitor(people.person()), checkout(shop))
    (group,) = groups.groups_of_offer(shop.offer.public_id)
    assert group.state is GroupState.FULL
    execute("UPDATE groups_group SET opened_at = opened_at - interval '9 days', deadline = now()")
    execute("""UPDATE groups_groupterms SET said = '{"minimum": 2, "last_on": "2020-01-01"}'""")
    assert "The time of this deal is over" in text(visitor(), path)
    assert visitor(people.person()).get(checkout(shop))["Location"] == path
