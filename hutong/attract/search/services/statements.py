"""The statements that make rows of search out of `town`: what is shown, what a row is, how it is written.

A row is made by one SELECT, which the writes insert and the check compares; what cannot be said in SQL is handed in
by `facts`.
"""

from collections.abc import Sequence

# A place out of the extract is found whoever claims it; what a merchant signed up itself once the merchant is
# approved. `StoreView.shown` says the same of one store.
OPEN_TO_ALL = """s.state = 'open' AND (s.merchant_id IS NULL OR s.osm_ref IS NOT NULL
   OR EXISTS (SELECT FROM merchants_merchant o WHERE o.id = s.merchant_id AND o.state = 'approved'))"""

# The cover of a store or an offer with its two narrow sizes, which is all a list needs; null where it has none.
_COVER = """(SELECT jsonb_build_object('alts', i.alts, 'colour', i.colour,
           'variants', jsonb_path_query_array(i.variants, '$[0 to 1]'))
         FROM pictures_picture i WHERE i.owner_ref = {owner}.public_id AND i.position = 0)"""
_HAS_COVER = (
    "EXISTS (SELECT FROM pictures_picture i WHERE i.owner_ref = {owner}.public_id AND i.position = 0)"
)

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

# The names of a store, and those of its brand where they are others: "Esso Dunearn" is found as Esso, too.
_FOUND_BY = """coalesce(s.names || (
         SELECT jsonb_object_agg('brand:' || e.key, e.value) FROM jsonb_each_text(b.names) AS e
          WHERE e.value NOT IN (SELECT n.value FROM jsonb_each_text(s.names) AS n)), s.names)"""

STORE_FACTS = f"""
SELECT s.id, {_FOUND_BY} AS names, s.address, s.opening_hours, s.lon, s.lat, r.zone, r.currency, c.slug,
       (c.names || c.own_names) AS category_names, g.slug AS group_slug,
       (g.names || g.own_names) AS group_names, d.names AS district_names, k.names AS circle_names,
       m.id IS NOT NULL AS claimed, m.state = 'approved' AND {_HAS_COVER.format(owner="s")} AS has_cover,
       coalesce(v.count, 0) AS reviews, coalesce(v.stars_sum, 0) AS stars_sum,
       c.id AS category_id, c.parent_id, x.words_source, x.terms_source
  FROM merchants_store s
  JOIN merchants_category c ON c.id = s.category_id
  JOIN regions_region r ON r.id = s.region_id
  LEFT JOIN merchants_category g ON g.id = c.parent_id
  LEFT JOIN merchants_brand b ON b.id = s.brand_id
  LEFT JOIN regions_region d ON d.id = s.district_id
  LEFT JOIN regions_region k ON k.id = s.circle_id
  LEFT JOIN merchants_merchant m ON m.id = s.merchant_id
  LEFT JOIN reviews_reviewsummary v ON v.store_id = s.id
  LEFT JOIN search_searchstore x ON x.store_id = s.id
 WHERE s.id = ANY(%(ids)s::int8[]) AND {OPEN_TO_ALL}
 ORDER BY s.id
"""  # noqa: S608 - constants only
OFFER_FACTS = f"""
SELECT f.offer_id, f.store_id, f.titles, f.includes, f.tags, f.price, f.unit, f.starts_at, f.ends_at, f.has_cover,
       coalesce(x.sold, 0) AS sold, x.words_source
  FROM (SELECT o.id AS offer_id, p.store_id, o.public_id, o.titles, o.includes, o.tags, o.price, o.unit, o.starts_at,
               o.ends_at, {_HAS_COVER.format(owner="o")} AS has_cover {_SHOWN}) f
  LEFT JOIN search_searchdeal x ON x.offer_ref = f.public_id AND x.store_id = f.store_id
 ORDER BY f.store_id, f.offer_id
"""  # noqa: S608 - constants only

