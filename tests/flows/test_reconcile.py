"""A bill in the books: its fees, its payouts, and every cent of it that our rows do not say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from hutong.flows import bank_in, books, differences, dispute, reconcile
from hutong.kernel import audit
from hutong.kernel.errors import Forbidden
from hutong.kernel.money import Money
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger.services import post
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec
from hutong.pay.payments import queries, services
from hutong.pay.payments.models import BankIn, Payment, Refund
from hutong.pay.payments.types import (
    Bill,
    BillLine,
    BillPayout,
    BrokenLine,
    DifferenceKind,
    DifferenceView,
    DisputeReport,
    DisputeStatus,
    OurMoney,
    PaymentView,
)
from hutong.town.people.models import Person
from tests.factories import people
from tests.factories.loop import Scene, scene
from tests.factories.payments import line
from tests.pay.payments.test_bills import AGREED, KINDS, planted

pytestmark = pytest.mark.django_db

PROVIDER = "sandbox"


@pytest.fixture
def here(at: datetime) -> Scene:
    """A shop."""
    return scene(at=at)


@pytest.fixture
def operator() -> Person:
    """Who explains."""
    return people.operator()


def held(unit: str = "EUR") -> int:
    """What the provider holds by our books, in minor units."""
    return -ledger.balance(AccountKind.CLEARING, PROVIDER, unit).minor


def apart(unit: str = "EUR") -> int:
    """What is set apart as different."""
    return ledger.balance(AccountKind.DISCREPANCY, PROVIDER, unit).minor


def lost(unit: str = "EUR") -> int:
    """What was written off: below nothing is a loss."""
    return ledger.balance(AccountKind.LOSSES, PLATFORM, unit).minor


def paid(here: Scene) -> PaymentView:
    """The payment of an order that was paid."""
    (voucher,) = here.bought()
    payment = queries.payment_for_order(voucher.order_ref)
    assert payment is not None
    return payment


def billed(*lines: BillLine, on: date, at: datetime, **parts: object) -> list[DifferenceView]:
    """A day's bill is kept; what it found."""
    before = {each.difference_ref for each in queries.open_differences()}
    reconcile.keep(Bill(lines, **parts), provider=PROVIDER, on=on, at=at)  # type: ignore[arg-type]
    return [each for each in queries.open_differences() if each.difference_ref not in before]


def agree(*, on: date, at: datetime, rate_ppm: int | None = None, fixed: int = 0, unit: str = "EUR") -> None:
    """What the provider keeps of a payment from the bill of a day on."""
    reconcile.agree(
        provider=PROVIDER, unit=unit, rate_ppm=rate_ppm, fixed=fixed, since=on, by=people.operator(), at=at
    )


def test_another_fee_than_was_agreed_is_told_from_that_day_on(here: Scene, at: datetime) -> None:
    kept = [paid(here) for _payment in range(5)]
    on, amount = at.date(), kept[0].amount
    agree(on=on + timedelta(days=1), at=at, rate_ppm=15_000, fixed=25)
    agree(on=on + timedelta(days=3), at=at)
    right = (amount.minor * 15 + 500) // 1000 + 25
    # before the day, on it, on the day after it, and when nothing is agreed any more
    told = []
    for payment, day, fee in zip(kept, range(4), (1, right + 1, right, 1), strict=False):
        found = billed(line(payment.ref, amount, fee=fee), on=on + timedelta(days=day), at=at)
        told.append([each for each in found if each.kind is DifferenceKind.FEE])
    assert [len(found) for found in told] == [0, 1, 0, 0]
    assert (told[1][0].fee, told[1][0].booked) == (Money(right + 1, "EUR"), ())
    # another currency is not looked at, and what was said last of a day counts
    agree(on=on + timedelta(days=4), at=at, rate_ppm=99_000)
    agree(on=on + timedelta(days=4), at=at, rate_ppm=0, fixed=7)
    assert [each.fee.fixed for each in queries.agreed_rates()] == [7]
    assert billed(line(kept[4].ref, amount, fee=7), on=on + timedelta(days=4), at=at) == []
    entries = audit.search(subject=PROVIDER, limit=9).entries
    assert [entry.action for entry in entries] == ["provider.fee_agreed"] * 4


