"""Stores as an extract of a city brings them, in batches."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction

from hutong.kernel.ids import new_id
from hutong.kernel.locking import advisory
from hutong.kernel.rows import rows
from hutong.town.merchants.services.brands import store_brands
from hutong.town.merchants.services.placing import place_of_region
from hutong.town.merchants.types import ImportedStore, StoredBatch, StoredStores

BATCH = 1_000

# A store that a merchant has claimed is the merchant's: neither this nor _CLOSE touches it. A row that is
# already as the extract has it is not written. `xmax` is 0 only in a row that was inserted just now.
_UPSERT = """
INSERT INTO merchants_store AS s (
  public_id, region_id, category_id, names, lon, lat, address, postcode, city, phone, website,
  email, descriptions, opening_hours, brand_id, osm_ref, state, updated_at)
SELECT r.public_id, %(region_id)s::int8, r.category_id, r.names, r.lon, r.lat, r.address, r.postcode, r.city,
  r.phone, r.website, r.email, r.descriptions, r.opening_hours, r.brand_id, r.osm_ref, 'open',
  %(at)s::timestamptz
FROM jsonb_to_recordset(%(batch)s::jsonb) AS r(
  public_id text, category_id int8, names jsonb, lon float8, lat float8, address text, postcode text,
  city text, phone text, website text, email text, descriptions jsonb, opening_hours text, brand_id int8,
  osm_ref text)
ON CONFLICT (region_id, osm_ref) DO UPDATE SET
  category_id = excluded.category_id, names = excluded.names, lon = excluded.lon, lat = excluded.lat,
  address = excluded.address, postcode = excluded.postcode, city = excluded.city, phone = excluded.phone,
  website = excluded.website, email = excluded.email, descriptions = excluded.descriptions,
  opening_hours = excluded.opening_hours, brand_id = excluded.brand_id, state = excluded.state,
  updated_at = excluded.updated_at
WHERE s.merchant_id IS NULL
  AND (s.category_id, s.names, s.lon, s.lat, s.address, s.postcode, s.city, s.phone, s.website,
    s.email, s.descriptions, s.opening_hours, s.brand_id, s.state)
  IS DISTINCT FROM (excluded.category_id, excluded.names, excluded.lon, excluded.lat, excluded.address,
    excluded.postcode, excluded.city, excluded.phone, excluded.website, excluded.email, excluded.descriptions,
    excluded.opening_hours, excluded.brand_id, excluded.state)
RETURNING (s.xmax = 0) AS is_new, s.id, s.public_id
"""

# Each source closes its own: an extract of OpenStreetMap knows nothing of a table's places, nor the other way.
_CLOSE = """
UPDATE merchants_store SET state = 'closed', updated_at = %(at)s::timestamptz
WHERE region_id = %(region_id)s::int8 AND merchant_id IS NULL AND state = 'open' AND osm_ref IS NOT NULL
  AND CASE WHEN %(source)s::text = '' THEN NOT starts_with(osm_ref, 'csv:')
    ELSE starts_with(osm_ref, 'csv:' || %(source)s::text || ':') END
  AND NOT EXISTS (SELECT 1 FROM unnest(%(osm_refs)s::text[]) AS kept(osm_ref)
    WHERE kept.osm_ref = merchants_store.osm_ref)
RETURNING public_id
"""


def store_imported(
    *,
    region_id: int,
    stores: Sequence[ImportedStore],
    category_ids: Mapping[str, int],
    at: datetime,
) -> StoredStores:
    """Make the listings of a region equal to an extract, in one transaction.

    New places become open listings, known ones are brought up to date, listings that the extract no longer
    has are closed and keep their row. Stores with a merchant stay exactly as they are. Imports of one region
    wait for each other, so the same file twice at once is the same as twice in a row.
    """
    new = updated = 0
    with transaction.atomic():
        advisory("merchants.import", region_id)
        for batch in _batches(stores):
            written = _write(region_id, batch, category_ids, at)
            new += written.new
            updated += written.updated
        refs = [store.osm_ref for store in stores]
        closed = _close(region_id, "", refs, at)
    return StoredStores(new=new, updated=updated, unchanged=len(stores) - new - updated, closed=len(closed))


def store_batch(
    *,
    region_id: int,
    stores: Sequence[ImportedStore],
    category_ids: Mapping[str, int],
    at: datetime,
) -> StoredBatch:
    """Bring some listings of a region up to date, in one transaction; nothing is closed.

    As `store_imported`, for an import that is too large for one transaction. A few statements, whatever the
    number; no ref may stand in a batch twice.
    """
    with transaction.atomic():
        advisory("merchants.import", region_id)
        return _write(region_id, stores, category_ids, at)


def close_vanished(*, region_id: int, source: str, kept: Sequence[str], at: datetime) -> list[str]:
    """Close the listings that a source brought into a region and no longer has; their public ids.

    `source` is that of the refs `csv:<source>:<id>`, "" for OpenStreetMap; `kept` are the refs it still has.
    """
    with transaction.atomic():
        advisory("merchants.import", region_id)
        return _close(region_id, source, kept, at)


def _write(
    region_id: int, stores: Sequence[ImportedStore], category_ids: Mapping[str, int], at: datetime
) -> StoredBatch:
    brand_ids = store_brands([store.brand for store in stores if store.brand])
    listed = [
        _row(store, category_ids[store.category_slug], brand_ids[store.brand.key] if store.brand else None)
        for store in stores
    ]
    written = rows(_UPSERT, {"region_id": region_id, "at": at, "batch": json.dumps(listed)})
    place_of_region(region_id, [row["id"] for row in written])
    return StoredBatch(
        new=sum(1 for row in written if row["is_new"]),
        updated=sum(1 for row in written if not row["is_new"]),
        changed_refs=tuple(row["public_id"] for row in written),
    )


def _close(region_id: int, source: str, kept: Sequence[str], at: datetime) -> list[str]:
    closed = rows(_CLOSE, {"region_id": region_id, "at": at, "osm_refs": list(kept), "source": source})
    return [row["public_id"] for row in closed]


def _batches(stores: Iterable[ImportedStore]) -> Iterator[list[ImportedStore]]:
    iterator = iter(stores)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def _row(store: ImportedStore, category_id: int, brand_id: int | None) -> dict[str, Any]:
    return {
        "public_id": new_id("sto"),
        "category_id": category_id,
        "names": store.names,
        "lon": store.lon,
        "lat": store.lat,
        "address": store.address,
        "postcode": store.postcode,
        "city": store.city,
        "phone": store.phone,
        "website": store.website,
        "email": store.email,
        "descriptions": store.descriptions,
        "opening_hours": store.opening_hours,
        "brand_id": brand_id,
        "osm_ref": store.osm_ref,
    }
