"""Reads of regions. There are few of them: one on most sites, 3,000 where a country's table was imported."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When

from hutong.kernel.geo import Datum, Place
from hutong.kernel.rows import rows
from hutong.town.regions.models import Outline, Region, RegionFeature
from hutong.town.regions.rules import FEATURES
from hutong.town.regions.rules.naming import words
from hutong.town.regions.types import Area, Extent, Feature, OutlineState, RegionKind, RegionView

# A place this far outside of a region, some 50 km, may still be meant.
NEAR_DEGREES = 0.5
_KIND_ORDER = Case(
    *(When(kind=kind.value, then=Value(number)) for number, kind in enumerate(RegionKind)),
    output_field=IntegerField(),
)


def region_by_slug(slug: str) -> RegionView | None:
    """The region of this slug, or None."""
    region = Region.objects.filter(slug=slug).first()
    return _view(region) if region else None


def region_by_ref(ref: str) -> RegionView | None:
    """The region of this public id, or None."""
    region = Region.objects.filter(public_id=ref).first()
    return _view(region) if region else None


def region_by_id(region_id: int) -> RegionView | None:
    """The region of this key, or None."""
    region = Region.objects.filter(pk=region_id).first()
    return _view(region) if region else None


def regions() -> list[RegionView]:
    """All regions by slug, which may be thousands: for commands and jobs, never for a page."""
    return [_view(region) for region in Region.objects.order_by("slug")]


def currencies() -> list[str]:
    """The currencies of all regions, sorted; one statement, a handful of rows however many regions there are."""
    return list(Region.objects.order_by("currency").values_list("currency", flat=True).distinct())


def zone_with(currency: str) -> str | None:
    """The zone of the first region by slug that has this currency; None where there is none. One statement."""
    found = Region.objects.filter(currency=currency).order_by("slug")
    return found.values_list("zone", flat=True).first()


def ids_of(refs: Iterable[str]) -> dict[str, int]:
    """The keys of these regions by public id; one statement."""
    return dict(Region.objects.filter(public_id__in=list(refs)).values_list("public_id", "pk"))


def names_of(refs: Iterable[str]) -> dict[str, dict[str, str]]:
    """The names of these regions by public id; one statement."""
    return dict(Region.objects.filter(public_id__in=list(refs)).values_list("public_id", "names"))


def towns() -> list[RegionView]:
    """The cities that are in use, by slug: what people choose from, and what settings and figures are about."""
    return [_view(region) for region in _towns().order_by("slug")]


def default_region() -> RegionView | None:
    """The region shown to somebody who chose none: the site's setting, else the oldest town; None when empty."""
    chosen = region_by_slug(settings.HUTONG_DEFAULT_REGION) if settings.HUTONG_DEFAULT_REGION else None
    if chosen:
        return chosen
    cities_first = Case(When(kind=RegionKind.CITY.value, then=0), default=1, output_field=IntegerField())
    oldest = Region.objects.order_by(F("in_use").desc(), cities_first, "pk").first()
    return _view(oldest) if oldest else None


def region_at(place: Place, kinds: Sequence[RegionKind] = ()) -> RegionView | None:
    """The smallest region that holds the place, of these kinds where some are named; None where there is none.

    A region holds what lies in its outline; one without an outline what lies in its extent, and only where no
    outline holds the place. Two statements at most.
    """
    names = [kind.value for kind in kinds or RegionKind]
    boxed = {"west__lte": place.lon, "east__gte": place.lon, "south__lte": place.lat, "north__gte": place.lat}
    near = Outline.objects.filter(region__kind__in=names, **boxed).select_related("region")
    found = [outline.region for outline in near if _holds(outline.coordinates, place)]
    if not found:
        found = list(Region.objects.filter(kind__in=names, outline__isnull=True, **boxed).order_by("pk"))
    views = [_view(region) for region in found]
    return min(views, key=_smallness, default=None)