@pytest.mark.parametrize(
    "wrong",
    [{"rate_ppm": 1_000_001}, {"rate_ppm": -1}, {"fixed": -1}, {"provider": "paypal"}, {"unit": "eur"}],
)
def test_a_rate_that_cannot_be_is_refused(wrong: dict[str, object], at: datetime) -> None:
    said = {"provider": PROVIDER, "unit": "EUR", "rate_ppm": 15_000, "fixed": 0} | wrong
    with pytest.raises(services.AgreedRateInvalid):
        reconcile.agree(**said, since=at.date(), by=people.operator(), at=at)  # type: ignore[arg-type]
    with pytest.raises(Forbidden):
        reconcile.agree(**said, since=at.date(), by=people.person(), at=at)  # type: ignore[arg-type]
    assert queries.agreed_rates() == []


def test_fees_are_booked_once_as_the_bill_says(here: Scene, at: datetime) -> None:
    first, second = paid(here), paid(here)
    on, amount = at.date(), first.amount
    bill = Bill((line(first.ref, amount, fee=30), line(second.ref, amount, fee=-5)))
    for _again in range(2):
        view = reconcile.keep(bill, provider=PROVIDER, on=on, at=at)
    (sums,) = view.sums
    assert (sums.lines, sums.ours, sums.booked) == (2 * amount.minor, 2 * amount.minor, 0)
    assert (sums.fees_kept, sums.fees_back) == (30, 5)
    entries = ledger.entries(f"fees:{PROVIDER}:{on.isoformat()}")
    assert [(each.kind, each.from_kind, each.amount.minor) for each in entries] == [
        (TransactionKind.PROVIDER_FEE, AccountKind.PROVIDER_FEES, 30),
        (TransactionKind.PROVIDER_FEE, AccountKind.CLEARING, 5),
    ]
    assert held() == 2 * amount.minor - 25


def test_a_payout_on_the_bill_arrives_at_the_bank_once(here: Scene, operator: Person, at: datetime) -> None:
    payment = paid(here)
    on, half = at.date(), Money(500, "EUR")
    bank_in.enter(provider=PROVIDER, amount=half, on=on, entry="form-1", note="", by=operator, at=at)
    named = BillPayout("po_1", half, at)  # what was entered by hand
    other = BillPayout("po_2", Money(300, "EUR"), at)
    back = BillPayout("po_3", Money(-100, "EUR"), at)
    billed(line(payment.ref, payment.amount), on=on, at=at, payouts=(named, other, back))
    billed(on=on + timedelta(days=1), at=at, payouts=(other,))
    assert [each.provider_ref for each in queries.bank_ins()] == ["po_3", "po_2", "po_1"]
    assert ledger.balance(AccountKind.BANK, PLATFORM, "EUR").minor == -700
    assert held() == payment.amount.minor - 700
    (entered,) = [each for each in queries.bank_ins() if each.by == operator.public_id]
    with pytest.raises(services.BankInUndone):
        bank_in.undo(bank_in_ref=entered.bank_in_ref, by=operator, at=at)


def test_what_a_bill_has_booked_is_not_entered_again_by_hand(
    here: Scene, operator: Person, at: datetime
) -> None:
    payment = paid(here)
    on, amount = at.date(), Money(400, "EUR")
    billed(line(payment.ref, payment.amount), on=on, at=at, payouts=(BillPayout("po_1", amount, at),))
    asked = {"provider": PROVIDER, "amount": amount, "on": on, "note": "", "by": operator}
    asked |= {"entry": "form-1", "at": at + timedelta(days=8)}
    for days in (0, 7):
        with pytest.raises(services.BankInBilled) as refused:
            bank_in.enter(**{**asked, "on": on + timedelta(days=days)})  # type: ignore[arg-type]
        assert f"4.00 EUR on {on.isoformat()}, po_1" in str(refused.value)
    assert held() == payment.amount.minor - 400
    others: list[dict[str, object]] = [
        {"another": True},
        {"amount": Money(401, "EUR")},
        {"on": on + timedelta(days=8)},
    ]
    for number, other in enumerate(others):
        bank_in.enter(**{**asked, "entry": f"other-{number}", **other})  # type: ignore[arg-type]
    assert held() == payment.amount.minor - 400 - 400 - 401 - 400


def test_the_one_a_bill_found_entered_does_not_stand_in_the_way_of_the_next(
    here: Scene, operator: Person, at: datetime
) -> None:
    payment = paid(here)
    on, amount = at.date(), Money(500, "EUR")
    asked = {"provider": PROVIDER, "amount": amount, "on": on, "note": "", "by": operator, "at": at}
    bank_in.enter(**asked, entry="form-1")  # type: ignore[arg-type]
    billed(line(payment.ref, payment.amount), on=on, at=at, payouts=(BillPayout("po_1", amount, at),))
    bank_in.enter(**asked, entry="form-2")  # type: ignore[arg-type]
    assert held() == payment.amount.minor - 1000


