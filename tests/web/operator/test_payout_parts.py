"""A batch of which a provider sends a part: each part says how it goes, and what waits says why and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from hutong.flows import jobs, payouts
from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.payments.types import TransferState, TransferView
from hutong.pay.settlement import queries as settlement
from hutong.pay.settlement.types import ACCOUNT_CHANGED, AccountType, BankDetails, PayoutState, PayoutView
from hutong.town.people.models import Person
from hutong.web.operator.payout_lines import LATER_S, SOON_S, Part, parts_of
from tests.factories import merchants, people
from tests.factories.payouts import HOLDER, PAYEE, account_typed, sending_alipay, worker_comes
from tests.factories.settlement import NOON, days, earned
from tests.fakes.providers.alipay import AlipaySimulator
from tests.web.visitors import visitor

YUAN = Money(1000, "CNY")
BANK = BankDetails(HOLDER, "CN", "", "6222021202000000000", "102", "")
AT_ALIPAY = BankDetails(HOLDER, "CN", "", PAYEE, "", "", AccountType.ALIPAY)
SENT = PayoutView(
    "pyt_1", "pyb_1", "mer_1", YUAN, PayoutState.SENT, AT_ALIPAY, NOON, NOON, None, None, "", via="alipay"
)
TRANSFER = TransferView("pyt_1", "alipay", YUAN, TransferState.UNKNOWN, "", 1)


@pytest.fixture
def alipay(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[AlipaySimulator]:
    """Alipay, to whom this site has shown certificates."""
    with sending_alipay(settings, monkeypatch) as simulator:
        yield simulator


def shown(*found: PayoutView, transfer: TransferView | None = None) -> list[Part]:
    known = {transfer.ref: transfer} if transfer else {}
    return parts_of(found, unit="CNY", through={"alipay": "alipay"}, transfers=known, names={})


@pytest.mark.parametrize(
    ("transfer", "said", "may_give_up"),
    [
        (None, "Alipay is asked to send it within a minute.", False),
        (replace(TRANSFER, tries=0), "Alipay is asked to send it within a minute.", True),
        (TRANSFER, "Alipay did not say that it was sent. It is asked again by itself.", True),
        (
            replace(TRANSFER, reason="PAYER_BALANCE_NOT_ENOUGH: X"),
            "Too little is on your account there.",
            True,
        ),
        (replace(TRANSFER, reason="EXCEED_LIMIT_DM_MAX_AMOUNT"), "A limit is in the way.", True),
        (replace(TRANSFER, reason="provider_unavailable"), "The service does not answer.", True),
        (
            replace(TRANSFER, reason="balance_insufficient: Y"),
            "Too little is on your account there.",
            True,
        ),
        (
            replace(TRANSFER, reason="The secret key may not do this at Stripe: Z"),
            "The service does not let you send money yet.",
            True,
        ),
        (replace(TRANSFER, reason="payment_outcome_unknown"), "Alipay did not say that it was sent.", True),
        (replace(TRANSFER, reason="NEW_WORD"), "Alipay did not say that it was sent.", True),
        (replace(TRANSFER, state=TransferState.PENDING), "Alipay is sending it, and will say", False),
    ],
)
def test_what_a_provider_sends_says_how_it_stands(
    transfer: TransferView | None, said: str, may_give_up: bool
) -> None:
    ((line,),) = (part.lines for part in shown(SENT, transfer=transfer))
    assert line.said.startswith(said)
    shows = transfer is not None and (transfer.reason.isupper() or ": Y" in transfer.reason)
    assert line.code == (transfer.reason if transfer and shows else "")
    assert line.waits == (may_give_up and bool(transfer and transfer.tries))
    assert (line.may_give_up, line.may_note, line.arrives) == (may_give_up, False, False)
    assert line.again_s == (SOON_S if said.endswith("within a minute.") else LATER_S)


def test_what_came_back_says_what_the_merchant_has_to_do() -> None:
    gone = replace(SENT, state=PayoutState.BOUNCED, reason="PAYEE_NOT_EXIST")
    by_hand = replace(gone, reason="I pay it by hand")
    codes = ["resource_missing", "insufficient_capabilities_for_transfer", "transfer_reversed"]
    (part,) = shown(gone, by_hand, *(replace(gone, reason=code) for code in codes))
    nobody = "There is no such account. The merchant has to enter another one."
    assert [line.said for line in part.lines] == [
        nobody,
        "I pay it by hand",
        nobody,
        "The merchant has to prove to the service who they are.",
        "Somebody took it back in the console of the service.",
    ]
    assert [line.code for line in part.lines] == ["PAYEE_NOT_EXIST", "", *codes]
    assert (part.total, part.to_note) == (Money(0, "CNY"), 0)
    assert [(line.state, line.again_s) for line in part.lines] == [("bounced", 0)] * 5


def test_what_was_not_sent_since_the_account_changed_says_so() -> None:
    (part,) = shown(replace(SENT, state=PayoutState.BOUNCED, reason=ACCOUNT_CHANGED))
    (line,) = part.lines
    assert line.said.startswith("The account was changed meanwhile. It was not sent;")
    assert (line.code, line.state, line.again_s) == ("", "dropped", 0)


def test_a_batch_that_has_not_left_shows_how_it_will_go() -> None:
    waiting = replace(SENT, state=PayoutState.PENDING, via="")
    by_bank = replace(waiting, ref="pyt_2", details=BANK)
    parts = shown(waiting, by_bank)
    assert [(part.provider, part.total) for part in parts] == [("", YUAN), ("alipay", YUAN)]
    assert [part.provider for part in shown(by_bank)] == [""]


def merchant(owner: Person, *, account: str, alipay_account: str) -> None:
    at = clock.now() - days(30)
    made = merchants.store(at=at).merchant
    assert made is not None
    typed = account_typed(account=account, alipay=alipay_account)
    payouts.set_account(merchant_ref=made.public_id, typed=typed, by=owner, at=at)
    earned(1000, merchant=made.public_id, at=at, unit="CNY")


def batch(at_minutes: int) -> tuple[Client, str]:
    """Both merchants' batch, sent so many minutes ago, and an operator who looks at it."""
    operator, owner = people.operator(), people.person()
    merchant(owner, account="", alipay_account=PAYEE)
    merchant(owner, account=BANK.account_number, alipay_account="")
    at = clock.now() - timedelta(minutes=at_minutes)
    made = payouts.make(unit="CNY", on=at.date(), by=operator, at=at)
    payouts.approve(batch_ref=made.ref, by=operator, at=at)
    if at_minutes:
        payouts.send(batch_ref=made.ref, by=operator, at=at)
        worker_comes(at)
    return visitor(operator), made.ref


