"""Many want the last of a budget, of coupons, of one's own limit: exactly what there is is given, never more."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from django.db import transaction

from hutong.kernel import rows
from hutong.kernel.errors import Conflict
from hutong.kernel.money import Money
from hutong.pay.pricing import queries, services
from hutong.pay.pricing.models import Coupon, FirstUse, PersonCount, Promotion, Use
from hutong.pay.pricing.services import coupons, uses
from hutong.pay.pricing.types import FirstPurchase, Issue, Lane, Limits, PromotionView
from hutong.town.people.models import Person
from tests.concurrency.race import WAIT_S, all_at_once, constraint_dropped, index_dropped
from tests.factories import people, promotions
from tests.factories.promotions import discount
from tests.faults.figures import Measured

# The orders are names alone here; what an order has to do with its discounts is tested with the flows.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.unbalanced]

RUNNERS = 16
CLIENTS = 200
SPENDS = 2000
LIMIT = 3
_orders = count()


def spend(
    promotion: PromotionView, person: Person, at: datetime, minor: int = 1, coupon_ref: str = ""
) -> bool:
    """Hold a discount for an order of its own; whether it was granted."""
    try:
        with transaction.atomic():
            services.hold(
                order_ref=f"ord_{next(_orders)}",
                person_id=person.pk,
                merchant_ref="",
                discounts=[discount(promotion, minor, coupon_ref)],
                order_total=Money(1000, "EUR"),
                at=at,
            )
    except Conflict:
        return False
    return True


@pytest.mark.figure
def test_200_people_take_3_coupons(at: datetime, measured: Measured) -> None:
    promotion = promotions.promotion(
        lane=Lane.PLATFORM_COUPON, issue=Issue.CLAIM, issue_limit=LIMIT, coupons_each=1, at=at
    )
    crowd = [people.person() for _number in range(CLIENTS)]

    def take(number: int) -> int:
        granted = 0
        for person in crowd[number::RUNNERS]:
            try:
                services.claim(promotion_ref=promotion.ref, person=person, at=at)
            except Conflict:
                continue
            granted += 1
        return granted

    assert sum(all_at_once(RUNNERS, take)) == LIMIT
    assert Coupon.objects.count() == LIMIT
    assert queries.problems() == []
    measured(3, "a limit of 3 coupons", f"{CLIENTS} people at once, {LIMIT} got one")


@pytest.mark.figure
def test_2000_orders_on_a_budget_for_1000(at: datetime, measured: Measured) -> None:
    promotion = promotions.promotion(at=at, budget=1000)
    crowd = [people.person() for _number in range(RUNNERS)]

    def order(number: int) -> int:
        return sum(spend(promotion, crowd[number], at) for _turn in range(SPENDS // RUNNERS))

    # A promotion's amount is two euros; what is asked for here is a cent, which the service takes as it comes.
    assert sum(all_at_once(RUNNERS, order)) == 1000
    assert Promotion.objects.get().used_amount == 1000
    assert queries.problems() == []
    measured(3, "orders on one budget", f"{SPENDS:,} by {RUNNERS} at once, 1,000 of 1,000 granted")


def test_one_person_with_many_windows_stays_within_the_limit(at: datetime) -> None:
    promotion, person = promotions.promotion(at=at, per_person=LIMIT), people.person()
    granted = all_at_once(RUNNERS, lambda _number: spend(promotion, person, at))
    assert sum(granted) == LIMIT
    assert PersonCount.objects.get().used == LIMIT


def test_a_coupon_counts_in_one_of_many_orders(at: datetime) -> None:
    person = people.person()
    coupon_ref = promotions.coupon(person, at=at)
    promotion = queries.coupons_of(person.pk)[0].coupon.promotion
    view = queries.promotion_by_ref(promotion.ref)
    assert view is not None
    granted = all_at_once(RUNNERS, lambda _number: spend(view, person, at, coupon_ref=coupon_ref))
    assert sum(granted) == 1
    assert Use.objects.count() == 1


def test_one_order_earns_one_coupon_however_often_it_is_asked(at: datetime) -> None:
    promotion = promotions.promotion(
        lane=Lane.PLATFORM_COUPON, issue=Issue.PURCHASE, coupons_each=100, issue_limit=100, at=at
    )
    person = people.person()
    given = all_at_once(
        8,
        lambda _number: services.give(
            promotion=promotion, person_ids=[person.pk], source=Issue.PURCHASE, source_ref="ord_1", at=at
        ),
    )
    assert sum(given) == 1
    assert queries.problems() == []


def read_first(monkeypatch: pytest.MonkeyPatch, module: Any, statement: str, look: str) -> None:
    """Put a guard's statement apart: everybody reads with `look` before anybody writes without the guard."""
    together = threading.Barrier(RUNNERS, timeout=WAIT_S)
    execute = rows.execute

    def naive(sql: str, params: Any = None) -> int:
        if sql != getattr(module, statement):
            return execute(sql, params)
        left = rows.scalar(look, params)
        together.wait()
        return execute(sql.partition("WHERE")[0] + _WHERE[statement], params) if left else 0

    monkeypatch.setattr(module.rows, "execute", naive)


