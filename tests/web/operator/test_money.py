"""Where the money is: every figure from the books, every figure with its way behind it."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hutong.flows import reconcile
from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger.types import PLATFORM, AccountKind
from hutong.pay.payments import queries as payments
from hutong.pay.payments.types import Bill, BillPayout
from tests.factories import people
from tests.factories.payments import line
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


def test_a_site_where_nobody_paid(browser: Client) -> None:
    assert "Nothing was paid yet" in browser.get("/operator/money/").content.decode()


def test_both_sides_add_up_and_every_figure_leads_on(here: Shop, browser: Client) -> None:
    used, _unused = here.scene.bought(quantity=1)[0], here.scene.bought()
    here.scene.scan(used.code)
    payment = payments.payment_for_order(used.order_ref)
    assert payment is not None
    bill = Bill((line(payment.ref, payment.amount, fee=30), line("", payment.amount, provider_ref="strange")))
    reconcile.keep(bill, provider="sandbox", on=clock.now().date(), at=clock.now())
    page = browser.get("/operator/money/")
    (part,) = page.context["parts"]
    sides = {
        here_or_whose: sum(piece.amount.minor for piece in part.pieces if piece.here is here_or_whose)
        for here_or_whose in (True, False)
    }
    held = ledger.balance(AccountKind.CLEARING, "sandbox", "EUR")
    assert sides[True] == sides[False] == -held.minor + 30  # the fee is where money went
    assert [figure.amount for figure in part.held] == [-held]
    shown = {figure.kind: figure.amount.minor for figure in part.others}
    assert shown[AccountKind.UNREDEEMED] == payment.amount.minor
    assert shown[AccountKind.DISCREPANCY] == payment.amount.minor
    commission = next(each for each in part.ours if each.label == "Commission")
    assert (commission.this_month, commission.last_month.minor) == (commission.amount, 0)
    assert commission.amount == ledger.balance(AccountKind.COMMISSION, PLATFORM, "EUR")
    series = json.loads(part.chart)["series"]
    assert sum(data["data"][1] or 0 for data in series) == pytest.approx(sides[True] / 100)
    urls = [each.url for each in (*part.held, *part.others, *part.ours)]
    urls += [each.work_url for each in part.others if each.work_url]
    for url in urls:
        assert browser.get(url).status_code == 200, url


def test_a_ledger_page_is_read_in_pages_and_leads_to_orders(
    here: Shop, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hutong.web.operator.money_accounts.PAGE", 2)
    vouchers = [here.scene.bought()[0] for _time in range(2)]
    here.scene.scan(vouchers[0].code)
    address = f"/operator/money/unredeemed/{here.scene.merchant.public_id}/EUR/"
    first = browser.get(address)
    second = browser.get(first.context["next_url"], headers={"HX-Request": "true"})
    lines = [*first.context["lines"], *second.context["lines"]]
    assert [str(each.why) for each in lines] == ["Redeemed", "Redeemed", "Paid", "Paid"]
    assert sum(each.amount.minor for each in lines) == first.context["balance"].minor
    assert second.context["next_url"] == ""
    assert "<html" not in second.content.decode()
    led = [browser.get("/operator/money/booking/", {"reference": each.reference}) for each in lines]
    orders = [vouchers[0].order_ref, vouchers[0].order_ref, vouchers[1].order_ref, vouchers[0].order_ref]
    assert [answer["Location"] for answer in led] == [f"/operator/orders/{order}/" for order in orders]
    for wrong in ("?before=x", "?before=-1", "?before=99999999999999999999"):
        assert browser.get(address + wrong).status_code == 404
    assert browser.get("/operator/money/nonsense/platform/EUR/").status_code == 404
    assert browser.get("/operator/money/nonsense/EUR/").status_code == 404
    assert browser.get("/operator/money/payable/mer_none/EUR/").status_code == 404
    assert (
        browser.get("/operator/money/booking/", {"reference": "fees:sandbox:2026-06-01"}).status_code == 404
    )


def test_the_statements_do_not_grow_with_the_books(here: Shop, browser: Client) -> None:
    counts = []
    for _time in range(2):
        here.scene.bought()
        with CaptureQueriesContext(connection) as seen:
            browser.get("/operator/money/")
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_what_came_to_the_bank_is_entered_and_taken_back(here: Shop, browser: Client) -> None:
    here.scene.bought()
    page = browser.get("/operator/money/")
    told = {"provider": "sandbox", "unit": "EUR", "amount": "7,50", "on": page.context["today"].isoformat()}
    told |= {"entry": page.context["entry"], "note": "Statement 7"}
    for _tap in range(2):
        assert "Entered." in browser.post("/operator/money/bank-in/", told, follow=True).content.decode()
    ((entered, label),) = browser.get("/operator/money/").context["bank_ins"]
    assert (entered.amount.minor, label, entered.note) == (750, "Sandbox", "Statement 7")
    (part,) = browser.get("/operator/money/").context["parts"]
    assert [figure.amount.minor for figure in part.held] == [1240, 750]
    for wrong, said in (
        ({"amount": "x"}, "Write an amount"),
        ({"amount": "99999", "entry": "2"}, "does not hold so much"),
        ({"amount": "0", "entry": "2"}, "above nothing"),
        ({"on": ""}, "This field is required"),
    ):
        assert said in browser.post("/operator/money/bank-in/", told | wrong, follow=True).content.decode()
    payout = BillPayout("po_1", Money(300, "EUR"), clock.now())
    reconcile.keep(Bill((), payouts=(payout,)), provider="sandbox", on=clock.now().date(), at=clock.now())
    billed = told | {"amount": "3", "entry": "3"}
    assert (
        "names this already: 3.00 EUR"
        in browser.post("/operator/money/bank-in/", billed, follow=True).content.decode()
    )
    another = browser.post("/operator/money/bank-in/", billed | {"another": "on"}, follow=True)
    assert "Entered." in another.content.decode()
    address = f"/operator/money/bank-in/{entered.bank_in_ref}/undo/"
    assert "Taken back." in browser.post(address, follow=True).content.decode()
    assert "taken back already" in browser.post(address, follow=True).content.decode()
    assert browser.post("/operator/money/bank-in/bki_none/undo/").status_code == 404
