"""Reviews by the API: everybody reads, who was there writes, the store answers."""

from __future__ import annotations

import pytest

from hutong.attract.reviews import queries
from hutong.kernel import clock
from tests.api.caller import Caller, as_merchant, as_person
from tests.api.stage import merchant_of, owner_of
from tests.factories import people
from tests.factories.loop import scene

pytestmark = pytest.mark.django_db


def test_written_read_changed_answered_and_deleted() -> None:
    at = clock.now()
    shop = scene(at=at)
    (voucher,) = shop.bought()
    guest, stranger = as_person(shop.shopper, at), as_person(people.person(), at)
    body = {"order": voucher.order_ref, "store": shop.store.public_id, "stars": 4, "text": "Good broth"}
    assert guest.post("/reviews", body).status == 404
    shop.scan(voucher.code)
    assert stranger.post("/reviews", body).status == 404
    written = guest.post("/reviews", body)
    assert (written.status, written.json["state"], written.json["shown"]) == (201, "published", True)
    ref = written.json["ref"]
    assert guest.post("/reviews", body).status == 409
    page = Caller().get(f"/stores/{shop.store.public_id}/reviews?sort=lowest&stars=4").json
    assert (page["rating"]["count"], page["items"][0]["text"], page["next"]) == (1, "Good broth", None)
    change = {"stars": 2, "aspects": {"taste": 1}, "version": 1}
    assert guest.put(f"/reviews/{ref}", change).json["stars"] == 2
    assert guest.put(f"/reviews/{ref}", change).json["code"] == "review_changed"
    assert guest.put(f"/reviews/{ref}", {"stars": 2, "aspects": {"speed": 1}}).json["code"] == "stars_invalid"
    assert stranger.put(f"/reviews/{ref}", {"stars": 1}).status == 404
    key = as_merchant(merchant_of(shop), owner_of(shop), at)
    assert key.put(f"/reviews/{ref}/answer", {"text": "Thank you"}).json["answer"]["text"] == "Thank you"
    elsewhere = scene(at=at)
    other = as_merchant(merchant_of(elsewhere), owner_of(elsewhere), at)
    assert other.put(f"/reviews/{ref}/answer", {"text": "We are better"}).status == 404
    assert stranger.delete(f"/reviews/{ref}").status == 404
    assert guest.get("/reviews").json["items"][0]["answer"]["text"] == "Thank you"
    assert guest.delete(f"/reviews/{ref}").status == 204
    assert queries.summary(shop.store.public_id).count == 0
