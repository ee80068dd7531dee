"""Both engines, each over the same town, which nobody changes: it is made once for a file of tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings

from hutong.attract.search.opensearch.calls import server
from hutong.attract.search.queries import engine as engines
from tests.attract.search.engine.town import Town, fill
from tests.attract.search.engine.town import town as make_town
from tests.fakes import opensearch


@pytest.fixture(scope="module")
def cluster() -> Iterator[opensearch.Simulator]:
    """A simulator with nothing in it."""
    with opensearch.running() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def town(django_db_setup: None, django_db_blocker: Any) -> Iterator[Town]:
    """The town, with its rows, in a transaction that is taken back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_town()
        transaction.set_rollback(True)


@pytest.fixture(scope="module", params=["postgresql", "opensearch"])
def engine(request: pytest.FixtureRequest, town: Town) -> engines.Engine:
    """Each engine in its turn, with everything that there is of the town."""
    if request.param == "postgresql":
        return engines.InPostgres()
    url = request.getfixturevalue("cluster").url
    with override_settings(HUTONG_SEARCH_URL=url):
        fill(url)
    return engines.InOpenSearch(server(url))


@pytest.fixture
def simulator(cluster: opensearch.Simulator, settings: Any) -> Iterator[opensearch.Simulator]:
    """The simulator without anything in it, as the engine of the site."""
    cluster.indexes.clear()
    cluster.aliases.clear()
    cluster.asked.clear()
    settings.HUTONG_SEARCH_URL = cluster.url
    engines.forget()
    yield cluster
    cluster.fails, cluster.waits = 0, None
    engines.forget()
