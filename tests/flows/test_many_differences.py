"""More differences than are read at once: every one is looked at, whatever stands before it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hutong.flows import differences, reconcile, refund
from hutong.kernel.money import Money
from hutong.pay.payments import queries
from hutong.pay.payments.types import Bill, Explanation, RefundReport, ReportStatus
from tests.factories.loop import Scene
from tests.factories.payments import line
from tests.flows.test_reconcile import PROVIDER, here

__all__ = ["here"]
pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.mark.parametrize("stuck", [0, differences.LOOKED_AT_ONCE, 2 * differences.LOOKED_AT_ONCE + 1])
def test_what_fits_is_closed_behind_hundreds_that_do_not(here: Scene, at: datetime, stuck: int) -> None:
    lines = [line("", Money(5, "EUR"), provider_ref=f"their_{number}") for number in range(stuck)]
    reconcile.keep(Bill(tuple(lines)), provider=PROVIDER, on=at.date(), at=at)
    (voucher,) = here.bought()
    asked = refund._request(voucher.order_ref, None, "", here.shopper, False, at)
    payment = queries.payment_for_order(voucher.order_ref)
    assert payment is not None
    fitting = (
        line(payment.ref, payment.amount),
        line(asked.ref, asked.amount, back_of=payment.ref),
    )
    reconcile.keep(Bill(fitting), provider=PROVIDER, on=at.date() + DAY, at=at + DAY)
    last = queries.open_differences(limit=1_000)[-1]
    assert last.ref == asked.ref
    refund.finish(report=RefundReport(asked.ref, ReportStatus.DONE, "re_1"), at=at + DAY)
    assert differences.look_at_open(at=at + DAY) == 1
    closed = queries.difference_by_ref(last.difference_ref)
    assert closed is not None
    assert (closed.explanation, closed.closed_at) == (Explanation.OUR_ROW, at + DAY)
    assert len(queries.open_differences(limit=1_000)) == stuck


def test_they_are_read_page_by_page(at: datetime) -> None:
    for number in range(3):
        lines = [line("", Money(5, "EUR"), provider_ref=f"their_{number}_{each}") for each in range(2)]
        on = at.date() - number * DAY
        reconcile.keep(Bill(tuple(lines)), provider=PROVIDER, on=on, at=at)
    found, last = [], ""
    while page := queries.open_differences(limit=4, after=last):
        last = page[-1].difference_ref
        found.append([each.provider_ref for each in page])
    assert found == [["their_2_0", "their_2_1", "their_1_0", "their_1_1"], ["their_0_0", "their_0_1"]]
    assert queries.waiting_differences(after=last) == []
    assert len(queries.differences_to_look_at(limit=4)) == 4
