"""Checkout: the price shown is the price charged, a second tap is the same order, money comes back to the page."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hutong.kernel import clock
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState
from hutong.town.catalog.models import Offer
from hutong.visit.stock import services as stock
from tests.factories import giftcards, people
from tests.factories.loop import Scene, scene
from tests.fakes.providers.books import TradeState
from tests.fakes.providers.server import running
from tests.fakes.providers.stripe import StripeSimulator
from tests.fakes.sandbox import Sandbox, free_port
from tests.web.visitors import visitor

# The provider is called outside of any transaction.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Scene:
    """A shop with a deal on sale now."""
    return scene(at=clock.now())


def url(shop: Scene) -> str:
    """The checkout's address."""
    return f"/deal/{shop.offer.public_id}/buy/"


def shown(browser: Client, shop: Scene, **query: Any) -> dict[str, str]:
    """The fields of the checkout page, as a browser would send them."""
    page = browser.get(url(shop), query).content.decode()
    fields = dict(re.findall(r'name="(client_key|shown_hash|shown_quantity|store)" value="([^"]*)"', page))
    return {**fields, "quantity": fields["shown_quantity"]}


def test_sign_in_comes_first_and_leads_back(client: Client, shop: Scene) -> None:
    assert client.get(url(shop))["Location"] == f"/sign-in/?next=%2Fdeal%2F{shop.offer.public_id}%2Fbuy%2F"


