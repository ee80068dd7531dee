"""Coupons as shoppers meet them: taken, entered, used at checkout by themselves or as chosen."""

import pytest
from django.urls import reverse

from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.orders import queries as orders
from hutong.pay.pricing import services
from hutong.pay.pricing.models import Coupon
from hutong.pay.pricing.services.coupons import MOST_FAILURES
from hutong.pay.pricing.types import AmountOff, Issue, Lane
from tests.factories import people, promotions
from tests.web.visitors import shop, visitor

pytestmark = pytest.mark.django_db(transaction=True)


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def test_a_coupon_is_taken_on_the_deal_and_used_at_checkout() -> None:
    made = shop()
    deal = reverse("deal", args=[made.scene.offer.public_id])
    promotion = promotions.promotion(
        AmountOff(euros(500)), Lane.PLATFORM_COUPON, issue=Issue.CLAIM, at=clock.now()
    )
    browser = visitor(made.scene.shopper)
    assert "€5.00 off" in browser.get(deal).content.decode()
    answer = browser.post(reverse("coupon_claim", args=[promotion.ref]), {"next": deal})
    assert answer.headers["Location"] == deal
    assert "€5.00 off" not in browser.get(deal).content.decode(), "it was taken"
    page = browser.get(reverse("checkout", args=[made.scene.offer.public_id])).content.decode()
    assert "−€5.00" in page
    assert "€14.90" in page
    again = browser.post(reverse("coupon_claim", args=[promotion.ref]), follow=True)
    assert "You had this coupon already" in again.content.decode()
    assert Coupon.objects.count() == 1


def test_the_shopper_chooses_another_coupon_or_none() -> None:
    made = shop()
    at = clock.now()
    small = promotions.coupon(made.scene.shopper, AmountOff(euros(100)), at=at)
    promotions.coupon(made.scene.shopper, AmountOff(euros(500)), at=at)
    browser, address = visitor(made.scene.shopper), reverse("checkout", args=[made.scene.offer.public_id])
    assert "€18.90" in browser.get(address, {"coupon": small}).content.decode()
    nothing = browser.get(address, {"coupon": "none"})
    assert "−€5.00" not in nothing.content.decode()
    form = {
        "quantity": 1, "shown_quantity": 1, "client_key": "k", "coupon": small, "shown_coupon": "",
        "shown_hash": browser.get(address).context["quote"].hash,
    }  # fmt: skip
    first = browser.post(address, form)
    assert "Please look at the new total" in first.content.decode()
    form |= {"shown_coupon": small, "shown_hash": first.context["quote"].hash}
    browser.post(address, form)  # the payment page is nobody's here
    (order,) = orders.orders_of(made.scene.shopper.pk)
    assert order.total == euros(1890)
    assert "−€1.00" in browser.get(reverse("order", args=[order.order_ref])).content.decode()


def test_why_a_coupon_takes_nothing_is_told() -> None:
    made = shop()
    promotions.coupon(made.scene.shopper, minimum=5000, at=clock.now())
    browser = visitor(made.scene.shopper)
    page = browser.get(reverse("checkout", args=[made.scene.offer.public_id])).content.decode()
    assert "€30.10 more is needed." in page


@pytest.mark.parametrize("typed", ["SPRING20", " spring 20 ", "Spr1ng-2O"])
def test_a_code_is_forgiven_case_spaces_and_letters_that_look_alike(typed: str) -> None:
    made = shop()
    promotions.promotion(lane=Lane.PLATFORM_COUPON, issue=Issue.CODE, code="SPRING20", at=clock.now())
    browser = visitor(made.scene.shopper)
    answer = browser.post(reverse("coupon_code"), {"code": typed}, follow=True)
    assert "The coupon is yours." in answer.content.decode()
    assert Coupon.objects.count() == 1


def test_guessing_codes_is_stopped() -> None:
    made = shop()
    promotions.promotion(lane=Lane.PLATFORM_COUPON, issue=Issue.CODE, code="SPRING20", at=clock.now())
    browser = visitor(made.scene.shopper)
    for number in range(MOST_FAILURES["person"]):
        answer = browser.post(reverse("coupon_code"), {"code": f"GUESS{number:03d}"})
        assert answer.status_code == 404
        assert "No coupon has this code any more" in answer.content.decode()
    assert browser.post(reverse("coupon_code"), {"code": "SPRING20"}).status_code == 429
    assert not Coupon.objects.exists()


def test_nobody_signed_in_is_asked_to_sign_in_first() -> None:
    shop()
    promotion = promotions.promotion(lane=Lane.PLATFORM_COUPON, issue=Issue.CLAIM, at=clock.now())
    answer = visitor().post(reverse("coupon_claim", args=[promotion.ref]))
    assert answer.status_code == 302
    assert "/sign-in/" in answer.headers["Location"]
    assert not Coupon.objects.exists()


def test_a_coupon_whose_order_went_back_says_so() -> None:
    made, at = shop(), clock.now()
    earned = promotions.promotion(lane=Lane.PLATFORM_COUPON, issue=Issue.PURCHASE, at=at)
    person = made.scene.shopper
    services.give(promotion=earned, person_ids=[person.pk], source=Issue.PURCHASE, source_ref="ord_x", at=at)
    browser, words = visitor(person), "Withdrawn: the order that earned it was given back."
    before = browser.get(reverse("coupons"))
    assert (len(before.context["usable"]), words in before.content.decode()) == (1, False)
    services.withdraw(source_ref="ord_x", at=at)
    after = browser.get(reverse("coupons"))
    assert (after.context["usable"], words in after.content.decode()) == ([], True)
    page = visitor(people.operator()).get(reverse("operator_promotion", args=[earned.ref])).content.decode()
    assert "their orders were given back; used all the same: 0" in page
