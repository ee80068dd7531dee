"""What a map on any page needs to draw a region."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from hutong.town.regions.types import RegionView

MARGIN_DEGREES = 0.002


def map_config(region: RegionView, lon: float, lat: float, zoom: float, **more: Any) -> dict[str, Any]:
    """What the map element needs to draw a region's basemap around a position."""
    box = region.extent
    file = settings.HUTONG_BASEMAPS / region.basemap if region.basemap else None
    return {
        "center": [lon, lat],
        "zoom": zoom,
        "bounds": [
            [box.west - MARGIN_DEGREES, box.south - MARGIN_DEGREES],
            [box.east + MARGIN_DEGREES, box.north + MARGIN_DEGREES],
        ],
        "datum": region.datum.value,
        "attribution": region.attribution or "© OpenStreetMap contributors",
        "pmtiles": reverse("basemap", args=[region.basemap]) if file and file.is_file() else None,
        **more,
    }
