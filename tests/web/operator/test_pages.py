"""The operator's work: figures, decisions, orders, refunds, books."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hutong.flows import reconcile
from hutong.kernel import audit, clock
from hutong.pay.orders.queries import order_view
from hutong.pay.payments import queries as payments
from hutong.pay.payments.types import AgreedFee
from hutong.web.operator.books import TITLES
from tests.factories import people
from tests.factories.payments import difference
from tests.factories.regions import region
from tests.fakes.sandbox import Sandbox
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


def test_a_site_without_a_town(browser: Client) -> None:
    assert "There is no town yet" in browser.get("/operator/").content.decode()


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
    assert found(f"?q={phone[-5:]}") == set()
    assert found("?" + urlencode({"q": phone})) == {mine.order_ref}
    payment = payments.payment_for_order(other.order_ref)
    assert payment is not None
    assert found(f"?q={payment.ref}") == {other.order_ref}
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
        assert len(seen) <= 16, "\n".join(query["sql"][:80] for query in seen)


def test_a_refund_shows_its_amount_first(here: Shop, browser: Client) -> None:
    voucher = here.scene.bought(quantity=3)[0]
    order = order_view(voucher.order_ref)
    assert order is not None
    units = [unit.unit_ref for unit in order.lines[0].units]
    address = f"/operator/orders/{voucher.order_ref}/refund/"
    assert browser.get(address).status_code == 422
    shown = browser.get(address, {"unit": units[:2]})
    assert "€39.80" in shown.content.decode()
    (part,) = shown.context["parts"]
    assert (part["quantity"], part["amount"].minor) == (2, 3980)
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
    body = {"unit": [unit], "shown": 1990, "ready": "refund.closed"}
    done = browser.post(address, body, follow=True)
    assert done.redirect_chain == [(f"/operator/orders/{voucher.order_ref}/", 302)]
    (made,) = payments.refunds_of_order(voucher.order_ref)
    assert (made.amount.minor, made.reason, made.unit_refs) == (
        1990,
        "The shop was closed or could not serve it.",
        (unit,),
    )
    (entry,) = audit.search(action="order.refunded").entries
    assert (entry.subject_ref, entry.merchant_ref) == (voucher.order_ref, order.merchant_ref)
    assert entry.changes["amount"] == [None, 1990]
    assert browser.post(address, body).status_code == 422
    assert voucher.order_ref in browser.get("/operator/refunds/").content.decode()
    resent = browser.post(f"/operator/refunds/{made.ref}/resend/", follow=True)
    assert resent.status_code == 200
    assert len(payments.refunds_of_order(voucher.order_ref)) == 1


def test_all_of_money_is_one_entry_with_a_row_of_pages(here: Shop, browser: Client) -> None:
    here.scene.bought()
    context = browser.get("/operator/bills/").context
    assert [entry["label"] for entry in context["nav"] if entry["current"]] == ["Money"]
    row = {each["url"]: each for each in context["money_pages"]}
    assert [url for url, each in row.items() if each["current"]] == ["/operator/bills/"]
    assert {"/operator/refunds/", "/operator/books/"} <= row.keys()
    for url in row:
        assert browser.get(url).status_code == 200
    assert browser.get("/operator/orders/").context["money_pages"] == []


def test_the_books_are_checked_on_demand(here: Shop, browser: Client) -> None:
    here.scene.bought()
    before = browser.get("/operator/books/").context
    assert (before["checked"], before["held"], len(before["parts"])) == (False, [], len(TITLES))
    after = browser.get("/operator/books/?run=ours").context
    assert (after["checked"], after["problems"]) == (True, [])
    # every check has its own words: the page's list, without the one that asks the providers
    asked = {(part.title, part.text) for part in after["parts"] if part.title != "The providers' own books"}
    assert {(part.title, part.text) for part in after["held"]} == asked
    assert after["zone"] == "Europe/Helsinki"


@pytest.mark.unbalanced("changes the books behind the services")
def test_what_does_not_add_up_names_its_part(here: Shop, browser: Client) -> None:
    here.scene.bought()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders_order SET total = total + 1")
    page = browser.get("/operator/books/?run=ours")
    # the total is neither the sum of the units nor that of the quote
    assert [entry.title for entry in page.context["problems"]] == ["Orders", "Orders"]
    assert "2 things do not add up" in page.content.decode()


def test_differences_of_a_bill_are_explained_on_their_page(
    here: Shop, browser: Client, sandbox: Sandbox
) -> None:
    now = clock.now()
    here.scene.bought()
    assert "Nothing to explain" in browser.get("/operator/bills/").content.decode()
    for day in (1, 2):
        reconcile.run(at=now + timedelta(days=day))
    page = browser.get("/operator/bills/")
    (row,) = page.context["waiting"]
    assert str(row.label) == "On no bill"
    assert row.order_ref in page.content.decode()
    assert [choice.value for choice in row.choices] == ["promised", "our_row", "written_off"]
    address = f"/operator/bills/{row.difference.difference_ref}/"

    def say(explanation: str, note: str) -> str:
        told = {"explanation": explanation, "note": note}
        return browser.post(f"{address}explain/", told, follow=True).content.decode()

    assert "Please choose what explains" in say("", "Paid in a test.")
    assert "Please say what explains" in say("promised", "")
    assert payments.open_differences()
    done = say("written_off", "Paid in a test.")
    assert "Explained." in done
    assert "Nothing to explain" in done
    assert "explained already" in say("written_off", "Again.")
    assert "Taken back" in browser.post(f"{address}take-back/", follow=True).content.decode()
    assert payments.open_differences()
    assert "explained already" in browser.post(f"{address}confirm/", follow=True).content.decode()
    nothing = {"explanation": "noted", "note": "?"}
    assert browser.post("/operator/bills/dif_none/explain/", nothing).status_code == 404


def test_an_operator_says_what_a_service_may_keep(browser: Client) -> None:
    region()
    said = {"provider": "sandbox", "unit": "EUR", "percent": "1,4", "fixed": "0,25", "since": "2026-06-01"}

    def say(**other: str) -> str:
        return browser.post("/operator/bills/agreed/", said | other, follow=True).content.decode()

    assert "1.4% + €0.25" in say()
    say(percent="")
    assert "0% + €0.25" in browser.get("/operator/bills/").content.decode()
    for wrong in (
        {"percent": "much"},
        {"fixed": "x"},
        {"provider": "paypal"},
        {"unit": "XXX"},
        {"since": ""},
    ):
        say(**wrong)
    assert payments.agreed_rates()[0].fee == AgreedFee(0, 25)
    assert "Fees are not looked at" in say(percent="", fixed="")
    assert payments.agreed_rates() == []


def test_a_large_write_off_takes_two_operators(browser: Client, settings: Any) -> None:
    settings.HUTONG_WRITE_OFF_LIMIT = 100
    ref = difference(at=clock.now())
    address = f"/operator/bills/{ref}/"
    said = {"explanation": "written_off", "note": "They are gone."}
    assert "Another operator" in browser.post(f"{address}explain/", said, follow=True).content.decode()
    own = browser.get("/operator/bills/").content.decode()
    assert "Waits for another operator" in own
    assert "Agree to write it off" not in own
    other = visitor(people.operator())
    assert "Agree to write it off" in other.get("/operator/bills/").content.decode()
    assert "Written off." in other.post(f"{address}confirm/", follow=True).content.decode()