def test_money_at_the_bank_is_entered_once_and_taken_back(
    here: Scene, operator: Person, at: datetime
) -> None:
    payment = paid(here)
    amount, on = Money(700, "EUR"), at.date()

    def enter(**other: object) -> str:
        asked = {"provider": PROVIDER, "amount": amount, "on": on, "entry": "form-1", "note": "Statement 7"}
        return bank_in.enter(**{**asked, "by": operator, "at": at, **other}).bank_in_ref  # type: ignore[arg-type]

    ref = enter()
    assert enter() == ref, "a second tap"
    assert (held(), BankIn.objects.count()) == (payment.amount.minor - 700, 1)
    for wrong in ({"amount": Money(0, "EUR")}, {"on": on + timedelta(days=1)}, {"on": date(2020, 1, 1)}):
        with pytest.raises(services.BankInInvalid):
            enter(entry="form-2", **wrong)
    with pytest.raises(bank_in.MoreThanHeld):
        enter(entry="form-2", amount=payment.amount)
    with pytest.raises(Forbidden):
        enter(entry="form-2", by=here.shopper)
    bank_in.undo(bank_in_ref=ref, by=operator, at=at)
    with pytest.raises(services.BankInUndone):
        bank_in.undo(bank_in_ref=ref, by=operator, at=at)
    with pytest.raises(services.BankInNotFound):
        bank_in.undo(bank_in_ref="bki_none", by=operator, at=at)
    assert (held(), ledger.balance(AccountKind.BANK, PLATFORM, "EUR").minor) == (payment.amount.minor, 0)
    assert [entry.action for entry in audit.search(action="bank_in.").entries] == [
        "bank_in.undone",
        "bank_in.entered",
    ]


def test_what_is_different_is_set_apart_to_the_cent(here: Scene, at: datetime) -> None:
    fits, wrong, other = paid(here), paid(here), paid(here)
    amount, on = fits.amount, at.date()
    waiting = here.order()
    status = queries.payment_for_order(waiting.order_ref)
    assert status is not None
    found = billed(
        line(fits.ref, amount, fee=10),
        line(fits.ref, amount, fee=10),
        line(wrong.ref, amount + Money(7, "EUR")),
        line(other.ref, Money(amount.minor, "SEK")),
        line(status.ref, status.amount),
        line("", Money(-250, "EUR"), provider_ref="dashboard"),
        on=on,
        at=at,
        broken=(BrokenLine(7, "half a row", "2 fields"),),
    )
    told = {each.kind: [(money.minor, money.unit) for money in each.booked] for each in found}
    assert told == {
        DifferenceKind.BROKEN: [],
        DifferenceKind.DUPLICATE: [(amount.minor, "EUR")],
        DifferenceKind.AMOUNT: [(7, "EUR")],
        DifferenceKind.CURRENCY: [(amount.minor, "SEK"), (-amount.minor, "EUR")],
        DifferenceKind.STATUS: [(status.amount.minor, "EUR")],
        DifferenceKind.MISSING_HERE: [(-250, "EUR")],
    }
    assert found[0].text == "7: half a row (2 fields)"
    # what the provider holds is what its bill adds up to, whatever our rows say
    assert held() == 4 * amount.minor + 7 - 250 - 20
    assert held("SEK") == amount.minor
    assert apart() == 7 - 250 + amount.minor


