"""A provider's bill against our rows: everything is found, nothing is invented, and what is found waits for a word."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from hutong.kernel import audit, clock, ids
from hutong.kernel.money import Money
from hutong.pay.payments import queries, rules, services
from hutong.pay.payments.models import BilledMoney, Refund
from hutong.pay.payments.providers.registry import provider
from hutong.pay.payments.types import (
    AgreedFee,
    Bill,
    BillLine,
    BillView,
    BrokenLine,
    DifferenceKind,
    DifferenceView,
    Explanation,
    OurMoney,
    PaymentView,
    RefundState,
)
from tests.factories.payments import RETURN_URL, payment
from tests.fakes.sandbox import Sandbox
from tests.faults.figures import Measured
from tests.pay.payments.contract import request_for

ROWS, FAULTS, AGREED = 10_000, 100, AgreedFee(6_000, fixed=3)
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
KINDS = list(DifferenceKind)


def line_of(money: OurMoney) -> BillLine:
    """The line of a bill that fits."""
    came = money.ref.startswith("pay_")
    return BillLine(
        payment_ref=money.ref if came else "pay_somewhere",
        refund_ref="" if came else money.ref,
        provider_ref=f"their_{money.ref}",
        amount=money.amount,
        fee=rules.agreed_fee(money.amount, AGREED) if came else Money(0, "CNY"),
        status="SUCCESS",
        at=AT,
    )


def planted(seed: int) -> tuple[Bill, dict[str, OurMoney], Counter[tuple[DifferenceKind, str]]]:
    """A bill of 10,000 rows with 100 faults, our rows, and what is wrong with which."""
    draw = random.Random(seed)
    ours = [
        OurMoney(
            ids.new_id("rfd" if draw.random() < 0.1 else "pay"), Money(draw.randint(1, 99_999), "CNY"), True
        )
        for _ in range(ROWS)
    ]
    payments = [place for place, money in enumerate(ours) if money.ref.startswith("pay_")]
    wrong = dict(zip(draw.sample(payments, FAULTS), KINDS * (FAULTS // len(KINDS) + 1), strict=False))
    lines: list[BillLine] = []
    broken: list[BrokenLine] = []
    known: dict[str, OurMoney] = {}
    expected: Counter[tuple[DifferenceKind, str]] = Counter()
    for place, money in enumerate(ours):
        kind, line = wrong.get(place), line_of(money)
        if kind is not DifferenceKind.MISSING_HERE:
            known[money.ref] = replace(money, done=kind is not DifferenceKind.STATUS)
        if kind is DifferenceKind.AMOUNT:
            line = replace(line, amount=Money(money.amount.minor + draw.choice((-1, 1, 100)), "CNY"))
        elif kind is DifferenceKind.CURRENCY:
            line = replace(line, amount=Money(money.amount.minor, "USD"))
        elif kind is DifferenceKind.FEE:
            line = replace(line, fee=Money(line.fee.minor + 1, "CNY"))
        elif kind is DifferenceKind.BROKEN:
            broken.append(BrokenLine(place + 1, "`2026-06-01,`half a row", "has 2 fields"))
        if kind not in (DifferenceKind.MISSING_THERE, DifferenceKind.BROKEN):
            lines.append(line)
        if kind is DifferenceKind.DUPLICATE:
            lines.insert(draw.randrange(len(lines)), line)
        if kind is not None:
            expected[kind, "" if kind is DifferenceKind.BROKEN else money.ref] += 1
        if kind is DifferenceKind.BROKEN:
            known.pop(money.ref)  # what a line that cannot be read was about is nobody's to know
    return Bill(tuple(lines), tuple(broken)), known, expected


@pytest.mark.figure
@pytest.mark.parametrize("seed", range(3))
def test_100_faults_in_10_000_rows_are_found_and_no_other(seed: int, measured: Measured) -> None:
    bill, known, expected = planted(seed)
    found = rules.match(bill, known, due=known.values(), agreed={"CNY": AGREED, "USD": AGREED})
    assert Counter((each.kind, each.ref) for each in found.differences) == expected
    assert sum(expected.values()) == FAULTS
    assert {kind for kind, _ref in expected} == set(KINDS)
    # every line is explained: it fits, or it has its difference
    missing = sum(each.kind is DifferenceKind.MISSING_THERE for each in found.differences)
    assert len(found.refs) + len(found.differences) - missing == len(bill.lines) + len(bill.broken)
    # and every cent: the lines are what our rows say and what is booked as different, in each currency
    sums = {each.unit: each for each in rules.summed(bill, found.counted, found.differences)}
    assert set(sums) == {"CNY", "USD"}
    for unit, each in sums.items():
        assert each.lines == sum(rules.signed(line).minor for line in bill.lines if line.amount.unit == unit)
        assert each.lines == each.ours + each.booked
    assert sums["CNY"].ours == sum(rules.signed_own(money).minor for money in known.values() if money.done)
    assert all(sums[unit].booked for unit in ("CNY", "USD"))
    assert sums["CNY"].fees_kept == sum(line.fee.minor for line in bill.lines)
    measured(
        17, "reconciliation", f"{ROWS:,} rows, {FAULTS} of {FAULTS} faults of {len(KINDS)} kinds, seed {seed}"
    )


def test_of_several_faults_the_gravest_is_told() -> None:
    own = OurMoney("pay_1", Money(1990, "EUR"), done=False)
    line = replace(line_of(own), amount=Money(5, "USD"))
    (told,) = rules.match(Bill((line,)), {"pay_1": own}, agreed={"USD": AgreedFee(0)}).differences
    assert told.kind is DifferenceKind.CURRENCY
    (told,) = rules.match(Bill((line,)), {"pay_1": own}, billed={"pay_1"}).differences
    assert told.kind is DifferenceKind.DUPLICATE


def test_a_fee_in_another_currency_is_held_against_nothing() -> None:
    own = OurMoney("pay_1", Money(1000, "USD"), done=True)
    agreed = {"USD": AgreedFee(29_000)}
    line = replace(line_of(own), fee=Money(31, "EUR"))
    assert not rules.match(Bill((line,)), {"pay_1": own}, agreed=agreed).differences
    same = replace(line, fee=Money(31, "USD"))
    (told,) = rules.match(Bill((same,)), {"pay_1": own}, agreed=agreed).differences
    assert told.kind is DifferenceKind.FEE


def test_what_names_nothing_of_ours_is_never_its_own_duplicate() -> None:
    line = replace(line_of(OurMoney("pay_1", Money(1, "EUR"), True)), payment_ref="")
    found = rules.match(Bill((line, line)), {})
    assert [each.kind for each in found.differences] == [DifferenceKind.MISSING_HERE] * 2


def test_money_sent_back_past_us_is_not_known_here() -> None:
    own = OurMoney("pay_1", Money(1990, "EUR"), done=True)
    came = replace(line_of(own), fee=Money(0, "EUR"))
    back = replace(came, amount=Money(-600, "EUR"), provider_ref="re_1")
    found = rules.match(Bill((came, back)), {"pay_1": own})
    assert found.refs == ("pay_1",)
    assert [(each.kind, each.ref, each.provider_ref) for each in found.differences] == [
        (DifferenceKind.MISSING_HERE, "pay_1", "re_1")
    ]


def paid(sandbox: Sandbox, *, record: bool = True) -> PaymentView:
    """A payment that the sandbox has the money of; `record`: and we know."""
    at = clock.now()
    made = payment(at=at)
    services.start(payment_ref=made.ref, return_url=RETURN_URL, at=at, payee="Kahvila", language="en")
    sandbox.pay(made.ref)
    if record:
        services.record_report(report=services.ask(payment_ref=made.ref, at=at), at=at)
    return made


def matched(on: date, *, at: datetime) -> BillView:
    """The sandbox's bill of a day, fetched and kept."""
    bill = services.fetch_bill(provider="sandbox", on=on)
    return services.keep_bill(provider="sandbox", on=on, bill=bill, at=at).bill


