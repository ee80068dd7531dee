"""What ends when, and what of its money goes back then: sums by day and week, one statement a room."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hutong.flows import expiring
from hutong.flows.expiring import Ending
from hutong.visit.vouchers.types import RefundPromise
from tests.factories import vouchers
from tests.factories.loop import Scene, scene
from tests.web.visitors import shop, visitor

pytestmark = pytest.mark.django_db


def ending(made: Scene, at: datetime) -> list[Ending]:
    merchant = made.merchant
    return expiring.ending_by_day(merchant.pk, zone="Europe/Helsinki", unit="EUR", at=at)


def test_unused_uses_count_with_what_was_paid_for_them_by_promise(at: datetime) -> None:
    made = scene(at=at, price=1000)
    vouchers.promise(made.offer.public_id, at=at, uses=4, valid_days=10)
    (card,) = made.bought()
    made.scan(card.code)
    # The price of a card is shared by its uses: three of four are left.
    (line,) = ending(made, at)
    assert (line.uses, line.goes_back.minor, line.kept.minor) == (3, 750, 0)
    last_on = (card.valid_until - timedelta(seconds=1)).date()
    assert line.starts_on == last_on
    later = at + timedelta(minutes=1)
    vouchers.promise(made.offer.public_id, at=later, uses=4, valid_days=10, refund=RefundPromise.NEVER)
    made.at = later
    made.bought()
    together = expiring.by_days(ending(made, later), unit="EUR")
    assert [(day.uses, day.goes_back.minor, day.kept.minor) for day in together] == [(7, 750, 1000)]
    assert [line.uses for line in ending(made, card.valid_until + timedelta(days=1))] == []


def test_weeks_have_no_gaps_and_the_rest_is_later(at: datetime) -> None:
    made = scene(at=at)
    made.bought(quantity=2)
    lines = ending(made, at)
    weeks = expiring.by_week(lines, first_on=at.date(), weeks=13, unit="EUR")
    assert [week.starts_on.weekday() for week in weeks] == [0] * 13
    after = weeks[-1].starts_on + timedelta(days=7)
    later = expiring.added((line for line in lines if line.starts_on >= after), after, unit="EUR")
    assert sum(week.uses for week in weeks) + later.uses == 2
    assert sum(week.paid.minor for week in weeks) + later.paid.minor == 2 * 1990


def test_another_merchants_and_used_ones_do_not_count_and_statements_do_not_grow(at: datetime) -> None:
    made, other = scene(at=at), scene(at=at)
    counted = []
    for number in (1, 3):
        for _time in range(number):
            other.bought()
            made.scan(made.bought(quantity=2)[0].code)
        with CaptureQueriesContext(connection) as asked:
            assert sum(line.uses for line in ending(made, at)) == {1: 1, 3: 4}[number]
        counted.append(len(asked))
    assert counted == [2, 2]


def test_the_page_shows_amounts_to_who_sees_takings() -> None:
    here = shop()
    here.scene.bought(quantity=2)
    page = visitor(here.owner).get("/merchant/vouchers/").content.decode()
    assert "39.80" in page
    assert "hutong-chart" in page
