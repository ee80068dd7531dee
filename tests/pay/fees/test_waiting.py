"""Two who make a rule for the same deals at one moment: the second waits, and then sees the first one's."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import pytest

from hutong.pay.fees import services
from tests.concurrency.waiting import behind
from tests.factories import people, regions
from tests.factories.fees import draft

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_rules_for_the_same_deals_the_second_is_refused(at: datetime) -> None:
    regions.region()
    make = partial(services.make_rule, draft=draft(starts_at=at), by=people.operator(), at=at)
    assert isinstance(behind(make, make, expected=(services.RuleOverlaps,)), services.RuleOverlaps)
