"""What explains a difference, who may say so, what a later bill takes back, and what the books have of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from hutong.flows import differences, dispute
from hutong.kernel import audit, clock
from hutong.kernel.errors import Forbidden
from hutong.kernel.money import Money
from hutong.kernel.second import SecondPersonNeeded
from hutong.pay.orders.queries import order_view
from hutong.pay.orders.types import OrderState
from hutong.pay.payments import queries, services
from hutong.pay.payments.types import (
    BillLine,
    DifferenceKind,
    DifferenceView,
    DisputeReport,
    DisputeStatus,
    Explanation,
)
from hutong.town.people.models import Person
from tests.factories import people
from tests.factories.loop import Scene
from tests.factories.payments import RETURN_URL, line
from tests.fakes.sandbox import Sandbox
from tests.flows.test_reconcile import apart, billed, held, here, lost, operator, paid

__all__ = ["here", "operator"]
pytestmark = pytest.mark.django_db


def explained(
    difference: DifferenceView, explanation: Explanation, by: Person, at: datetime, note: str = "They say so."
) -> DifferenceView:
    """An operator explains it."""
    return differences.explain(
        difference_ref=difference.difference_ref, explanation=explanation, note=note, by=by, at=at
    )


def unknown(minor: int = 400) -> BillLine:
    """A line that names nothing of ours."""
    return line("", Money(minor, "EUR"), provider_ref="dashboard_1")


def test_what_the_provider_promised_stays_apart_until_a_bill_brings_it(
    here: Scene, operator: Person, at: datetime
) -> None:
    payment, on = paid(here), at.date()
    twice, strange = billed(
        line(payment.ref, payment.amount), line(payment.ref, payment.amount), unknown(), on=on, at=at
    )
    explained(strange, Explanation.PROMISED, operator, at)
    assert (apart(), queries.open_differences()) == (payment.amount.minor + 400, [twice])
    later = at + timedelta(days=1)
    # a line of another amount takes nothing back
    assert len(billed(unknown(-399), on=later.date(), at=later)) == 1
    back = line("", -payment.amount, provider_ref="credit_1")
    about = BillLine(payment.ref, "", *_rest(back))
    assert billed(unknown(-400), about, on=later.date() + timedelta(days=1), at=later) == []
    for each, number in ((strange, "dashboard_1"), (twice, "credit_1")):
        now = queries.difference_by_ref(each.difference_ref)
        assert now is not None
        assert (now.explanation, now.closed_at) == (Explanation.CORRECTED, later)
        assert (now.corrected_on, now.corrected_by) == (later.date() + timedelta(days=1), number)
        with pytest.raises(services.NothingToTakeBack):
            differences.take_back(difference_ref=each.difference_ref, by=operator, at=later)
    assert (apart(), held()) == (-399, payment.amount.minor - 399)


def _rest(each: BillLine) -> tuple[Any, ...]:
    return each.provider_ref, each.amount, each.fee, each.status, each.at


def test_a_wrong_currency_is_taken_back_by_all_its_lines(here: Scene, operator: Person, at: datetime) -> None:
    payment, on = paid(here), at.date()
    foreign = Money(payment.amount.minor, "SEK")
    (found,) = billed(line(payment.ref, foreign), on=on, at=at)
    assert (apart(), apart("SEK")) == (-payment.amount.minor, foreign.minor)
    later = at + timedelta(days=1)
    gone = BillLine(payment.ref, "", *_rest(line("", -foreign, provider_ref="credit_1")))
    assert billed(gone, line(payment.ref, payment.amount), on=later.date(), at=later) == []
    assert queries.difference_by_ref(found.difference_ref).explanation is Explanation.CORRECTED  # type: ignore[union-attr]
    assert (apart(), apart("SEK"), held(), held("SEK")) == (0, 0, payment.amount.minor, 0)


@pytest.mark.parametrize("explanation", [None, Explanation.PROMISED, Explanation.WRITTEN_OFF])
def test_what_no_bill_had_may_come_late(
    here: Scene, operator: Person, at: datetime, explanation: Explanation | None
) -> None:
    payment, on = paid(here), at.date()
    billed(on=on, at=at)
    (missing,) = billed(on=on + timedelta(days=1), at=at)
    assert missing.kind is DifferenceKind.MISSING_THERE
    assert (apart(), held()) == (-payment.amount.minor, 0)
    if explanation:
        explained(missing, explanation, operator, at)
    written_off = explanation is Explanation.WRITTEN_OFF
    assert (apart(), lost()) == ((0, -payment.amount.minor) if written_off else (-payment.amount.minor, 0))
    late = at + timedelta(days=9)
    assert billed(line(payment.ref, payment.amount), on=late.date(), at=late) == []
    assert (apart(), lost(), held()) == (0, 0, payment.amount.minor)
    assert queries.newest_bills()["sandbox"].sums[0].booked == payment.amount.minor


def test_a_write_off_above_the_limit_takes_two(operator: Person, at: datetime, settings: Any) -> None:
    settings.HUTONG_WRITE_OFF_LIMIT = 399
    (found,) = billed(unknown(-400), on=at.date(), at=at)
    with pytest.raises(Forbidden):
        explained(found, Explanation.WRITTEN_OFF, people.person(), at)
    asked = explained(found, Explanation.WRITTEN_OFF, operator, at)
    assert (asked.awaits_second, apart(), lost()) == (True, -400, 0)
    with pytest.raises(SecondPersonNeeded):
        differences.confirm(difference_ref=found.difference_ref, by=operator, at=at)
    second = people.operator()
    agreed = differences.confirm(difference_ref=found.difference_ref, by=second, at=at)
    assert (agreed.confirmed_by, agreed.closed_at, apart(), lost()) == (second.public_id, at, 0, -400)
    with pytest.raises(services.DifferenceClosed):
        differences.confirm(difference_ref=found.difference_ref, by=second, at=at)
    actions = [entry.action for entry in audit.search(subject=found.difference_ref).entries]
    assert actions == ["bill.write_off_confirmed", "bill.difference_explained"]


@pytest.mark.parametrize(("unit", "alone"), [("JPY", 100), ("KWD", 100_000)])
def test_the_limit_of_a_write_off_is_a_hundred_of_any_currency(
    unit: str, alone: int, operator: Person, at: datetime
) -> None:
    for minor, waits in ((alone, False), (alone + 1, True)):
        (found,) = billed(line(f"pay_of_{minor}", Money(minor, unit)), on=at.date(), at=at)
        asked = explained(found, Explanation.WRITTEN_OFF, operator, at)
        assert asked.awaits_second is waits
        at += timedelta(days=1)


def test_explanations_are_taken_back(operator: Person, at: datetime) -> None:
    (found,) = billed(unknown(), on=at.date(), at=at)
    for _again in range(2):
        explained(found, Explanation.WRITTEN_OFF, operator, at)
        assert (apart(), lost(), queries.open_differences()) == (0, 400, [])
        differences.take_back(difference_ref=found.difference_ref, by=operator, at=at)
        assert (apart(), lost()) == (400, 0)
        with pytest.raises(services.NothingToTakeBack):
            differences.take_back(difference_ref=found.difference_ref, by=operator, at=at)
    explained(found, Explanation.PROMISED, operator, at)
    differences.take_back(difference_ref=found.difference_ref, by=operator, at=at)
    (again,) = queries.open_differences()
    assert (again.explanation, again.note, again.explained_by) == (None, "", "")
    assert len(audit.search(action="bill.explanation_taken_back").entries) == 3


def test_only_what_fits_explains(here: Scene, operator: Person, at: datetime) -> None:
    payment = paid(here)
    strange, fee = billed(
        unknown(), line("", Money(0, "EUR"), fee=99, provider_ref="stripe_fee"), on=at.date(), at=at
    )
    assert (strange.kind, fee.kind, fee.booked) == (DifferenceKind.MISSING_HERE, DifferenceKind.FEE, ())
    for difference, wrong in (
        (strange, Explanation.NOTED),
        (strange, Explanation.OUR_ROW),
        (strange, Explanation.CORRECTED),
        (fee, Explanation.WRITTEN_OFF),
        (fee, Explanation.OUR_ROW),
    ):
        with pytest.raises(services.ExplanationUnfit):
            explained(difference, wrong, operator, at)
    assert explained(fee, Explanation.NOTED, operator, at).closed_at == at
    differences.take_back(difference_ref=fee.difference_ref, by=operator, at=at)
    assert len(queries.open_differences()) == 2
    assert held() == payment.amount.minor + 400 - 99


def test_our_row_was_wrong_and_fits_once_the_provider_is_asked(
    here: Scene, operator: Person, sandbox: Sandbox
) -> None:
    at = clock.now()
    placed = here.order(at=here.at)
    payment = queries.payment_for_order(placed.order_ref)
    assert payment is not None
    (found,) = billed(line(payment.ref, payment.amount), on=at.date(), at=at)
    assert found.kind is DifferenceKind.STATUS
    with pytest.raises(services.StillDiffers):
        explained(found, Explanation.OUR_ROW, operator, at)
    services.start(payment_ref=payment.ref, return_url=RETURN_URL, at=here.at, payee="Kahvila", language="en")
    sandbox.pay(payment.ref)
    assert differences.look_at_open(at=at) == 0, "nobody has asked yet"
    now = explained(found, Explanation.OUR_ROW, operator, here.at)
    assert (now.explanation, now.closed_at, now.booked) == (Explanation.OUR_ROW, here.at, ())
    assert (apart(), held()) == (0, payment.amount.minor)
    order = order_view(placed.order_ref)
    assert order is not None
    assert order.state is OrderState.PAID
    with pytest.raises(services.DifferenceClosed):
        explained(found, Explanation.OUR_ROW, operator, at)


def test_a_difference_follows_our_row_and_closes_by_itself(here: Scene, at: datetime) -> None:
    placed = here.order()
    payment = queries.payment_for_order(placed.order_ref)
    assert payment is not None
    more = payment.amount + Money(7, "EUR")
    (found,) = billed(line(payment.ref, more), on=at.date(), at=at)
    assert (found.kind, apart()) == (DifferenceKind.AMOUNT, more.minor)
    here.money_arrives(placed)  # the news of the payment was late, and says what was asked
    assert differences.look_at_open(at=at) == 1
    assert (apart(), held()) == (7, more.minor)
    assert differences.look_at_open(at=at) == 0

    other = here.order()
    second = queries.payment_for_order(other.order_ref)
    assert second is not None
    later = at + timedelta(days=1)
    (late,) = billed(line(second.ref, second.amount), on=later.date(), at=later)
    here.money_arrives(other)
    assert differences.look_at_open(at=later) == 1
    now = queries.difference_by_ref(late.difference_ref)
    assert now is not None
    assert (now.explanation, now.explained_by) == (Explanation.OUR_ROW, "platform")
    assert (apart(), held()) == (7, more.minor + second.amount.minor)


def test_the_fee_of_a_dispute_leaves_the_sums_of_its_currency_alone(here: Scene, at: datetime) -> None:
    payment, on = paid(here), at.date()
    taken = replace(
        line("", -payment.amount, fee=1500, provider_ref="dp_1"),
        payment_ref=payment.ref,
    )
    other = line("", Money(400, "SEK"), fee=7, provider_ref="dashboard_1")
    billed(line(payment.ref, payment.amount), taken, other, on=on, at=at)
    told = DisputeReport(
        "dp_1", payment.ref, "", payment.amount, taken.fee, "fraudulent", DisputeStatus.NEEDS_RESPONSE
    )
    dispute.record(provider="sandbox", report=told, at=at)
    assert differences.look_at_open(at=at) == 1
    fees = {each.unit: each.fees_kept for each in queries.newest_bills()["sandbox"].sums}
    assert fees == {"EUR": 0, "SEK": 7}
