"""An import that is killed and run again: nothing twice, nothing lost, and its report says all of it."""

from __future__ import annotations

import csv
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hutong.attract.search.models import SearchStore
from hutong.kernel.locking import having
from hutong.town.merchants.models import Brand, ImportRun, Store
from tests.cli.saved_site import ROOT, environment_of, run
from tests.fakes.sandbox import wait_until
from tests.fakes.site import database_url

from .tables import place, write

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]

ROWS, BROKEN = 4_000, 40


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """The import of a table of eight batches with some broken rows, as an operator calls it."""
    rows = [
        place(number, brand=f"Ketju {number % 50}", lat="" if number % 100 == 50 else "60.17")
        for number in range(ROWS)
    ]
    path = write(tmp_path, rows)
    said = ["--zone", "Europe/Helsinki", "--currency", "EUR", "--report", str(tmp_path / "refused.csv")]
    return [sys.executable, "-m", "hutong", "import", "csv", str(path), "--region", "helsinki", *said]


@pytest.mark.parametrize(("more", "least"), [(["--resume"], 1), ([], 2)])
def test_killed_half_way_and_run_again(
    command: list[str], more: list[str], least: int, tmp_path: Path
) -> None:
    environment = {**environment_of(tmp_path, ""), "DATABASE_URL": database_url()}
    with (tmp_path / "first.log").open("wb") as log:
        first = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
        try:
            under_way = ImportRun.objects.filter(done__gte=500 * least, ended_at=None)
            wait_until(lambda: under_way.exists() or first.poll() is not None, timeout_s=120)
        finally:
            first.send_signal(signal.SIGKILL)
            first.wait(10)
    assert first.returncode == -signal.SIGKILL, (tmp_path / "first.log").read_text()
    wait_until(nobody_imports, timeout_s=30)
    stored = Store.objects.count()
    assert ImportRun.objects.get().done == stored == SearchStore.objects.count()
    assert 0 < stored < ROWS - BROKEN

    again = run([*command, *more], environment)
    assert again.returncode == 0, again.stdout + again.stderr
    new, unchanged = (ROWS - BROKEN, 0) if more else (ROWS - BROKEN - stored, stored)
    assert f"{ROWS:,} rows in UTF-8 of the source cafes" in again.stdout
    assert f"{new:,} new, 0 updated, {unchanged:,} unchanged, 0 closed, {BROKEN} refused" in again.stdout
    refs = {f"csv:cafes:{number}" for number in range(ROWS) if number % 100 != 50}
    assert set(Store.objects.values_list("osm_ref", flat=True)) == refs
    assert Store.objects.count() == len(refs)
    assert (SearchStore.objects.count(), Brand.objects.count()) == (ROWS - BROKEN, 50)
    with (tmp_path / "refused.csv").open(encoding="utf-8-sig", newline="") as handle:
        assert [int(line["line"]) for line in csv.DictReader(handle)] == list(range(52, ROWS, 100))
    assert ImportRun.objects.get().ended_at is not None


def nobody_imports() -> bool:
    """Whether the database has noticed that the importer is gone."""
    with having("import_csv", "helsinki") as is_free:
        return is_free