def noted(difference_ref: str, note: str, *, at: datetime) -> DifferenceView:
    """Explained as something the provider corrects."""
    return services.explain_difference(
        difference_ref=difference_ref,
        explanation=Explanation.PROMISED,
        note=note,
        by="per_1",
        at=at,
        alone_up_to=0,
    )


@pytest.mark.django_db
def test_a_day_is_matched_once_and_what_is_found_waits(sandbox: Sandbox) -> None:
    at = clock.now()
    fits, unknown_to_us = paid(sandbox), ids.new_id("pay")
    back = services.request_refund(
        payment_ref=fits.ref, amount=Money(600, "EUR"), unit_refs=["unt_1"], reason="asked for", at=at
    )
    services.record_refund(report=services.send_refund(refund_ref=back.ref, at=at), at=at)
    not_recorded = paid(sandbox, record=False)
    provider("sandbox").start(request_for(unknown_to_us, Money(1990, "EUR")))
    sandbox.pay(unknown_to_us)

    today = clock.now().date()
    bill = matched(today, at=at)
    assert (bill.lines, bill.matched, bill.open) == (4, 2, 2)
    assert matched(today, at=at + timedelta(hours=1)) == bill
    waiting = queries.open_differences()
    assert [(each.kind, each.ref) for each in waiting] == [
        (DifferenceKind.STATUS, not_recorded.ref),
        (DifferenceKind.MISSING_HERE, unknown_to_us),
    ]
    assert set(BilledMoney.objects.values_list("ref", flat=True)) == {fits.ref, back.ref, not_recorded.ref}

    paid(sandbox)
    with pytest.raises(services.BillChanged):
        matched(today, at=at)


