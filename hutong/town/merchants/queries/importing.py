"""What imports ask: which categories there are, how far an earlier one came, and what is there already."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence

from django.db.models import Q

from hutong.kernel.geo import Place, mercator
from hutong.kernel.rows import rows
from hutong.town.merchants.models import Category, ImportRun, Store
from hutong.town.merchants.types import OtherStore, RunView, StoreState

# Squares as wide as the distance asked for: what is near lies in the same square or in one beside it. A hash join
# over them reads the region's listings once, however many places are asked about; no index has to be kept for it.
_NEAR = """
WITH asked AS (
  SELECT r.n, r.x, r.y FROM jsonb_to_recordset(%(places)s::jsonb) AS r(n int4, x float8, y float8)
), squares AS (
  SELECT a.n, a.x, a.y, floor(a.x / %(reach)s::float8)::int8 + dx AS across,
    floor(a.y / %(reach)s::float8)::int8 + dy AS up
  FROM asked a, generate_series(-1, 1) AS dx, generate_series(-1, 1) AS dy
)
SELECT q.n, s.public_id, s.names, s.lon, s.lat, s.address, s.phone, c.slug, coalesce(b.key, '') AS brand
FROM merchants_store s
JOIN squares q ON q.across = floor(s.place[0] / %(reach)s::float8)::int8
  AND q.up = floor(s.place[1] / %(reach)s::float8)::int8
JOIN merchants_category c ON c.id = s.category_id
LEFT JOIN merchants_brand b ON b.id = s.brand_id
WHERE s.region_id = %(region_id)s::int8 AND s.state <> 'closed'
  AND (s.osm_ref IS NULL OR NOT starts_with(s.osm_ref, 'csv:' || %(source)s::text || ':'))
  AND s.lon BETWEEN %(west)s::float8 AND %(east)s::float8
  AND s.lat BETWEEN %(south)s::float8 AND %(north)s::float8
"""
# Room around the box of the places, wider than whatever counts as near.
_ROOM_DEGREES = 0.02


def others_near(
    region_id: int, places: Mapping[int, Place], *, within_m: float, but_source: str
) -> Iterator[tuple[int, OtherStore]]:
    """The listings of a region near these places, each with the number of its place; some are a little farther.

    Closed ones are left out, and those that `but_source` brought. One statement.
    """
    if not places:
        return
    lons, lats = [place.lon for place in places.values()], [place.lat for place in places.values()]
    # Metres of the map are longer than those on the ground the farther from the equator.
    reach = within_m * 1.01 / math.cos(math.radians(max(abs(lat) for lat in lats)))
    at = {number: mercator(place) for number, place in places.items()}
    found = rows(
        _NEAR,
        {
            "region_id": region_id,
            "source": but_source,
            "reach": reach,
            "west": min(lons) - _ROOM_DEGREES,
            "east": max(lons) + _ROOM_DEGREES,
            "south": min(lats) - _ROOM_DEGREES,
            "north": max(lats) + _ROOM_DEGREES,
            "places": json.dumps([{"n": number, "x": x, "y": y} for number, (x, y) in at.items()]),
        },
    )
    for row in found:
        yield (
            row["n"],
            OtherStore(
                ref=row["public_id"],
                names=json.loads(row["names"]),
                lon=row["lon"],
                lat=row["lat"],
                address=row["address"],
                phone=row["phone"],
                category_slug=row["slug"],
                brand=row["brand"],
            ),
        )


def known_refs(region_id: int, refs: Sequence[str]) -> set[str]:
    """Which of these refs of imports are listings that are not closed, or are a merchant's; one statement."""
    found = Store.objects.filter(region_id=region_id, osm_ref__in=list(refs))
    kept = found.filter(~Q(state=StoreState.CLOSED.value) | Q(merchant__isnull=False))
    return {ref for ref in kept.values_list("osm_ref", flat=True) if ref}


def category_groups() -> dict[str, str]:
    """The slug of each category's group by its own; a group is its own; one statement."""
    found = Category.objects.values_list("slug", "parent__slug")
    return {slug: parent or slug for slug, parent in found}


def run_of(*, region_id: int, source: str) -> RunView | None:
    """The last import of a source into a region, finished or not; None before the first."""
    run = ImportRun.objects.filter(region_id=region_id, source=source).first()
    if run is None:
        return None
    return RunView(
        digest=run.digest,
        done=run.done,
        new=run.new,
        updated=run.updated,
        here=run.here,
        begun_at=run.begun_at,
        is_over=run.ended_at is not None,
    )


def category_ids() -> dict[str, int]:
    """The key of every category by its slug, hidden ones and groups too; one statement."""
    return dict(Category.objects.values_list("slug", "pk"))
