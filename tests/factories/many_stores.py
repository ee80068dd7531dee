"""A city of invented stores, as many as wanted, made by PostgreSQL in sets; the same ones every time."""

import random
from collections.abc import Callable, Collection
from datetime import UTC, datetime

from django.db import connection

from hutong.attract.search.models import SearchStore
from hutong.attract.search.rules.tokens import Source, Weight, vector
from hutong.kernel.geo import Place
from hutong.kernel.rows import execute, rows
from hutong.town.merchants.services import store_categories
from hutong.town.merchants.types import CategorySpec

GROUPS, CATEGORIES_EACH = 8, 5
WEST, SOUTH, EAST, NORTH = 24.4, 59.9, 25.6, 60.5
# Each batch ends well within the limit that a site has for a statement, on a busy machine too.
_BATCH = 20_000

_FIRST, _SECOND = (
    words.split()
    for words in (
        "Golden Silver Little Old New Lucky Happy Royal Green Blue Northern Harbour Lantern Cedar Maple Nimbus"
        " Aurora Kultainen Pikku Vanha Uusi Sininen Pohjoinen Ääni Hyvä 兰州 北京 四川 老王 小李 东北 春天 金龙"
        " 大唐 清风 Москва Ново",
        "Noodle Coffee Tea Barber Massage Gym Cinema Karaoke Bakery Bistro Garden Kitchen Market Flowers Books"
        " Bikes Kahvila Ravintola Leipomo Parturi Kirjakauppa Kukka 拉面馆 火锅城 茶室 理发店 书店 咖啡馆 按摩"
        " 健身房 Кафе Книги",
    )
)

# Most stores stand around one of 400 centres, closer the nearer they are; one in five anywhere. `unit` gives
# four numbers in [0, 1) from a hash of the row's number, so the city does not depend on when it is made.
_INSERT = """
WITH first AS (SELECT * FROM unnest(%(first)s::text[], %(first_words)s::text[])
                 WITH ORDINALITY AS w(name, words, n)),
second AS (SELECT * FROM unnest(%(second)s::text[], %(second_words)s::text[])
             WITH ORDINALITY AS w(name, words, n)),
kinds AS (SELECT * FROM unnest(%(category_ids)s::int8[], %(group_ids)s::int8[], %(slugs)s::text[])
            WITH ORDINALITY AS k(category_id, group_id, slug, n)),
unit AS (
  SELECT g, 'sto_' || lpad(g::text, 26, '0') AS ref,
         (hashint8extended(g, 1) & 1048575) / 1048576.0::float8 AS a,
         (hashint8extended(g, 2) & 1048575) / 1048576.0::float8 AS b,
         (hashint8extended(g, 3) & 1048575) / 1048576.0::float8 AS c,
         (hashint8extended(g, 4) & 1048575) / 1048576.0::float8 AS d,
         hashint8extended(g %% 400, 5) AS centre
    FROM generate_series(%(start)s::int8, %(stop)s::int8) g
),
city AS (
  SELECT u.*,
         CASE WHEN u.d < 0.2 THEN u.a ELSE least(0.999, greatest(0.001,
           (u.centre & 65535) / 65536.0 + 0.03 * u.c * u.c * cos(6.2831853 * u.b))) END AS across,
         CASE WHEN u.d < 0.2 THEN u.b ELSE least(0.999, greatest(0.001,
           ((u.centre >> 16) & 65535) / 65536.0 + 0.03 * u.c * u.c * sin(6.2831853 * u.b))) END AS up
    FROM unit u
)
INSERT INTO search_searchstore
  (store_id, store_ref, region_id, category_id, root_category_id, lon, lat, words, deals, indexed_at, card)
SELECT c.g, c.ref, 1, k.category_id, k.group_id, at.lon, at.lat, (f.words || ' ' || s.words)::tsvector, 0, %(at)s,
       jsonb_build_object(
         'ref', c.ref, 'names', jsonb_build_object('name', f.name || ' ' || s.name, 'en', 'Store ' || c.g),
         'category', k.slug, 'category_names', jsonb_build_object('en', k.slug, 'zh-Hans', k.slug),
         'emoji', '1f35c', 'address', 'Street ' || c.g %% 977, 'lon', at.lon, 'lat', at.lat,
         'opening_hours', 'Mo-Fr 09:00-20:00; Sa 10:00-18:00', 'zone', 'Europe/Helsinki',
         'price_from', null, 'unit', null, 'deals', 0, 'claimed', false, 'sample', true)
  FROM city c
  CROSS JOIN LATERAL (SELECT %(west)s::float8 + (%(east)s::float8 - %(west)s::float8) * c.across AS lon,
                             %(south)s::float8 + (%(north)s::float8 - %(south)s::float8) * c.up AS lat) at
  JOIN first f ON f.n = 1 + floor(c.a * %(firsts)s::int4)
  JOIN second s ON s.n = 1 + floor(c.c * %(seconds)s::int4)
  JOIN kinds k ON k.n = 1 + floor(c.d * c.d * %(kinds)s::int4)
"""


