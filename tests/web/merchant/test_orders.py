"""Orders, unused vouchers and what needs doing: who sees what, what is found, and what the files hold."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hutong.flows import approve, refund
from hutong.kernel import audit, clock
from hutong.pay.fees.types import Bearer
from hutong.town.catalog import services as catalog
from hutong.town.merchants.types import Role
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.models import Voucher
from tests.factories import catalog as catalog_factory
from tests.factories import merchants, people
from tests.factories.fees import rule
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Shop:
    """A shop that is open now."""
    return shop()


def test_orders_are_found_by_number_and_three_digits_and_never_by_more(here: Shop) -> None:
    (voucher,) = here.scene.bought()
    phone = here.scene.shopper.phone or ""
    browser = visitor(here.owner)
    for text, number in (
        (voucher.order_ref, 1),
        (voucher.order_ref[-6:].upper(), 1),
        (phone[-3:], 1),
        (phone[-4:], 0),
        (phone[-2:], 0),
        (phone, 0),
        ("victoria", 0),
        ("%", 0),
    ):
        found = browser.get("/merchant/orders/", {"q": text}).context["orders"]
        assert len(found) == number, text
    page = browser.get("/merchant/orders/").content.decode()
    assert phone not in page
    assert phone[-3:] in page


def test_orders_are_narrowed_by_state_deal_and_days(here: Shop) -> None:
    here.scene.bought()
    here.scene.order()
    other = catalog_factory.offer(store=here.scene.store, at=here.at, title="Soup")
    browser = visitor(here.owner)
    day = clock.local(here.at, here.scene.store.region.zone).date()

    def number(**wanted: str) -> int:
        return len(browser.get("/merchant/orders/", wanted).context["orders"])

    assert (number(), number(state="paid"), number(state="awaiting_payment")) == (2, 1, 1)
    assert (number(deal=here.scene.offer.public_id), number(deal=other.public_id)) == (2, 0)
    assert number(since=day.isoformat(), until=day.isoformat()) == 2
    assert number(until=(day - timedelta(days=1)).isoformat()) == 0
    assert number(since="9999-12-31", state="nonsense", before="") == 2
    assert number(since="0001-01-01") == 2


def test_orders_go_on_page_by_page(here: Shop) -> None:
    for _number in range(27):
        here.scene.order(by=people.person())
    browser = visitor(here.owner)
    first = browser.get("/merchant/orders/")
    second = browser.get(first.context["next_url"], headers={"HX-Request": "true"})
    assert (len(first.context["orders"]), len(second.context["orders"])) == (25, 2)
    assert "<html" not in second.content.decode()
    assert second.context["next_url"] == ""


def test_an_order_shows_uses_refunds_and_commission_and_no_code(here: Shop) -> None:
    used, unused = here.scene.bought(quantity=2)
    here.scene.scan(used.code)
    refund._request(unused.order_ref, [unused.uses[0].unit_ref], "", here.scene.shopper, False, here.at)
    page = visitor(here.owner).get(f"/merchant/orders/{used.order_ref}/").content.decode()
    assert "used <time" in page
    assert "Refunded" in page
    assert "€3.98" in page
    for secret in (
        used.code,
        unused.code,
        used.ref,
        here.scene.shopper.phone or "",
        here.scene.shopper.public_id,
    ):
        assert secret not in page


def test_an_order_tells_everything_that_is_kept_of_it_and_why(here: Shop) -> None:
    rule(
        at=here.at, merchant=here.scene.merchant.public_id, rate_ppm=100_000, tax_ppm=255_000,
        bearer=Bearer.MERCHANT, provider_fixed=25, unit="EUR",
    )  # fmt: skip
    (voucher,) = here.scene.bought()
    page = visitor(here.owner).get(f"/merchant/orders/{voucher.order_ref}/").content.decode()
    for words in ("€1.99", "€0.51", "€0.25", "Agreed with your shop."):
        assert words in page
    here.scene.scan(voucher.code)
    assert "€2.75 commission, tax and fees" in visitor(here.owner).get("/merchant/").content.decode()


def test_an_order_of_another_shop_is_not_there(here: Shop) -> None:
    (voucher,) = shop().scene.bought()
    assert visitor(here.owner).get(f"/merchant/orders/{voucher.order_ref}/").status_code == 404


def test_an_accountant_of_one_store_sees_its_orders_only(here: Shop) -> None:
    merchant = here.scene.merchant
    second = merchants.store(merchant=merchant, name="Second")
    person = people.person(name="Anna Accountant")
    merchants.staff(merchant=merchant, person=person, role=Role.ACCOUNTANT, store=second)
    (voucher,) = here.scene.bought()
    browser = visitor(person)
    assert browser.get("/merchant/orders/").context["orders"] == []
    assert browser.get(f"/merchant/orders/{voucher.order_ref}/").status_code == 404
    assert voucher.order_ref not in browser.get("/merchant/orders/table.csv").content.decode()
    assert browser.get("/merchant/vouchers/").status_code == 403


def test_the_table_has_every_order_and_no_formula(here: Shop) -> None:
    made = catalog_factory.offer(store=here.scene.store, at=here.at, title="=HYPERLINK(1)")
    here.scene.offer = made
    (voucher,) = here.scene.bought()
    response = visitor(here.owner).get("/merchant/orders/table.csv")
    assert response["Content-Type"].startswith("text/csv")
    header, line = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert header[0] == "Order"
    assert (line[0], line[4], line[6], line[8]) == (voucher.order_ref, "'=HYPERLINK(1)", "19.90", "EUR")
    assert (here.scene.shopper.phone or "")[-7:] not in response.content.decode()


def test_unused_vouchers_hold_longer_and_never_shorter(here: Shop) -> None:
    first, second = here.scene.bought(quantity=2)
    here.scene.scan(second.code)
    browser, ref = visitor(here.owner), here.scene.offer.public_id
    Voucher.objects.filter(public_id=first.ref).update(valid_until=here.at + timedelta(days=10))
    page = browser.get("/merchant/vouchers/")
    ((_first, _last, ((line, _proposed),)),) = page.context["weeks"]
    assert (line.vouchers, line.uses) == (1, 1)
    until = clock.local(here.at, "Europe/Helsinki").date() + timedelta(days=60)
    said = browser.post(f"/merchant/vouchers/{ref}/extend/", {"until": until.isoformat()}, follow=True)
    assert "1 voucher holds longer now." in said.content.decode()
    held = vouchers.voucher_view(first.ref, here.scene.shopper, at=here.at)
    assert held is not None
    assert (
        clock.local(held.valid_until, "Europe/Helsinki").isoformat()[:19]
        == f"{until + timedelta(days=1)}T00:00:00"
    )
    again = browser.post(f"/merchant/vouchers/{ref}/extend/", {"until": until.isoformat()}, follow=True)
    assert "All of them hold that long already." in again.content.decode()
    shorter = (until - timedelta(days=30)).isoformat()
    browser.post(f"/merchant/vouchers/{ref}/extend/", {"until": shorter})
    unchanged = vouchers.voucher_view(first.ref, here.scene.shopper, at=here.at)
    assert unchanged is not None
    assert unchanged.valid_until == held.valid_until
    (entry,) = audit.search(action="vouchers.extended").entries
    assert entry.changes["vouchers"] == [None, 1]


@pytest.mark.parametrize("until", ["2020-01-01", "9999-12-31", "soon", ""])
def test_an_odd_last_day_changes_nothing(here: Shop, until: str) -> None:
    (voucher,) = here.scene.bought()
    browser = visitor(here.owner)
    response = browser.post(
        f"/merchant/vouchers/{here.scene.offer.public_id}/extend/", {"until": until}, follow=True
    )
    assert "Choose a day from today on, within two years." in response.content.decode()
    assert Voucher.objects.get().valid_until == voucher.valid_until


def test_what_has_expired_stays_expired(here: Shop) -> None:
    (voucher,) = here.scene.bought()
    Voucher.objects.update(valid_from=here.at - timedelta(days=2), valid_until=here.at - timedelta(days=1))
    until = (here.at + timedelta(days=30)).date().isoformat()
    visitor(here.owner).post(f"/merchant/vouchers/{here.scene.offer.public_id}/extend/", {"until": until})
    assert Voucher.objects.get(public_id=voucher.ref).valid_until == here.at - timedelta(days=1)


def test_another_shops_vouchers_are_left_alone(here: Shop) -> None:
    other = shop()
    (voucher,) = other.scene.bought()
    url = f"/merchant/vouchers/{other.scene.offer.public_id}/extend/"
    until = (here.at + timedelta(days=200)).date().isoformat()
    assert visitor(here.owner).post(url, {"until": until}).status_code == 404
    assert Voucher.objects.get(public_id=voucher.ref).valid_until == voucher.valid_until


def test_home_says_what_needs_doing(here: Shop) -> None:
    store = here.scene.store
    refused = catalog_factory.offer(store=store, live=False, title="Soup", at=here.at)
    catalog.submit_offer(offer_ref=refused.public_id, by=here.owner, at=here.at)
    approve.approve_offer(
        offer_ref=refused.public_id, approve=False, reason="Say more", by=people.operator(), at=here.at
    )
    here.scene.bought()
    Voucher.objects.update(valid_until=here.at + timedelta(days=3))
    page = visitor(here.owner).get("/merchant/")
    words = [todo.words for todo in page.context["todos"]]
    assert words[0].startswith("The platform refused this deal")
    assert "1 unused voucher ends within a week" in words
    assert "No description of the shop" in words


def test_home_by_role(here: Shop) -> None:
    merchant = here.scene.merchant
    here.scene.scan(here.scene.bought()[0].code)
    courier, accountant = people.person(), people.person()
    merchants.staff(merchant=merchant, person=courier, role=Role.COURIER)
    merchants.staff(merchant=merchant, person=accountant, role=Role.ACCOUNTANT)
    plain = visitor(courier).get("/merchant/").content.decode()
    assert "Nothing for you to do here yet" in plain
    assert "Coffee and cake" not in plain
    money = visitor(accountant).get("/merchant/")
    assert money.context["earned"].gross.minor == 1990
    assert [action["label"] for action in money.context["actions"]] == ["Orders"]
    scans = visitor(here.cashier).get("/merchant/")
    assert [action["label"] for action in scans.context["actions"]] == ["Scan a voucher"]
    assert scans.context["todos"] == []


def test_the_first_day_of_a_shop_that_waits() -> None:
    owner = people.person(name="Olga")
    merchant = merchants.merchant(owner=owner, approved=False)
    merchants.store(merchant=merchant)
    page = visitor(owner).get("/merchant/")
    said = page.content.decode()
    assert "has not approved your shop yet" in said
    assert "A first deal, handed in" in said
    assert {line.item: line.done for line in page.context["checks"]}["hours"] is True
    assert "Scan a voucher" not in said


@pytest.mark.parametrize("number", [1, 3])
def test_statements(here: Shop, number: int) -> None:
    """The same for one order and voucher as for three; session, person and the desk's three are in it."""
    for index in range(number):
        here.scene.scan(here.scene.bought(quantity=2)[0].code)
        made = catalog_factory.offer(store=here.scene.store, at=here.at, title=f"Soup {index}", live=False)
        catalog.submit_offer(offer_ref=made.public_id, by=here.owner, at=here.at)
    browser = visitor(here.owner)
    (order, *_rest) = browser.get("/merchant/orders/").context["orders"]
    for path, most in (
        ("/merchant/", 17),
        ("/merchant/orders/", 8),
        (f"/merchant/orders/{order.order_ref}/", 12),
        ("/merchant/vouchers/", 8),
    ):
        with CaptureQueriesContext(connection) as seen:
            assert browser.get(path).status_code == 200
        assert len(seen) <= most, f"{path}: {len(seen)}\n" + "\n".join(query["sql"][:90] for query in seen)
