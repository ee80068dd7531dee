"""What is particular of OpenSearch: how it is fed, what happens while it is away, and that its password stays secret."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from hutong.attract.search import queries, services
from hutong.attract.search.opensearch import calls, index
from hutong.attract.search.opensearch.calls import OpenSearchAway, Server, server
from hutong.attract.search.queries import engine as engines
from hutong.attract.search.services import feeding
from hutong.attract.search.types import StoreSort
from hutong.cli import search
from hutong.cli.app import app
from hutong.cli.checks import Mark, network
from hutong.config import environment
from hutong.flows import index_search
from hutong.kernel import metrics
from hutong.kernel.rows import execute
from hutong.town.merchants.models import Store
from hutong.web.shell.health import gauges
from tests.attract.search.engine.town import AT, HERE, fill, question
from tests.factories import catalog, merchants
from tests.fakes.opensearch import PASSWORD, Simulator

pytestmark = pytest.mark.django_db


@pytest.fixture
def store(simulator: Simulator) -> Store:
    """One store with its row, and the simulator filled with it."""
    made = merchants.listing(name="Cafe Aurora", lon=HERE.lon, lat=HERE.lat)
    services.index_stores(store_refs=[made.public_id], at=AT)
    fill(simulator.url)
    return made


def named(simulator: Simulator, text: str = "aurora") -> list[str]:
    """What OpenSearch itself finds, by names."""
    index.refresh(server(simulator.url))
    found = engines.InOpenSearch(server(simulator.url)).find(question(text, exact=True), facets=False)
    return [one.card.name("en") for one in found.items]


def renamed(store: Store, name: str) -> None:
    """The store has another name, in town and in its row."""
    Store.objects.filter(pk=store.pk).update(names={"name": name})
    services.index_stores(store_refs=[store.public_id], at=AT)


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
def test_postgresql_answers_while_it_is_away(
    simulator: Simulator, store: Store, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    simulator.fails = status
    with caplog.at_level(logging.WARNING, "hutong.search"):
        assert [one.card.ref for one in queries.find(question("aurora")).items] == [store.public_id]
        assert queries.suggest("aur", place=HERE, language="en")[0].ref == store.public_id
    assert [f"answered {status}" in record.getMessage() for record in caplog.records] == [True]
    assert queries.away()
    simulator.fails = 0
    asked = len(simulator.asked)
    queries.find(question("aurora"))
    assert len(simulator.asked) == asked  # it is left alone for some seconds
    engines.forget()
    queries.find(question("aurora"))
    assert len(simulator.asked) == asked + 2
    assert queries.away() == ""


def test_who_takes_too_long_is_away(
    simulator: Simulator, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "READ_S", httpx.Timeout(0.05))
    simulator.waits = threading.Event()
    assert [one.card.ref for one in queries.find(question("aurora")).items] == [store.public_id]
    simulator.waits.set()


def test_nobody_listens(settings: Any, db: None) -> None:
    settings.HUTONG_SEARCH_URL = "http://somebody:hidden@127.0.0.1:9/town"
    engines.forget()
    assert queries.find(question("aurora")).items == ()
    assert "ConnectError" in queries.away()
    engines.forget()


def test_an_answer_that_is_only_a_part_is_none(simulator: Simulator, store: Store) -> None:
    half = {"timed_out": True, "_shards": {"failed": 0}, "hits": {"hits": []}}
    client = httpx.Client(
        base_url="http://x", transport=httpx.MockTransport(lambda _r: httpx.Response(200, json=half))
    )
    with pytest.raises(OpenSearchAway):
        Server(client, "town").search({})
    half |= {"timed_out": False, "_shards": {"failed": 1}}
    with pytest.raises(OpenSearchAway):
        Server(client, "town").search({})


def test_its_password_stands_nowhere(
    simulator: Simulator, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        queries.find(question("aurora"))
        simulator.fails = 500
        engines.forget()
        queries.find(question("aurora"))
        with pytest.raises(OpenSearchAway) as failed:
            feeding.keep([store.pk])
    said = caplog.text + str(failed.value) + repr(failed.value.__dict__) + repr(server(simulator.url))
    assert PASSWORD not in said
    assert "%2F" not in said


def test_a_list_goes_on_where_it_began(simulator: Simulator, store: Store) -> None:
    second = merchants.listing(name="Aurora Two", lon=HERE.lon, lat=HERE.lat)
    services.index_stores(store_refs=[second.public_id], at=AT)
    fill(simulator.url)
    asked = question(sort=StoreSort.DISTANCE, limit=1)
    there = queries.find(asked, facets=False).next
    simulator.fails = 503
    engines.forget()
    here = queries.find(asked, facets=False).next
    assert there is not None
    assert here is not None
    with pytest.raises(queries.CursorInvalid):  # only OpenSearch knows where it was
        queries.find(question(sort=StoreSort.DISTANCE, limit=1, after=there), facets=False)
    simulator.fails = 0
    engines.forget()
    before = len(simulator.asked)
    rest = queries.find(question(sort=StoreSort.DISTANCE, limit=1, after=here), facets=False)
    assert (len(rest.items), len(simulator.asked)) == (1, before)


def test_what_changes_is_handed_over_when_it_is_committed(
    simulator: Simulator, store: Store, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as later:
        renamed(store, "Bistro Boreal")
    assert named(simulator) == ["Bistro Boreal"]  # as the row says; what it is found by is yet to come
    for one in later:
        one()
    assert (named(simulator), named(simulator, "boreal")) == ([], ["Bistro Boreal"])
    Store.objects.filter(pk=store.pk).update(state="closed")
    with django_capture_on_commit_callbacks(execute=True):
        services.index_stores(store_refs=[store.public_id], at=AT)
    assert named(simulator, "boreal") == []
    assert feeding.strays(limit=10).superfluous == ()


def test_a_job_that_cannot_hand_over_fails_and_its_next_try_does(
    simulator: Simulator, store: Store, django_capture_on_commit_callbacks: Any
) -> None:
    Store.objects.filter(pk=store.pk).update(names={"name": "Bistro Boreal"})
    simulator.fails = 503
    with pytest.raises(OpenSearchAway):
        with django_capture_on_commit_callbacks(execute=True):
            index_search.index_stores([store.public_id], AT)
    simulator.fails = 0
    with django_capture_on_commit_callbacks(execute=True):
        index_search.index_stores([store.public_id], AT)  # no row differs any more
    assert named(simulator, "boreal") == ["Bistro Boreal"]


def test_sales_are_handed_over_also_by_a_second_try(simulator: Simulator) -> None:
    offer = catalog.offer()
    services.index_offers(offer_refs=[offer.public_id], at=AT)
    fill(simulator.url)
    assert (
        services.set_sold(sold={offer.public_id: 7}) == 1
    )  # its hand-over is lost with this transaction's commit
    index.refresh(server(simulator.url))
    (key,) = index.keys_after(server(simulator.url), 0, 10)
    assert index.read(server(simulator.url), [key])[key]["sold"] == 0
    assert services.keep_offers([offer.public_id]) == 1
    index.refresh(server(simulator.url))
    assert index.read(server(simulator.url), [key])[key]["sold"] == 7


def test_a_batch_that_comes_late_overwrites_nothing_newer(simulator: Simulator, store: Store) -> None:
    there = server(simulator.url)
    old = index.read(there, [store.pk])[store.pk]
    new = {**old, "sold": 5}
    later = 10**17
    assert index.write(there, later, [new], [], [there.alias]) == 1
    assert index.write(there, later - 1, [old], [], [there.alias]) == 0
    assert index.write(there, later + 1, [], [store.pk], [there.alias]) == 1
    assert index.write(there, later, [new], [], [there.alias]) == 0
    index.refresh(there)
    assert index.read(there, [store.pk]) == {}


def test_what_changes_during_a_rebuild_is_in_both_indexes(simulator: Simulator, store: Store) -> None:
    there = server(simulator.url)
    first = simulator.aliases[there.alias]
    name = index_search.begin_elsewhere(AT)
    assert named(simulator) == ["Cafe Aurora"]  # the one in use stays in use
    renamed(store, "Bistro Boreal")
    assert feeding.keep([store.pk]) == 2
    index_search.finish_elsewhere(name)
    assert (simulator.aliases, set(simulator.indexes)) == ({there.alias: name}, {name})
    assert first not in simulator.indexes
    assert named(simulator, "boreal") == ["Bistro Boreal"]


def test_of_two_rebuilds_the_later_one_finishes(simulator: Simulator, store: Store) -> None:
    one = index_search.begin_elsewhere(AT)
    other = index_search.begin_elsewhere(AT + timedelta(seconds=1))
    assert one not in simulator.indexes
    with pytest.raises(OpenSearchAway, match="another rebuild"):
        index_search.finish_elsewhere(one)
    feeding.keep([store.pk])
    index_search.finish_elsewhere(other)
    assert named(simulator) == ["Cafe Aurora"]


def test_before_the_first_rebuild_nothing_is_kept_and_no_index_is_made(
    simulator: Simulator, db: None
) -> None:
    made = merchants.listing(name="Cafe Aurora")
    services.index_stores(store_refs=[made.public_id], at=AT)
    assert feeding.keep([made.pk]) == 0
    assert simulator.indexes == {}
    assert "rebuild" in queries.away()
    assert [one.card.ref for one in queries.find(question("aurora")).items] == [made.public_id]
    with pytest.raises(OpenSearchAway):
        index.write(server(simulator.url), 1, [], [made.pk], ["town"])
    assert simulator.indexes == {}


def test_a_document_that_was_refused_is_said(simulator: Simulator, store: Store) -> None:
    there = server(simulator.url)
    wrong = {**index.read(there, [store.pk])[store.pk], "no_such_field": 1}
    with pytest.raises(OpenSearchAway, match="1 of 1 were refused, as strict_dynamic_mapping_exception"):
        index.write(there, 10**17, [wrong], [], [there.alias])


def test_the_check_finds_what_is_missing_stale_or_left_over(simulator: Simulator, store: Store) -> None:
    there, at = server(simulator.url), AT
    other = merchants.listing(name="Aurora Two", lon=HERE.lon, lat=HERE.lat)
    services.index_stores(store_refs=[other.public_id], at=AT)
    fill(simulator.url)
    assert (feeding.strays(limit=9).missing, index_search.check(full=True, at=at).stale) == ((), ())
    execute("UPDATE search_searchstore SET sold = 3 WHERE store_id = %s", [store.pk])
    index.write(there, 10**17, [], [other.pk], [there.alias])
    strange = {**index.read(there, [store.pk])[store.pk], "store": 10**9}
    index.write(there, 10**17, [strange], [], [there.alias])
    index.refresh(there)
    found = index_search.check(full=False, at=at)
    assert f"OpenSearch: {store.public_id}" in found.stale
    assert found.missing == (f"OpenSearch: {other.public_id}",)
    assert found.superfluous == ("OpenSearch: document 1000000000",)
    again = index_search.check_again(found, at=at)
    assert (again.missing, again.superfluous) == (found.missing, found.superfluous)
    assert f"OpenSearch: {store.public_id}" in again.stale


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host",
        "https://",
        "https://u:hidden@host:0",
        "https://u:hidden@h/Big",
        "https://h/a/b",
        "https://h/a?b=c",
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(environment.SettingsUnsafe, match="HUTONG_SEARCH_URL") as refused:
        environment.read({"HUTONG_MODE": "test", "HUTONG_SEARCH_URL": url})
    assert "hidden" not in str(refused.value)


def test_a_password_is_not_sent_over_the_open_net() -> None:
    plain = {"HUTONG_SEARCH_URL": "http://finder:hidden@search.example.org:9200"}
    values = environment.given(plain)
    (said,) = [one for one in environment.unsafe(values) if "HUTONG_SEARCH_URL" in one]
    assert "hidden" not in said
    for well in ("http://finder:hidden@127.0.0.1:9200", "https://finder:hidden@search.example.org/town", ""):
        values = environment.given({"HUTONG_SEARCH_URL": well})
        assert not [one for one in environment.unsafe(values) if "HUTONG_SEARCH_URL" in one]


@pytest.mark.django_db(transaction=True)
def test_the_commands_fill_it_and_check_it(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "SECOND_LOOK_AFTER_S", 0)
    made = merchants.listing(name="Cafe Aurora", lon=HERE.lon, lat=HERE.lat)
    run = CliRunner()
    assert run.invoke(app, ["search", "rebuild"]).exit_code == 0
    assert named(simulator) == ["Cafe Aurora"]
    assert run.invoke(app, ["search", "check", "--full"]).exit_code == 0
    Store.objects.filter(pk=made.pk).update(names={"name": "Bistro Boreal"})
    index_search.index_stores([made.public_id], AT)  # as the worker does it
    assert named(simulator, "boreal") == ["Bistro Boreal"]
    server(simulator.url).bulk(
        [{"delete": {"_id": str(made.pk), "version": 10**17, "version_type": "external_gte"}}], alias="town"
    )
    index.refresh(server(simulator.url))
    checked = run.invoke(app, ["search", "check"])
    assert (checked.exit_code, f"OpenSearch: {made.public_id}" in checked.output) == (1, True)
    simulator.fails = 503
    refused = run.invoke(app, ["search", "rebuild"])
    assert (refused.exit_code, "OpenSearch did not do it: it answered 503" in refused.output) == (1, True)
    assert "hutong_search_away 1.0" in metrics.as_text(gauges(), folder=None).decode()
    assert [finding.mark for finding in network.search(False)] == [Mark.LOOK]
    simulator.fails = 0
    assert "hutong_search_away 0.0" in metrics.as_text(gauges(), folder=None).decode()
    assert [finding.mark for finding in network.search(False)] == [Mark.WELL]