def test_amounts_follow_the_quantity(shop: Scene) -> None:
    browser = visitor(shop.shopper)
    page = browser.get(url(shop), {"quantity": 3}).content.decode()
    for amount in ("€102.00", "€42.30", "€59.70"):
        assert amount in page
    part = browser.get(url(shop), {"quantity": 2}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "€39.80" in part
    assert browser.get(url(shop), {"quantity": "many"}).status_code == 200


def test_checkout_in_29_statements_leads_to_the_payment_page(sandbox: Sandbox, shop: Scene) -> None:
    browser = visitor(shop.shopper)
    fields = shown(browser, shop, quantity=2)
    with CaptureQueriesContext(connection) as captured:
        answer = browser.post(url(shop), {**fields, "remember": "on"})
    # BEGIN and COMMIT are counted as well: everything the database is asked.
    assert len(captured) <= 29, "\n".join(query["sql"] for query in captured.captured_queries)
    assert answer["Location"].startswith(sandbox.url)
    (order,) = orders.orders_of(shop.shopper.pk)
    assert (order.quantity, order.total.minor, order.state) == (2, 3980, OrderState.AWAITING_PAYMENT)


def test_second_tap_is_the_same_order(sandbox: Sandbox, shop: Scene) -> None:
    browser = visitor(shop.shopper)
    fields = shown(browser, shop)
    first, second = (browser.post(url(shop), fields)["Location"] for _tap in range(2))
    assert first == second
    assert len(orders.orders_of(shop.shopper.pk)) == 1


def test_changed_price_is_shown_before_anything_is_ordered(shop: Scene) -> None:
    browser = visitor(shop.shopper)
    fields = shown(browser, shop)
    Offer.objects.filter(pk=shop.offer.pk).update(price=2090)
    answer = browser.post(url(shop), fields)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "The price has changed" in page
    assert "€20.90" in page
    assert orders.orders_of(shop.shopper.pk) == []


def test_changed_quantity_is_priced_first(shop: Scene) -> None:
    browser = visitor(shop.shopper)
    page = browser.post(url(shop), {**shown(browser, shop), "quantity": "2"}).content.decode()
    assert "€39.80" in page
    assert "new total" in page
    assert orders.orders_of(shop.shopper.pk) == []


@pytest.mark.parametrize("quantity", ["0", "-1", "100000", "two", ""])
def test_impossible_quantity_orders_nothing(shop: Scene, quantity: str) -> None:
    browser = visitor(shop.shopper)
    answer = browser.post(url(shop), {**shown(browser, shop), "quantity": quantity})
    assert answer.status_code == 422
    assert orders.orders_of(shop.shopper.pk) == []


def test_sold_out_meanwhile_is_told(shop: Scene) -> None:
    browser = visitor(shop.shopper)
    fields = shown(browser, shop)
    stock.set_capacity(offer_ref=shop.offer.public_id, capacity=0, by="a test", at=clock.now())
    answer = browser.post(url(shop), fields)
    assert answer.status_code == 409
    assert "sold out" in answer.content.decode()


def test_return_page_waits_and_turns(sandbox: Sandbox, shop: Scene) -> None:
    browser = visitor(shop.shopper)
    browser.post(url(shop), shown(browser, shop))
    (order,) = orders.orders_of(shop.shopper.pk)
    back = f"/pay/{order.order_ref}/return/"
    waiting = browser.get(back).content.decode()
    assert "Waiting for your payment" in waiting
    assert "data-live=" in waiting
    sandbox.pay(_payment_ref(order.order_ref))
    # no webhook reaches this test: the page asks the provider itself
    paid = browser.get(back).content.decode()
    assert "Your voucher is ready" in paid
    assert "/voucher/vch_" in paid
    assert visitor(people.person()).get(back).status_code == 404


def test_declined_payment_can_be_tried_again(sandbox: Sandbox, shop: Scene) -> None:
    browser = visitor(shop.shopper)
    browser.post(url(shop), shown(browser, shop))
    (order,) = orders.orders_of(shop.shopper.pk)
    sandbox.decline(_payment_ref(order.order_ref))
    page = browser.get(f"/pay/{order.order_ref}/return/").content.decode()
    assert "did not go through" in page
    again = browser.post(f"/pay/{order.order_ref}/")
    assert again["Location"].startswith(sandbox.url)
    assert visitor(people.person()).post(f"/pay/{order.order_ref}/").status_code == 404


def _payment_ref(order_ref: str) -> str:
    from hutong.pay.payments.queries import payment_for_order  # only these two tests look behind the page

    payment = payment_for_order(order_ref)
    assert payment
    return payment.ref


@pytest.fixture
def two_ways(sandbox: Sandbox, settings: Any) -> Iterator[StripeSimulator]:
    """A site that takes the sandbox and a simulated Stripe, and WeChat Pay, which takes no euros."""
    made = StripeSimulator()
    with running(made):
        settings.HUTONG_PROVIDERS = ["sandbox", "stripe", "wechat"]
        settings.HUTONG_PROVIDER_KEYS = {
            "stripe": {
                "secret_key": made.secret_key,
                "webhook_secrets": made.webhook_secrets,
                "url": made.url,
            },
            "wechat": {},
        }
        yield made


def _choices(page: str) -> list[str]:
    return re.findall(r'name="provider" value="(\w+)"', page)


def _checked(page: str) -> list[str]:
    return re.findall(r'name="provider" value="(\w+)"[^>]* checked', page)


def test_the_way_to_pay_is_chosen_and_remembered(two_ways: StripeSimulator, shop: Scene) -> None:
    browser = visitor(shop.shopper)
    page = browser.get(url(shop)).content.decode()
    assert (_choices(page), _checked(page)) == (["sandbox", "stripe"], ["sandbox"])
    answer = browser.post(url(shop), {**shown(browser, shop), "provider": "stripe"})
    assert answer["Location"].startswith(two_ways.url)
    assert answer["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert _checked(browser.get(url(shop)).content.decode()) == ["stripe"]
    (order,) = orders.orders_of(shop.shopper.pk)
    assert _checked(browser.get(f"/orders/{order.order_ref}/").content.decode()) == ["stripe"]


def test_a_way_that_is_not_offered_orders_nothing(two_ways: StripeSimulator, shop: Scene) -> None:
    browser = visitor(shop.shopper)
    for provider in ("wechat", "alipay", "nobody"):
        answer = browser.post(url(shop), {**shown(browser, shop), "provider": provider})
        assert answer.status_code == 422
        assert "not offered here" in answer.content.decode()
    assert orders.orders_of(shop.shopper.pk) == []


def test_a_payment_under_way_is_called_off_for_another_way(
    two_ways: StripeSimulator, sandbox: Sandbox, shop: Scene
) -> None:
    browser = visitor(shop.shopper)
    browser.post(url(shop), {**shown(browser, shop), "provider": "stripe"})
    (order,) = orders.orders_of(shop.shopper.pk)
    first = _payment_ref(order.order_ref)
    again = browser.post(f"/pay/{order.order_ref}/", {"provider": "sandbox"})
    assert again["Location"].startswith(sandbox.url)
    assert two_ways.books.trade(first).state is TradeState.CLOSED
    second = _payment_ref(order.order_ref)
    assert second != first
    # What is paid meanwhile is not asked for again.
    sandbox.pay(second)
    paid = browser.post(f"/pay/{order.order_ref}/", {"provider": "stripe"})
    assert paid["Location"].endswith(f"/pay/{order.order_ref}/return/")
    assert "Your voucher is ready" in browser.get(paid["Location"]).content.decode()


def test_where_nothing_takes_the_money_it_is_said(settings: Any, shop: Scene) -> None:
    settings.HUTONG_PROVIDERS = ["wechat"]
    settings.HUTONG_PROVIDER_KEYS = {"wechat": {}}
    browser = visitor(shop.shopper)
    assert "Nothing can be paid in EUR here yet" in browser.get(url(shop)).content.decode()
    answer = browser.post(url(shop), shown(browser, shop))
    assert (answer.status_code, orders.orders_of(shop.shopper.pk)) == (409, [])


def test_a_provider_that_is_away_leads_back_to_the_choice(
    two_ways: StripeSimulator, settings: Any, shop: Scene
) -> None:
    browser = visitor(shop.shopper)
    browser.post(url(shop), {**shown(browser, shop), "provider": "sandbox"})
    (order,) = orders.orders_of(shop.shopper.pk)
    keys = settings.HUTONG_PROVIDER_KEYS["stripe"]
    settings.HUTONG_PROVIDER_KEYS = {"stripe": {**keys, "url": f"http://127.0.0.1:{free_port()}"}}
    answer = browser.post(f"/pay/{order.order_ref}/", {"provider": "stripe"}, follow=True)
    page = answer.content.decode()
    assert "does not answer just now" in page
    assert "stripe" in _choices(page)


def test_beside_a_balance_as_much_is_left_as_the_way_to_pay_takes(
    two_ways: StripeSimulator, shop: Scene
) -> None:
    giftcards.card(1970, holder=shop.shopper)
    browser = visitor(shop.shopper)

    def page_of(provider: str) -> str:
        query = {"use_balance": "on", "provider": provider}
        return browser.get(url(shop), query).content.decode()

    assert "−€19.70" in page_of("sandbox")
    assert "takes €0.50 or more" not in page_of("sandbox")
    page = page_of("stripe")
    for words in ("−€19.40", "takes €0.50 or more, so a little of your balance stays on your cards"):
        assert words in page
    fields = dict(re.findall(r'name="(client_key|shown_\w+|store)" value="([^"]*)"', page_of("sandbox")))
    # without JavaScript the page still shows what was right for the other way
    sent = {**fields, "quantity": "1", "use_balance": "on", "provider": "stripe"}
    refused = browser.post(url(shop), sent)
    assert (refused.status_code, orders.orders_of(shop.shopper.pk)) == (409, [])
    assert "−€19.40" in refused.content.decode()
    answer = browser.post(url(shop), {**sent, "shown_balance": "1940"})
    assert answer["Location"].startswith(two_ways.url)
    (order,) = orders.orders_of(shop.shopper.pk)
    assert two_ways.books.trade(_payment_ref(order.order_ref)).amount == 50


def test_an_order_below_what_a_way_takes_is_paid_another_way(two_ways: StripeSimulator) -> None:
    cheap = scene(at=clock.now(), price=40)
    browser = visitor(cheap.shopper)
    page = browser.get(url(cheap), {"provider": "stripe"}).content.decode()
    assert "This way to pay takes €0.50 or more. Please choose another one" in page
    answer = browser.post(url(cheap), {**shown(browser, cheap), "provider": "stripe"})
    assert (answer.status_code, orders.orders_of(cheap.shopper.pk)) == (409, [])
    assert browser.post(url(cheap), {**shown(browser, cheap), "provider": "sandbox"}).status_code == 302