@pytest.mark.django_db
def test_money_on_neither_of_two_bills_is_missing_there(sandbox: Sandbox) -> None:
    made = paid(sandbox, record=False)
    at = clock.now()
    today = at.date()
    # recorded here as of yesterday; the sandbox bills it today: money around midnight is on one of the two
    lost = payment(at=at)
    yesterday = at - timedelta(days=1)
    services.record_capture(payment_ref=made.ref, captured=made.amount, at=yesterday)
    services.record_capture(payment_ref=lost.ref, captured=lost.amount, at=yesterday)
    matched(today - timedelta(days=1), at=at)
    assert queries.open_differences() == [], "the day after may still bring it"
    matched(today, at=at)
    assert [(each.kind, each.ref) for each in queries.open_differences(provider="sandbox")] == [
        (DifferenceKind.MISSING_THERE, lost.ref)
    ]


@pytest.mark.django_db
def test_a_difference_is_explained_with_a_note_and_once(sandbox: Sandbox) -> None:
    paid(sandbox, record=False)
    at = clock.now()
    matched(at.date(), at=at)
    (waiting,) = queries.open_differences()
    with pytest.raises(services.NoteMissing):
        noted(waiting.difference_ref, "  ", at=at)
    told = noted(waiting.difference_ref, "The service mends it.", at=at)
    assert (told.note, told.explained_at, told.closed_at) == ("The service mends it.", at, None)
    assert queries.open_differences() == []
    assert queries.waiting_differences() == [told]
    with pytest.raises(services.DifferenceClosed):
        noted(waiting.difference_ref, "Again.", at=at)
    with pytest.raises(services.DifferenceNotFound):
        noted("dif_none", "What?", at=at)
    (entry,) = audit.search(action="bill.difference_explained").entries
    assert (entry.subject_ref, entry.actor_ref, entry.reason) == (
        waiting.difference_ref,
        "per_1",
        "The service mends it.",
    )


@pytest.mark.django_db
@pytest.mark.unbalanced("changes a refund behind the services")
def test_a_refund_that_failed_here_and_left_there_is_told(sandbox: Sandbox) -> None:
    at = clock.now()
    made = paid(sandbox)
    back = services.request_refund(
        payment_ref=made.ref, amount=Money(600, "EUR"), unit_refs=[], reason="asked for", at=at
    )
    services.send_refund(refund_ref=back.ref, at=at)
    Refund.objects.filter(public_id=back.ref).update(state=RefundState.FAILED)
    matched(at.date(), at=at)
    assert [(each.kind, each.ref) for each in queries.open_differences()] == [
        (DifferenceKind.STATUS, back.ref)
    ]
