"""The pages of reviews: writing without JavaScript, reading in every order, votes and reports."""

import io
from datetime import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from hutong.attract.reviews import queries
from hutong.attract.reviews.models import Report
from hutong.kernel import clock
from tests.factories import people, reviews
from tests.web.visitors import Shop, shop, visitor

pytestmark = pytest.mark.django_db


def photo(name: str = "lunch.jpg") -> SimpleUploadedFile:
    file = io.BytesIO()
    Image.new("RGB", (400, 300), "teal").save(file, "JPEG")
    return SimpleUploadedFile(name, file.getvalue(), "image/jpeg")


@pytest.fixture
def served() -> tuple[Shop, Client, str]:
    """A shop, a guest of it who has used a voucher, and the address to review the visit at."""
    made = shop()
    (voucher,) = made.scene.bought()
    made.scene.scan(voucher.code)
    browser = visitor(made.scene.shopper)
    return made, browser, f"/review/write/{voucher.order_ref}/{made.scene.store.public_id}/"


def test_a_guest_is_asked_writes_with_a_photo_changes_and_deletes(
    served: tuple[Shop, Client, str],
) -> None:
    made, browser, address = served
    order_ref = address.split("/")[3]
    assert address in browser.get(f"/orders/{order_ref}/").content.decode()
    assert "How was it" in browser.get("/me/reviews/").content.decode()
    assert browser.get(address).status_code == 200
    refused = browser.post(address, {"text": "No stars"})
    assert refused.status_code == 422
    assert "No stars" in refused.content.decode()
    sent = {"stars": "4", "aspect_taste": "5", "text": "Good broth", "display_name": "Anna B."}
    svg = SimpleUploadedFile("x.jpg", b"<svg onload='alert(1)'/>", "image/jpeg")
    refused = browser.post(address, {**sent, "photos": [photo(), svg]})
    assert refused.status_code == 422
    assert "SVG drawings are not taken" in refused.content.decode()
    assert browser.post(address, {**sent, "photos": [photo(), photo()]}).status_code == 302
    store_page = visitor(None).get(f"/store/{made.scene.store.public_id}/", follow=True).content.decode()
    for words in ("Good broth", "Verified visit", "Anna B.", "4 of 5 stars", "Taste"):
        assert words in store_page
    (own,) = queries.of_author(made.scene.shopper).reviews
    assert len(own.photos) == 2
    change = f"/review/{own.ref}/edit/"
    assert browser.get(address).headers["Location"] == change
    kept = {**sent, "stars": "2", "version": "1", "kept": [own.photos[0].ref]}
    assert browser.post(change, kept).status_code == 302
    assert browser.post(change, kept).status_code == 422, "the page that was open is an old one"
    (own,) = queries.of_author(made.scene.shopper).reviews
    assert (own.stars, len(own.photos)) == (2, 1)
    assert browser.post(f"/review/{own.ref}/delete/").status_code == 302
    assert queries.of_author(made.scene.shopper).reviews == ()
    assert "You deleted your review" in browser.get(address).content.decode()


def test_a_strangers_visit_and_review_are_not_there(served: tuple[Shop, Client, str]) -> None:
    _made, _browser, address = served
    stranger = visitor(people.person())
    assert stranger.get(address).status_code == 404
    made = reviews.review(at=clock.now(), visited=None)
    for page in (f"/review/{made.public_id}/edit/",):
        assert stranger.get(page).status_code == 404
    assert stranger.post(f"/review/{made.public_id}/delete/").status_code == 404
    assert visitor(None).get(address).status_code == 302


def test_reviews_are_read_in_every_order_and_by_stars(at: datetime) -> None:
    first = reviews.review(stars=5, text="Lovely")
    for stars in (1, 2, 3, 4) * 3:
        reviews.review(store=first.store, stars=stars, text=f"{stars} of mine")
    address = f"/reviews/{first.store.public_id}/"
    browser = visitor(None)
    for sort in ("newest", "helpful", "lowest", "photos", "nonsense"):
        assert browser.get(address, {"sort": sort}).status_code == 200
    page = browser.get(address)
    assert "Lovely" not in page.content.decode()
    further = page.context["next_url"]
    assert "Lovely" in browser.get(address + further).content.decode()
    ones = browser.get(address, {"stars": "1"}).content.decode()
    assert "1 of mine" in ones
    assert "2 of mine" not in ones
    assert browser.get(address, {"after": "x"}).status_code == 422
    assert browser.get("/reviews/sto_none/").status_code == 404


def test_helpful_goes_on_and_off_and_a_report_is_one_a_person(at: datetime) -> None:
    made, reader = reviews.review(text="Fine"), people.person()
    browser = visitor(reader)
    helpful, report = f"/review/{made.public_id}/helpful/", f"/review/{made.public_id}/report/"
    there = browser.post(helpful, {"helpful": "yes", "next": "https://evil.example/"})
    assert there.headers["Location"] == f"/reviews/{made.store.public_id}/#{made.public_id}"
    made.refresh_from_db()
    assert made.helpful == 1
    assert 'aria-pressed="true"' in browser.get(f"/reviews/{made.store.public_id}/").content.decode()
    browser.post(helpful, {"helpful": "no"})
    made.refresh_from_db()
    assert made.helpful == 0
    assert browser.get(report).status_code == 200
    assert browser.post(report, {"reason": "nonsense"}).status_code == 422
    for _again in range(2):
        assert browser.post(report, {"reason": "private", "note": "a number"}).status_code == 302
    assert Report.objects.filter(review=made).count() == 1
    assert visitor(None).post(helpful, {"helpful": "yes"}).status_code == 302