def generate(
    count: int, progress: Callable[[int], None] | None = None, indexes: Collection[str] | None = None
) -> None:
    """Fill the search with `count` stores, from store 1 on, and nothing else; the indexes are built after.

    `progress` is called with the number of each batch; `indexes` names those that are wanted, None all.
    Deterministic, on every machine.
    """
    params = _parameters()
    there = {
        row["indexname"]
        for row in rows("SELECT indexname FROM pg_indexes WHERE tablename = 'search_searchstore'")
    }
    with connection.schema_editor() as editor:
        for index in SearchStore._meta.indexes:
            if index.name in there:
                editor.remove_index(SearchStore, index)
    execute("TRUNCATE search_searchstore")
    for start in range(1, count + 1, _BATCH):
        stop = min(start + _BATCH - 1, count)
        execute(_INSERT, {**params, "start": start, "stop": stop})
        if progress:
            progress(stop - start + 1)
    with connection.schema_editor() as editor:
        for index in SearchStore._meta.indexes:
            if indexes is None or index.name in indexes:
                editor.add_index(SearchStore, index)
    execute("ANALYZE search_searchstore")
    execute("ANALYZE merchants_category")


def random_place(chance: random.Random) -> Place:
    """A place somewhere in the invented city."""
    return Place(chance.uniform(WEST, EAST), chance.uniform(SOUTH, NORTH))


def drop_index(name: str) -> None:
    """Take one index of the generated stores away: for the control of what is measured with it."""
    with connection.schema_editor() as editor:
        (index,) = (index for index in SearchStore._meta.indexes if index.name == name)
        editor.remove_index(SearchStore, index)


def slugs() -> tuple[list[str], list[str]]:
    """The slugs of the groups, and of the categories in them, that the stores belong to."""
    groups = [f"bench-{group}" for group in range(GROUPS)]
    return groups, [f"{group}-{number}" for group in groups for number in range(CATEGORIES_EACH)]


def _parameters() -> dict[str, object]:
    groups, categories = slugs()
    specs = [CategorySpec(slug, None, {"en": slug}, "1f35c", 1) for slug in groups]
    specs += [CategorySpec(slug, slug.rsplit("-", 1)[0], {"en": slug}, "1f35c", 1) for slug in categories]
    ids = store_categories(specs)
    return {
        "category_ids": [ids[slug] for slug in categories],
        "group_ids": [ids[slug.rsplit("-", 1)[0]] for slug in categories],
        "slugs": categories,
        "kinds": len(categories),
        "firsts": len(_FIRST),
        "seconds": len(_SECOND),
        "at": datetime(2026, 6, 1, 9, tzinfo=UTC),
        "west": WEST,
        "east": EAST,
        "south": SOUTH,
        "north": NORTH,
        **_words("first", _FIRST),
        **_words("second", _SECOND),
    }


def _words(name: str, words: list[str]) -> dict[str, object]:
    return {name: words, f"{name}_words": [vector([Source(word, Weight.NAME)]) for word in words]}
