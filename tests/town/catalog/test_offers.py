"""Offers in the database: made, moved with a history, and read back in one statement."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from hutong.kernel.errors import Forbidden, NotFound
from hutong.kernel.money import Money
from hutong.town.catalog import queries, services
from hutong.town.catalog.models import Offer
from hutong.town.catalog.types import Include, OfferDraft, OfferState
from hutong.town.merchants.models import Store
from hutong.town.merchants.types import Role
from tests.factories import catalog, merchants, people

pytestmark = pytest.mark.django_db


def test_an_offer_comes_back_as_it_was_made(at: datetime) -> None:
    store = merchants.store()
    draft = catalog.draft(titles={"en": "Set", "zh-Hans": "套餐"}, per_person_limit=2)
    made = services.create_offer(
        merchant_ref=store.merchant.public_id,  # type: ignore[union-attr]
        store_refs=[store.public_id],
        draft=draft,
        by=None,
        at=at,
    )
    view = queries.offer_by_ref(made.public_id)
    assert view is not None
    assert (view.titles, view.state) == ({"en": "Set", "zh-Hans": "套餐"}, OfferState.DRAFT)
    assert (view.price, view.list_price) == (Money(1990, "EUR"), Money(3400, "EUR"))
    assert (view.per_person_limit, view.tags, view.created_at) == (2, ("refund_any_time",), at)
    assert [place.ref for place in view.stores] == [store.public_id]
    assert view.stores[0].zone == "Europe/Helsinki"
    assert queries.offer_by_ref("off_missing") is None


def test_what_an_offer_includes_keeps_its_values(at: datetime) -> None:
    store = merchants.store()
    includes = (
        Include(names={"en": "Cup"}, quantity=2, value=Money(450, "EUR")),
        Include(names={"en": "Smile"}, quantity=1, value=None),
    )
    made = services.create_offer(
        merchant_ref=store.merchant.public_id,  # type: ignore[union-attr]
        store_refs=[store.public_id],
        draft=OfferDraft(
            titles={"en": "Two cups"},
            descriptions={},
            list_price=Money(900, "EUR"),
            price=Money(700, "EUR"),
            starts_at=at,
            includes=includes,
        ),
        by=None,
        at=at,
    )
    view = queries.offer_by_ref(made.public_id)
    assert view is not None
    assert view.includes == includes


def test_an_offer_goes_from_draft_to_live_and_leaves_its_history(at: datetime) -> None:
    operator = people.operator(name="Olli")
    offer = catalog.offer(live=False)
    assert queries.pending_offers() == []
    services.submit_offer(offer_ref=offer.public_id, by=None, at=at)
    assert [view.ref for view in queries.pending_offers()] == [offer.public_id]
    services.decide_offer(
        offer_ref=offer.public_id, approve=False, reason="No price list", by=operator, at=at
    )
    services.submit_offer(offer_ref=offer.public_id, by=None, at=at)
    services.decide_offer(offer_ref=offer.public_id, approve=True, reason="", by=operator, at=at)
    history = queries.offer_history(offer.public_id)
    assert [(move.from_state.value, move.to_state.value, move.reason, move.by_name) for move in history] == [
        ("draft", "submitted", "", ""),
        ("submitted", "rejected", "No price list", "Olli"),
        ("rejected", "submitted", "", ""),
        ("submitted", "live", "", "Olli"),
    ]
    assert queries.pending_offers() == []


def test_a_refusal_needs_a_reason_and_only_the_operator_decides(at: datetime) -> None:
    offer = catalog.offer(live=False)
    services.submit_offer(offer_ref=offer.public_id, by=None, at=at)
    with pytest.raises(services.ReasonMissing):
        services.decide_offer(
            offer_ref=offer.public_id, approve=False, reason=" ", by=people.operator(), at=at
        )
    with pytest.raises(Forbidden):
        services.decide_offer(offer_ref=offer.public_id, approve=True, reason="", by=people.person(), at=at)
    assert len(queries.offer_history(offer.public_id)) == 1


def test_a_second_decision_is_told_so(at: datetime) -> None:
    offer = catalog.offer()
    with pytest.raises(services.OfferMoveRefused) as refused:
        services.decide_offer(offer_ref=offer.public_id, approve=True, reason="", by=people.operator(), at=at)
    assert refused.value.details == {"state": "live"}


def test_the_merchant_switches_a_deal_off_and_on_and_others_may_not(at: datetime) -> None:
    owner = people.person()
    store = merchants.store(merchant=merchants.merchant(owner=owner))
    offer = catalog.offer(store=store)
    cashier = merchants.staff(merchant=store.merchant, role=Role.CASHIER).person  # type: ignore[arg-type]
    for stranger in (people.person(), cashier):
        with pytest.raises(Forbidden):
            services.pause_offer(offer_ref=offer.public_id, by=stranger, at=at)
    services.pause_offer(offer_ref=offer.public_id, by=owner, at=at)
    assert queries.sellable([offer.public_id], at) == {}
    services.resume_offer(offer_ref=offer.public_id, by=owner, at=at)
    assert set(queries.sellable([offer.public_id], at)) == {offer.public_id}


def test_an_offer_holds_in_stores_of_its_own_merchant_only(at: datetime) -> None:
    own, foreign = merchants.store(), merchants.store()
    for refs in ([own.public_id, foreign.public_id], [foreign.public_id], [], ["sto_missing"]):
        with pytest.raises(services.OfferStoresWrong):
            services.create_offer(
                merchant_ref=own.merchant.public_id,  # type: ignore[union-attr]
                store_refs=refs,
                draft=catalog.draft(),
                by=None,
                at=at,
            )
    with pytest.raises(NotFound):
        services.create_offer(
            merchant_ref="mer_missing", store_refs=[own.public_id], draft=catalog.draft(), by=None, at=at
        )
    assert not Offer.objects.exists()


def test_a_faulty_draft_is_refused_with_its_faults(at: datetime) -> None:
    store = merchants.store()
    with pytest.raises(services.OfferInvalid) as refused:
        services.create_offer(
            merchant_ref=store.merchant.public_id,  # type: ignore[union-attr]
            store_refs=[store.public_id],
            draft=catalog.draft(titles={"en": ""}, price=5000),
            by=None,
            at=at,
        )
    assert refused.value.details == {"faults": ["title_missing", "price_out_of_range"]}


def test_the_database_itself_refuses_a_price_above_the_list_price() -> None:
    offer = catalog.offer()
    for change in ({"price": 3401}, {"price": 0}, {"state": "sold"}, {"hue": 360}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Offer.objects.filter(pk=offer.pk).update(**change)


def test_what_may_be_sold_follows_merchant_store_and_time(at: datetime) -> None:
    soon = catalog.draft(starts_at=at + timedelta(hours=1))
    store = merchants.store()
    offer, later = catalog.offer(store=store), catalog.offer(store=store, draft=soon)
    refs = [offer.public_id, later.public_id]
    assert set(queries.sellable(refs, at)) == {offer.public_id}
    assert set(queries.sellable(refs, at + timedelta(hours=1))) == set(refs)
    assert [view.ref for view in queries.store_offers(store.public_id, at)] == [offer.public_id]
    Store.objects.filter(pk=store.pk).update(state="closed")
    assert queries.sellable(refs, at + timedelta(hours=1)) == {}


@pytest.mark.parametrize("count", [1, 3])
def test_every_read_is_one_statement(at: datetime, django_assert_num_queries: Any, count: int) -> None:
    merchant = merchants.merchant()
    stores = [merchants.store(merchant=merchant) for _ in range(count)]
    offers = [catalog.offer(stores=stores) for _ in range(count)]
    refs = [offer.public_id for offer in offers]
    with django_assert_num_queries(1):
        assert len(queries.sellable(refs, at)) == count
    with django_assert_num_queries(1):
        assert [view.ref for view in queries.merchant_offers(merchant.public_id)] == refs[::-1]
    with django_assert_num_queries(1):
        view = queries.offer_by_ref(refs[0])
    assert view is not None
    assert len(view.stores) == count


def test_a_rejected_offer_is_rewritten_and_a_live_one_is_not(at: datetime) -> None:
    store = merchants.store()
    assert store.merchant is not None
    owner = store.merchant.staff.get().person
    offer = catalog.offer(store=store, live=False)
    ref, refs = offer.public_id, [store.public_id]
    services.submit_offer(offer_ref=ref, by=owner, at=at)
    changed = catalog.draft(title="Coffee, cake and a smile", price=1800)
    with pytest.raises(services.OfferMoveRefused):
        services.change_offer(offer_ref=ref, store_refs=refs, draft=changed, by=owner, at=at)
    services.withdraw_offer(offer_ref=ref, by=owner, at=at)
    services.change_offer(offer_ref=ref, store_refs=refs, draft=changed, by=owner, at=at)
    view = queries.offer_by_ref(ref)
    assert view is not None
    assert (view.titles["en"], view.price.minor) == ("Coffee, cake and a smile", 1800)
    other = merchants.store()
    assert other.merchant is not None
    with pytest.raises(services.OfferStoresWrong):
        services.change_offer(offer_ref=ref, store_refs=[other.public_id], draft=changed, by=owner, at=at)
    with pytest.raises(Forbidden):
        services.change_offer(
            offer_ref=ref,
            store_refs=refs,
            draft=changed,
            by=other.merchant.staff.get().person,
            at=at,
        )


def test_an_ended_sale_goes_back_to_where_it_was(at: datetime) -> None:
    offer, operator = catalog.offer(), people.operator()
    services.pause_offer(offer_ref=offer.public_id, by=operator, at=at)
    services.end_offer(offer_ref=offer.public_id, by=operator, at=at)
    assert queries.sellable([offer.public_id], at) == {}
    with pytest.raises(services.OfferMoveRefused):
        services.end_offer(offer_ref=offer.public_id, by=operator, at=at)
    services.pause_offer(offer_ref=offer.public_id, by=operator, at=at)
    moves = [(move.from_state, move.to_state) for move in queries.offer_history(offer.public_id)][-2:]
    assert moves == [("paused", "ended"), ("ended", "paused")]
