"""Choosing what is refunded, on the shopper's, the shop's and the operator's page of an order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from hutong.kernel import audit, clock
from hutong.pay.orders.queries import order_view, units_of
from hutong.pay.payments import queries as payments
from hutong.pay.payments import services
from hutong.pay.payments.types import RefundReport, RefundView, ReportStatus
from hutong.town.merchants.types import Role
from hutong.web.shell.refunding import working_days
from tests.factories import merchants, people
from tests.web.visitors import Shop, shop, visitor

SIDES = ("shopper", "owner", "operator")


@pytest.fixture
def here() -> Shop:
    """A shop that is open now."""
    return shop()


def browser_of(here: Shop, side: str) -> tuple[Client, str]:
    """Somebody of a side, and where the orders of that side are."""
    person = {"shopper": here.scene.shopper, "owner": here.owner}.get(side) or people.operator()
    return visitor(person), {"shopper": "", "owner": "/merchant", "operator": "/operator"}[side] + "/orders/"


def one_used(here: Shop) -> tuple[str, str, list[str]]:
    """An order of three of which one was used: its ref, the used unit, the unused ones."""
    first, *_others = here.scene.bought(quantity=3)
    used = here.scene.scan(first.code).unit_ref
    refs = [unit.unit_ref for unit in units_of(first.order_ref)]
    return first.order_ref, used, [ref for ref in refs if ref != used]


@pytest.mark.django_db
@pytest.mark.parametrize("side", SIDES)
def test_units_are_chosen_and_the_amount_is_shown_before(here: Shop, side: str) -> None:
    order_ref, used, unused = one_used(here)
    browser, orders = browser_of(here, side)
    page = browser.get(f"{orders}{order_ref}/").content.decode()
    for ref in unused:
        assert f'value="{ref}"' in page
    assert (f'value="{used}"' in page) is (side != "shopper")
    nothing = browser.get(f"{orders}{order_ref}/refund/")
    assert (nothing.status_code, "Choose what is to be refunded." in nothing.content.decode()) == (422, True)
    shown = browser.get(f"{orders}{order_ref}/refund/", {"unit": unused})
    assert "Refund €39.80" in shown.content.decode()
    changed = browser.post(f"{orders}{order_ref}/refund/", {"unit": unused, "shown": 1, "reason": "Closed"})
    assert "Refund €39.80" in changed.content.decode()
    assert payments.refunds_of_order(order_ref) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("side", SIDES)
def test_the_second_tab_gets_a_clear_answer(here: Shop, side: str) -> None:
    order_ref, used, unused = one_used(here)
    chosen = [unused[0]] if side == "shopper" else [unused[0], used]
    browser, orders = browser_of(here, side)
    body = {"unit": chosen, "shown": 1990 * len(chosen), "reason": "It was closed"}
    asked = browser.post(f"{orders}{order_ref}/refund/", body, follow=True)
    assert asked.redirect_chain == [(f"{orders}{order_ref}/", 302)]
    (made,) = payments.refunds_of_order(order_ref)
    assert (made.amount.minor, set(made.unit_refs)) == (1990 * len(chosen), set(chosen))
    again = browser.post(f"{orders}{order_ref}/refund/", body)
    assert (again.status_code, "meanwhile" in again.content.decode()) == (422, True)
    assert len(payments.refunds_of_order(order_ref)) == 1
    assert len(audit.search(action="order.refunded").entries) == (side != "shopper")


@pytest.mark.django_db
@pytest.mark.parametrize("side", SIDES)
def test_units_of_another_order_cannot_be_chosen(here: Shop, side: str) -> None:
    order_ref, _used, unused = one_used(here)
    _other_ref, _other_used, others = one_used(here)
    browser, orders = browser_of(here, side)
    body = {"unit": [unused[0], others[0]], "shown": 3980, "reason": "It was closed"}
    assert browser.post(f"{orders}{order_ref}/refund/", body).status_code == 422
    assert payments.refunds_of_order(order_ref) == []


@pytest.mark.django_db
def test_a_shop_says_why(here: Shop) -> None:
    order_ref, used, _unused = one_used(here)
    browser, orders = browser_of(here, "owner")
    asked = browser.post(f"{orders}{order_ref}/refund/", {"unit": [used], "shown": 1990, "reason": " "})
    assert "Please say why." in asked.content.decode()
    assert "You earn nothing of it" in asked.content.decode()


@pytest.mark.django_db
def test_who_may_not_refund_for_the_shop(here: Shop) -> None:
    order_ref, _used, unused = one_used(here)
    accountant = people.person()
    merchants.staff(merchant=here.scene.merchant, person=accountant, role=Role.ACCOUNTANT)
    browser = visitor(accountant)
    assert 'name="unit"' not in browser.get(f"/merchant/orders/{order_ref}/").content.decode()
    assert browser.get(f"/merchant/orders/{order_ref}/refund/", {"unit": unused}).status_code == 403
    elsewhere = visitor(shop().owner)
    assert elsewhere.get(f"/merchant/orders/{order_ref}/refund/", {"unit": unused}).status_code == 404
    stranger = visitor(people.person())
    assert stranger.get(f"/orders/{order_ref}/refund/", {"unit": unused}).status_code == 404


def ended(here: Shop, status: ReportStatus, reason: str = "") -> RefundView:
    """A refund of one unit of which the provider says this."""
    (voucher,) = here.scene.bought()
    payment = payments.payment_for_order(voucher.order_ref)
    assert payment is not None
    made = services.request_refund(
        payment_ref=payment.ref, amount=payment.amount, unit_refs=[], reason="late_payment", at=clock.now()
    )
    services.record_refund(report=RefundReport(made.ref, status, "prv_1", reason), at=clock.now())
    return made


@pytest.mark.django_db
@pytest.mark.unbalanced  # a refund of no unit, and never booked
@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        (ReportStatus.DONE, "", "Should have arrived by"),
        (ReportStatus.PENDING, "", "Should arrive by"),
        (ReportStatus.PENDING, "ABNORMAL", "Not possible by itself"),
        (ReportStatus.FAILED, "closed_account", "Failed"),
    ],
)
def test_a_refund_is_shown_for_what_it_is(here: Shop, status: ReportStatus, reason: str, words: str) -> None:
    made = ended(here, status, reason)
    for side in SIDES:
        browser, orders = browser_of(here, side)
        page = browser.get(f"{orders}{made.order_ref}/").content.decode()
        assert words in page, side
        assert (reason != "" and reason in page) is (side == "operator" and reason != ""), side
        assert "Sandbox" in page, side
    waiting = visitor(people.operator()).get("/operator/refunds/").content.decode()
    assert (made.order_ref in waiting) is (status is not ReportStatus.DONE)
    assert ("by hand in the provider" in waiting) is (reason == "ABNORMAL")


@pytest.mark.django_db
def test_a_used_unit_that_was_refunded_says_both(here: Shop) -> None:
    order_ref, used, _unused = one_used(here)
    browser, orders = browser_of(here, "operator")
    browser.post(f"{orders}{order_ref}/refund/", {"unit": [used], "shown": 1990, "reason": "Cold"})
    found = order_view(order_ref)
    assert found is not None
    for side in SIDES:
        client, address = browser_of(here, side)
        page = client.get(f"{address}{order_ref}/").content.decode()
        assert page.count("refunded <time") == 1
        assert page.count("used <time") == 1


def test_working_days_leave_weekends_out() -> None:
    friday = datetime(2026, 6, 5, 9, 0, tzinfo=UTC)
    assert working_days(friday, 1) == friday + timedelta(days=3)
    assert working_days(friday, 5) == friday + timedelta(days=7)
