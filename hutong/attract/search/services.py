"""Writes of search: rows of the two projections are made again from `town`, set by set."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from json import loads
from typing import Any

from django.db import transaction

from hutong.attract.search.rules import grams, searchable
from hutong.attract.search.types import Indexed
from hutong.kernel.locking import advisory
from hutong.kernel.rows import execute, rows

# A place out of the extract is found whoever claims it; what a merchant signed up itself once the merchant is
# approved. `StoreView.shown` says the same of one store.
_OPEN_TO_ALL = """s.state = 'open' AND (s.merchant_id IS NULL OR s.osm_ref IS NOT NULL
   OR EXISTS (SELECT FROM merchants_merchant o WHERE o.id = s.merchant_id AND o.state = 'approved'))"""

# The cover of a store or an offer with its two narrow sizes, which is all a list needs; null where it has none.
_COVER = """(SELECT jsonb_build_object('alts', i.alts, 'colour', i.colour,
           'variants', jsonb_path_query_array(i.variants, '$[0 to 1]'))
         FROM pictures_picture i WHERE i.owner_ref = {owner}.public_id AND i.position = 0)"""

# What the text of a row is made of; the folding is ours, so it is done in Python between two statements.
_STORE_NAMES = f"""
SELECT s.id, s.names, (c.names || c.own_names) AS category_names, (g.names || g.own_names) AS group_names
  FROM merchants_store s
  JOIN merchants_category c ON c.id = s.category_id
  LEFT JOIN merchants_category g ON g.id = c.parent_id
 WHERE s.id = ANY(%s::int8[]) AND {_OPEN_TO_ALL}
"""  # noqa: S608 - constants only
_OFFER_TITLES = """
SELECT o.id, o.titles, array_agg(p.store_id) AS store_ids
  FROM catalog_offer o JOIN catalog_offerstore p ON p.offer_id = o.id
 WHERE p.store_id = ANY(%s::int8[]) AND o.state = 'live'
 GROUP BY o.id
"""

# An offer is shown while it is live, not over, and its merchant is approved; one that begins later has its
# row already, and the queries leave it out until then.
_SHOWN = """
  FROM catalog_offer o
  JOIN catalog_offerstore p ON p.offer_id = o.id
  JOIN merchants_store s ON s.id = p.store_id
  JOIN merchants_merchant m ON m.id = o.merchant_id
 WHERE p.store_id = ANY(%(ids)s::int8[]) AND s.state = 'open' AND m.state = 'approved'
   AND o.state = 'live' AND (o.ends_at IS NULL OR o.ends_at > %(at)s)
"""
_DELETE_DEALS = f"""
DELETE FROM search_searchdeal d
 WHERE d.store_id = ANY(%(ids)s::int8[])
   AND (d.offer_ref, d.store_id) NOT IN (SELECT o.public_id, p.store_id {_SHOWN})
"""  # noqa: S608 - constants only
_UPSERT_DEALS = f"""
WITH shown AS (SELECT o.id AS offer_id, p.store_id {_SHOWN})
INSERT INTO search_searchdeal AS d
  (offer_ref, store_ref, store_id, region_id, category_id, root_category_id, lon, lat, text, grams,
   price, list_price, unit, discount_percent, starts_at, ends_at, indexed_at, card)
SELECT o.public_id, s.public_id, s.id, s.region_id, c.id, coalesce(c.parent_id, c.id), s.lon, s.lat,
       t.text || ' ' || n.text, string_to_array(t.grams, ' ') || string_to_array(n.grams, ' '),
       o.price, o.list_price, o.unit, (o.list_price - o.price) * 100 / o.list_price,
       o.starts_at, o.ends_at, %(at)s,
       jsonb_build_object(
         'offer_ref', o.public_id, 'titles', o.titles, 'emoji', o.emoji, 'hue', o.hue, 'tags', o.tags,
         'price', o.price, 'list_price', o.list_price, 'unit', o.unit,
         'discount_percent', (o.list_price - o.price) * 100 / o.list_price,
         'sample', o.sample, 'ends_at', o.ends_at, 'cover', {_COVER.format(owner="o")},
         'store_ref', s.public_id, 'store_names', s.names, 'category', c.slug, 'category_names', (c.names || c.own_names),
         'lon', s.lon, 'lat', s.lat, 'opening_hours', s.opening_hours, 'zone', r.zone)
  FROM shown
  JOIN catalog_offer o ON o.id = shown.offer_id
  JOIN merchants_store s ON s.id = shown.store_id
  JOIN merchants_category c ON c.id = s.category_id
  JOIN regions_region r ON r.id = s.region_id
  JOIN unnest(%(offer_ids)s::int8[], %(offer_texts)s::text[], %(offer_grams)s::text[])
       AS t(id, text, grams) ON t.id = o.id
  JOIN unnest(%(store_ids)s::int8[], %(store_texts)s::text[], %(store_grams)s::text[])
       AS n(id, text, grams) ON n.id = s.id