DEAL_COLUMNS = (
    "store_ref", "region_id", "category_id", "root_category_id", "district_id", "circle_id", "lon", "lat",
    "words", "hours_id", "rating", "reviews", "price", "list_price", "unit", "price_band",
    "discount_percent", "tags", "quality", "starts_at", "ends_at", "card",
)  # fmt: skip
# What a row was made of; a check leaves it out.
DEAL_SOURCES = ("words_source",)
FRESH_DEALS = f"""
SELECT o.public_id AS offer_ref, s.id AS store_id, s.public_id AS store_ref, s.region_id, c.id AS category_id,
       coalesce(c.parent_id, c.id) AS root_category_id, s.district_id, s.circle_id, s.lon, s.lat,
       coalesce(n.words, x.words) AS words, n.words_source, n.hours_id, n.rating, n.reviews,
       o.price, o.list_price, o.unit, n.price_band,
       ((o.list_price - o.price) * 100 / o.list_price)::int2 AS discount_percent, string_to_array(n.tags, ' ') AS tags,
       n.quality, o.starts_at, o.ends_at,
       jsonb_build_object(
         'offer_ref', o.public_id, 'titles', o.titles, 'emoji', o.emoji, 'hue', o.hue, 'tags', o.tags,
         'price', o.price, 'list_price', o.list_price, 'unit', o.unit,
         'discount_percent', (o.list_price - o.price) * 100 / o.list_price,
         'sample', o.sample, 'ends_at', o.ends_at, 'cover', {_COVER.format(owner="o")},
         'store_ref', s.public_id, 'store_names', s.names, 'category', c.slug,
         'category_names', (c.names || c.own_names), 'rating', n.rating, 'reviews', n.reviews,
         'lon', s.lon, 'lat', s.lat, 'opening_hours', s.opening_hours, 'zone', r.zone) AS card
  FROM json_to_recordset(%(deals)s::json) AS n(
         offer_id int8, store_id int8, words tsvector, words_source int8, hours_id int8, rating float8,
         reviews int4, price_band int2, tags text, quality float8)
  JOIN catalog_offer o ON o.id = n.offer_id
  JOIN merchants_store s ON s.id = n.store_id
  JOIN merchants_category c ON c.id = s.category_id
  JOIN regions_region r ON r.id = s.region_id
  LEFT JOIN search_searchdeal x ON x.offer_ref = o.public_id AND x.store_id = n.store_id
"""  # noqa: S608 - constants only

STORE_COLUMNS = (
    "store_ref", "region_id", "category_id", "root_category_id", "district_id", "circle_id", "lon", "lat",
    "words", "hours_id", "rating", "reviews", "deals", "price_from", "price_band", "sold", "tags", "quality",
    "stale_at", "card",
)  # fmt: skip
STORE_SOURCES = ("words_source", "terms_source")
FRESH_STORES = f"""
SELECT s.id AS store_id, s.public_id AS store_ref, s.region_id, c.id AS category_id,
       coalesce(c.parent_id, c.id) AS root_category_id, s.district_id, s.circle_id, s.lon, s.lat,
       coalesce(n.words, x.words) AS words, n.words_source, n.terms_source, n.hours_id, n.rating, n.reviews, n.deals,
       n.price_from, n.price_band, n.sold, string_to_array(n.tags, ' ') AS tags, n.quality, n.stale_at,
       jsonb_build_object(
         'ref', s.public_id, 'names', s.names, 'category', c.slug, 'category_names', (c.names || c.own_names),
         'cover', CASE WHEN m.state = 'approved' THEN {_COVER.format(owner="s")} END,
         'emoji', c.emoji, 'address', s.address, 'lon', s.lon, 'lat', s.lat,
         'opening_hours', s.opening_hours, 'zone', r.zone, 'rating', n.rating, 'reviews', n.reviews,
         'price_from', n.price_from, 'unit', CASE WHEN n.price_from IS NOT NULL THEN r.currency END,
         'deals', n.deals, 'claimed', m.id IS NOT NULL, 'sample', coalesce(m.sample, false)) AS card
  FROM json_to_recordset(%(stores)s::json) AS n(
         id int8, words tsvector, words_source int8, terms_source int8, hours_id int8, rating float8, reviews int4,
         deals int4, price_from int8, price_band int2, sold int4, tags text, quality float8, stale_at timestamptz)
  JOIN merchants_store s ON s.id = n.id
  JOIN merchants_category c ON c.id = s.category_id
  JOIN regions_region r ON r.id = s.region_id
  LEFT JOIN merchants_merchant m ON m.id = s.merchant_id
  LEFT JOIN search_searchstore x ON x.store_id = n.id
"""  # noqa: S608 - constants only