_WHERE: Mapping[str, str] = {
    "_SPEND": "WHERE id = %(promotion)s::int8",
    "_COUNT": "WHERE id = %s::int8",
}


def test_control_of_reading_the_budget_before_writing(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    promotion = promotions.promotion(at=at, budget=200)
    crowd = [people.person() for _number in range(RUNNERS)]
    read_first(
        monkeypatch,
        uses,
        "_SPEND",
        "SELECT used_amount + %(amount)s <= budget_amount FROM pricing_promotion WHERE id = %(promotion)s",
    )
    with constraint_dropped("pricing_promotion", "pricing_promotion_budget_amount"):
        granted = all_at_once(RUNNERS, lambda number: spend(promotion, crowd[number], at, 200))
        assert sum(granted) == RUNNERS
        assert Promotion.objects.get().used_amount == 200 * RUNNERS


def test_control_of_reading_what_is_issued_before_writing(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    promotion = promotions.promotion(lane=Lane.PLATFORM_COUPON, issue=Issue.CLAIM, issue_limit=1, at=at)
    crowd = [people.person() for _number in range(RUNNERS)]
    read_first(
        monkeypatch, coupons, "_COUNT", "SELECT issued < issue_limit FROM pricing_promotion WHERE id = %s"
    )
    with constraint_dropped("pricing_promotion", "pricing_promotion_issued"):
        all_at_once(
            RUNNERS,
            lambda number: services.claim(promotion_ref=promotion.ref, person=crowd[number], at=at),
        )
        assert Coupon.objects.count() == RUNNERS


def test_control_without_the_guard_one_person_passes_the_limit(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    promotion, person = promotions.promotion(at=at, per_person=LIMIT), people.person()
    guard = " WHERE n.used < %(most)s::int2"
    assert guard in uses._COUNT_FOR
    monkeypatch.setattr(uses, "_COUNT_FOR", uses._COUNT_FOR.replace(guard, ""))
    assert sum(all_at_once(RUNNERS, lambda _number: spend(promotion, person, at))) == RUNNERS


def test_control_without_state_and_constraint_a_coupon_counts_again(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = people.person()
    coupon_ref = promotions.coupon(person, at=at)
    view = queries.promotion_by_ref(queries.coupons_of(person.pk)[0].coupon.promotion.ref)
    assert view is not None
    guard = " AND state = 'ready'"
    assert guard in uses._HOLD_COUPON
    monkeypatch.setattr(uses, "_HOLD_COUPON", uses._HOLD_COUPON.replace(guard, ""))
    assert spend(view, person, at, coupon_ref=coupon_ref)
    with index_dropped("pricing_use", "pricing_use_coupon_once"):
        assert spend(view, person, at, coupon_ref=coupon_ref)


def test_of_many_orders_of_one_person_one_is_the_first(at: datetime) -> None:
    first, person = Limits(first=FirstPurchase.ON_PLATFORM), people.person()
    several = [promotions.promotion(at=at, limits=first) for _number in range(2)]
    granted = all_at_once(RUNNERS, lambda number: spend(several[number % 2], person, at))
    assert sum(granted) == 1
    assert FirstUse.objects.count() == Use.objects.count() == 1


def test_control_without_the_guard_all_orders_of_one_person_are_the_first(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = people.person()
    promotion = promotions.promotion(at=at, limits=Limits(first=FirstPurchase.ON_PLATFORM))
    guard = " WHERE f.order_ref = EXCLUDED.order_ref"
    assert guard in uses._BE_FIRST
    monkeypatch.setattr(uses, "_BE_FIRST", uses._BE_FIRST.replace(guard, ""))
    assert sum(all_at_once(RUNNERS, lambda _number: spend(promotion, person, at))) == RUNNERS
