"""A deal from a draft to the shelf, and its changes: what waits, what is published, what was sold before."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from hutong.flows import approve, cart, checkout, publish
from hutong.flows.offers import contents, drafting
from hutong.flows.offers.body import advice, blank, missing
from hutong.flows.offers.drafting import Outcome
from hutong.flows.offers.templates import templates, templates_for
from hutong.kernel import audit
from hutong.kernel.errors import Forbidden, NotFound
from hutong.kernel.money import Money
from hutong.pay.fees.types import Bearer
from hutong.pay.orders import queries as orders
from hutong.pay.pricing.services import PriceChanged
from hutong.town.catalog import queries as catalog
from hutong.town.catalog import services
from hutong.town.catalog.rules import TAGS
from hutong.town.catalog.types import OfferState, OfferView, SketchView
from hutong.town.contents import queries as revisions
from hutong.town.merchants.models import Store
from hutong.town.people.models import Person
from hutong.town.regions import services as regions
from hutong.town.regions.types import Feature
from hutong.visit.stock.queries import stock_of
from hutong.visit.stock.services import CapacityTooSmall
from hutong.visit.vouchers.queries import terms_of, vouchers_of_order
from tests.factories import merchants, people
from tests.factories.fees import rule
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def store(at: datetime) -> Store:
    """A store of an approved merchant."""
    return merchants.store(at=at)


def owner_of(store: Store) -> Person:
    """The owner of the store's merchant."""
    assert store.merchant is not None
    return store.merchant.staff.filter(role="owner").get().person


def ref_of(store: Store) -> str:
    """The store's merchant."""
    assert store.merchant is not None
    return store.merchant.public_id


def filled(store: Store, at: datetime, **changes: Any) -> SketchView:
    """A draft from the first template, with prices and `changes`."""
    by = owner_of(store)
    begun = drafting.start(
        merchant_ref=ref_of(store), store_ref=store.public_id, template="noodles-for-two", by=by, at=at
    )
    body = {**begun.body, "list_price": 3000, "price": 2400, **changes}
    return services.save_sketch(sketch_ref=begun.ref, merchant_ref=ref_of(store), body=body, by=by, at=at)


def hand_in(sketch: SketchView, by: Person, at: datetime) -> drafting.HandedIn:
    """The draft handed in."""
    return drafting.hand_in(sketch_ref=sketch.ref, merchant_ref=sketch.merchant_ref, by=by, at=at)


def changed(made: Scene, by: Person, **changes: Any) -> drafting.HandedIn:
    """Changes of a live deal, handed in."""
    ref = made.merchant.public_id
    sketch = drafting.edit(offer_ref=made.offer.public_id, merchant_ref=ref, by=by, at=made.at)
    services.save_sketch(
        sketch_ref=sketch.ref, merchant_ref=ref, body={**sketch.body, **changes}, by=by, at=made.at
    )
    return hand_in(sketch, by, made.at)


def offer(ref: str) -> OfferView:
    """The offer as it is."""
    found = catalog.offer_by_ref(ref)
    assert found is not None
    return found


def test_every_group_has_three_templates_that_may_be_stored() -> None:
    groups = {template.group_slug for template in templates().values()}
    assert groups == {
        "food", "nightlife", "beauty", "health", "fun", "stay", "groceries", "shopping", "services",
    }  # fmt: skip
    assert all(len(templates_for(group)[0]) >= 3 for group in groups)
    for template in templates().values():
        assert set(template.titles) == set(template.descriptions) == {"en", "zh-Hans"}
        assert set(template.tags) <= set(TAGS)