ON CONFLICT (offer_ref, store_id) DO UPDATE SET
   store_ref = excluded.store_ref, region_id = excluded.region_id, category_id = excluded.category_id,
   root_category_id = excluded.root_category_id, lon = excluded.lon, lat = excluded.lat,
   text = excluded.text, grams = excluded.grams, price = excluded.price, list_price = excluded.list_price,
   unit = excluded.unit, discount_percent = excluded.discount_percent, starts_at = excluded.starts_at,
   ends_at = excluded.ends_at, indexed_at = excluded.indexed_at, card = excluded.card
"""  # noqa: S608 - constants only
_DELETE_STORES = f"""
DELETE FROM search_searchstore x WHERE x.store_id = ANY(%(ids)s::int8[])
   AND NOT EXISTS (SELECT FROM merchants_store s WHERE s.id = x.store_id AND {_OPEN_TO_ALL})
"""  # noqa: S608 - constants only
_UPSERT_STORES = f"""
WITH on_offer AS (
  SELECT d.store_id,
         count(*) FILTER (WHERE d.starts_at <= %(at)s) AS deals,
         min(d.price) FILTER (WHERE d.starts_at <= %(at)s) AS price_from,
         min(d.unit) AS unit,
         least(min(d.starts_at) FILTER (WHERE d.starts_at > %(at)s),
               min(d.ends_at) FILTER (WHERE d.starts_at <= %(at)s)) AS stale_at
    FROM search_searchdeal d WHERE d.store_id = ANY(%(ids)s::int8[]) GROUP BY d.store_id
)
INSERT INTO search_searchstore
  (store_id, store_ref, region_id, category_id, root_category_id, lon, lat, text, grams, deals, stale_at,
   indexed_at, card)
SELECT s.id, s.public_id, s.region_id, c.id, coalesce(c.parent_id, c.id), s.lon, s.lat,
       n.text, string_to_array(n.grams, ' '), coalesce(d.deals, 0), d.stale_at, %(at)s,
       jsonb_build_object(
         'ref', s.public_id, 'names', s.names, 'category', c.slug, 'category_names', (c.names || c.own_names),
         'cover', CASE WHEN m.state = 'approved' THEN {_COVER.format(owner="s")} END,
         'emoji', c.emoji, 'address', s.address, 'lon', s.lon, 'lat', s.lat,
         'opening_hours', s.opening_hours, 'zone', r.zone,
         'price_from', d.price_from, 'unit', d.unit, 'deals', coalesce(d.deals, 0),
         'claimed', m.id IS NOT NULL, 'sample', coalesce(m.sample, false))
  FROM unnest(%(store_ids)s::int8[], %(search_texts)s::text[], %(search_grams)s::text[]) AS n(id, text, grams)
  JOIN merchants_store s ON s.id = n.id AND s.state = 'open'
  JOIN merchants_category c ON c.id = s.category_id
  JOIN regions_region r ON r.id = s.region_id
  LEFT JOIN merchants_merchant m ON m.id = s.merchant_id
  LEFT JOIN on_offer d ON d.store_id = s.id
ON CONFLICT (store_id) DO UPDATE SET
   store_ref = excluded.store_ref, region_id = excluded.region_id, category_id = excluded.category_id,
   root_category_id = excluded.root_category_id, lon = excluded.lon, lat = excluded.lat,
   text = excluded.text, grams = excluded.grams, deals = excluded.deals, stale_at = excluded.stale_at,
   indexed_at = excluded.indexed_at, card = excluded.card
