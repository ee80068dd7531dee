"""The operator pays merchants out: due, batch, approval, file, what the bank said; and closes months."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from hutong.flows import jobs, payouts
from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.settlement import queries as settlement
from hutong.pay.settlement.types import BatchState, PayoutState, PayoutView
from hutong.town.notifications.models import Notification
from tests.factories import people
from tests.factories.settlement import IBAN
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def due(settings: Settings) -> Shop:
    """A shop to whom something is due."""
    settings.HUTONG_HOLDBACK_DAYS = 0
    settings.HUTONG_BANK_IBAN = IBAN
    made = shop()
    account = {
        "holder": "Kahvila Oy", "country": "FI", "iban": IBAN, "account_number": "", "bank_code": "", "bic": "",
    }  # fmt: skip
    payouts.set_account(
        merchant_ref=made.scene.merchant.public_id, typed=account, by=made.owner, at=clock.now()
    )
    for voucher in made.scene.bought(quantity=2):
        made.scene.scan(voucher.code, at=clock.now())
    return made


@pytest.fixture
def desk() -> Client:
    """An operator's browser."""
    return visitor(people.operator())


def make(desk: Client) -> str:
    answer = desk.post("/operator/payouts/make/", {"unit": "EUR"})
    return str(answer["Location"]).rstrip("/").rpartition("/")[2]


def only(batch_ref: str) -> PayoutView:
    (found,) = settlement.payouts_of_batch(batch_ref)
    return found


def test_a_batch_goes_all_the_way(due: Shop, desk: Client) -> None:
    (part,) = desk.get("/operator/payouts/").context["parts"]
    assert (part["merchants"], part["waiting"]) == (1, [])
    ref = make(desk)
    base = f"/operator/payouts/batches/{ref}"
    assert only(ref).amount == part["total"]
    # no file before it was sent
    assert desk.get(f"{base}/file/csv/").status_code == 409
    for step, state in (("approve", BatchState.APPROVED), ("send", BatchState.SENT)):
        page = desk.post(f"{base}/{step}/", follow=True)
        assert page.context["batch"].state is state
    (root,) = ElementTree.fromstring(desk.get(f"{base}/file/xml/").content)
    assert only(ref).amount.major_text in [each.text for each in root.iter()]
    # all of it is in the XML; a bank that takes both files would pay it twice
    assert desk.get(f"{base}/file/csv/").status_code == 409
    assert [page.context[name] for name in ("in_xml", "in_table")] == [1, 0]
    assert desk.get(f"{base}/file/exe/").status_code == 404

    desk.post(f"/operator/payouts/{only(ref).ref}/bounced/", {"reason": ""})
    assert only(ref).state is PayoutState.SENT
    desk.post(f"{base}/paid/")
    assert only(ref).state is PayoutState.PAID
    desk.post(f"/operator/payouts/{only(ref).ref}/bounced/", {"reason": "account closed"})
    jobs.drain()
    kinds = set(Notification.objects.filter(person=due.owner).values_list("kind", flat=True))
    assert {"payout_paid", "payout_bounced"} <= kinds
    assert "account closed" in desk.get(f"{base}/").content.decode()
    (part,) = desk.get("/operator/payouts/").context["parts"]
    assert part["total"] == only(ref).amount


def test_no_payout_is_in_two_files_and_what_came_back_in_none(
    due: Shop, desk: Client, settings: Settings
) -> None:
    ref = make(desk)
    base = f"/operator/payouts/batches/{ref}"
    for step in ("approve", "send"):
        desk.post(f"{base}/{step}/")
    one = only(ref)
    chinese = replace(one, ref="pyt_far", details=replace(one.details, iban="", account_number="6222"))
    returned = replace(chinese, ref="pyt_back", state=PayoutState.BOUNCED)
    dropped = replace(one, ref="pyt_never", state=PayoutState.DROPPED)
    assert payouts.for_bank([one, chinese, returned, dropped]) == ([one], [chinese])

    settings.HUTONG_BANK_IBAN = ""
    assert payouts.for_bank([one, chinese, returned]) == ([], [one, chinese])
    assert desk.get(f"{base}/file/xml/").status_code == 409
    table = desk.get(f"{base}/file/csv/").content.decode("utf-8-sig")
    (line,) = csv.DictReader(io.StringIO(table))
    assert (line["iban"], line["amount"]) == (IBAN, one.amount.major_text)

    desk.post(f"/operator/payouts/{one.ref}/bounced/", {"reason": "account closed"})
    assert "/file/" not in desk.get(f"{base}/").content.decode()
    for _bank in range(2):
        assert {desk.get(f"{base}/file/{ending}/").status_code for ending in ("csv", "xml")} == {409}
        settings.HUTONG_BANK_IBAN = IBAN


def test_two_people_approve_what_is_above_the_limit(due: Shop, desk: Client, settings: Settings) -> None:
    settings.HUTONG_PAYOUT_SECOND_ABOVE = 1
    ref = make(desk)
    base = f"/operator/payouts/batches/{ref}"
    assert desk.post(f"{base}/approve/", follow=True).context["another"]
    page = desk.post(f"{base}/approve/", follow=True)
    assert "Another operator has to approve this batch" in page.content.decode()
    other = visitor(people.operator(name="Second"))
    assert other.get(f"{base}/").context["may_approve"]
    assert other.post(f"{base}/approve/", follow=True).context["batch"].state is BatchState.APPROVED