def test_a_draft_becomes_a_deal_that_waits(store: Store, at: datetime) -> None:
    sketch = filled(store, at, capacity=20, valid_days=45, starts_on="2026-06-05", ends_on="2026-06-30")
    done = hand_in(sketch, owner_of(store), at)
    made = offer(done.offer_ref)
    assert (done.outcome, made.state) == (Outcome.SUBMITTED, OfferState.SUBMITTED)
    assert (made.price, made.list_price) == (Money(2400, "EUR"), Money(3000, "EUR"))
    # the days of the shop's wall: Helsinki is three hours ahead in summer
    assert made.starts_at.isoformat() == "2026-06-04T21:00:00+00:00"
    assert made.ends_at is not None
    assert made.ends_at.isoformat() == "2026-06-30T21:00:00+00:00"
    assert stock_of([made.ref])[made.ref].capacity == 20
    assert terms_of(made.ref).valid_days == 45
    assert catalog.sketches(ref_of(store)) == []
    with pytest.raises(services.SketchUnknown):
        hand_in(sketch, owner_of(store), at)


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"titles": {"en": " "}}, ["title"]),
        ({"price": None, "list_price": None}, ["list_price", "price"]),
        ({"price": 3001}, ["price_above"]),
        ({"ends_on": "2026-05-31"}, ["ends_past"]),
        ({"ends_on": "2026-06-02", "starts_on": "2026-06-03"}, ["ends_before_start"]),
        ({"stores": []}, ["stores"]),
    ],
)
def test_what_is_missing_is_named(
    store: Store, at: datetime, changes: dict[str, Any], codes: list[str]
) -> None:
    sketch = filled(store, at, **changes)
    assert missing(sketch.body, today=at.date()) == codes
    with pytest.raises(drafting.OfferIncomplete) as raised:
        hand_in(sketch, owner_of(store), at)
    assert raised.value.details["missing"] == codes
    assert catalog.merchant_offers(ref_of(store)) == []
    assert [each.ref for each in catalog.sketches(ref_of(store))] == [sketch.ref]


def test_another_merchants_store_is_refused(store: Store, at: datetime) -> None:
    sketch = filled(store, at, stores=[store.public_id, merchants.store().public_id])
    with pytest.raises(services.OfferStoresWrong):
        hand_in(sketch, owner_of(store), at)
    with pytest.raises(NotFound):
        drafting.start(
            merchant_ref=ref_of(store), store_ref=merchants.store().public_id, by=owner_of(store), at=at
        )


def test_a_stranger_and_a_cashier_hand_nothing_in(store: Store, at: datetime) -> None:
    sketch = filled(store, at)
    assert store.merchant is not None
    for person in (people.person(), merchants.staff(merchant=store.merchant).person):
        with pytest.raises(Forbidden):
            hand_in(sketch, person, at)
    assert catalog.merchant_offers(ref_of(store)) == []


def test_an_operator_does_it_for_the_merchant_and_the_log_says_so(store: Store, at: datetime) -> None:
    operator = people.operator()
    sketch = filled(store, at)
    with audit.acting_for(ref_of(store)):
        done = hand_in(sketch, operator, at)
    entries = audit.search(subject=done.offer_ref).entries
    assert {(entry.actor_ref, entry.on_behalf_of) for entry in entries} == {
        (operator.public_id, ref_of(store))
    }


def test_a_rejected_deal_is_mended_and_waits_again(store: Store, at: datetime) -> None:
    owner = owner_of(store)
    done = hand_in(filled(store, at), owner, at)
    approve.approve_offer(
        offer_ref=done.offer_ref, approve=False, reason="Too dear", by=people.operator(), at=at
    )
    sketch = drafting.edit(offer_ref=done.offer_ref, merchant_ref=ref_of(store), by=owner, at=at)
    services.save_sketch(
        sketch_ref=sketch.ref,
        merchant_ref=ref_of(store),
        body={**sketch.body, "price": 1900},
        by=owner,
        at=at,
    )
    assert hand_in(sketch, owner, at).outcome is Outcome.SUBMITTED
    assert (offer(done.offer_ref).state, offer(done.offer_ref).price.minor) == (OfferState.SUBMITTED, 1900)
    with pytest.raises(drafting.OfferWaits):
        drafting.edit(offer_ref=done.offer_ref, merchant_ref=ref_of(store), by=owner, at=at)


