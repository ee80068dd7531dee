"""The check finds what differs and nothing else; terms are counted again, and what is gone goes."""

from collections.abc import Callable
from datetime import datetime

import pytest

from hutong.attract.search import services
from hutong.attract.search.models import SearchDeal, SearchHours, SearchStore, SearchTerm
from hutong.attract.search.types import Checked, TermKind
from hutong.flows import index_search
from hutong.kernel.rows import execute
from hutong.town.catalog.models import Offer
from hutong.town.merchants.models import Store
from tests.factories import catalog, merchants

pytestmark = pytest.mark.django_db


def shop(name: str, at: datetime) -> tuple[Store, Offer]:
    store = merchants.store(name=name)
    offer = catalog.offer(store=store)
    services.index_stores(store_refs=[store.public_id], at=at)
    return store, Offer.objects.get(public_id=offer.public_id)


def both(at: datetime) -> Checked:
    """The quick check and the full one say the same of a few stores."""
    quick, full = index_search.check(full=False, at=at), index_search.check(full=True, at=at)
    assert [set(quick.missing), set(quick.superfluous), set(quick.stale)] == [
        set(full.missing),
        set(full.superfluous),
        set(full.stale),
    ]
    return full


def test_rows_that_are_as_they_would_be_made_are_right(at: datetime) -> None:
    shop("Kahvila", at)
    services.set_sold(sold={Offer.objects.get().public_id: 7})
    merchants.listing()
    services.index_stores(store_refs=[store.public_id for store in Store.objects.all()], at=at)
    assert both(at) == Checked(stores=2, last_id=None)


def _rename(store: Store, offer: Offer) -> tuple[str, set[str]]:
    Store.objects.filter(pk=store.pk).update(names={"name": "Another"})
    return "stale", {store.public_id, f"{offer.public_id} in {store.public_id}"}


def _close(store: Store, offer: Offer) -> tuple[str, set[str]]:
    Store.objects.filter(pk=store.pk).update(state="closed")
    return "superfluous", {store.public_id, f"{offer.public_id} in {store.public_id}"}


def _lose(store: Store, offer: Offer) -> tuple[str, set[str]]:
    SearchStore.objects.filter(pk=store.pk).delete()
    return "missing", {store.public_id}


def _lose_deal(store: Store, offer: Offer) -> tuple[str, set[str]]:
    SearchDeal.objects.filter(store_id=store.pk).delete()
    return "missing", {f"{offer.public_id} in {store.public_id}"}


def _forge(store: Store, offer: Offer) -> tuple[str, set[str]]:
    SearchStore.objects.filter(pk=store.pk).update(store_id=10**9, store_ref="sto_gone")
    SearchDeal.objects.filter(store_id=store.pk).update(store_id=10**9, store_ref="sto_gone")
    services.index_stores(store_refs=[store.public_id], at=offer.starts_at)
    return "superfluous", {"sto_gone", f"{offer.public_id} in sto_gone"}


@pytest.mark.parametrize("spoil", [_rename, _close, _lose, _lose_deal, _forge])
def test_the_check_finds_what_differs_and_a_rebuild_mends_it(
    spoil: Callable[[Store, Offer], tuple[str, set[str]]], at: datetime
) -> None:
    shop("Kahvila", at)
    kind, names = spoil(*shop("Leipomo", at))
    found = both(at)
    assert set(getattr(found, kind)) == names
    # A store says how many deals it has, so losing one of those rows shows at the deal alone.
    assert (found.missing, found.superfluous, found.stale).count(()) == 2
    assert index_search.check_again(found, at=at) == found
    index_search.rebuild(lambda: at)
    index_search.finish(at)
    assert both(at) == Checked(stores=2, last_id=None)


def test_a_check_writes_nothing(at: datetime) -> None:
    store, _offer = shop("Kahvila", at)
    Store.objects.filter(pk=store.pk).update(opening_hours="Mo-Su 03:00-04:00")
    hours = SearchHours.objects.count()
    assert index_search.check(full=True, at=at).stale
    assert SearchHours.objects.count() == hours


def test_terms_come_with_their_keys_and_are_counted(at: datetime) -> None:
    shop("兰州拉面", at)
    shop("兰州拉面", at)
    index_search.finish(at)
    found = SearchTerm.objects.filter(kind=TermKind.NAME.value, term="兰州拉面")
    assert {(term.key, term.stores) for term in found} == {("兰州拉面", 2), ("lanzhoulamian", 2), ("lzlm", 2)}
    assert SearchTerm.objects.get(kind=TermKind.WORD.value, key="lanzhou").term == "兰州"
    assert SearchTerm.objects.get(kind=TermKind.DEAL.value, key="coffee and cake").stores == 2


def test_a_term_that_nobody_has_goes_when_it_is_counted_twice_and_may_come_back(at: datetime) -> None:
    store, _offer = shop("Zwetschge", at)
    terms = SearchTerm.objects.filter(term="zwetschge")
    execute("UPDATE merchants_store SET names = %s WHERE id = %s", ['{"name": "Other"}', store.pk])
    services.index_stores(store_refs=[store.public_id], at=at)
    services.recount_terms(TermKind.WORD)
    assert [term.stores for term in terms.all()] == [0]
    execute("UPDATE merchants_store SET names = %s WHERE id = %s", ['{"name": "Zwetschge"}', store.pk])
    services.index_stores(store_refs=[store.public_id], at=at)
    assert [term.stores for term in terms.all()] == [1]
    execute("UPDATE merchants_store SET names = %s WHERE id = %s", ['{"name": "Other"}', store.pk])
    services.index_stores(store_refs=[store.public_id], at=at)
    for _ in range(2):
        services.recount_terms(TermKind.WORD)
    assert list(terms.all()) == []
