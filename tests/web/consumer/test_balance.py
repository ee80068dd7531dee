"""The balance: opened with a code, shown with its history, used at checkout at the price that was shown."""

import re
from typing import Any

import pytest
from django.test import Client

from hutong.kernel import clock
from hutong.pay.giftcards import queries as giftcards_read
from hutong.pay.giftcards import services as giftcards_services
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState, OrderView
from hutong.pay.payments import queries as payments
from tests.factories import giftcards, people
from tests.factories.loop import Scene, scene
from tests.fakes.sandbox import Sandbox
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db(transaction=True)

FIELDS = r'name="(client_key|shown_hash|shown_quantity|shown_balance|shown_unit|store)" value="([^"]*)"'


@pytest.fixture
def shop() -> Scene:
    """A shop with a deal of 19.90 on sale now."""
    return scene(at=clock.now())


def url(shop: Scene) -> str:
    return f"/deal/{shop.offer.public_id}/buy/"


def shown(browser: Client, shop: Scene, **query: Any) -> dict[str, str]:
    """The fields of the checkout page, as a browser would send them."""
    page = browser.get(url(shop), query).content.decode()
    fields = dict(re.findall(FIELDS, page))
    ticked = {"use_balance": "on"} if query.get("use_balance") else {}
    return {**fields, **ticked, "quantity": fields["shown_quantity"]}


def test_without_a_card_nothing_is_said_of_a_balance(shop: Scene) -> None:
    page = visitor(shop.shopper).get(url(shop)).content.decode()
    assert "Use my balance" not in page
    assert "€19.90" in page


def test_a_part_of_the_price_comes_from_the_balance(sandbox: Sandbox, shop: Scene) -> None:
    giftcards.card(500, holder=shop.shopper)
    browser = visitor(shop.shopper)
    before = browser.get(url(shop)).content.decode()
    assert "Use my balance" in before
    assert "€14.90" not in before
    after = browser.get(url(shop), {"use_balance": "on"}).content.decode()
    for word in ("€19.90", "−€5.00", "€14.90", "Left to pay"):
        assert word in after
    answer = browser.post(url(shop), shown(browser, shop, use_balance="on"))
    assert answer["Location"].startswith(sandbox.url)
    (order,) = orders.orders_of(shop.shopper.pk)
    payment = payments.payment_for_order(order.order_ref)
    assert payment is not None
    assert (payment.amount.minor, order.total.minor) == (1490, 1990)
    seen = browser.get(f"/orders/{order.order_ref}/").content.decode()
    assert "From gift cards" in seen
    assert "€14.90" in seen
    assert "€14.90" in browser.get(f"/pay/{order.order_ref}/return/").content.decode()


def test_a_refund_in_two_parts_names_both(sandbox: Sandbox, shop: Scene) -> None:
    giftcards.card(500, holder=shop.shopper)
    browser = visitor(shop.shopper)
    browser.post(url(shop), shown(browser, shop, use_balance="on"))
    (order,) = orders.orders_of(shop.shopper.pk)
    payment = payments.payment_for_order(order.order_ref)
    assert payment is not None
    sandbox.pay(payment.ref)
    browser.get(f"/pay/{order.order_ref}/return/")
    path = f"/voucher/{_voucher(browser)}/"
    ((unit,),) = [line.units for line in _order(order.order_ref).lines]
    for page in (f"{path}refund/", f"/orders/{order.order_ref}/refund/?unit={unit.unit_ref}"):
        before = browser.get(page).content.decode()
        for word in ("€5.00 to your gift card", "€14.90 ·", "On your gift card at once", "your bank"):
            assert word in before
    body = {"unit": [unit.unit_ref], "shown": 1990, "reason": "It was closed", "ready": "refund.closed"}
    told = visitor(people.operator()).post(f"/operator/orders/{order.order_ref}/refund/", body, follow=True)
    assert "€5.00 is on the shopper&#x27;s gift card again." in told.content.decode()
    assert "€14.90 is on its way back to the shopper." in told.content.decode()
    after = browser.get(path).content.decode()
    for word in (
        "€5.00 refunded",
        "It is on the gift card again.",
        "€14.90 refunded",
        "Back to your payment method.",
    ):
        assert word in after


