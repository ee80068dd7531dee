"""A shop reviews a customer: only where it is on, only who was there, and nobody reads the other first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from hutong.attract.reviews import queries, services
from hutong.attract.reviews.models import Review, ReviewVersion
from hutong.attract.reviews.types import Content, Origin, ReportReason, ReviewState, Side
from hutong.flows import export_person, jobs, redeem, review_customer, write_review
from hutong.kernel.errors import Forbidden, NotFound
from hutong.town.merchants.types import Role
from hutong.town.people.models import Person
from hutong.town.regions import services as regions
from hutong.town.regions.types import Feature
from tests.factories import loop, merchants, people

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@dataclass
class Visit:
    """A voucher that was used: the scene, its order, who may speak for the shop."""

    scene: loop.Scene
    order_ref: str
    redemption_ref: str
    owner: Person
    at: datetime

    def shop_writes(
        self, *, stars: int = 4, text: str = "Came in time", by: Person | None = None, later: timedelta = DAY
    ) -> Review:
        written = review_customer.write(
            order_ref=self.order_ref,
            store_ref=self.scene.store.public_id,
            stars=stars,
            text=text,
            language="en",
            by=by or self.owner,
            at=self.at + later,
        )
        return Review.objects.get(public_id=written.review_ref)

    def guest_writes(self, *, later: timedelta = DAY) -> ReviewState:
        return write_review.write(
            order_ref=self.order_ref, store_ref=self.scene.store.public_id, content=Content(stars=5, text="Good broth"),
            photos=[], origin=Origin(), by=self.scene.shopper, at=self.at + later,
        ).state  # fmt: skip

    def switch(self, *, on: bool) -> None:
        regions.set_feature(
            region_ref=self.scene.store.region.public_id,
            feature=Feature.REVIEW_CUSTOMERS,
            on=on,
            by="x",
            at=self.at,
        )


@pytest.fixture
def visit(at: datetime) -> Visit:
    scene = loop.scene(at=at)
    first, _second = scene.bought(quantity=2)
    redeemed = scene.scan(first.code)
    owner = scene.merchant.staff.get(role=Role.OWNER.value).person
    made = Visit(scene, first.order_ref, redeemed.redemption_ref, owner, at)
    made.switch(on=True)
    return made


def test_it_is_off_until_an_operator_switches_it_on(visit: Visit) -> None:
    visit.switch(on=False)
    with pytest.raises(NotFound):
        visit.shop_writes()
    assert visit.guest_writes() is ReviewState.PUBLISHED
    visit.switch(on=True)
    # What the customer said before is read already, so the shop's word would be an answer.
    with pytest.raises(services.GuestReadFirst):
        visit.shop_writes()
    store_ref = visit.scene.store.public_id
    assert review_customer.open_visits(store_ref=store_ref, at=visit.at + DAY) == []


def test_neither_reads_the_other_before_both_wrote(visit: Visit) -> None:
    store_ref, guest = visit.scene.store.public_id, visit.scene.shopper
    (open_visit,) = review_customer.open_visits(store_ref=store_ref, at=visit.at + DAY)
    assert open_visit.order_ref == visit.order_ref
    made = visit.shop_writes()
    assert (made.state, made.side) == (ReviewState.SEALED, Side.MERCHANT)
    assert review_customer.open_visits(store_ref=store_ref, at=visit.at + DAY) == []
    assert queries.about(guest) == ()
    # That the shop wrote is told, and nothing of what.
    (sealed,) = queries.sealed_about(guest, at=visit.at + DAY)
    assert (sealed.stars, sealed.text) == (0, "")
    assert visit.guest_writes() is ReviewState.PUBLISHED
    assert [(one.stars, one.text) for one in queries.about(guest)] == [(4, "Came in time")]
    assert queries.sealed_about(guest, at=visit.at + DAY) == ()
    assert queries.summary(store_ref).by_star == (0, 0, 0, 0, 1)
    # Nobody else reads it, on whatever way.
    assert queries.shown_review(made.public_id) is None
    assert queries.read_by(made.public_id, people.person()) is None
    assert [one.text for one in queries.of_store(store_ref).reviews] == ["Good broth"]
    with pytest.raises(NotFound):
        services.vote(review_ref=made.public_id, helpful=True, by=guest, at=visit.at + DAY)


def test_it_opens_when_the_time_is_over_and_the_customer_still_writes_openly(visit: Visit) -> None:
    visit.shop_writes(later=13 * DAY)
    assert services.reveal_due(at=visit.at + 14 * DAY - timedelta(seconds=1)) == 0
    assert services.reveal_due(at=visit.at + 14 * DAY) == 1
    assert len(queries.about(visit.scene.shopper)) == 1
    assert visit.guest_writes(later=15 * DAY) is ReviewState.PUBLISHED


def test_who_may_write_and_when(visit: Visit) -> None:
    cashier = merchants.staff(merchant=visit.scene.merchant, role=Role.CASHIER).person
    for nobody in (cashier, people.person(), visit.scene.shopper):
        with pytest.raises(Forbidden):
            visit.shop_writes(by=nobody)
    with pytest.raises(services.GuestWindowClosed):
        visit.shop_writes(later=14 * DAY)
    with pytest.raises(services.StarsInvalid):
        visit.shop_writes(stars=6)
    visit.shop_writes()
    with pytest.raises(services.AlreadyReviewed):
        visit.shop_writes()
    elsewhere = merchants.store(merchant=visit.scene.merchant)
    with pytest.raises(NotFound):
        review_customer.visit(order_ref=visit.order_ref, store_ref=elsewhere.public_id)


def test_the_customer_reports_it_and_an_operator_hides_it(visit: Visit) -> None:
    guest, at = visit.scene.shopper, visit.at + DAY
    made = visit.shop_writes(text="Rude words")
    told: dict[str, Any] = {
        "review_ref": made.public_id,
        "reason": ReportReason.OFFENSIVE,
        "note": "",
        "at": at,
    }
    with pytest.raises(NotFound):  # sealed: nothing to report yet
        services.report(**told, by=guest)
    visit.guest_writes()
    with pytest.raises(NotFound):
        services.report(**told, by=people.person())
    assert services.report(**told, by=guest)
    (item,) = queries.queue()
    assert (item.review.ref, item.review.about_shopper) == (made.public_id, True)
    operator = people.operator()
    write_review.decide(review_ref=made.public_id, approve=False, reason="No insults", by=operator, at=at)
    assert queries.about(guest) == ()
    (kept,) = queries.of_guests(visit.scene.store.public_id)
    assert kept.state is ReviewState.HIDDEN


def test_a_visit_that_does_not_stand_takes_it_away(visit: Visit) -> None:
    visit.shop_writes()
    visit.guest_writes()
    actor = redeem.Actor(visit.scene.store, visit.scene.device)
    redeem.undo(redemption_ref=visit.redemption_ref, actor=actor, at=visit.at + timedelta(seconds=5))
    jobs.drain()
    assert queries.about(visit.scene.shopper) == ()


def test_what_was_said_of_somebody_is_in_their_file_and_goes_with_them(visit: Visit) -> None:
    guest = visit.scene.shopper
    visit.shop_writes(text="Came in time")
    assert export_person.everything(person=guest)["reviews.Review"] == []
    visit.guest_writes()
    texts = {row["side"]: row["text"] for row in export_person.everything(person=guest)["reviews.Review"]}
    assert texts == {"shopper": "Good broth", "merchant": "Came in time"}
    own = export_person.everything(person=visit.owner)["reviews.Review"]
    assert [row["text"] for row in own] == ["Came in time"]
    services.forget_person(person=guest, at=visit.at + DAY)
    assert not Review.objects.exclude(text="").exists()
    assert not ReviewVersion.objects.exclude(text="").exists()
    assert queries.of_guests(visit.scene.store.public_id) == ()