def only_swapped(place: Place) -> bool:
    """Whether a place lies far from every region, and in one with longitude and latitude swapped; one statement."""
    near = Region.objects.filter(Q(**_around(place.lon, place.lat)) | Q(**_around(place.lat, place.lon)))
    found = near.values_list("west", "south", "east", "north")
    return bool(found) and not any(
        west - NEAR_DEGREES <= place.lon <= east + NEAR_DEGREES
        and south - NEAR_DEGREES <= place.lat <= north + NEAR_DEGREES
        for west, south, east, north in found
    )


def city_of(region_id: int) -> RegionView | None:
    """The city in which a district or circle lies, or the city itself; None for a country. One statement."""
    lines = rows(_UPWARDS, [region_id])
    key = next((line["id"] for line in lines if line["kind"] == RegionKind.CITY.value), None)
    return region_by_id(key) if key else None


def countries_of(towns: Sequence[RegionView]) -> dict[int, RegionView]:
    """The regions in which these lie, by key; one statement."""
    keys = {town.parent_id for town in towns if town.parent_id}
    return {region.pk: _view(region) for region in Region.objects.filter(pk__in=keys)}


def below(region_id: int) -> list[RegionView]:
    """All that lies in a region, the larger kinds first, then those with more shops. Two statements."""
    keys = [line["id"] for line in rows(_DOWNWARDS, [region_id]) if line["id"] != region_id]
    order = list(RegionKind)
    views = [_view(region) for region in Region.objects.filter(pk__in=keys)] if keys else []
    return sorted(views, key=lambda view: (order.index(view.kind), -view.shops, view.slug))


def divided(region_ids: Sequence[int]) -> set[int]:
    """Which of these regions have a part with a shop, by key; one statement."""
    parts = Region.objects.filter(parent_id__in=list(region_ids), shops__gt=0)
    return {key for key in parts.values_list("parent_id", flat=True) if key}


def above(found: Sequence[RegionView]) -> dict[int, list[RegionView]]:
    """In which regions each of these lies, by key, the smallest first. Three statements at most."""
    known = {view.region_id: view for view in found}
    while missing := {v.parent_id for v in known.values() if v.parent_id and v.parent_id not in known}:
        known |= {region.pk: _view(region) for region in Region.objects.filter(pk__in=missing)}
    chains: dict[int, list[RegionView]] = {}
    for view in found:
        chain, key = [], view.parent_id
        while key:
            chain.append(known[key])
            key = known[key].parent_id
        chains[view.region_id] = chain
    return chains


def find_regions(typed: str, limit: int = 20) -> list[RegionView]:
    """Regions by what somebody typed: part of a name in any language, its sound, its initials, its code.

    Whose word begins so comes first, then who has more shops. One statement; nothing for an empty text.
    """
    wanted = words(typed)
    if not wanted:
        return []
    found, begins = Region.objects.all(), Q()
    for word in wanted:
        found = found.filter(sought__contains=word)
        begins &= Q(sought__contains=f" {word}")
    whole = Q(sought__contains=f" {' '.join(wanted)} ")
    rank = Case(
        When(whole, then=Value(0)), When(begins, then=Value(1)), default=Value(2), output_field=IntegerField()
    )
    return [_view(region) for region in found.order_by(rank, "-shops", _KIND_ORDER, "slug")[:limit]]


def areas_in(region_id: int) -> list[Area]:
    """The districts and circles of a city, to hold positions against. Two statements."""
    keys = [line["id"] for line in rows(_DOWNWARDS, [region_id]) if line["id"] != region_id]
    if not keys:
        return []
    found = Region.objects.filter(pk__in=keys).select_related("outline").order_by("pk")
    return [area for region in found if (area := _area(region)) is not None]


def outline_of(region_id: int) -> list[Any] | None:
    """The coordinates of a region's outline, as in a GeoJSON MultiPolygon; None where it has none."""
    return Outline.objects.filter(region_id=region_id).values_list("coordinates", flat=True).first()


def outlines_of(slugs: Sequence[str]) -> dict[str, list[Any]]:
    """The coordinates of the outlines of these regions, by slug; who has none is left out."""
    found = Outline.objects.filter(region__slug__in=list(slugs))
    return dict(found.values_list("region__slug", "coordinates"))