def _order(order_ref: str) -> OrderView:
    found = orders.order_view(order_ref)
    assert found
    return found


def test_all_of_the_price_comes_from_the_balance(shop: Scene) -> None:
    giftcards.card(5000, holder=shop.shopper)
    browser = visitor(shop.shopper)
    fields = shown(browser, shop, use_balance="on")
    answer = browser.post(url(shop), fields)
    (order,) = orders.orders_of(shop.shopper.pk)
    assert order.state is OrderState.PAID
    assert answer["Location"] == f"/pay/{order.order_ref}/return/"
    assert "Paid" in browser.get(answer["Location"]).content.decode()
    assert browser.post(url(shop), fields)["Location"] == f"/orders/{order.order_ref}/"
    assert len(orders.orders_of(shop.shopper.pk)) == 1
    history = browser.get("/me/balance/").content.decode()
    for word in ("€30.10", "−€19.90", "+€50.00", f"/orders/{order.order_ref}/"):
        assert word in history
    path = f"/voucher/{_voucher(browser)}/"
    before = browser.get(f"{path}refund/").content.decode()
    assert "To your gift card" in before
    assert "payment method" not in before
    assert "your bank" not in before
    give_back = browser.post(f"{path}refund/", {"shown": 1990}, follow=True).content.decode()
    assert "It is on the gift card again." in give_back
    assert "payment method" not in give_back
    assert giftcards_read.balance_of(shop.shopper.pk, "EUR").minor == 5000
    assert "It is on the gift card again." in browser.get(f"/orders/{order.order_ref}/").content.decode()


def _voucher(browser: Client) -> str:
    found = re.search(r"/voucher/(vch_\w+)/", browser.get("/wallet/").content.decode())
    assert found
    return found[1]


def test_ticking_the_box_without_javascript_shows_the_new_total_first(shop: Scene) -> None:
    giftcards.card(500, holder=shop.shopper)
    browser = visitor(shop.shopper)
    page = browser.post(url(shop), {**shown(browser, shop), "use_balance": "on"}).content.decode()
    assert "Please look at the new total, then pay." in page
    assert "€14.90" in page
    unticked = {**shown(browser, shop, use_balance="on")}
    del unticked["use_balance"]
    page = browser.post(url(shop), unticked).content.decode()
    assert "Please look at the new total, then pay." in page
    assert orders.orders_of(shop.shopper.pk) == []


def test_a_balance_that_is_gone_is_said_before_anything_is_ordered(shop: Scene) -> None:
    card = giftcards.card(500, holder=shop.shopper)
    browser = visitor(shop.shopper)
    fields = shown(browser, shop, use_balance="on")
    giftcards_services.block(card_ref=card.ref, reason="stolen phone", by=people.operator(), at=clock.now())
    answer = browser.post(url(shop), fields)
    assert answer.status_code == 409
    assert "Your balance has changed." in answer.content.decode()
    for wrong in ({"shown_unit": "SEK"}, {"shown_balance": "1991"}, {"shown_balance": "-5"}):
        assert browser.post(url(shop), {**fields, **wrong}).status_code in (409, 422)
    assert orders.orders_of(shop.shopper.pk) == []


def test_a_code_is_opened_once(shop: Scene) -> None:
    card, browser = giftcards.card(2500), visitor(shop.shopper)
    link = f"/me/balance/claim/?code={card.code}"
    assert card.code in browser.get(link).content.decode()
    assert giftcards_read.balance_of(shop.shopper.pk, "EUR").minor == 0
    answer = browser.post("/me/balance/claim/", {"code": card.code.lower().replace("-", " ")}, follow=True)
    assert "€25.00 is yours now." in answer.content.decode()
    late = visitor(people.person()).post("/me/balance/claim/", {"code": card.code})
    assert late.status_code == 404
    assert "somebody has opened it already" in late.content.decode()
    typo = browser.post("/me/balance/claim/", {"code": "AAAA"})
    assert typo.status_code == 422


def test_the_pages_are_for_who_is_signed_in(client: Client) -> None:
    for address in ("/me/balance/", "/me/balance/claim/"):
        assert client.get(address)["Location"].startswith("/sign-in/")
    assert "No gift cards yet" in visitor(people.person()).get("/me/balance/").content.decode()
