"""The shop reads its reviews and answers; who may not, cannot."""

import pytest

from hutong.attract.reviews import queries
from hutong.kernel import clock
from hutong.town.regions import services as regions
from hutong.town.regions.types import Feature
from tests.factories import people, reviews
from tests.web.visitors import shop, visitor

pytestmark = pytest.mark.django_db


def test_the_owner_answers_changes_and_takes_the_answer_away() -> None:
    made = shop()
    review = reviews.review(store=made.scene.store, text="Cold soup", stars=2, at=clock.now(), visited=None)
    owner, cashier = visitor(made.owner), visitor(made.cashier)
    assert cashier.get("/merchant/reviews/").status_code == 403
    listed = owner.get("/merchant/reviews/").content.decode()
    assert "Cold soup" in listed
    page = f"/merchant/reviews/{review.public_id}/"
    assert owner.post(page, {"text": " "}).status_code == 422
    for text in ("We are sorry", "We are very sorry"):
        assert owner.post(page, {"text": text}).status_code == 302
    assert "Cold soup" not in owner.get("/merchant/reviews/").content.decode()
    assert "We are very sorry" in owner.get("/merchant/reviews/?show=all&stars=2").content.decode()
    shown = owner.get(page).content.decode()
    assert shown.count("We are sorry") == 1
    assert owner.post(f"{page}remove/").status_code == 302
    found = queries.shown_review(review.public_id)
    assert found is not None
    assert found.answer is None
    elsewhere = reviews.review(at=clock.now())
    assert owner.get(f"/merchant/reviews/{elsewhere.public_id}/").status_code == 404


def test_the_shop_reviews_a_customer_where_it_is_on() -> None:
    made = shop()
    scene, at = made.scene, clock.now()
    first, _second = scene.bought(quantity=2)
    scene.scan(first.code)
    owner, guest = visitor(made.owner), visitor(scene.shopper)
    page = "/merchant/reviews/customers/"
    assert owner.get(page).status_code == owner.get(f"{page}{first.order_ref}/").status_code == 404
    assert page not in owner.get("/merchant/reviews/").content.decode()
    regions.set_feature(
        region_ref=scene.store.region.public_id, feature=Feature.REVIEW_CUSTOMERS, on=True, by="x", at=at
    )
    assert page in owner.get("/merchant/reviews/").content.decode()
    assert visitor(made.cashier).get(page).status_code == 403
    listed = owner.get(page).content.decode()
    assert f"{page}{first.order_ref}/" in listed
    assert (scene.shopper.phone or "nobody") not in listed
    assert owner.get(f"{page}ord_nobody/").status_code == 404
    assert owner.post(f"{page}{first.order_ref}/", {"text": "Good"}).status_code == 422
    said = owner.post(f"{page}{first.order_ref}/", {"stars": "4", "text": "A pleasant guest"}, follow=True)
    assert "A pleasant guest" in said.content.decode()
    assert f"{page}{first.order_ref}/" not in said.content.decode()
    mine = guest.get("/me/reviews/").content.decode()
    assert "The shop has written." in mine
    assert "A pleasant guest" not in mine
    asked = f"/review/write/{first.order_ref}/{scene.store.public_id}/"
    assert "Neither of you reads the other" in guest.get(asked).content.decode()
    guest.post(asked, {"stars": "5", "text": "Good broth", "display_name": "A"})
    mine = guest.get("/me/reviews/").content.decode()
    assert "A pleasant guest" in mine
    (kept,) = queries.of_guests(scene.store.public_id)
    report = f"/review/{kept.ref}/report/"
    assert report in mine
    assert visitor(made.cashier).get(report).status_code == 404
    assert guest.post(report, {"reason": "private"}).headers["Location"] == "/me/reviews/"
    moderator = visitor(people.operator())
    assert "About a customer" in moderator.get("/operator/reviews/").content.decode()
    assert "About a customer" in moderator.get(f"/operator/reviews/{kept.ref}/").content.decode()
    assert visitor(shop().owner).post(f"{page}{kept.ref}/remove/").status_code == 404
    assert owner.post(f"{page}{kept.ref}/remove/").status_code == 302
    assert "A pleasant guest" not in guest.get("/me/reviews/").content.decode()
