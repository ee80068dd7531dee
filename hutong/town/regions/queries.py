"""Reads of regions. There are few of them: hundreds on the largest site, one on most."""

from django.conf import settings

from hutong.kernel.geo import Place
from hutong.town.regions.models import Region, RegionFeature
from hutong.town.regions.rules import FEATURES
from hutong.town.regions.types import Datum, Extent, Feature, RegionKind, RegionView


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
    """All regions by slug."""
    return [_view(region) for region in Region.objects.order_by("slug")]


def default_region() -> RegionView | None:
    """The region shown to somebody who chose none: the site's setting, else the oldest; None when empty."""
    chosen = region_by_slug(settings.HUTONG_DEFAULT_REGION) if settings.HUTONG_DEFAULT_REGION else None
    if chosen:
        return chosen
    oldest = Region.objects.order_by("pk").first()
    return _view(oldest) if oldest else None


def region_at(place: Place) -> RegionView | None:
    """The smallest region whose extent holds the place, or None."""
    around = Region.objects.filter(
        west__lte=place.lon, east__gte=place.lon, south__lte=place.lat, north__gte=place.lat
    )
    views = [_view(region) for region in around.order_by("pk")]
    return min(views, key=lambda view: view.extent.size, default=None)


def features(region_id: int) -> dict[Feature, bool]:
    """Every feature, on or off in this region; one statement."""
    switched = dict(RegionFeature.objects.filter(region_id=region_id).values_list("feature", "is_on"))
    return {feature: switched.get(feature.value, default) for feature, default in FEATURES.items()}


def feature_on(region_id: int, feature: Feature) -> bool:
    """Whether a feature is on in this region."""
    return features(region_id)[feature]


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
    )
