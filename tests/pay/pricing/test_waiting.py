"""Two at the promotions of one shop at one moment: the second waits, and then sees what the first did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import pytest

from hutong.kernel.money import Money
from hutong.pay.pricing import queries, services
from hutong.pay.pricing.models import Promotion
from hutong.pay.pricing.rules import MOST_LIVE
from hutong.pay.pricing.types import Budget, PromotionState
from tests.concurrency.waiting import behind
from tests.factories import people, promotions
from tests.factories.promotions import discount

# Orders are names alone here; what they have to do with their discounts is tested with the flows.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.unbalanced]


def one_too_few(at: datetime) -> None:
    """As many promotions of the platform as may run at once, but for one."""
    for _number in range(MOST_LIVE - 1):
        promotions.promotion(at=at)


def live() -> int:
    return Promotion.objects.filter(state=PromotionState.LIVE).count()


def test_of_two_who_begin_the_last_promotion_the_second_is_refused(at: datetime) -> None:
    one_too_few(at)
    make = partial(promotions.promotion, at=at)
    refused = behind(make, make, expected=(services.TooManyPromotions,))
    assert isinstance(refused, services.TooManyPromotions)
    assert live() == MOST_LIVE


def test_of_two_who_let_the_last_promotion_go_on_the_second_is_refused(at: datetime) -> None:
    switch = partial(services.switch_promotion, merchant_ref="", by=people.operator(), at=at)
    paused = [promotions.promotion(at=at).ref for _number in range(2)]
    for ref in paused:
        switch(ref=ref, on=False)
    one_too_few(at)
    first, second = (partial(switch, ref=ref, on=True) for ref in paused)
    refused = behind(first, second, expected=(services.TooManyPromotions,))
    assert isinstance(refused, services.TooManyPromotions)
    assert live() == MOST_LIVE


def spent(ref: str, at: datetime) -> None:
    promotion = queries.promotion_by_ref(ref)
    assert promotion is not None
    services.hold(
        order_ref="ord_1",
        person_id=people.person().pk,
        merchant_ref="",
        discounts=[discount(promotion, 200)],
        order_total=Money(1000, "EUR"),
        at=at,
    )


def ended(ref: str, at: datetime) -> None:
    services.end_promotion(ref=ref, merchant_ref="", by=people.operator(), at=at)


@pytest.mark.parametrize(
    ("meanwhile", "refusal"), [(spent, services.BudgetTooSmall), (ended, services.PromotionOver)]
)
def test_a_budget_is_changed_by_what_the_promotion_is_then(
    meanwhile: Callable[[str, datetime], None], refusal: type[Exception], at: datetime
) -> None:
    ref = promotions.promotion(at=at, budget=1000).ref
    change = partial(
        services.change_budget,
        ref=ref,
        merchant_ref="",
        budget=Budget(Money(100, "EUR"), None),
        by=people.operator(),
        at=at,
    )
    assert isinstance(behind(partial(meanwhile, ref, at), change, expected=(refusal,)), refusal)
    assert Promotion.objects.get().budget_amount == 1000


def test_a_promotion_that_is_just_ended_takes_nothing_off(at: datetime) -> None:
    ref = promotions.promotion(at=at, budget=1000).ref
    gone = behind(partial(ended, ref, at), partial(spent, ref, at), expected=(services.DiscountGone,))
    assert isinstance(gone, services.DiscountGone)
    assert Promotion.objects.get().used_amount == 0