def test_changes_of_a_live_deal_wait_for_the_operator(at: datetime) -> None:
    made = scene(at=at)
    done = changed(made, owner_of(made.store), price=1800, titles={"en": "Coffee and a larger cake"})
    assert done.outcome is Outcome.PROPOSED
    assert (offer(done.offer_ref).price.minor, offer(done.offer_ref).titles["en"]) == (
        1990,
        "Coffee and cake",
    )
    (waiting,) = revisions.waiting()
    found = contents.changes_of(waiting, language="en")
    assert [(change.field, change.before, change.after) for change in found] == [
        ("price", "€19.90", "€18.00"),
        ("titles.en", "Coffee and cake", "Coffee and a larger cake"),
    ]
    publish.decide(revision_ref=waiting.ref, approve=True, by=people.operator(), at=at)
    assert (offer(done.offer_ref).price.minor, offer(done.offer_ref).state) == (1800, OfferState.LIVE)
    assert offer(done.offer_ref).starts_at == made.offer.starts_at
    published = revisions.revision(waiting.ref)
    assert published is not None
    # what it changed can still be told after it was published
    assert [change.field for change in contents.changes_of(published, language="en")] == [
        "price",
        "titles.en",
    ]


def test_without_review_changes_are_live_at_once_and_nothing_is_no_change(at: datetime) -> None:
    made = scene(at=at)
    regions.set_feature(
        region_ref=made.store.region.public_id,
        feature=Feature.REVIEW_CONTENTS,
        on=False,
        by=people.operator().public_id,
        at=at,
    )
    owner = owner_of(made.store)
    assert changed(made, owner).outcome is Outcome.UNCHANGED
    assert changed(made, owner, valid_days=30).outcome is Outcome.PUBLISHED
    assert terms_of(made.offer.public_id).valid_days == 30


def test_a_new_price_changes_no_order_at_the_old_one(at: datetime) -> None:
    made = scene(at=at)
    wants = {made.offer.public_id: 1}
    shown = cart.price(wants=wants, at=at).quote.hash
    ordered = made.order()
    changed(made, owner_of(made.store), price=2500, titles={"en": "Another thing"})
    (waiting,) = revisions.waiting()
    publish.decide(revision_ref=waiting.ref, approve=True, by=people.operator(), at=at)
    with pytest.raises(PriceChanged):
        checkout.place(
            person=made.shopper, wants=wants, store_ref=None, shown_hash=shown, client_key="late",
            remember_consent=False, at=at,
        )  # fmt: skip
    assert made.money_arrives(ordered) == "paid"
    (voucher,) = vouchers_of_order(ordered.order_ref, at=at)
    (unit,) = orders.units_of(ordered.order_ref)
    assert (unit.paid.minor, unit.titles["en"], voucher.titles["en"]) == (
        1990, "Coffee and cake", "Coffee and cake",
    )  # fmt: skip


def test_the_number_for_sale_never_falls_below_what_is_sold_and_held(at: datetime) -> None:
    made = scene(at=at, capacity=10)
    made.bought(quantity=2)
    made.order()
    owner = owner_of(made.store)
    with pytest.raises(CapacityTooSmall) as raised:
        changed(made, owner, capacity=2)
    assert raised.value.details == {"taken": 3}
    assert changed(made, owner, capacity=3).outcome is Outcome.PROPOSED
    made.order(by=people.person())
    (waiting,) = revisions.waiting()
    with pytest.raises(CapacityTooSmall):
        publish.decide(revision_ref=waiting.ref, approve=True, by=people.operator(), at=at)
    assert revisions.waiting_of(made.offer.public_id) is not None
    assert stock_of([made.offer.public_id])[made.offer.public_id].capacity == 10


