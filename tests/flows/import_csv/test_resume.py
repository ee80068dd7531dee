"""An import that is stopped goes on after its last batch and doubles nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from hutong.attract.search.models import SearchStore
from hutong.flows import import_csv as flow
from hutong.flows.import_csv import Options, errors
from hutong.kernel.locking import having
from hutong.town.merchants import services
from hutong.town.merchants.models import ImportRun, Store

from .tables import HELSINKI, place, run, write


class Stopped(Exception):
    """The process was killed here."""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of six batches."""
    monkeypatch.setattr(flow, "BATCH", 4)
    return write(tmp_path, [place(number) for number in range(24)])


def stopped_between(path: Path, at: datetime, *, done: int) -> None:
    def progress(stage: str, so_far: int, _total: int | None, /) -> None:
        if stage == flow.STORE and so_far >= done:
            raise Stopped

    with pytest.raises(Stopped):
        flow.import_csv(path, HELSINKI, options=Options(), at=at, progress=progress)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("inside", [False, True])
def test_it_goes_on_after_the_last_batch(
    path: Path, at: datetime, monkeypatch: pytest.MonkeyPatch, inside: bool
) -> None:
    if inside:  # in the middle of the third batch, whose work is lost with its transaction
        moved: list[int] = []

        def move_run(*, done: int, **more: object) -> None:
            moved.append(done)
            if done > 8:
                raise Stopped
            services.move_run(done=done, **more)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(flow, "move_run", move_run)
            with pytest.raises(Stopped):
                run(path, at)
        assert moved == [4, 8, 12]
    else:
        stopped_between(path, at, done=8)
    first = set(Store.objects.values_list("pk", flat=True))
    assert (len(first), SearchStore.objects.count()) == (8, 8)
    stored: list[int] = []

    def told(stage: str, done: int, _total: int | None, /) -> None:
        if stage == flow.STORE:
            stored.append(done)

    report = flow.import_csv(path, HELSINKI, options=Options(resume=True), at=at, progress=told)
    assert stored == [8, 12, 16, 20, 24]
    assert (report.new, report.updated, report.unchanged) == (24, 0, 0)
    assert (Store.objects.count(), SearchStore.objects.count()) == (24, 24)
    assert first < set(Store.objects.values_list("pk", flat=True))
    assert ImportRun.objects.get().ended_at == at


@pytest.mark.django_db
def test_only_the_same_import_goes_on(path: Path, at: datetime, tmp_path: Path) -> None:
    refused: list[Callable[[], object]] = [
        lambda: run(path, at, resume=True, category="bar"),
        lambda: run(write(tmp_path, [place(1)], name="cafes2.csv"), at, resume=True),
        lambda: run(path, at, resume=True, source="other"),
    ]
    with pytest.raises(errors.NothingToResume):  # nothing was begun
        run(path, at, resume=True)
    stopped_between(path, at, done=8)
    for other in refused:
        with pytest.raises(errors.NothingToResume):
            other()
    # Without --resume it begins anew, which doubles nothing either.
    again = run(path, at)
    assert (again.new, again.unchanged) == (16, 8)
    with pytest.raises(errors.NothingToResume):  # it is over
        run(path, at, resume=True)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_one(path: Path, at: datetime) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    def elsewhere() -> str:
        try:
            run(path, at)
        except errors.ImportUnderWay as error:
            return str(error)
        finally:
            connection.close()
        return "imported"

    with ThreadPoolExecutor(1) as pool:
        with having("import_csv", "helsinki") as is_mine:
            assert is_mine
            assert "under way" in pool.submit(elsewhere).result()
        assert not Store.objects.exists()
        assert pool.submit(elsewhere).result() == "imported"