"""  # noqa: S608 - constants only
# Also stores where the offer was shown before and holds no more, so that its row goes away.
_STORES_OF_OFFER = """
SELECT p.store_id FROM catalog_offerstore p JOIN catalog_offer o ON o.id = p.offer_id WHERE o.public_id = %s
UNION SELECT d.store_id FROM search_searchdeal d WHERE d.offer_ref = %s
"""
_STORES_OF_REGION = """
SELECT s.id AS store_id FROM merchants_store s JOIN regions_region r ON r.id = s.region_id
 WHERE r.public_id = %s AND s.id > %s::int8 ORDER BY s.id LIMIT %s::int4
"""
_STALE = """
SELECT x.store_id FROM search_searchstore x WHERE x.stale_at <= %s ORDER BY x.stale_at LIMIT %s::int4
"""
_SOLD = """
UPDATE search_searchdeal d SET sold = n.sold
  FROM unnest(%s::text[], %s::int4[]) AS n(offer_ref, sold)
 WHERE d.offer_ref = n.offer_ref AND d.sold <> n.sold
"""


def index_stores(*, store_refs: Sequence[str], at: datetime) -> int:
    """Make the rows of these stores and of their deals again, as `town` has them now; how many are shown.

    A store that is closed or gone leaves the search. Running it twice changes nothing.
    """
    found = rows(
        "SELECT s.id AS store_id FROM merchants_store s WHERE s.public_id = ANY(%s)", [list(store_refs)]
    )
    return _index(_ids(found), at)


def index_offer(*, offer_ref: str, at: datetime) -> int:
    """Make the rows of every store again in which an offer holds, or was shown until now."""
    return _index(_ids(rows(_STORES_OF_OFFER, [offer_ref, offer_ref])), at)


def index_region(*, region_ref: str, after_id: int, limit: int, at: datetime) -> Indexed:
    """Make the rows of the next `limit` stores of a region again, after the store with key `after_id`.

    `last_id` of the answer is where the next batch starts; None when this was the last one.
    """
    ids = _ids(rows(_STORES_OF_REGION, [region_ref, after_id, limit]))
    _index(ids, at)
    return Indexed(stores=len(ids), last_id=ids[-1] if len(ids) == limit else None)


def index_stale(*, limit: int, at: datetime) -> int:
    """Make the rows again whose offers began or ended meanwhile, at most `limit`; how many there were."""
    ids = _ids(rows(_STALE, [at, limit]))
    _index(ids, at)
    return len(ids)


def set_sold(*, sold: Mapping[str, int]) -> int:
    """Set how many of each offer were sold, by offer ref; how many rows changed. One statement."""
    return execute(_SOLD, [list(sold.keys()), list(sold.values())])


def _ids(found: Iterable[Mapping[str, Any]]) -> list[int]:
    return [entry["store_id"] for entry in found]


def _index(ids: list[int], at: datetime) -> int:
    """Six statements, whatever the number of stores. One writer at a time, so that the last one read last."""
    if not ids:
        return 0
    with transaction.atomic():
        advisory("search", "index")
        params = {"ids": ids, "at": at, **_texts(ids)}
        execute(_DELETE_DEALS, params)
        execute(_UPSERT_DEALS, params)
        execute(_DELETE_STORES, params)
        return execute(_UPSERT_STORES, params)


def _texts(ids: list[int]) -> dict[str, list[Any]]:
    """The folded texts of stores and offers. A store is also found by what is on offer in it."""
    store_texts: dict[int, str] = {}
    for entry in rows(_STORE_NAMES, [ids]):
        parts = (entry["names"], entry["category_names"], entry["group_names"])
        store_texts[entry["id"]] = searchable(loads(names) for names in parts if names)
    offer_texts: dict[int, str] = {}
    titles_in: dict[int, list[str]] = {}
    for entry in rows(_OFFER_TITLES, [ids]):
        offer_texts[entry["id"]] = searchable([loads(entry["titles"])])
        for store_id in entry["store_ids"]:
            titles_in.setdefault(store_id, []).append(offer_texts[entry["id"]])
    whole = [" ".join([text, *titles_in.get(store_id, ())]) for store_id, text in store_texts.items()]
    return {
        "store_ids": list(store_texts),
        "store_texts": list(store_texts.values()),
        "store_grams": [" ".join(grams(text)) for text in store_texts.values()],
        "search_texts": whole,
        "search_grams": [" ".join(grams(text)) for text in whole],
        "offer_ids": list(offer_texts),
        "offer_texts": list(offer_texts.values()),
        "offer_grams": [" ".join(grams(text)) for text in offer_texts.values()],
    }
