"""The index follows words of one meaning: which stores, how far it is, and what happens when they change again."""

from datetime import datetime

import pytest

from hutong.attract.search import queries, services
from hutong.attract.search.queries.own_words import own_words, own_words_by_ref
from hutong.attract.search.types import OwnWordsView
from hutong.flows import index_search, jobs
from hutong.flows import own_words as flow
from hutong.kernel.geo import Place
from hutong.kernel.rows import execute
from tests.factories import catalog, merchants, people

pytestmark = pytest.mark.django_db
HERE = Place(24.9414, 60.1710)


def found(text: str, at: datetime) -> set[str]:
    return {card.ref for card in queries.nearby(place=HERE, at=at, text=text, limit=50).items}


def line(ref: str) -> OwnWordsView:
    one = own_words_by_ref(ref)
    assert one
    return one


def named(name: str, at: datetime) -> str:
    store = merchants.listing(name=name)
    index_search.index_stores([store.public_id], at)
    return store.public_id


def test_words_for_all_stand_for_each_other_where_one_is_written(at: datetime) -> None:
    by = people.operator()
    soda, pop, fanta = named("Soda House", at), named("Soft-drink pop-up", at), named("House of Fanta", at)
    ref = flow.add(words=["soda", "soft drink", "汽水"], category_slug="", by=by, at=at)
    assert line(ref).stores == 2
    assert found("汽水", at) == set()
    jobs.drain()
    assert line(ref).followed
    for word in ("soda", "soft drink", "汽水", "Soft drink"):
        assert found(word, at) == {soda, pop}, word
    assert fanta not in found("汽水", at)
    new = named("Corner Soda", at)
    assert new in found("汽水", at)
    assert index_search.check(full=True, at=at).stale == ()


def test_a_deal_is_found_by_them_with_its_store(at: datetime) -> None:
    offer = catalog.offer(title="Two doughnuts")
    index_search.index_offer(offer.public_id, at)
    flow.add(words=["doughnuts", "berliner"], category_slug="", by=people.operator(), at=at)
    jobs.drain()
    (deal,) = queries.deals_near(place=HERE, at=at, text="berliner").items
    assert deal.offer_ref == offer.public_id
    assert len(found("berliner", at)) == 1


def test_batches_go_on_until_the_last_store_and_an_older_change_stops(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "AT_ONCE", 2)
    by = people.operator()
    stores = [merchants.listing() for _ in range(6)]
    index_search.index_stores([store.public_id for store in stores], at)
    ref = flow.add(words=["jamjar"], category_slug="cafe", by=by, at=at)
    flow.follow(words_ref=ref, change=1, after_id=0, done=0, at=at)
    assert (line(ref).done, line(ref).stores, line(ref).followed) == (2, 6, False)
    flow.remove(words_ref=ref, by=by, at=at)
    # The batch that was asked for before comes late: it counts for nothing and asks for no other.
    execute("DELETE FROM kernel_outboxrow WHERE payload->>'change' = '2'")
    jobs.drain()
    assert (line(ref).done, line(ref).followed) == (0, False)
    flow.restore(words_ref=ref, by=by, at=at)
    jobs.drain()
    assert (line(ref).done, line(ref).followed) == (6, True)
    assert {store.public_id for store in stores} == found("jamjar", at)
    assert [one.holds for one in own_words()] == [True]


def test_a_word_that_came_back_in_another_line_cannot_come_back_twice(at: datetime) -> None:
    by = people.operator()
    first = flow.add(words=["soda", "pop"], category_slug="", by=by, at=at)
    flow.remove(words_ref=first, by=by, at=at)
    flow.add(words=["Soda", "fizz"], category_slug="", by=by, at=at)
    with pytest.raises(services.WordsInvalid):
        flow.restore(words_ref=first, by=by, at=at)