@pytest.mark.django_db(transaction=True)
@pytest.mark.unbalanced  # What is paid out was earned without orders.
def test_the_page_shows_both_parts_and_what_waits_is_given_up(
    alipay: AlipaySimulator, settings: Settings
) -> None:
    settings.HUTONG_PAYOUT_SECOND_ABOVE = 10_000
    alipay.transfers.refuse = "too_little"
    desk, ref = batch(at_minutes=5)
    page = desk.get(f"/operator/payouts/batches/{ref}/")
    text = page.content.decode()
    for words in ("In a file for the bank", "Sent by Alipay", "Too little is on your account there.",
                  "PAYER_BALANCE_NOT_ENOUGH", "All in the file arrived", "k•••@example.org"):  # fmt: skip
        assert words in text, words
    assert page.context["in_table"] == 1
    by_alipay = next(each for each in settlement.payouts_of_batch(ref) if each.via)
    desk.post(f"/operator/payouts/batches/{ref}/paid/")
    page = desk.post(f"/operator/payouts/{by_alipay.ref}/bounced/", {"reason": "by hand"}, follow=True)
    assert "It is owed again" in page.content.decode()
    states = {each.via: each.state for each in settlement.payouts_of_batch(ref)}
    assert states == {"": PayoutState.PAID, "alipay": PayoutState.BOUNCED}
    assert "All in the file arrived" not in page.content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.unbalanced  # What is paid out was earned without orders.
def test_sending_says_what_is_left_to_do(alipay: AlipaySimulator, settings: Settings) -> None:
    settings.HUTONG_PAYOUT_SECOND_ABOVE = 10_000
    desk, ref = batch(at_minutes=0)
    assert (
        "Alipay is asked to send its part at once"
        in desk.get(f"/operator/payouts/batches/{ref}/").content.decode()
    )
    page = desk.post(f"/operator/payouts/batches/{ref}/send/", follow=True)
    assert "Now hand the file to the bank; the others need nothing." in page.content.decode()
    # the page answers before Alipay is asked, and looks again by itself
    assert alipay.transfers.sent == {}
    assert "Alipay is asked to send it within a minute." in page.content.decode()
    assert 'hx-trigger="every 3s"' in page.content.decode()
    jobs.drain()
    part = desk.get(f"/operator/payouts/batches/{ref}/", headers={"HX-Request": "true"}).content.decode()
    assert part.count("Arrived") == 2  # Alipay's has, and the bank's is the operator's to say
    assert "every " not in part
    assert 'id="batch-state" hx-swap-oob="true"' in part
    assert "<html" not in part
    assert {each.via: each.state for each in settlement.payouts_of_batch(ref)} == {
        "": PayoutState.SENT, "alipay": PayoutState.PAID,
    }  # fmt: skip
