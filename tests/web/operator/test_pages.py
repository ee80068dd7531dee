"""The operator's work: figures, decisions, orders, refunds, books."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hutong.kernel import clock
from hutong.pay.orders.queries import order_view
from hutong.pay.payments import queries as payments
from hutong.town.catalog import services as catalog
from hutong.town.catalog.queries import offer_by_ref
from hutong.town.merchants.queries import merchant_by_ref, merchant_history
from tests.factories import catalog as catalog_factory
from tests.factories import merchants, people
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Shop:
    """A shop that is open now."""
    return shop()


@pytest.fixture
def browser() -> Client:
    """An operator's browser."""
    return visitor(people.operator())


def test_figures_of_the_day(here: Shop, browser: Client) -> None:
    first, _second = here.scene.bought(quantity=2)
    here.scene.scan(first.code)
    slug = here.scene.store.region.slug
    page = browser.get(f"/operator/?region={slug}")
    tiles = {tile.label: tile.value for tile in page.context["tiles"]}
    assert tiles == {"Sold": "€39.80", "Orders paid": "1", "Redeemed": "€19.90", "Refunded": "€0.00"}
    assert len(page.context["points"]) == 14
    hours = browser.get("/operator/?span=today").context["points"]
    assert 23 <= len(hours) <= 25


def test_a_site_without_a_town(browser: Client) -> None:
    assert "There is no town yet" in browser.get("/operator/").content.decode()


def test_approve_a_merchant(browser: Client) -> None:
    waiting = merchants.merchant(name="New Shop Oy", approved=False)
    assert "New Shop Oy" in browser.get("/operator/queue/").content.decode()
    response = browser.post(
        f"/operator/queue/{waiting.public_id}/decide/", {"decision": "approve"}, follow=True
    )
    assert response.redirect_chain == [("/operator/queue/", 302)]
    view = merchant_by_ref(waiting.public_id)
    assert view is not None
    assert view.state == "approved"


def test_a_refusal_needs_a_reason_and_keeps_it(browser: Client) -> None:
    waiting = merchants.merchant(name="New Shop Oy", approved=False)
    address = f"/operator/queue/{waiting.public_id}/decide/"
    missing = browser.post(address, {"decision": "reject", "reason": " "})
    assert missing.status_code == 422
    assert "Please give a reason" in missing.content.decode()
    browser.post(address, {"decision": "reject", "reason": "", "ready": "No such street."})
    (move,) = merchant_history(waiting.public_id)
    assert (move.to_state, move.reason, move.by_name) == ("rejected", "No such street.", "Olli Operator")
    late = browser.post(address, {"decision": "reject", "reason": "Again"})
    assert late.status_code == 409
    assert "decided already" in late.content.decode()
    assert browser.post(address, {"decision": "maybe"}).status_code == 404


def test_the_words_written_count_before_the_ready_reason(here: Shop, browser: Client) -> None:
    made = catalog_factory.offer(store=here.scene.store, live=False, title="Soup", at=here.at)
    catalog.submit_offer(offer_ref=made.public_id, by=None, at=here.at)
    shown = browser.get(f"/operator/queue/{made.public_id}/").content.decode()
    assert "Soup" in shown
    browser.post(
        f"/operator/queue/{made.public_id}/decide/",
        {"decision": "reject", "ready": "Ready words", "reason": "My words"},
    )
    offer = offer_by_ref(made.public_id)
    assert offer is not None
    assert offer.state == "rejected"
    shown = browser.get(f"/operator/queue/{made.public_id}/").content.decode()
    assert "My words" in shown
    assert "Ready words" not in shown


def test_orders_are_found(here: Shop, browser: Client) -> None:
    person = people.person(name="Väinö Mäkinen")
    mine = here.scene.order(by=person)
    other = here.scene.order()
    phone = str(person.phone)

    def found(query: str) -> set[str]:
        page = browser.get(f"/operator/orders/{query}")
        return {order.order_ref for order in page.context["orders"]}

    assert found("") == {mine.order_ref, other.order_ref}
    assert found(f"?q={mine.order_ref[-8:]}") == {mine.order_ref}
    assert found(f"?q={phone[-5:]}") == {mine.order_ref}
    assert found("?q=v%C3%A4in%C3%B6") == {mine.order_ref}
    assert found("?q=kahvila") == {mine.order_ref, other.order_ref}
    assert found("?q=%22name%22") == set()
    assert found("?state=paid") == set()
    assert found("?state=nonsense") == {mine.order_ref, other.order_ref}
    assert phone not in browser.get("/operator/orders/").content.decode()


