"""A shopper's receipt: what was bought, the tax in it, how it was paid, what went back."""

from __future__ import annotations

from typing import Any

import pytest
from pypdfium2 import PdfDocument

from hutong.flows import refund
from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.orders import queries as orders
from hutong.pay.payments import queries as payments
from hutong.pay.payments.types import DisputeStatus, RefundReport, ReportStatus
from hutong.web.shell.refunding import way_of
from hutong.web.shell.templatetags.hutong import time_words
from tests.factories import people
from tests.factories.disputes import report, tell
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Shop:
    """A shop that is open now."""
    return shop()


def bought(here: Shop, *, quantity: int = 2) -> str:
    return str(here.scene.bought(quantity=quantity)[0].order_ref)


def test_a_receipt_names_what_was_paid_and_the_tax_in_it(here: Shop) -> None:
    order_ref = bought(here)
    browser = visitor(here.scene.shopper)
    assert f"/orders/{order_ref}/receipt/" in browser.get(f"/orders/{order_ref}/").content.decode()
    found = browser.get(f"/orders/{order_ref}/receipt/").context["receipt"]
    units = orders.units_of(order_ref)
    assert found.left == sum((unit.paid for unit in units), Money(0, "EUR"))
    assert found.tax == sum((unit.tax for unit in units), Money(0, "EUR"))
    ((way, amount),) = found.paid_with
    assert (way, amount) == (way_of("sandbox"), found.left)

    answer = browser.get(f"/orders/{order_ref}/receipt/pdf/")
    text = PdfDocument(answer.content)[0].get_textpage().get_text_range()
    for words in ("Receipt", "Coffee and cake", "€39.80", order_ref):
        assert words in text


def test_what_went_back_is_taken_off(here: Shop) -> None:
    order_ref = bought(here)
    unit = orders.units_of(order_ref)[0]
    given = refund.refund(
        order_ref=order_ref, unit_refs=[unit.unit_ref], reason="shopper", by=here.scene.shopper,
        as_operator=False, at=clock.now(),
    )  # fmt: skip
    refund.finish(report=RefundReport(given.ref, ReportStatus.DONE), at=clock.now())
    assert payments.refund_by_ref(given.ref) is not None
    found = visitor(here.scene.shopper).get(f"/orders/{order_ref}/receipt/").context["receipt"]
    ((_way, back),) = found.refunds
    assert back.amount == unit.paid
    assert found.left == unit.paid
    assert found.tax == orders.units_of(order_ref)[1].tax
    assert back.done_at is not None
    answer = visitor(here.scene.shopper).get(f"/orders/{order_ref}/receipt/pdf/")
    text = PdfDocument(answer.content)[0].get_textpage().get_text_range()
    zone = here.scene.store.region.zone
    assert f"Refunded on {time_words(back.done_at, zone, 'date')} to" in text
    assert "−€19.90" in text


def test_only_the_shopper_sees_it_and_only_of_what_was_paid(here: Shop) -> None:
    order_ref, unpaid = bought(here), here.scene.order().order_ref
    for address in ("receipt/", "receipt/pdf/"):
        assert visitor(people.person()).get(f"/orders/{order_ref}/{address}").status_code == 404
        assert visitor(here.owner).get(f"/orders/{order_ref}/{address}").status_code == 404
        assert visitor(here.scene.shopper).get(f"/orders/{unpaid}/{address}").status_code == 404
        assert visitor().get(f"/orders/{order_ref}/{address}").status_code == 302


def test_what_a_bank_took_back_is_named_on_order_and_receipt(here: Shop) -> None:
    order_ref, now = bought(here), clock.now()
    unit = orders.units_of(order_ref)[0]
    for status in (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.LOST):
        tell(report(order_ref, status, fee=0, amount=unit.paid), now)
    browser = visitor(here.scene.shopper)
    found = browser.get(f"/orders/{order_ref}/receipt/").context["receipt"]

    assert ([each.amount for each in found.taken], found.refunds, found.left) == ([unit.paid], [], unit.paid)
    assert found.tax == orders.units_of(order_ref)[1].tax
    page = browser.get(f"/orders/{order_ref}/")
    assert (page.context["refunded"], [each.amount for each in page.context["taken"]]) == (
        Money(0, "EUR"),
        [unit.paid],
    )
    words = page.content.decode()
    assert ("Taken back by your bank" in words, "<dt>Refunded</dt>" in words) == (True, False)
    answer = browser.get(f"/orders/{order_ref}/receipt/pdf/")
    text = PdfDocument(answer.content)[0].get_textpage().get_text_range()
    assert f"Taken back by your bank on {time_words(now, here.scene.store.region.zone, 'date')}" in text


def test_where_the_platform_bears_a_chargeback_the_receipt_says_what_is_left(
    here: Shop, settings: Any
) -> None:
    settings.HUTONG_DISPUTES_BORNE_BY = "platform"
    (voucher,) = here.scene.bought()
    here.scene.scan(voucher.code, at=clock.now())
    for status in (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.LOST):
        tell(report(voucher.order_ref, status, fee=0), clock.now())
    browser = visitor(here.scene.shopper)
    found = browser.get(f"/orders/{voucher.order_ref}/receipt/").context["receipt"]
    assert (found.left, found.tax) == (Money(0, "EUR"), Money(0, "EUR"))


@pytest.mark.parametrize("state", [None, ReportStatus.FAILED])
def test_the_tax_is_that_of_the_money_that_is_not_back_yet(here: Shop, state: ReportStatus | None) -> None:
    order_ref = bought(here)
    units = orders.units_of(order_ref)
    asked = refund._request(order_ref, [units[0].unit_ref], "", here.scene.shopper, False, clock.now())
    if state:
        refund.finish(report=RefundReport(asked.ref, state, reason="card closed"), at=clock.now())
    browser = visitor(here.scene.shopper)
    found = browser.get(f"/orders/{order_ref}/receipt/").context["receipt"]
    assert found.left == units[0].paid + units[1].paid
    assert found.tax == units[0].tax + units[1].tax
