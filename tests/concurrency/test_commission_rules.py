"""Several operators make a rule for the same deals at one moment: one of them is made."""

from __future__ import annotations

import threading
from datetime import datetime
from functools import partial

import pytest
from django.db import transaction

from hutong.pay.fees import queries, services
from hutong.pay.fees.models import CommissionRule
from tests.concurrency.race import WAIT_S, all_at_once, race
from tests.factories import people, regions
from tests.factories.fees import draft, rule

pytestmark = pytest.mark.django_db(transaction=True)

OPERATORS = 6


def test_of_equal_rules_made_at_once_one_holds(at: datetime) -> None:
    regions.region()
    makers = [people.operator() for _ in range(OPERATORS)]
    race(
        [partial(services.make_rule, draft=draft(starts_at=at), by=maker, at=at) for maker in makers],
        expected=(services.RuleOverlaps,),
    )
    assert len(queries.rules()) == 1


def test_of_changes_made_at_once_one_takes_the_rules_place(at: datetime) -> None:
    regions.region()
    first = rule(at=at)
    makers = [people.operator() for _ in range(OPERATORS)]
    race(
        [
            partial(
                services.make_rule,
                draft=draft(starts_at=at, rate_ppm=1),
                by=maker,
                at=at,
                replaces_ref=first.ref,
            )
            for maker in makers
        ],
        expected=(services.RuleOver, services.RuleOverlaps),
    )
    assert [each.replaces_ref for each in queries.rules()] == [first.ref, ""]


def test_control_looking_before_writing_lets_all_of_them_hold(at: datetime) -> None:
    regions.region()
    looked = threading.Barrier(OPERATORS, timeout=WAIT_S)

    def naive(_number: int) -> bool:
        with transaction.atomic():
            free = services.overlapping(draft(starts_at=at)) is None
            looked.wait()
            if free:
                CommissionRule.objects.create(
                    starts_at=at, rate_ppm=1, bearer="platform", made_by="per_a", made_at=at
                )
        return free

    assert all_at_once(OPERATORS, naive) == [True] * OPERATORS
    assert len(queries.rules()) == OPERATORS
