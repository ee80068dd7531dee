"""`hutong search`: rebuilt with a bar, checked with an exit code and with names."""

from datetime import datetime

import pytest
from typer.testing import CliRunner

from hutong.attract.search.models import SearchCell, SearchStore
from hutong.cli import search
from hutong.cli.app import app
from hutong.flows import index_search
from tests.factories import catalog, merchants

RUN = CliRunner()


@pytest.mark.django_db
def test_what_the_check_finds_the_rebuild_mends(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "SECOND_LOOK_AFTER_S", 0)
    store = merchants.store()
    catalog.offer(store=store)
    checked = RUN.invoke(app, ["search", "check"])
    assert checked.exit_code == 1
    assert f"missing: {store.public_id}" in checked.output
    assert "hutong search rebuild" in checked.output
    made = RUN.invoke(app, ["search", "rebuild"])
    assert made.exit_code == 0
    assert "1 stores" in made.output
    for options in ([], ["--full"]):
        checked = RUN.invoke(app, ["search", "check", *options])
        assert (checked.exit_code, "What 1 stores are found with" in checked.output) == (0, True)
    SearchStore.objects.update(sold=5)
    checked = RUN.invoke(app, ["search", "check", "--full"])
    assert (checked.exit_code, f"stale: {store.public_id}" in checked.output) == (1, True)


@pytest.mark.django_db
def test_a_square_that_counts_wrongly_is_found_and_mended(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "SECOND_LOOK_AFTER_S", 0)
    index_search.index_stores([merchants.store().public_id], at)
    right = sorted(SearchCell.objects.values_list("level", "cell", "category_id", "stores"))
    assert RUN.invoke(app, ["search", "check"]).exit_code == 0
    SearchCell.objects.filter(level=12, category_id=0).update(stores=7)
    checked = RUN.invoke(app, ["search", "check"])
    # One square that is there and should not be, and one that should be and is not.
    assert (checked.exit_code, "than their stores: 2" in checked.output) == (1, True)
    made = RUN.invoke(app, ["search", "rebuild"])
    assert (made.exit_code, "Squares of the map that were wrong: 2" in made.output) == (0, True)
    assert sorted(SearchCell.objects.values_list("level", "cell", "category_id", "stores")) == right
    assert RUN.invoke(app, ["search", "check"]).exit_code == 0
