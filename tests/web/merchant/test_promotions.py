"""Promotions are made, looked at, switched, ended; a shop sees and changes its own alone."""

from typing import Any

import pytest
from django.urls import reverse

from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.pricing import queries
from hutong.pay.pricing.models import Coupon, Promotion
from hutong.pay.pricing.types import AmountOff, Issue, Lane, PromotionState
from tests.factories import people, promotions
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db


def sent(**fields: object) -> dict[str, object]:
    today = clock.now().date().isoformat()
    return {
        "title_en": "Slow hours", "kind": "percent_off", "percent": "20", "issue": "everybody", "starts_on": today,
        **fields,
    }  # fmt: skip


def ref_of(made: Shop) -> str:
    return made.scene.merchant.public_id


def own(made: Shop, **fields: Any) -> str:
    return promotions.promotion(
        lane=Lane.SHOP_PROMOTION, merchant_ref=ref_of(made), by=made.owner, at=made.at, **fields
    ).ref


def test_a_shop_makes_a_promotion_that_lowers_its_price() -> None:
    made = shop()
    browser = visitor(made.owner)
    answer = browser.post(reverse("merchant_promotion_new"), sent(minimum="10,00", per_person="2"))
    (promotion,) = queries.promotions_of(ref_of(made))
    assert answer.headers["Location"] == reverse("merchant_promotion", args=[promotion.ref])
    assert promotion.rule.limits.minimum == Money(1000, "EUR")
    assert promotion.per_person == 2
    made.scene.at = clock.now()
    assert made.scene.order().total == Money(1592, "EUR")
    made.scene.money_arrives(made.scene.order())
    page = browser.get(reverse("merchant_promotion", args=[promotion.ref])).content.decode()
    assert "€3.98" in page, "what it cost"
    assert "€15.92" in page, "what it brought"
    assert "20% off" in browser.get(reverse("merchant_promotions")).content.decode()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"percent": ""}, "Please fill this in."),
        ({"percent": "101"}, "A percentage lies between 0 and 100."),
        ({"title_en": ""}, "Say it in one language at least."),
        ({"ends_on": "2020-01-01"}, "The last day is past, or before the first."),
        ({"kind": "amount_off", "amount": "5", "budget_amount": "4"}, "less than what one order takes"),
        ({"issue": "code", "code": "AB"}, "A code has 4 to 30 letters and digits."),
        ({"opens": "10:00"}, "Fill in both hours, or none."),
        ({"starts_on": "nonsense"}, "Enter a valid date."),
        ({"minimum": "ten"}, "Write an amount such as"),
    ],
)
def test_what_makes_no_sense_is_told_at_its_field(fields: dict[str, object], said: str) -> None:
    made = shop()
    answer = visitor(made.owner).post(reverse("merchant_promotion_new"), sent(**fields))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Promotion.objects.exists()


def test_a_code_that_looks_like_another_one_is_refused() -> None:
    made = shop()
    promotions.promotion(lane=Lane.PLATFORM_COUPON, issue=Issue.CODE, code="SOLO10", at=made.at)
    answer = visitor(made.owner).post(reverse("merchant_promotion_new"), sent(issue="code", code="s0l0-1o"))
    assert answer.status_code == 422
    assert "Another promotion has this code already" in answer.content.decode()


def test_pause_resume_budget_and_end() -> None:
    made = shop()
    ref = own(made, budget=1000)
    browser, address = visitor(made.owner), reverse("merchant_promotion_change", args=[ref])

    def state() -> PromotionState:
        return PromotionState(Promotion.objects.get().state)

    browser.post(address, {"do": "pause"})
    assert state() is PromotionState.PAUSED
    browser.post(address, {"do": "resume"})
    assert state() is PromotionState.LIVE
    browser.post(address, {"do": "budget", "budget_amount": "25,50"})
    assert Promotion.objects.get().budget_amount == 2550
    browser.post(address, {"do": "end"})
    assert state() is PromotionState.ENDED
    assert "has ended" in browser.post(address, {"do": "resume"}, follow=True).content.decode()
    assert state() is PromotionState.ENDED


def test_a_budget_below_what_is_used_is_refused() -> None:
    made = shop()
    ref = own(made, budget=1000)
    made.scene.at = clock.now()
    made.scene.money_arrives(made.scene.order())
    address = reverse("merchant_promotion_change", args=[ref])
    answer = visitor(made.owner).post(address, {"do": "budget", "budget_amount": "1"}, follow=True)
    assert "More than that is used already." in answer.content.decode()
    assert Promotion.objects.get().budget_amount == 1000


def test_another_shop_and_the_platform_do_not_see_it() -> None:
    made, other = shop(), shop()
    ref = own(made)
    assert visitor(other.owner).get(reverse("merchant_promotion", args=[ref])).status_code == 404
    address = reverse("merchant_promotion_change", args=[ref])
    visitor(other.owner).post(address, {"do": "end"})
    visitor(people.operator()).post(reverse("operator_promotion_change", args=[ref]), {"do": "end"})
    assert Promotion.objects.get().state == PromotionState.LIVE


def test_a_coupon_is_given_to_customers_who_agreed_once() -> None:
    made = shop()
    made.scene.bought(consent=True)
    from hutong.flows import jobs

    jobs.drain()
    ref = promotions.promotion(
        AmountOff(Money(300, "EUR")),
        Lane.SHOP_COUPON,
        issue=Issue.SEGMENT,
        merchant_ref=ref_of(made),
        by=made.owner,
        at=made.at,
    ).ref
    browser, address = visitor(made.owner), reverse("merchant_promotion_give", args=[ref])
    for _again in range(2):
        browser.post(address, {"segment": "bought"})
    assert Coupon.objects.get().person == made.scene.shopper
    assert browser.post(address, {"segment": "everybody"}).status_code == 404


def test_an_operator_makes_one_for_all_shops() -> None:
    made = shop()
    browser = visitor(people.operator())
    answer = browser.post(
        reverse("operator_promotion_new"),
        sent(kind="amount_off", amount="2", issue="code", code="Spring 20", budget_count="10"),
    )
    assert answer.status_code == 302
    (promotion,) = queries.promotions_of("")
    assert promotion.rule.lane is Lane.PLATFORM_COUPON
    assert "Spring 20" in browser.get(answer.headers["Location"]).content.decode()
    assert visitor(made.owner).get(reverse("operator_promotions")).status_code == 403
