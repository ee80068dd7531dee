"""One chunk of the invented city: what a process of its own writes of it, into the tables of town and then of search."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy

from bench import ground
from bench.found import words

SEED = 20261122
CHUNK = 5_000
AT = datetime(2026, 6, 1, 9, tzinfo=UTC)
LON, LAT = 116.40, 39.90
WEST, SOUTH, EAST, NORTH = 116.0, 39.6, 116.8, 40.2
CENTRES, CIRCLES, DISTRICTS_ACROSS = 400, 160, 4
KM_LON, KM_LAT = 1 / 85.4, 1 / 111.2  # degrees
CIRCLE_KM = 1.2
# Of five stores three have a merchant, and each of those five offers: three offers a store.
CLAIMED_OF_FIVE, OFFERS_EACH, STORES_A_MERCHANT = 3, 5, 10
INDEXED_AT_ONCE = 1_000
SOLD_OF_TEN = 1

STORE = (
    "id public_id merchant_id region_id district_id circle_id category_id names lon lat address opening_hours osm_ref"
).split()
OFFER = (
    "id public_id merchant_id kind state titles list_price price unit includes emoji hue tags starts_at created_at"
    " submitted_at"
).split()
SUMMARY = "store_ref store_id count stars_sum one two three four five aspects".split()
TAGS = ("refund_any_time", "no_booking", "weekends_too")


@dataclass(frozen=True)
class Town:
    """The keys that the rows of a chunk point to, and the values of the columns it does not name."""

    database: str
    region_id: int
    district_ids: tuple[int, ...]
    circle_ids: tuple[int, ...]
    category_ids: dict[str, int]
    rest: dict[str, dict[str, Any]]


def claimed_index(number: int) -> int | None:
    """The how-manieth store with a merchant a store is, from 0; None of one without."""
    five, of_five = divmod(number - 1, 5)
    return five * CLAIMED_OF_FIVE + of_five if of_five < CLAIMED_OF_FIVE else None


def ref(prefix: str, number: int) -> str:
    """The public id of the row with this key."""
    return f"{prefix}_{number:026d}"


def centres() -> Any:
    """Where the city is dense, as (lon, lat); the first ones are its business circles."""
    chance = numpy.random.default_rng(SEED)
    away = numpy.abs(chance.normal(0, 11, CENTRES)) + chance.random(CENTRES) * 2
    towards = chance.random(CENTRES) * 2 * numpy.pi
    lon = LON + away * numpy.cos(towards) * KM_LON
    lat = LAT + away * numpy.sin(towards) * KM_LAT
    return numpy.stack([lon.clip(WEST + 0.02, EAST - 0.02), lat.clip(SOUTH + 0.02, NORTH - 0.02)], axis=1)


def fill_town(town: Town, start: int, stop: int) -> int:
    """Write the stores of a chunk, their offers and stars; how many stores."""
    connect(town.database)
    from django.db import connection

    stores = list(_stores(town, start, stop))
    with connection.cursor() as cursor:
        cursor.execute(
            "SET synchronous_commit = off; SET session_replication_role = replica; SET statement_timeout = 0"
        )
        _copy(cursor, "merchants_store", STORE, (store["row"] for store in stores), town)
        _copy(cursor, "catalog_offer", OFFER, _offers(stores), town)
        places = ((store["first"] + n, store["first"] + n, store["row"][0]) for store in stores if store["first"]
                  for n in range(OFFERS_EACH))  # fmt: skip
        _copy(cursor, "catalog_offerstore", ["id", "offer_id", "store_id"], places, town)
        _copy(cursor, "reviews_reviewsummary", SUMMARY, _summaries(start, stop), town)
    return len(stores)


def fill_search(town: Town, start: int, stop: int) -> int:
    """Make the rows of search of a chunk, by what makes them in a site; how many stores."""
    connect(town.database)
    from django.db import connection, transaction

    from hutong.attract.search import services
    from hutong.attract.search.services.indexing import write_rows

    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off; SET statement_timeout = 0; SET lock_timeout = 0")
    for first in range(start, stop, INDEXED_AT_ONCE):
        with transaction.atomic():
            write_rows(range(first, min(stop, first + INDEXED_AT_ONCE)), at=AT)
    chance = numpy.random.default_rng([SEED, start, 2])
    sold = {}
    for number in range(start, stop):
        if number % 10 < SOLD_OF_TEN and (index := claimed_index(number)) is not None:
            for n in range(OFFERS_EACH):
                sold[ref("off", index * OFFERS_EACH + 1 + n)] = int(chance.pareto(1.2) * 20) + 1
    services.set_sold(sold=sold)
    return stop - start


def connect(database: str) -> None:
    """Django's connection of this process leads to the city's database."""
    ground.set_up()
    from django.db import connection

    if connection.settings_dict["NAME"] != database:
        connection.close()
        connection.settings_dict["NAME"] = database


def _copy(cursor: Any, table: str, columns: list[str], rows: Any, town: Town) -> None:
    rest = {name: value for name, value in town.rest[table].items() if name not in columns}
    names = ", ".join([*columns, *rest])
    more = tuple(rest.values())
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row((*row, *more))


def _stores(town: Town, start: int, stop: int) -> Iterator[dict[str, Any]]:
    chance = numpy.random.default_rng([SEED, start, 1])
    count = stop - start
    middle = centres()
    centre = (CENTRES * chance.random(count) ** 1.6).astype(int)
    away = chance.exponential(0.55, count)
    towards = chance.random(count) * 2 * numpy.pi
    anywhere = chance.random(count) < 0.15
    lon = numpy.where(
        anywhere,
        WEST + (EAST - WEST) * chance.random(count),
        middle[centre, 0] + away * numpy.cos(towards) * KM_LON,
    )
    lat = numpy.where(
        anywhere,
        SOUTH + (NORTH - SOUTH) * chance.random(count),
        middle[centre, 1] + away * numpy.sin(towards) * KM_LAT,
    )
    lon, lat = lon.clip(WEST, EAST - 1e-9), lat.clip(SOUTH, NORTH - 1e-9)
    across = ((lon - WEST) / (EAST - WEST) * DISTRICTS_ACROSS).astype(int)
    up = ((lat - SOUTH) / (NORTH - SOUTH) * DISTRICTS_ACROSS).astype(int)
    slugs = list(words.KINDS)
    left = (100 - sum(words.SHARES)) / (len(slugs) - len(words.SHARES))
    shares = numpy.array([*words.SHARES, *[left] * (len(slugs) - len(words.SHARES))]) / 100
    kinds = chance.choice(len(slugs), count, p=shares)
    dice = chance.integers(0, 1 << 30, (count, 10))
    for n in range(count):
        number = start + n
        index = claimed_index(number)
        name, product, address = named(slugs[kinds[n]], [int(die) for die in dice[n]])
        in_circle = not anywhere[n] and centre[n] < CIRCLES and away[n] < CIRCLE_KM
        row = (
            number, ref("sto", number), None if index is None else index // STORES_A_MERCHANT + 1, town.region_id,
            town.district_ids[up[n] * DISTRICTS_ACROSS + across[n]], town.circle_ids[centre[n]] if in_circle else None,
            town.category_ids[slugs[kinds[n]]], json.dumps(name, ensure_ascii=False), float(lon[n]), float(lat[n]),
            address, "" if dice[n][9] % 12 == 0 else words.HOURS[dice[n][9] % len(words.HOURS)], f"node/{number}",
        )  # fmt: skip
        first = None if index is None else index * OFFERS_EACH + 1
        yield {"row": row, "first": first, "product": product, "dice": dice[n]}


def named(slug: str, dice: list[int]) -> tuple[dict[str, str], tuple[str, str], str]:
    """The names of a store, what it sells in both languages, and its address."""
    product = words.KINDS[slug][dice[0] % len(words.KINDS[slug])]
    road, end = words.ROADS[dice[1] % len(words.ROADS)], words.ROAD_ENDS[dice[2] % len(words.ROAD_ENDS)]
    kind = dice[3] % 10
    if kind < 5:
        surname, familiar = (
            words.SURNAMES[dice[4] % len(words.SURNAMES)],
            words.FAMILIAR[dice[5] % len(words.FAMILIAR)],
        )
        brand = familiar[0].format(surname[0]), familiar[1].format(surname[1])
    else:
        adjective = words.ADJECTIVES[dice[4] % len(words.ADJECTIVES)]
        noun = words.NOUNS[dice[5] % len(words.NOUNS)]
        brand = adjective[0] + noun[0], f"{adjective[1]} {noun[1]}"
    zh, en = brand[0] + product[0], f"{brand[1]} {product[1]}"
    if dice[6] % 10 < 7:
        zh, en = f"{zh}({road[0]}{end[0]}店)", f"{en} ({road[1]} {end[1]})"
    elsewhere = words.ROADS[dice[7] % len(words.ROADS)]
    address = f"{elsewhere[0]}{words.ROAD_ENDS[dice[8] % len(words.ROAD_ENDS)][0]}{dice[8] % 400 + 1}号"
    return {"name": zh, "en": en}, product, address


def _offers(stores: list[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for store in stores:
        if store["first"] is None:
            continue
        product, dice = store["product"], [int(die) for die in store["dice"]]
        for n in range(OFFERS_EACH):
            key = store["first"] + n
            deal = words.DEALS[(dice[0] + 3 * n) % len(words.DEALS)]
            titles = {"zh-Hans": deal[0].format(product[0]), "en": deal[1].format(product[1])}
            price = 900 + (dice[1] + 7_919 * n) % 60 * 1_000
            yield (
                key, ref("off", key), store["row"][2], "voucher", "live", json.dumps(titles, ensure_ascii=False),
                price * (12 + dice[2] % 12) // 10, price, "CNY",
                json.dumps([{"names": {"zh-Hans": product[0], "en": product[1]}, "quantity": 1, "value": None}]),
                "1f35c", dice[3] % 360, json.dumps(list(TAGS[: (dice[4] + n) % 4])), AT, AT, AT,
            )  # fmt: skip


def _summaries(start: int, stop: int) -> Iterator[tuple[Any, ...]]:
    chance = numpy.random.default_rng([SEED, start, 3])
    for number in range(start, stop):
        count, taste = int(chance.pareto(1.0) * 6), chance.normal(0.72, 0.12)
        if count:
            stars = chance.multinomial(min(count, 20_000), _chances(taste)).tolist()
            total = sum(stars)
            yield ref("sto", number), number, total, sum(n * s for n, s in enumerate(stars, 1)), *stars, "{}"


def _chances(taste: float) -> Any:
    likely = numpy.clip(taste, 0.05, 0.95)
    five = numpy.array([1, 4, 6, 4, 1]) * likely ** numpy.arange(5) * (1 - likely) ** (4 - numpy.arange(5))
    return five / five.sum()
