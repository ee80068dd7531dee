"""Drafts that are filled in step by step: bounded, one for each offer, deleted and brought back."""

from datetime import datetime

import pytest
from django.db import IntegrityError, transaction

from hutong.kernel import audit
from hutong.kernel.errors import Forbidden
from hutong.town.catalog import queries, rules, services
from hutong.town.catalog.models import Sketch
from hutong.town.catalog.types import SketchView
from hutong.town.merchants.models import Merchant, Staff
from hutong.town.merchants.types import Role
from hutong.town.people.models import Person
from tests.factories import catalog, merchants, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant() -> Merchant:
    """An approved merchant."""
    return merchants.merchant()


@pytest.fixture
def owner(merchant: Merchant) -> Person:
    """Its owner."""
    return Staff.objects.get(merchant=merchant, role=Role.OWNER.value).person


def begun(merchant: Merchant, by: Person, at: datetime, offer_ref: str = "") -> SketchView:
    """A new draft."""
    return services.start_sketch(
        merchant_ref=merchant.public_id, body={"titles": {}}, offer_ref=offer_ref, by=by, at=at
    )


def test_what_was_saved_last_is_there(merchant: Merchant, owner: Person, at: datetime) -> None:
    sketch = begun(merchant, owner, at)
    body = {"titles": {"en": "Soup 🍜"}}
    services.save_sketch(sketch_ref=sketch.ref, merchant_ref=merchant.public_id, body=body, by=owner, at=at)
    (found,) = queries.sketches(merchant.public_id)
    assert (found.body, found.open, found.offer_ref) == (body, True, "")
    assert [entry.action for entry in audit.search(subject=sketch.ref).entries] == [
        "offer.sketch_saved",
        "offer.sketch_begun",
    ]


def test_another_merchants_draft_is_not_there(merchant: Merchant, owner: Person, at: datetime) -> None:
    sketch, other = begun(merchant, owner, at), merchants.merchant()
    stranger = Staff.objects.get(merchant=other).person
    assert queries.sketch(sketch.ref, other.public_id) is None
    with pytest.raises(services.SketchUnknown):
        services.save_sketch(sketch_ref=sketch.ref, merchant_ref=other.public_id, body={}, by=stranger, at=at)
    with pytest.raises(Forbidden):
        services.drop_sketch(sketch_ref=sketch.ref, merchant_ref=merchant.public_id, by=stranger, at=at)
    assert queries.sketch(sketch.ref, merchant.public_id) == sketch


def test_a_cashier_begins_none_and_an_operator_does(merchant: Merchant, at: datetime) -> None:
    cashier = merchants.staff(merchant=merchant, role=Role.CASHIER).person
    with pytest.raises(Forbidden):
        begun(merchant, cashier, at)
    assert begun(merchant, people.operator(), at).open


def test_deleted_and_brought_back(merchant: Merchant, owner: Person, at: datetime) -> None:
    sketch, ref = begun(merchant, owner, at), merchant.public_id
    services.drop_sketch(sketch_ref=sketch.ref, merchant_ref=ref, by=owner, at=at)
    assert queries.sketches(ref) == []
    with pytest.raises(services.SketchUnknown):
        services.save_sketch(sketch_ref=sketch.ref, merchant_ref=ref, body={}, by=owner, at=at)
    services.restore_sketch(sketch_ref=sketch.ref, merchant_ref=ref, by=owner, at=at)
    services.restore_sketch(sketch_ref=sketch.ref, merchant_ref=ref, by=owner, at=at)
    assert [found.ref for found in queries.sketches(ref)] == [sketch.ref]


def test_handed_in_once(merchant: Merchant, owner: Person, at: datetime) -> None:
    sketch, ref = begun(merchant, owner, at), merchant.public_id
    services.finish_sketch(sketch_ref=sketch.ref, merchant_ref=ref, by=owner, at=at)
    with pytest.raises(services.SketchUnknown):
        services.finish_sketch(sketch_ref=sketch.ref, merchant_ref=ref, by=owner, at=at)
    with pytest.raises(services.SketchUnknown):
        services.restore_sketch(sketch_ref=sketch.ref, merchant_ref=ref, by=owner, at=at)


def test_of_changes_to_an_offer_there_is_one_draft(at: datetime) -> None:
    offer = catalog.offer()
    merchant, operator = offer.merchant, people.operator()
    first = begun(merchant, operator, at, offer.public_id)
    assert begun(merchant, operator, at, offer.public_id).ref == first.ref
    services.drop_sketch(sketch_ref=first.ref, merchant_ref=merchant.public_id, by=operator, at=at)
    second = begun(merchant, operator, at, offer.public_id)
    assert second.ref != first.ref
    with pytest.raises(services.SketchTwice):
        services.restore_sketch(sketch_ref=first.ref, merchant_ref=merchant.public_id, by=operator, at=at)
    with pytest.raises(IntegrityError, match="catalog_sketch_one_open"), transaction.atomic():
        Sketch.objects.filter(public_id=first.ref).update(dropped_at=None)


def test_another_merchants_offer_is_not_changed(merchant: Merchant, owner: Person, at: datetime) -> None:
    with pytest.raises(services.OfferUnknown):
        begun(merchant, owner, at, catalog.offer().public_id)


def test_drafts_are_bounded(merchant: Merchant, owner: Person, at: datetime) -> None:
    sketch = begun(merchant, owner, at)
    with pytest.raises(services.SketchTooLarge):
        services.save_sketch(
            sketch_ref=sketch.ref,
            merchant_ref=merchant.public_id,
            body={"titles": {"en": "x" * rules.MAX_SKETCH_LENGTH}},
            by=owner,
            at=at,
        )
    for _number in range(rules.MAX_SKETCHES - 1):
        begun(merchant, owner, at)
    with pytest.raises(services.TooManySketches):
        begun(merchant, owner, at)