def test_a_batch_is_given_up_with_a_word(due: Shop, desk: Client) -> None:
    ref = make(desk)
    assert (
        "Please say why" in desk.post(f"/operator/payouts/batches/{ref}/drop/", follow=True).content.decode()
    )
    desk.post(f"/operator/payouts/batches/{ref}/drop/", {"reason": "wrong day"})
    assert only(ref).state is PayoutState.DROPPED
    assert (
        "Nobody is due"
        not in desk.post("/operator/payouts/make/", {"unit": "EUR"}, follow=True).content.decode()
    )
    assert (
        "Nobody is due" in desk.post("/operator/payouts/make/", {"unit": "EUR"}, follow=True).content.decode()
    )
    assert desk.post("/operator/payouts/make/", {"unit": "XXX"}).status_code == 404


def test_a_merchants_terms_and_corrections(due: Shop, desk: Client) -> None:
    ref = due.scene.merchant.public_id
    base = f"/operator/merchants/{ref}/money/"
    owed = desk.get(base).context["claim"].balance
    desk.post(base, {"every": "month", "holdback_days": "7", "minimum": "12,50"})
    found = settlement.terms_of(ref, unit="EUR", site=payouts.site_terms())
    assert (found.every.value, found.holdback_days, found.minimum) == ("month", 7, 1250)
    assert desk.post(base, {"every": "month", "minimum": "much"}).status_code == 422
    entry = re.search(r'name="entry" value="([^"]+)"', desk.get(base).content.decode())
    assert entry
    booked = {"direction": "-provider_fee", "amount": "1,50", "note": "the fee of a chargeback"}
    booked |= {"entry": entry[1]}
    for _sent_again in range(2):
        page = desk.post(f"{base}adjust/", booked, follow=True)
    other = desk.post(f"{base}adjust/", booked | {"amount": "2,50"})
    assert "already made with other amounts" in other.content.decode()
    assert page.context["claim"].balance == owed - Money(150, "EUR")
    assert "the fee of a chargeback" in page.content.decode()
    for wrong in ({"amount": "0"}, {"amount": "x"}, {"note": ""}, {"entry": ""}):
        assert desk.post(f"{base}adjust/", booked | wrong).status_code == 422
    month = clock.local(clock.now(), due.scene.store.region.zone).strftime("%Y-%m")
    assert desk.get(f"{base}{month}/pdf/").content.startswith(b"%PDF")
    for missing in (
        f"{base}1999-01/csv/",
        f"{base}no/csv/",
        f"{base}{month}/exe/",
        "/operator/merchants/mer_x/money/",
    ):
        assert desk.get(missing).status_code == 404, missing


def test_a_correction_above_the_limit_waits_for_another_operator(
    due: Shop, desk: Client, settings: Settings
) -> None:
    settings.HUTONG_WRITE_OFF_LIMIT = 100
    ref = due.scene.merchant.public_id
    base = f"/operator/merchants/{ref}/money/"
    owed = desk.get(base).context["claim"].balance
    typed = {"direction": "correction", "amount": "1,01", "note": "the fridge we broke", "entry": "key_big"}
    page = desk.post(f"{base}adjust/", typed, follow=True)
    assert page.context["claim"].balance == owed
    (waits,) = page.context["corrections"]
    act = f"/operator/merchants/{ref}/corrections/{waits.ref}"
    assert f"{act}/agree/" not in page.content.decode()
    page = desk.post(f"{act}/agree/", follow=True)
    assert "Another operator has to agree to this." in page.content.decode()

    other = visitor(people.operator(name="Second"))
    listed = other.get("/operator/payouts/")
    assert "the fridge we broke" in listed.content.decode()
    assert [each["count"] for each in listed.context["money_pages"] if each["current"]] == [1]
    assert f"{act}/agree/" in other.get(base).content.decode()
    for wrong in (f"{act}/perhaps/", act.replace(ref, "mer_x") + "/agree/"):
        assert other.post(wrong).status_code == 404
    page = other.post(f"{act}/agree/", follow=True)
    assert page.context["claim"].balance == owed + Money(101, "EUR")
    assert other.post(f"{act}/decline/").status_code == 404

    typed |= {"entry": "key_other"}
    (waits,) = desk.post(f"{base}adjust/", typed, follow=True).context["corrections"]
    page = desk.post(f"/operator/merchants/{ref}/corrections/{waits.ref}/decline/", follow=True)
    assert page.context["claim"].balance == owed + Money(101, "EUR")
    assert page.context["corrections"] == []


def test_a_month_with_something_open_is_not_closed(due: Shop, desk: Client) -> None:
    jobs.drain()
    (part,) = desk.get("/operator/months/?look=EUR").context["parts"]
    # the shop sold nothing before this month, so that nothing of the last one is open
    assert part["obstacles"] == []
    on = part["on"].isoformat()
    page = desk.post("/operator/months/close/", {"unit": "EUR", "on": on}, follow=True)
    assert "Nothing is booked into this month any more" in page.content.decode()
    (part,) = desk.get("/operator/months/?look=EUR").context["parts"]
    assert [each.what.value for each, *_words in part["obstacles"]] == ["runs"]
    running = {"unit": "EUR", "on": part["on"].isoformat()}
    assert "is open still" in desk.post("/operator/months/close/", running, follow=True).content.decode()
    assert (
        "Please say why"
        in desk.post("/operator/months/reopen/", {"unit": "EUR", "on": on}, follow=True).content.decode()
    )
    reason = {"unit": "EUR", "on": on, "reason": "a late bill"}
    assert "a late bill" in desk.post("/operator/months/reopen/", reason, follow=True).content.decode()
    for wrong in ({"unit": "XXX", "on": on}, {"unit": "EUR", "on": "x"}):
        assert desk.post("/operator/months/close/", wrong).status_code == 404
