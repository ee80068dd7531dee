"""Batches that make themselves: on the days the site wants, once, and nobody is paid by them alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from pytest_django.fixtures import Settings

from hutong.flows import jobs, payout_drafts, payouts
from hutong.kernel.money import Money
from hutong.kernel.rows import execute
from hutong.pay.settlement import queries, services
from hutong.pay.settlement.types import BatchState
from hutong.town.notifications import queries as notifications
from hutong.town.notifications.models import Notification
from tests.factories import people
from tests.factories.settlement import NOON, SITE, account, days, earned

# What is paid out was earned without orders.
pytestmark = [pytest.mark.django_db, pytest.mark.unbalanced]

SUNDAY_NIGHT = datetime(2026, 6, 7, 23, 30, tzinfo=UTC)


@pytest.fixture
def due() -> None:
    """Something is due in euros, and nothing in yuan."""
    account(at=NOON)
    earned(1000, at=NOON)


@pytest.mark.usefixtures("due")
@pytest.mark.parametrize(("wanted", "made_on"), [("", []), ("weekly", [8]), ("daily", [7, 8])])
def test_it_is_made_once_on_its_day(wanted: str, made_on: list[int], settings: Settings) -> None:
    settings.HUTONG_PAYOUT_DRAFTS = wanted
    settings.TIME_ZONE = "UTC"
    for before in (NOON, SUNDAY_NIGHT - days(1)):
        for batch in payout_drafts.run(at=before):
            payouts.drop(batch_ref=batch.ref, reason="a test", by=people.operator(), at=before)
    made = []
    for hour in range(-20, 20):
        at = SUNDAY_NIGHT + timedelta(hours=hour)
        for batch in payout_drafts.run(at=at):
            made.append(batch)
            assert at.hour >= payout_drafts.MORNING
            payouts.drop(batch_ref=batch.ref, reason="a test", by=people.operator(), at=at)
    assert [batch.on.day for batch in made] == made_on
    assert {(batch.made_by, batch.state, batch.total.minor) for batch in made} <= {
        ("platform", BatchState.DRAFT, 1000)
    }


@pytest.mark.usefixtures("due")
def test_a_monday_on_which_the_site_was_down_is_made_up_for_once(settings: Settings) -> None:
    settings.HUTONG_PAYOUT_DRAFTS = "weekly"
    settings.TIME_ZONE = "UTC"
    assert payout_drafts.run(at=NOON) == []  # a Monday: nobody is due
    earned(500, at=NOON + days(1))
    assert payout_drafts.run(at=NOON + days(4)) == []
    tuesday = NOON + days(8)
    (batch,) = payout_drafts.run(at=tuesday)
    assert (batch.on, batch.total.minor) == (tuesday.date(), 1500)
    payouts.drop(batch_ref=batch.ref, reason="a test", by=people.operator(), at=tuesday)
    for later in (timedelta(minutes=20), days(1), days(5.8)):
        assert payout_drafts.run(at=tuesday + later) == []
    (batch,) = payout_drafts.run(at=tuesday + days(6))  # the next Monday
    assert batch.on == (tuesday + days(6)).date()


@pytest.mark.usefixtures("due")
def test_what_another_worker_has_drafted_is_not_drafted_again() -> None:
    at, monday = NOON + days(7), (NOON + days(7)).date()
    draft = partial(
        services.draft_batch, unit="EUR", due_on=monday, on=monday, site=SITE, by="platform", at=at
    )
    first = draft()
    assert first is not None
    payouts.drop(batch_ref=first.ref, reason="a test", by=people.operator(), at=at)
    assert draft() is None
    # control: another day's is made
    assert draft(due_on=monday + timedelta(days=1)) is not None


@pytest.mark.usefixtures("due")
def test_two_people_approve_what_made_itself_above_the_limit(settings: Settings) -> None:
    settings.HUTONG_PAYOUT_DRAFTS = "daily"
    settings.HUTONG_PAYOUT_SECOND_ABOVE = 1
    at = NOON + days(4)
    (batch,) = payout_drafts.run(at=at)
    assert queries.count_waiting(most=9) == 1
    first = payouts.approve(batch_ref=batch.ref, by=people.operator(), at=at)
    assert (first.needs_two, first.state) == (True, BatchState.DRAFT)
    second = payouts.approve(batch_ref=batch.ref, by=people.operator(), at=at)
    assert second.state is BatchState.APPROVED
    assert queries.count_waiting(most=9) == 0


@pytest.mark.usefixtures("due")
def test_operators_are_told_of_what_waits_for_them(settings: Settings) -> None:
    settings.HUTONG_PAYOUT_DRAFTS = "daily"
    told = [people.operator(), people.operator()]
    people.person()
    (batch,) = payout_drafts.run(at=NOON + days(4))
    jobs.drain()
    assert sorted(Notification.objects.values_list("person", flat=True)) == sorted(one.pk for one in told)
    for language, title in (("en", "Payouts to approve: €10.00"), ("zh-hans", "有打款待批准：€10.00")):
        (shown,) = notifications.page_of(told[0].pk, language=language).items
        assert shown.text.title == title
        assert shown.url == f"/operator/payouts/batches/{batch.ref}/"


def test_where_nobody_is_due_there_is_none(settings: Settings) -> None:
    settings.HUTONG_PAYOUT_DRAFTS = "daily"
    assert payout_drafts.run(at=NOON) == []
    assert queries.batches() == []


@pytest.mark.usefixtures("due")
def test_an_error_in_one_currency_loses_neither_the_other_nor_its_own_day(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.HUTONG_PAYOUT_DRAFTS = "daily"
    account("mer_b", at=NOON)
    earned(2000, merchant="mer_b", unit="CNY", at=NOON)
    morning = NOON + days(4)
    execute("ALTER TABLE settlement_payoutbatch ADD CONSTRAINT in_the_way CHECK (unit <> 'CNY')")
    assert [batch.total for batch in payout_drafts.run(at=morning)] == [Money(1000, "EUR")]
    assert "no payouts could be drafted in CNY" in caplog.text
    again = morning + timedelta(seconds=payout_drafts.AGAIN_AFTER_S)
    caplog.clear()
    assert payout_drafts.run(at=again - timedelta(seconds=1)) == []
    assert caplog.text == ""
    execute("ALTER TABLE settlement_payoutbatch DROP CONSTRAINT in_the_way")
    assert [batch.total for batch in payout_drafts.run(at=again)] == [Money(2000, "CNY")]
    # what is due later that day waits for the next
    account("mer_c", at=NOON)
    earned(3000, merchant="mer_c", unit="CNY", at=NOON)
    assert payout_drafts.run(at=again + timedelta(hours=1)) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("due", "sandbox")
def test_the_clock_asks_for_it(settings: Settings) -> None:
    settings.HUTONG_PAYOUT_DRAFTS = "daily"
    jobs.tick(at=NOON + days(4))
    assert [batch.total.minor for batch in queries.batches()] == [1000]