def test_pages_follow_each_other_without_gap(
    here: Shop, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hutong.web.operator.orders.PAGE", 2)
    refs = [here.scene.order().order_ref for _number in range(5)]
    seen: list[str] = []
    address = "/operator/orders/"
    while address:
        page = browser.get(address)
        seen += [order.order_ref for order in page.context["orders"]]
        address = page.context["next_url"]
    assert seen == list(reversed(refs))


def test_an_order_shows_everything_but_its_codes(here: Shop, browser: Client) -> None:
    (voucher,) = here.scene.bought()
    here.scene.scan(voucher.code)
    page = browser.get(f"/operator/orders/{voucher.order_ref}/").content.decode()
    assert voucher.order_ref in page
    assert voucher.code not in page
    assert str(here.scene.shopper.phone) not in page
    assert "by itself" in page


def test_statements_of_an_order(here: Shop, browser: Client) -> None:
    for quantity in (1, 3):
        voucher = here.scene.bought(quantity=quantity)[0]
        with CaptureQueriesContext(connection) as seen:
            browser.get(f"/operator/orders/{voucher.order_ref}/")
        assert len(seen) <= 9, "\n".join(query["sql"][:80] for query in seen)


def test_a_refund_shows_its_amount_first(here: Shop, browser: Client) -> None:
    voucher = here.scene.bought(quantity=3)[0]
    order = order_view(voucher.order_ref)
    assert order is not None
    units = [unit.unit_ref for unit in order.lines[0].units]
    address = f"/operator/orders/{voucher.order_ref}/refund/"
    assert browser.get(address).status_code == 422
    shown = browser.get(address, {"unit": units[:2]}).content.decode()
    assert "€39.80" in shown
    unsaid = browser.post(address, {"unit": units[:2], "shown": 3980})
    assert "Please say why." in unsaid.content.decode()
    other = browser.post(address, {"unit": units[:2], "shown": 1990, "reason": "Closed"})
    assert "The amount has changed" in other.content.decode()
    assert payments.refunds_of_order(voucher.order_ref) == []


@pytest.mark.django_db(transaction=True)
def test_a_refund_is_made_and_a_failed_one_sent_again(here: Shop, browser: Client) -> None:
    """No provider answers here: the refund stays under way, and nothing is refunded twice."""
    voucher = here.scene.bought(quantity=2)[0]
    order = order_view(voucher.order_ref)
    assert order is not None
    unit = order.lines[0].units[0].unit_ref
    address = f"/operator/orders/{voucher.order_ref}/refund/"
    body = {"unit": [unit], "shown": 1990, "reason": "Closed"}
    done = browser.post(address, body, follow=True)
    assert done.redirect_chain == [(f"/operator/orders/{voucher.order_ref}/", 302)]
    (made,) = payments.refunds_of_order(voucher.order_ref)
    assert (made.amount.minor, made.reason, made.unit_refs) == (1990, "Closed", (unit,))
    assert browser.post(address, body).status_code == 422
    assert voucher.order_ref in browser.get("/operator/refunds/").content.decode()
    resent = browser.post(f"/operator/refunds/{made.ref}/resend/", follow=True)
    assert resent.status_code == 200
    assert len(payments.refunds_of_order(voucher.order_ref)) == 1


def test_the_books_are_checked_on_demand(here: Shop, browser: Client) -> None:
    here.scene.bought()
    before = browser.get("/operator/books/").context
    assert (before["checked"], before["held"], len(before["parts"])) == (False, [], 12)
    after = browser.get("/operator/books/?run=ours").context
    assert (after["checked"], after["problems"]) == (True, [])
    # every check has its own words: the page's list, without the one that asks the providers
    assert after["held"] == [part for part in after["parts"] if part.title != "The providers' own books"]
    assert after["zone"] == "Europe/Helsinki"


def test_what_does_not_add_up_names_its_part(here: Shop, browser: Client) -> None:
    here.scene.bought()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders_order SET total = total + 1")
    page = browser.get("/operator/books/?run=ours")
    # the total is neither the sum of the units nor that of the quote
    assert [entry.title for entry in page.context["problems"]] == ["Orders", "Orders"]
    assert "2 things do not add up" in page.content.decode()


def test_the_queue_is_in_the_order_of_waiting(here: Shop, browser: Client) -> None:
    late = merchants.merchant(name="Late", approved=False, at=clock.now())
    early = merchants.merchant(name="Early", approved=False, at=clock.now() - timedelta(days=2))
    page = browser.get("/operator/queue/")
    assert [item.ref for item in page.context["items"]] == [early.public_id, late.public_id]
    assert page.context["chosen"] == early.public_id
