"""In which district and circle of its town a store lies, from its position."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hutong.kernel.rows import rows
from hutong.town.merchants.models import Store
from hutong.town.regions.queries import areas_in
from hutong.town.regions.types import Area, RegionKind

BATCH = 5_000

_NEXT = """
SELECT id, lon, lat FROM merchants_store
 WHERE region_id = %s::int8 AND id > %s::int8 AND (%s::int8[] IS NULL OR id = ANY(%s::int8[]))
 ORDER BY id LIMIT %s::int4
"""
# A store that moved meanwhile is left to who moved it.
_PLACE = """
UPDATE merchants_store s SET district_id = n.district_id, circle_id = n.circle_id
  FROM unnest(%s::int8[], %s::float8[], %s::float8[], %s::int8[], %s::int8[])
       AS n(id, lon, lat, district_id, circle_id)
 WHERE s.id = n.id AND s.lon = n.lon AND s.lat = n.lat
   AND (s.district_id, s.circle_id) IS DISTINCT FROM (n.district_id, n.circle_id)
RETURNING s.public_id
"""
_CLEAR = """
UPDATE merchants_store SET district_id = NULL, circle_id = NULL
 WHERE region_id = %s::int8 AND (district_id IS NOT NULL OR circle_id IS NOT NULL)
   AND (%s::int8[] IS NULL OR id = ANY(%s::int8[]))
RETURNING public_id
"""


def place_in_regions(
    *,
    region_ref: str | None = None,
    store_refs: Sequence[str] | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[str]:
    """Give the stores of a town, or these stores, the smallest district and circle whose outline holds them.

    The refs of the stores that lie elsewhere now. Two statements for `BATCH` stores; `progress` is called with the
    number of each batch. Running it again changes nothing.
    """
    found = Store.objects.all()
    if store_refs is not None:
        found = found.filter(public_id__in=list(store_refs))
    if region_ref is not None:
        found = found.filter(region__public_id=region_ref)
    if store_refs is None:
        return _place_all(sorted(set(found.values_list("region_id", flat=True).distinct())), None, progress)
    pairs = list(found.values_list("region_id", "pk"))
    return _place_all(sorted({region_id for region_id, _key in pairs}), [key for _id, key in pairs], progress)


def place_of_region(region_id: int, store_ids: list[int]) -> list[str]:
    """The same for these stores of a town, by their keys; for the other modules of this package."""
    return _place_all([region_id], store_ids, None) if store_ids else []


def _place_all(
    region_ids: list[int], store_ids: list[int] | None, progress: Callable[[int], None] | None
) -> list[str]:
    changed: list[str] = []
    for region_id in region_ids:
        areas = areas_in(region_id)
        if not areas:
            changed += [row["public_id"] for row in rows(_CLEAR, [region_id, store_ids, store_ids])]
            continue
        for batch in _batches(region_id, store_ids):
            changed += _place(areas, batch)
            if progress:
                progress(len(batch))
    return changed


def _batches(region_id: int, store_ids: list[int] | None) -> Iterator[list[dict[str, Any]]]:
    last = 0
    while batch := rows(_NEXT, [region_id, last, store_ids, store_ids, BATCH]):
        yield batch
        last = batch[-1]["id"]


def _place(areas: Sequence[Area], batch: list[dict[str, Any]]) -> list[str]:
    from hutong.town.regions.rules.placing import (
        smallest,
    )  # Shapely is heavy; only who has districts pays for it.

    places = [(row["lon"], row["lat"]) for row in batch]
    of_kind = {
        kind: smallest([area for area in areas if area.kind is kind], places)
        for kind in (RegionKind.DISTRICT, RegionKind.CIRCLE)
    }
    lons, lats = [lon for lon, _lat in places], [lat for _lon, lat in places]
    ids = [row["id"] for row in batch]
    placed = rows(_PLACE, [ids, lons, lats, of_kind[RegionKind.DISTRICT], of_kind[RegionKind.CIRCLE]])
    return [row["public_id"] for row in placed]