@pytest.mark.unbalanced  # rows made at once, without their orders
def test_all_of_a_bill_of_10_000_lines_is_explained(at: datetime) -> None:
    bill, known, expected = planted(4)
    on = (at + timedelta(days=1)).date()
    early = at - timedelta(days=3)
    whole = Payment.objects.create(
        order_ref="ord_big", provider=PROVIDER, amount=10**12, unit="CNY", state="captured", captured=10**12,
        created_at=early, captured_at=early,
    )  # fmt: skip
    sold = [money for money in known.values() if money.ref.startswith("pay_")]
    Payment.objects.bulk_create(
        Payment(
            public_id=each.ref, order_ref=f"o{number}", provider=PROVIDER, amount=each.amount.minor, unit="CNY",
            state="captured" if each.done else "pending", captured=each.amount.minor if each.done else 0,
            created_at=at, captured_at=at if each.done else None,
        )
        for number, each in enumerate(sold)
    )  # fmt: skip
    back = [money for money in known.values() if money.ref.startswith("rfd_")]
    Refund.objects.bulk_create(
        Refund(
            public_id=each.ref, payment=whole, amount=each.amount.minor, unit="CNY", state="done",
            created_at=at, done_at=at,
        )
        for each in back
    )  # fmt: skip
    _book_all(whole.amount + sum(each.amount.minor for each in sold if each.done), back, at)
    assert not _said("clearing", at)

    agree(on=on, at=at, rate_ppm=AGREED.rate_ppm, fixed=AGREED.fixed, unit="CNY")
    reconcile.keep(Bill(()), provider=PROVIDER, on=at.date(), at=at)
    view = reconcile.keep(bill, provider=PROVIDER, on=on, at=at)
    found = queries.open_differences()
    assert {kind for kind, _ref in expected} == {each.kind for each in found} == set(KINDS)
    assert view.open == len(found) == 100
    for sums in view.sums:
        lines = sum(_signed(each) for each in bill.lines if each.amount.unit == sums.unit)
        fees = sum(each.fee.minor for each in bill.lines if each.fee.unit == sums.unit)
        big = whole.amount if sums.unit == "CNY" else 0  # captured long before, billed long before
        assert sums.lines == lines == sums.ours + sums.booked
        assert held(sums.unit) == lines - fees + big
        assert apart(sums.unit) == sums.booked
        assert apart(sums.unit) == sum(
            money.minor for each in found for money in each.booked if money.unit == sums.unit
        )
    assert not _said("clearing", at)
    assert not _said("discrepancies", at)


def _signed(each: BillLine) -> int:
    return -each.amount.minor if each.refund_ref else each.amount.minor


def _said(about: str, at: datetime) -> list[str]:
    return [each for each in books.check(at=at, ask_providers=False).problems if each.startswith(about)]


def _book_all(captured: int, back: list[OurMoney], at: datetime) -> None:
    clearing, merchant = (AccountKind.CLEARING, PROVIDER), (AccountKind.UNREDEEMED, "mer_all")
    came = TransferSpec(*clearing, *merchant, Money(captured, "CNY"))
    post(kind=TransactionKind.CAPTURE, reference="all:in", transfers=[came], at=at)
    went = TransferSpec(*merchant, *clearing, Money(sum(each.amount.minor for each in back), "CNY"))
    post(kind=TransactionKind.REFUND, reference="all:back", transfers=[went], at=at)


def _taken(payment: PaymentView, amount: int, *, fee: int = 0) -> BillLine:
    """A line about the dispute of a payment, as Stripe writes it."""
    unit = payment.amount.unit
    said = line("", Money(amount, unit), fee=fee, provider_ref="dp_1")
    return replace(said, payment_ref=payment.ref)


@pytest.mark.parametrize("told_first", [True, False])
def test_a_dispute_on_a_bill_is_ours_whenever_it_is_told(here: Scene, at: datetime, told_first: bool) -> None:
    payment, on = paid(here), at.date()
    minor = payment.amount.minor
    report = DisputeReport(
        "dp_1",
        payment.ref,
        "",
        payment.amount,
        Money(1500, "EUR"),
        "fraudulent",
        DisputeStatus.NEEDS_RESPONSE,
    )
    if told_first:
        dispute.record(provider=PROVIDER, report=report, at=at)
    found = billed(line(payment.ref, payment.amount), _taken(payment, -minor, fee=1500), on=on, at=at)
    if not told_first:
        assert [each.kind for each in found] == [DifferenceKind.MISSING_HERE]
        assert (apart(), held()) == (-minor, -1500)
        dispute.record(provider=PROVIDER, report=report, at=at)
        assert differences.look_at_open(at=at) == 1
    assert queries.open_differences() == []
    assert (apart(), held()) == (0, -1500)
    won = replace(report, status=DisputeStatus.WON, fee=Money(0, "EUR"))
    dispute.record(provider=PROVIDER, report=won, at=at)
    later = on + timedelta(days=1)
    assert billed(_taken(payment, minor, fee=-1500), on=later, at=at) == []
    assert (apart(), held()) == (0, minor)
    again = billed(_taken(payment, minor), on=later + timedelta(days=1), at=at)
    assert [each.kind for each in again] == [DifferenceKind.DUPLICATE]
