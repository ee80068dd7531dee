"""The shop's money: what is owed and when it comes, what a payout was made of, and where it goes."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta

import pytest
from django.utils import translation
from pypdfium2 import PdfDocument
from pytest_django.fixtures import Settings

from hutong.flows import jobs, payouts, statements
from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger.types import AccountKind
from hutong.pay.settlement import queries as settlement
from hutong.pay.settlement import services
from hutong.pay.settlement.types import AdjustmentReason, PayoutView
from hutong.town.notifications.models import Notification
from hutong.web.shell import statement_files
from hutong.web.shell.templatetags.hutong import time_words
from tests.factories import people
from tests.factories.payouts import sending
from tests.factories.settlement import IBAN, OTHER_IBAN
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db

ACCOUNT = {
    "holder": "胡同咖啡 Oy",
    "country": "FI",
    "iban": IBAN,
    "account_number": "",
    "bank_code": "",
    "bic": "",
}


@pytest.fixture
def here(settings: Settings) -> Shop:
    """A shop whose takings may be paid out at once."""
    settings.HUTONG_HOLDBACK_DAYS = 0
    return shop()


def redeemed(here: Shop, *, times: int = 1) -> None:
    for voucher in here.scene.bought(quantity=times):
        here.scene.scan(voucher.code, at=clock.now())


def with_account(here: Shop, **typed: str) -> None:
    payouts.set_account(
        merchant_ref=here.scene.merchant.public_id, typed=ACCOUNT | typed, by=here.owner, at=clock.now()
    )


def paid_out(here: Shop) -> PayoutView:
    """What is owed, sent and arrived."""
    operator, at = people.operator(), clock.now()
    batch = payouts.make(unit="EUR", on=at.date(), by=operator, at=at)
    payouts.approve(batch_ref=batch.ref, by=operator, at=at)
    payouts.send(batch_ref=batch.ref, by=operator, at=at)
    assert payouts.all_paid(batch_ref=batch.ref, by=operator, at=clock.now()) == 1
    return settlement.payouts_of(here.scene.merchant.public_id)[0]


def month(here: Shop, at: datetime | None = None) -> str:
    return clock.local(at or clock.now(), here.scene.store.region.zone).strftime("%Y-%m")


def test_what_is_owed_ready_and_on_its_way_is_told(here: Shop, settings: Settings) -> None:
    browser = visitor(here.owner)
    assert "We do not know your bank account" in browser.get("/merchant/money/").content.decode()
    with_account(here)
    redeemed(here, times=2)
    page = browser.get("/merchant/money/")
    net = settlement.claim(here.scene.merchant.public_id, unit="EUR", holdback_days=0, at=clock.now()).due
    assert net == page.context["claim"].balance == page.context["earned"]
    assert page.context["held"] == Money(0, "EUR")

    settings.HUTONG_HOLDBACK_DAYS = 3
    waits = browser.get("/merchant/money/").context
    assert (waits["claim"].due, waits["held"]) == (Money(0, "EUR"), net)
    settings.HUTONG_HOLDBACK_DAYS = 0

    payout = paid_out(here)
    found = browser.get("/merchant/money/").context
    assert (found["claim"].balance, found["payouts"][0][0]) == (Money(0, "EUR"), payout)
    _payout, gross, kept = found["payouts"][0]
    assert gross - kept == payout.amount == net


def test_a_payout_is_told_and_its_statement_names_every_line(here: Shop) -> None:
    with_account(here)
    redeemed(here, times=2)
    payout = paid_out(here)
    jobs.drain()
    (told,) = Notification.objects.filter(person=here.owner, kind="payout_paid")
    assert told.params["amount"] == {"minor": payout.amount.minor, "unit": "EUR"}

    page = visitor(here.owner).get(f"/merchant/money/payouts/{payout.ref}/")
    text = page.content.decode()
    assert text.count("Coffee and cake") == 2
    assert "FI •••• 0785" in text
    assert IBAN not in text
    found = page.context["statement"]
    assert (found.opening, found.closing) == (Money(0, "EUR"), Money(0, "EUR"))
    assert found.sums.net == payout.amount


def test_balances_of_a_month_are_those_of_the_books(here: Shop) -> None:
    merchant_ref = here.scene.merchant.public_id
    with_account(here)
    redeemed(here, times=2)
    paid_out(here)
    redeemed(here)
    services.adjust(
        alone_up_to=100_000, merchant_ref=merchant_ref, amount=Money(-150, "EUR"), reason=AdjustmentReason.CORRECTION,
        entry="one", note="a lamp", by="per_o", at=clock.now(),
    )  # fmt: skip
    found = statements.of_month(
        merchant_ref, unit="EUR", month=datetime.fromisoformat(f"{month(here)}-01").date(), at=clock.now()
    )
    assert found.opening == settlement.booked_at(merchant_ref, unit="EUR", at=found.starts_at)
    assert found.closing == settlement.booked_at(merchant_ref, unit="EUR", at=found.ends_at)
    assert found.closing == ledger.balance(AccountKind.PAYABLE, merchant_ref, "EUR")
    assert found.closing == found.opening + found.sums.net + found.sums.adjusted - found.sums.paid_out
    assert [each.entry.kind.value for each in found.lines] == [
        "redeemed", "redeemed", "paid_out", "redeemed", "adjusted",
    ]  # fmt: skip


def test_a_statement_is_a_table_for_spreadsheets(here: Shop) -> None:
    with_account(here)
    redeemed(here)
    answer = visitor(here.owner).get(f"/merchant/money/statements/{month(here)}/csv/")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    heads, before, line, after = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    row = dict(zip(heads, line, strict=True))
    assert (row["Deal"], row["What"], row["Currency"]) == ("Coffee and cake", "Redeemed", "EUR")
    assert before[9] == "0.00"
    assert row["Amount"] == after[9]


def test_a_statement_is_a_pdf_with_chinese_letters_in_it(here: Shop) -> None:
    with_account(here)
    redeemed(here)
    payout = paid_out(here)
    browser = visitor(here.owner)
    browser.cookies["django_language"] = "zh-hans"
    answer = browser.get(f"/merchant/money/payouts/{payout.ref}/pdf/", headers={"accept-language": "zh-hans"})
    assert answer["Content-Type"] == "application/pdf"
    text = PdfDocument(answer.content)[0].get_textpage().get_text_range()
    with translation.override("zh-hans"):
        for words in ("Redeemed", "Paid out"):
            assert translation.gettext(words) in text
        zone = here.scene.store.region.zone
        assert payout.sent_at is not None
        assert time_words(payout.sent_at, zone) in text
    assert payout.sent_at.strftime("%Y-%m-%d") not in text
    assert "−€" in text
    assert "-€" not in text
    assert "胡同咖啡" in text
    assert payout.amount.major_text in text
    assert b"/FontFile3" in answer.content  # the font's letters are in the file
    assert len(answer.content) < 100_000


def test_a_pdf_says_how_many_lines_it_leaves_to_the_table(
    here: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_files, "MOST_IN_PDF", 1)
    redeemed(here, times=2)
    answer = visitor(here.owner).get(f"/merchant/money/statements/{month(here)}/pdf/")
    text = PdfDocument(answer.content)[0].get_textpage().get_text_range()
    assert text.count("Coffee and cake") == 1
    assert "1 more line is in the table." in text


def test_months_and_files_that_do_not_exist_are_not_found(here: Shop) -> None:
    redeemed(here)
    browser = visitor(here.owner)
    later = month(here, clock.now() + timedelta(days=40))
    for address in (f"{later}/", f"{later}/csv/", "2026-13/", "no/", f"{month(here)}/exe/", "1970-01/"):
        assert browser.get(f"/merchant/money/statements/{address}").status_code == 404, address
    for address in ("pyt_none/", "pyt_none/csv/"):
        assert browser.get(f"/merchant/money/payouts/{address}").status_code == 404, address


def test_nobody_sees_another_merchants_payout(here: Shop) -> None:
    with_account(here)
    redeemed(here)
    payout = paid_out(here)
    stranger = visitor(shop().owner)
    for address in ("", "csv/", "pdf/"):
        assert stranger.get(f"/merchant/money/payouts/{payout.ref}/{address}").status_code == 404


def test_an_owner_changes_the_account_and_everybody_who_sees_money_is_told(here: Shop) -> None:
    browser = visitor(here.owner)
    saved = browser.post("/merchant/money/bank/set/", ACCOUNT, follow=True).content.decode()
    assert "FI •••• 0785" in saved
    jobs.drain()
    assert not Notification.objects.filter(kind="bank_account_changed").exists()
    browser.post("/merchant/money/bank/set/", ACCOUNT | {"country": "DE", "iban": OTHER_IBAN})
    jobs.drain()
    (told,) = Notification.objects.filter(person=here.owner, kind="bank_account_changed")
    assert told.params["account"] == "DE •••• 3000"
    text = browser.get("/merchant/money/").content.decode()
    assert "The account is new" in text
    assert OTHER_IBAN not in browser.get("/merchant/money/bank/").content.decode()


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"iban": "FI2112345600000786"}, "iban", "compare it with your bank"),
        ({"iban": OTHER_IBAN}, "iban", "another country"),
        ({"iban": ""}, "iban", "named by their IBAN"),
        ({"bic": "X"}, "bic", "BIC"),
        ({"holder": ""}, "holder", "required"),
        ({"country": "XX"}, "country", "XX"),
    ],
)
def test_what_is_wrong_with_an_account_stands_at_its_field(
    wrong: dict[str, str], field: str, words: str, here: Shop
) -> None:
    answer = visitor(here.owner).post("/merchant/money/bank/set/", ACCOUNT | wrong)
    assert answer.status_code == 422
    assert words in str(answer.context["form"].errors[field])
    assert settlement.account_of(here.scene.merchant.public_id) is None


@pytest.mark.parametrize(
    ("kind", "wrong", "words"), [("alipay", "x", "e-mail address"), ("stripe", "acct_1", "begins with acct_")]
)
def test_where_a_service_pays_merchants_the_owner_may_name_an_account_there(
    kind: str, wrong: str, words: str, here: Shop, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = visitor(here.owner)
    assert f'name="{kind}"' not in browser.get("/merchant/money/bank/").content.decode()
    with sending(kind, settings, monkeypatch) as service:
        page = browser.get("/merchant/money/bank/")
        other = {"alipay": "stripe", "stripe": "alipay"}[kind]
        assert page.context["form"].fields.keys() & {kind, other} == {kind}
        assert "Or a bank account" in page.content.decode()
        no_bank = {"holder": "Kahvila Oy", "country": "FI"}
        refused = browser.post("/merchant/money/bank/set/", {**no_bank, kind: wrong})
        assert words in str(refused.context["form"].errors[kind])
        saved = browser.post("/merchant/money/bank/set/", {**no_bank, kind: service.account}, follow=True)
        assert service.masked in saved.content.decode()
        again = browser.get("/merchant/money/bank/")
        assert again.context["form"].initial["country"] == ("CN" if kind == "alipay" else "FI")