def upsert(table: str, keys: Sequence[str], columns: Sequence[str], fresh: str) -> str:
    """Write the rows of `fresh` that are not there as they are; a row that is already so is neither written nor locked.

    Only for who has the lock of all writers: what is there must stay so while this looks.
    """
    every = ", ".join([*keys, *columns])
    same = " AND ".join(f"o.{key} = f.{key}" for key in keys)
    there = ", ".join(f"o.{column}" for column in columns)
    new = ", ".join(f"f.{column}" for column in columns)
    taken = ", ".join(f"excluded.{column}" for column in columns)
    return f"""
INSERT INTO {table} AS t ({every}, indexed_at)
SELECT {", ".join(f"f.{name}" for name in [*keys, *columns])}, %(at)s
  FROM ({fresh}) f LEFT JOIN {table} o ON {same}
 WHERE o.{keys[0]} IS NULL OR ({there}) IS DISTINCT FROM ({new})
ON CONFLICT ({", ".join(keys)}) DO UPDATE SET
  ({", ".join(columns)}, indexed_at) = ROW({taken}, excluded.indexed_at)
"""  # noqa: S608 - constants only


UPSERT_DEALS = upsert(
    "search_searchdeal", ("offer_ref", "store_id"), (*DEAL_COLUMNS, *DEAL_SOURCES), FRESH_DEALS
)
UPSERT_STORES = upsert("search_searchstore", ("store_id",), (*STORE_COLUMNS, *STORE_SOURCES), FRESH_STORES)
NOT_SHOWN = """NOT EXISTS (
   SELECT FROM unnest(%(deal_offer_ids)s::int8[], %(deal_store_ids)s::int8[]) AS n(offer_id, store_id)
     JOIN catalog_offer o ON o.id = n.offer_id
    WHERE n.store_id = d.store_id AND o.public_id = d.offer_ref)"""
DELETE_DEALS = f"""
DELETE FROM search_searchdeal d USING unnest(%(ids)s::int8[]) AS k(id)
 WHERE d.store_id = k.id AND {NOT_SHOWN}
"""  # noqa: S608 - constants only
DELETE_STORES = """
DELETE FROM search_searchstore x
 WHERE x.store_id = ANY(%(ids)s::int8[]) AND x.store_id <> ALL(%(store_ids)s::int8[])
"""
# A row whose store is gone from town altogether, and the deals of such stores.
PRUNE_STORES = """
DELETE FROM search_searchstore x WHERE NOT EXISTS (SELECT FROM merchants_store s WHERE s.id = x.store_id)
RETURNING x.store_id
"""
PRUNE_DEALS = """
DELETE FROM search_searchdeal d WHERE NOT EXISTS (SELECT FROM merchants_store s WHERE s.id = d.store_id)
"""

# Also stores where the offer was shown before and holds no more, so that its row goes away.
STORES_OF_OFFERS = """
SELECT p.store_id FROM catalog_offerstore p JOIN catalog_offer o ON o.id = p.offer_id
 WHERE o.public_id = ANY(%(refs)s::text[])
UNION SELECT d.store_id FROM search_searchdeal d WHERE d.offer_ref = ANY(%(refs)s::text[])
"""
STORES_AFTER = """
SELECT s.id AS store_id FROM merchants_store s JOIN regions_region r ON r.id = s.region_id
 WHERE (%(region)s::text = '' OR r.public_id = %(region)s::text) AND s.id > %(after)s::int8
 ORDER BY s.id LIMIT %(limit)s::int4
"""
STALE = """
SELECT x.store_id FROM search_searchstore x WHERE x.stale_at <= %s ORDER BY x.stale_at LIMIT %s::int4
"""
