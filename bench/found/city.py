"""One invented city of 10,000 to 1,000,000 stores with three offers each, in the tables of town and in search.

Names are in Chinese and English, made of parts (`words`); stores stand close around 400 centres; every store has hours,
stars, a district, most a business circle. The rows of search are made by the services of search, as in a site. The same
city each time: what a chunk has follows from its first number alone, whichever process writes it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

from rich.console import Console
from rich.progress import Progress

from bench import ground
from bench.found import words, worker
from bench.found.questions import Named
from hutong.kernel.geo import Place
from hutong.kernel.rows import execute, rows

# Part of the name of the cached database: count it up when the rows change, also because search makes others of them.
VERSION = 1
SIZES = (10_000, 100_000, 1_000_000)
PROCESSES = 2
REGION_SLUG = "bench-city"
AT = worker.AT
TABLES = (
    "merchants_store", "catalog_offer", "catalog_offerstore", "reviews_reviewsummary", "search_searchdeal",
    "search_searchstore", "search_searchterm",
)  # fmt: skip
_INDEXES = """
SELECT i.indexname AS name, i.indexdef AS text FROM pg_indexes i
 WHERE i.tablename = ANY(%s) AND i.indexname <> 'search_term_prefix'
   AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname)
 ORDER BY i.indexname
"""


def database(stores: int, console: Console) -> str:
    """The name of a database with a city of so many stores; made once for each version, kept between runs."""
    return ground.template(f"city_{stores}", VERSION, lambda: fill(stores, console))


def fill(stores: int, console: Console) -> None:
    """Write the city into the empty database that Django is connected to."""
    from django.db import connection

    from hutong.attract.search import services
    from hutong.attract.search.types import TermKind

    execute("SET statement_timeout = 0")
    town = _town(stores, connection.settings_dict["NAME"])
    with Progress(console=console) as progress, _without_indexes(progress):
        _in_processes(worker.fill_town, town, stores, progress, "The town")
        execute("ANALYZE merchants_store, catalog_offer, catalog_offerstore, reviews_reviewsummary")
        # Search looks stores and offers up by their keys, and deals by their store.
        _in_processes(worker.fill_search, town, stores, progress, "The rows of search")
    _continue_sequences()
    for kind in TermKind:
        services.recount_terms(kind)
    for table in TABLES:
        execute(f"VACUUM (ANALYZE) {table}")


def names(limit: int | None = None) -> list[Named]:
    """The stores with their Chinese names, in the order of their numbers; all or the first ones."""
    found = rows(
        "SELECT s.public_id AS ref, s.names->>'name' AS name, s.lon, s.lat FROM merchants_store s ORDER BY s.id"
        f" LIMIT {limit or 'ALL'}"
    )
    return [Named(one["ref"], one["name"], Place(one["lon"], one["lat"])) for one in found]


def slugs() -> list[str]:
    """The slugs of the categories that the stores have, those with most stores first."""
    return list(words.KINDS)


def _town(stores: int, name: str) -> worker.Town:
    from hutong.attract.reviews.models import ReviewSummary
    from hutong.flows.import_osm.categories import category_specs
    from hutong.town.catalog.models import Offer, OfferStore
    from hutong.town.merchants.models import Merchant, Store
    from hutong.town.merchants.services import store_categories

    city = _region(REGION_SLUG, ("京城", "Capital City"), None, "city", (worker.LON, worker.LAT), 0.4)
    west, south, across = worker.WEST, worker.SOUTH, worker.DISTRICTS_ACROSS
    wide, high = (worker.EAST - west) / across, (worker.NORTH - south) / across
    districts = [
        _region(
            f"bench-d{n}",
            pair,
            city,
            "district",
            (west + wide * (n % across + 0.5), south + high * (n // across + 0.5)),
            high / 2,
        )
        for n, pair in enumerate(words.DISTRICTS)
    ]
    middle = worker.centres()
    circles = []
    for n in range(worker.CIRCLES):
        road, end = words.ROADS[n % len(words.ROADS)], words.CIRCLE_ENDS[n // len(words.ROADS)]
        pair = road[0] + end[0], f"{road[1]} {end[1]}"
        circles.append(
            _region(f"bench-c{n}", pair, city, "circle", (float(middle[n, 0]), float(middle[n, 1])), 0.01)
        )
    merchants = -(-stores * worker.CLAIMED_OF_FIVE // 5 // worker.STORES_A_MERCHANT) + 1
    Merchant.objects.bulk_create(
        [
            Merchant(
                id=number, public_id=worker.ref("mer", number), names={"name": f"Merchant {number}"}, state="approved",
                applied_at=AT, decided_at=AT, region_id=city,
            )
            for number in range(1, merchants + 1)
        ],
        batch_size=5_000,
    )  # fmt: skip
    rest = {
        model._meta.db_table: {
            str(field.column): _plain(field.get_default())
            for field in model._meta.concrete_fields
            if not field.primary_key and not field.generated and not field.is_relation and not field.null
        }
        for model in (Store, Offer, OfferStore, ReviewSummary)
    }
    rest["merchants_store"]["updated_at"] = AT
    return worker.Town(
        database=name,
        region_id=city,
        district_ids=tuple(districts),
        circle_ids=tuple(circles),
        category_ids=store_categories(category_specs()),
        rest=rest,
    )


def _region(
    slug: str, pair: tuple[str, str], parent: int | None, kind: str, middle: tuple[float, float], half: float
) -> int:
    from hutong.town.regions.models import Region

    return Region.objects.create(
        slug=slug, names={"zh-Hans": pair[0], "en": pair[1]}, kind=kind, parent_id=parent, lon=middle[0], lat=middle[1],
        west=middle[0] - half, east=middle[0] + half, south=middle[1] - half, north=middle[1] + half,
        zone="Asia/Shanghai", currency="CNY",
    ).pk  # fmt: skip


def _plain(value: Any) -> Any:
    """The default of a column as COPY takes it."""
    import json

    return json.dumps(value) if isinstance(value, dict | list) else value


@contextmanager
def _without_indexes(progress: Progress) -> Iterator[None]:
    """The indexes that no constraint needs are built once all rows are there."""
    known = [one for one in rows(_INDEXES, [list(TABLES)]) if one["name"] != "search_deal_store"]
    for index in known:
        execute(f'DROP INDEX "{index["name"]}"')
    # Nobody may look at a table again and again that grows as fast as it can.
    for table in TABLES:
        execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
    yield
    for table in TABLES:
        execute(f"ALTER TABLE {table} RESET (autovacuum_enabled)")
    execute("SET maintenance_work_mem = '512MB'")
    task = progress.add_task("Indexes", total=len(known))
    for index in known:
        execute(index["text"])
        progress.advance(task)


def _in_processes(
    fill: Callable[[worker.Town, int, int], int],
    town: worker.Town,
    stores: int,
    progress: Progress,
    what: str,
) -> None:
    task = progress.add_task(what, total=stores)
    starts = range(1, stores + 1, worker.CHUNK)
    os.environ.setdefault("HUTONG_HOME", str(ground.ROOT / "var" / "bench"))
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(fill, town, start, min(start + worker.CHUNK, stores + 1)) for start in starts]
        for done in as_completed(waiting):
            progress.advance(task, done.result())


def _continue_sequences() -> None:
    """The next row that the site writes itself gets a number that is free."""
    for table in ("merchants_store", "merchants_merchant", "catalog_offer", "catalog_offerstore"):
        execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
