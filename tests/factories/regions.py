"""Regions for tests."""

from __future__ import annotations

from itertools import count

from hutong.town.regions import services
from hutong.town.regions.models import Region
from hutong.town.regions.types import Extent

HELSINKI = Extent(west=24.93, south=60.16, east=24.96, north=60.18)
_numbers = count(1)


def region(
    *,
    slug: str | None = None,
    extent: Extent = HELSINKI,
    zone: str = "Europe/Helsinki",
    currency: str = "EUR",
) -> Region:
    """A city; by default one in the middle of Helsinki."""
    return services.upsert_region(
        slug=slug or f"city-{next(_numbers)}",
        names={"en": "Helsinki", "zh-Hans": "赫尔辛基"},
        extent=extent,
        zone=zone,
        currency=currency,
        languages=["fi", "sv", "en"],
        attribution="© OpenStreetMap contributors",
    )