def coarse_outlines(slugs: Sequence[str], *, parts: int) -> dict[str, list[Any]]:
    """The outlines of these regions for a picture of all of them, by slug; nothing finer than one of so many parts.

    Who has no outline is left out. One statement.
    """
    from hutong.town.regions.rules import geometry  # Shapely is heavy, and most processes never ask.

    found = (
        Outline.objects.filter(region__slug__in=list(slugs)).order_by("region__slug").select_related("region")
    )
    outlines = list(found)
    span = max((max(one.east - one.west, one.north - one.south) for one in outlines), default=0.0)
    return {one.region.slug: geometry.coarse(one.coordinates, span / parts) for one in outlines}


def outline_states(limit: int = 500) -> list[OutlineState]:
    """Regions with how their outlines stand: what is in use first, parents before children. One statement."""
    found = Region.objects.select_related("parent").annotate(outline_points=F("outline__points"))
    return [
        OutlineState(_view(region), region.parent.slug if region.parent else None, region.outline_points)
        for region in found.order_by(F("in_use").desc(), _KIND_ORDER, F("shops").desc(), "slug")[:limit]
    ]


def features(region_id: int) -> dict[Feature, bool]:
    """Every feature, on or off in this region; one statement."""
    switched = dict(RegionFeature.objects.filter(region_id=region_id).values_list("feature", "is_on"))
    return {feature: switched.get(feature.value, default) for feature, default in FEATURES.items()}


def feature_on(region_id: int, feature: Feature) -> bool:
    """Whether a feature is on in this region."""
    return features(region_id)[feature]


_UPWARDS = """
WITH RECURSIVE up AS (
  SELECT id, parent_id, kind FROM regions_region WHERE id = %s::int8
  UNION ALL SELECT r.id, r.parent_id, r.kind FROM regions_region r JOIN up ON r.id = up.parent_id
) SELECT id, kind FROM up
"""
_DOWNWARDS = """
WITH RECURSIVE down AS (
  SELECT id FROM regions_region WHERE id = %s::int8
  UNION ALL SELECT r.id FROM regions_region r JOIN down ON r.parent_id = down.id
) SELECT id FROM down
"""


def _around(lon: float, lat: float) -> dict[str, float]:
    return {
        "west__lte": lon + NEAR_DEGREES,
        "east__gte": lon - NEAR_DEGREES,
        "south__lte": lat + NEAR_DEGREES,
        "north__gte": lat - NEAR_DEGREES,
    }


def _towns() -> QuerySet[Region]:
    return Region.objects.filter(kind=RegionKind.CITY.value, in_use=True)


def _smallness(view: RegionView) -> tuple[float, int]:
    return view.extent.size, -list(RegionKind).index(view.kind)


def _holds(coordinates: list[Any], place: Place) -> bool:
    from hutong.town.regions.rules import geometry  # Shapely is heavy, and most processes never ask.

    return geometry.inside(coordinates, [place.lon], [place.lat])[0]


def _area(region: Region) -> Area | None:
    """None for a region of which only the middle is known."""
    outline = getattr(region, "outline", None)
    boxed = outline or region
    extent = Extent(west=boxed.west, south=boxed.south, east=boxed.east, north=boxed.north)
    if outline is None and not extent.size:
        return None
    return Area(region.pk, RegionKind(region.kind), extent, outline.coordinates if outline else None)


def _view(region: Region) -> RegionView:
    return RegionView(
        region_id=region.pk,
        ref=region.public_id,
        slug=region.slug,
        names=region.names,
        kind=RegionKind(region.kind),
        lon=region.lon,
        lat=region.lat,
        extent=Extent(west=region.west, south=region.south, east=region.east, north=region.north),
        zone=region.zone,
        currency=region.currency,
        datum=Datum(region.datum),
        languages=tuple(region.languages),
        basemap=region.basemap,
        attribution=region.attribution,
        parent_id=region.parent_id,
        adcode=region.adcode,
        inherits=tuple(region.inherits),
        in_use=region.in_use,
        shops=region.shops,
    )
