"""Money of a wrong amount or currency is due on a bill like any other: where none names it, somebody is told."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hutong.flows import payment_received, refund
from hutong.kernel.clock import day_bounds
from hutong.kernel.money import Money
from hutong.pay.payments import queries, services
from hutong.pay.payments.providers.registry import bill_zone
from hutong.pay.payments.types import DifferenceKind, Outcome, PaymentView, RefundReport, ReportStatus
from hutong.pay.settlement.queries import missing_bills
from tests.factories.loop import Scene
from tests.factories.payments import line
from tests.flows.test_reconcile import apart, billed, held, here

__all__ = ["here"]
pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
USD_7 = Money(700, "USD")


@pytest.fixture
def wrong(here: Scene, at: datetime) -> PaymentView:
    """A payment for which 7 USD came, which went back two days later."""
    asked = queries.payment_for_order(here.order().order_ref)
    assert asked is not None
    recorded = services.record_capture(payment_ref=asked.ref, captured=USD_7, at=at)
    assert recorded.outcome is Outcome.MISMATCH
    payment_received._into_suspense(recorded.payment, USD_7, at)
    back = services.request_suspense_refund(payment_ref=asked.ref, reason="amount_or_currency", at=at)
    refund.finish(report=RefundReport(back.ref, ReportStatus.DONE, "re_1"), at=at + 2 * DAY)
    return recorded.payment


def test_where_no_bill_names_it_it_is_missing_there(wrong: PaymentView, at: datetime) -> None:
    billed(on=at.date(), at=at + DAY)
    (missing,) = billed(on=at.date() + DAY, at=at + 2 * DAY)
    assert (missing.kind, missing.ref, missing.ours) == (DifferenceKind.MISSING_THERE, wrong.ref, USD_7)
    assert (held("USD"), apart("USD")) == (-700, -700), "the refund has its own bill"


def test_where_a_bill_names_it_it_fits(wrong: PaymentView, at: datetime) -> None:
    assert billed(line(wrong.ref, USD_7), on=at.date(), at=at + DAY) == []
    assert billed(on=at.date() + DAY, at=at + 2 * DAY) == []
    assert apart("USD") == 0


def test_its_month_waits_for_its_bill_and_says_how_much_is_explained(
    wrong: PaymentView, at: datetime
) -> None:
    starts_at, ends_at = day_bounds(at.date(), bill_zone("sandbox"))
    assert missing_bills(starts_at=starts_at, ends_at=ends_at) == [
        ("sandbox", at.date()),
        ("sandbox", at.date() + DAY),
    ]
    explained = queries.explained(unit="USD", starts_at=starts_at, ends_at=ends_at, zone=bill_zone)
    assert (explained.number, explained.moved) == (1, USD_7)
