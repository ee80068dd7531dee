"""200 drawn questions in words: half of them over the invented city, half over three real cities.

| from | whole names | mistyped | else |
| --- | --- | --- | --- |
| the invented city | 25 in Chinese | | 15 beginnings, 30 in pinyin, 30 by initials |
| Helsinki, from OpenStreetMap | 25 | 15 | |
| Singapore and Chicago, branded places | 15 each | 15 each | |
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench import ground
from bench.found import city, questions
from bench.found.questions import Drawn, Named
from bench.table import Row
from hutong.kernel.geo import Place
from hutong.kernel.rows import rows

# Part of the name of the cached database: count it up when what is imported changes, or what search makes of it.
VERSION = 2
# In a city of so many the questions were drawn before anything was tuned; larger and smaller ones have others.
STORES = 100_000
RADIUS_M = 20_000.0
MARK = 190
REAL = ("singapore", "chicago")
ZONES = {"singapore": ("Asia/Singapore", "SGD"), "chicago": ("America/Chicago", "USD")}
_PLACES = """
SELECT s.osm_ref AS ref, s.names->>'name' AS name, s.lon, s.lat
  FROM merchants_store s JOIN regions_region r ON r.id = s.region_id
 WHERE r.slug = %s AND s.state = 'open' AND s.osm_ref IS NOT NULL ORDER BY s.osm_ref
"""


def run(console: Console, stores: int = STORES) -> list[Row]:
    """Ask all of them, half of them in the invented city of so many stores.

    A row for each kind, and one for all that is judged. The missed ones are printed. The real cities are read from the
    folder of `HUTONG_TEST_DATA`; without it nothing is asked, and the row says so and is not judged.
    """
    folder = Path(os.environ.get("HUTONG_TEST_DATA", ground.ROOT.parent / "shared" / "data")) / "opensiterec"
    if not folder.is_dir():
        console.print(
            f"The drawn questions need {folder}, which is not there; HUTONG_TEST_DATA names its parent."
        )
        return [Row("drawn questions in words", "not measured: no test data", mark=f">= {MARK} of 200")]
    asked: list[tuple[Drawn, bool]] = []
    with ground.on_database(city.database(stores, console)):
        asked += _ask(questions.chinese(city.names()), console)
    with ground.on_database(ground.template("real_cities", VERSION, lambda: _import(folder))):
        asked += _ask(questions.imported("Helsinki", _named("helsinki"), whole=25, mistyped=15), console)
        for slug in REAL:
            drawn = questions.imported(slug.title(), _named(slug), whole=15, mistyped=15)
            asked += _ask(drawn, console)
    of_kind, found = (
        Counter(one.kind for one, _found in asked),
        Counter(one.kind for one, hit in asked if hit),
    )
    answered = sum(found.values())
    return [
        Row(
            "drawn questions in words, their place in the top 3",
            f"{answered}",
            f"{len(asked)}",
            mark=f">= {MARK}",
            passed=answered >= MARK and len(asked) == 200,
        ),
        *(Row(f"  {kind}", f"{found[kind]}", f"{count}") for kind, count in of_kind.items()),
    ]


def _ask(drawn: Sequence[Drawn], console: Console) -> list[tuple[Drawn, bool]]:
    from hutong.attract.search import queries as search
    from hutong.attract.search.types import Circle, Question

    source_refs = {row["ref"]: row["source"] for row in rows(
        "SELECT public_id AS ref, coalesce(osm_ref, public_id) AS source FROM merchants_store"
    )}  # fmt: skip
    asked = []
    for one in drawn:
        question = Question(
            place=one.asked_at, within=Circle(one.asked_at, RADIUS_M), at=city.AT, text=one.text, limit=3
        )
        cards = [entry.card for entry in search.find(question, facets=False).items]
        found = [
            Named(source_refs[card.ref], card.names["name"], Place(card.lon, card.lat)) for card in cards
        ]
        hit = questions.answered(one, found)
        if not hit:
            console.print(f"{one.kind}: {one.text} ({one.name}) found {[store.name for store in found]}")
        asked.append((one, hit))
    return asked


def _named(slug: str) -> list[Named]:
    return [Named(one["ref"], one["name"], Place(one["lon"], one["lat"])) for one in rows(_PLACES, [slug])]


def _import(folder: Path) -> None:
    """The three real cities, imported and indexed as an operator does it; `folder` has the places of two of them."""
    from hutong.flows import index_search
    from hutong.flows.import_csv import Options, Town, import_csv
    from hutong.flows.import_osm import import_osm
    from hutong.town.regions.queries import region_by_slug

    import_osm(
        ground.ROOT / "data" / "helsinki-centre.osm.pbf", "helsinki", names={"en": "Helsinki"},
        zone="Europe/Helsinki", currency="EUR", at=city.AT,
    )  # fmt: skip
    helsinki = region_by_slug("helsinki")
    assert helsinki is not None, "it was just imported"
    index_search.index_region(helsinki.ref, city.AT)
    for slug in REAL:
        zone, currency = ZONES[slug]
        import_csv(
            folder / f"{slug.title()}_KG_plus.csv.gz",
            Town(slug, {"en": slug.title()}, zone, currency),
            options=Options(columns="opensiterec", accept_losses=True),
            at=city.AT,
        )
