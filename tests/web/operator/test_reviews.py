"""The moderator sees why a review waits, decides with a reason, and takes it back."""

import pytest

from hutong.attract.reviews.types import Reason, ReviewState, Score, Signal
from hutong.kernel import clock
from tests.factories import people, reviews
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db


def test_a_suspect_review_is_looked_at_hidden_taken_back_and_published() -> None:
    other = reviews.review(at=clock.now(), text="Original")
    reasons = (
        Reason(Signal.COPIED, 75, {"like": other.public_id, "percent": 97}),
        Reason(Signal.SHARED_DEVICE, 45, {"authors": 1}),
        Reason(Signal.SHARED_ADDRESS, 25, {"authors": 3}),
        Reason(Signal.BURST, 35, {"last_day": 20, "usual_a_day": 1.0}),
        Reason(Signal.NEW_ACCOUNT, 15, {"hours": 3, "stars": 5}),
        Reason(Signal.RING, 70, {"reviews": [other.public_id]}),
        Reason(Signal.OWN_SHOP, 100),
    )
    made = reviews.review(store=other.store, text="A copy", score=Score(100, reasons), at=clock.now())
    browser = visitor(people.operator())
    listed = browser.get("/operator/reviews/").content.decode()
    assert "A copy" in listed
    assert "97 % of the text stand in another review" in listed
    page = f"/operator/reviews/{made.public_id}/"
    shown = browser.get(page).content.decode()
    assert f"/operator/reviews/{other.public_id}/" in shown
    hide = {"decision": "hide", "state": "waiting"}
    assert browser.post(f"{page}decide/", hide).status_code == 422
    assert browser.post(f"{page}decide/", {**hide, "reason": "Copied"}).status_code == 302
    assert browser.post(f"{page}decide/", {**hide, "reason": "Copied"}).status_code == 409
    assert browser.post(f"{page}take-back/").status_code == 302
    made.refresh_from_db()
    assert made.state == ReviewState.WAITING
    assert browser.post(f"{page}decide/", {"decision": "approve", "state": "waiting"}).status_code == 302
    made.refresh_from_db()
    assert made.state == ReviewState.PUBLISHED
    assert "Decided last" in browser.get("/operator/reviews/").content.decode()
    assert browser.get("/operator/reviews/rvw_none/").status_code == 404
    assert visitor(people.person()).get(page).status_code == 403
