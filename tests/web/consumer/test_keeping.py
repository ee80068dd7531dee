"""Wallet, voucher, orders, refund, and the page of one's own."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hutong.kernel import clock
from hutong.know.customers import queries as customers
from hutong.know.customers.models import Consent
from hutong.pay.payments.queries import payment_for_order
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.types import VoucherState
from tests.factories import people
from tests.factories.loop import Scene, scene
from tests.fakes.sandbox import Sandbox
from tests.web.visitors import visitor


@pytest.fixture
def shop() -> Scene:
    """A shop with a deal on sale now."""
    return scene(at=clock.now())


@pytest.mark.django_db
@pytest.mark.parametrize("quantity", [1, 3])
def test_wallet_in_seven_statements(shop: Scene, quantity: int) -> None:
    shop.bought(quantity=quantity)
    browser = visitor(shop.shopper)
    with CaptureQueriesContext(connection) as captured:
        page = browser.get("/wallet/").content.decode()
    assert (
        len(captured) <= 7
    )  # session, person, vouchers, offers, units, what waits for its group, what a shop asks
    assert page.count("data-keep>") == quantity
    assert "Ready to use" in page


@pytest.mark.django_db
def test_empty_wallet_says_where_to_find_something() -> None:
    page = visitor(people.person()).get("/wallet/").content.decode()
    assert "No vouchers to use" in page


@pytest.mark.django_db
def test_voucher_shows_code_and_turns_used(shop: Scene) -> None:
    (voucher,) = shop.bought()
    browser, path = visitor(shop.shopper), f"/voucher/{voucher.ref}/"
    page = browser.get(path).content.decode()
    assert voucher.code in page
    assert 'data-state="ready"' in page
    assert "data-live=" in page
    shop.scan(voucher.code)
    part = browser.get(path, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert 'data-state="used"' in part
    assert "data-settled" in part
    assert "Kahvila" in part


@pytest.mark.django_db
def test_what_is_somebody_elses_is_not_there(shop: Scene) -> None:
    (voucher,) = shop.bought()
    stranger = visitor(people.person())
    for path in (
        f"/voucher/{voucher.ref}/",
        f"/voucher/{voucher.ref}/refund/",
        f"/orders/{voucher.order_ref}/",
        f"/pay/{voucher.order_ref}/return/",
    ):
        assert stranger.get(path).status_code == 404
    assert stranger.post(f"/voucher/{voucher.ref}/refund/").status_code == 404


@pytest.mark.django_db
def test_orders(shop: Scene) -> None:
    (voucher,) = shop.bought()
    browser = visitor(shop.shopper)
    assert voucher.order_ref in browser.get("/orders/").content.decode()
    page = browser.get(f"/orders/{voucher.order_ref}/").content.decode()
    assert "€19.90" in page
    assert f"/voucher/{voucher.ref}/" in page


@pytest.mark.django_db(transaction=True)
def test_refund_says_amount_way_and_time_before_it_happens(sandbox: Sandbox, shop: Scene) -> None:
    browser = visitor(shop.shopper)
    voucher = _paid_voucher(shop, sandbox)
    path = f"/voucher/{voucher}/refund/"
    asked = browser.get(path).content.decode()
    for text in ("€19.90", "Back to your payment method", "working days", "cannot be undone"):
        assert text in asked
    assert browser.post(path).status_code == 409  # nobody was shown an amount
    assert browser.post(path, {"shown": 1990})["Location"] == f"/voucher/{voucher}/"
    page = browser.get(f"/voucher/{voucher}/").content.decode()
    assert 'data-state="refunded"' in page
    assert "€19.90 refunded" in page
    assert browser.post(path, {"shown": 1990}).status_code == 409
    assert "nothing to refund" in browser.get(path).content.decode()


@pytest.mark.django_db
def test_consent_is_taken_back(shop: Scene) -> None:
    shop.bought()
    browser, merchant_ref = visitor(shop.shopper), shop.merchant.public_id
    assert customers.has_consent(shop.shopper.public_id, merchant_ref)
    assert "Forget me" in browser.get("/me/consents/").content.decode()
    browser.post(f"/me/consents/{merchant_ref}/withdraw/")
    assert not customers.has_consent(shop.shopper.public_id, merchant_ref)
    assert "Forget me" not in browser.get("/me/consents/").content.decode()


@pytest.mark.django_db
def test_consent_has_the_day_of_the_place(shop: Scene) -> None:
    shop.bought()
    Consent.objects.update(granted_at=datetime(2026, 6, 1, 22, 30, tzinfo=UTC))
    assert "2 Jun 2026" in visitor(shop.shopper).get("/me/consents/").content.decode()


@pytest.mark.django_db
def test_own_page_is_there_for_everybody_and_masks_the_phone(shop: Scene) -> None:
    assert "Sign in" in visitor().get("/me/").content.decode()
    page = visitor(shop.shopper).get("/me/").content.decode()
    assert "•••" in page
    assert str(shop.shopper.phone) not in page


def _paid_voucher(shop: Scene, sandbox: Sandbox) -> str:
    """Order, pay at the sandbox, come back; the voucher's ref."""
    browser = visitor(shop.shopper)
    placed = shop.order()
    browser.post(f"/pay/{placed.order_ref}/")
    payment = payment_for_order(placed.order_ref)
    assert payment
    sandbox.pay(payment.ref)
    browser.get(f"/pay/{placed.order_ref}/return/")
    (voucher,) = vouchers.vouchers_of_order(placed.order_ref, at=clock.now())
    assert voucher.state is VoucherState.READY
    return voucher.ref