def test_the_number_of_uses_of_an_approved_deal_stays(at: datetime) -> None:
    made = scene(at=at)
    with pytest.raises(services.OfferInvalid):
        changed(made, owner_of(made.store), uses=10)


def test_a_copy_begins_without_its_days(at: datetime) -> None:
    made = scene(at=at, capacity=10)
    ref = made.merchant.public_id
    owner = owner_of(made.store)
    copy = drafting.duplicate(offer_ref=made.offer.public_id, merchant_ref=ref, by=owner, at=at)
    assert (copy.offer_ref, copy.body["titles"], copy.body["starts_on"]) == (
        "",
        {"en": "Coffee and cake"},
        "",
    )
    done = hand_in(copy, owner, at + timedelta(hours=1))
    assert done.offer_ref != made.offer.public_id
    assert stock_of([done.offer_ref])[done.offer_ref].capacity == 10
    with pytest.raises(services.OfferUnknown):
        drafting.duplicate(
            offer_ref=made.offer.public_id, merchant_ref=merchants.merchant().public_id, by=owner, at=at
        )


@pytest.mark.parametrize(
    ("price", "commission"),
    [(Money(1990, "EUR"), 199), (Money(1990, "JPY"), 199), (Money(1_995, "KWD"), 200)],
)
def test_what_one_sale_brings(price: Money, commission: int, at: datetime) -> None:
    store = merchants.store(at=at)
    assert store.merchant is not None
    sketch = drafting.start(
        merchant_ref=store.merchant.public_id, store_ref=store.public_id, by=people.operator(), at=at
    )
    found = drafting.earned(price, sketch=sketch, at=at)
    assert (found.commission.minor, found.net.minor) == (commission, price.minor - commission)


def test_what_one_sale_brings_follows_the_rule_that_counts(at: datetime) -> None:
    store = merchants.store(at=at)
    assert store.merchant is not None
    rule(
        at=at, merchant=store.merchant.public_id, rate_ppm=50_000, fixed=10, unit="EUR", tax_ppm=240_000,
        bearer=Bearer.MERCHANT, provider_rate_ppm=14_000,
    )  # fmt: skip
    sketch = drafting.start(
        merchant_ref=store.merchant.public_id, store_ref=store.public_id, by=people.operator(), at=at
    )
    ten_uses = replace(sketch, body={**sketch.body, "uses": 10})
    found = drafting.earned(Money(4000, "EUR"), sketch=ten_uses, at=at)
    kept = (found.commission.minor, found.commission_tax.minor, found.provider_fee.minor, found.net.minor)
    assert kept == (300, 72, 56, 3572)
    with pytest.raises(NotFound):
        drafting.earned(Money(1, "EUR"), sketch=replace(sketch, merchant_ref="mer_none"), at=at)


def test_a_blank_draft_misses_what_a_deal_needs(at: datetime) -> None:
    found = missing(blank(unit="EUR", stores=["sto_1"]), today=at.date())
    assert found == ["title", "list_price", "price"]
    assert advice(blank(unit="EUR", stores=["sto_1"])) == [
        "title_en", "title_zh-Hans", "description", "contents",
    ]  # fmt: skip


def test_what_waits_is_taken_back(store: Store, at: datetime) -> None:
    owner, ref = owner_of(store), ref_of(store)
    done = hand_in(filled(store, at), owner, at)
    drafting.take_back(offer_ref=done.offer_ref, merchant_ref=ref, by=owner, at=at)
    assert offer(done.offer_ref).state is OfferState.DRAFT
    made = scene(at=at)
    changed(made, owner_of(made.store), price=1700)
    drafting.take_back(
        offer_ref=made.offer.public_id, merchant_ref=made.merchant.public_id, by=owner_of(made.store), at=at
    )
    assert revisions.waiting() == []
    assert offer(made.offer.public_id).price.minor == 1990
