"""One region at a time, as the import of a city makes it."""

import zoneinfo
from collections.abc import Mapping, Sequence

from babel.numbers import list_currencies
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import transaction

from hutong.kernel.geo import Datum
from hutong.kernel.locking import advisory
from hutong.kernel.rows import execute
from hutong.town.regions.models import Region
from hutong.town.regions.services.errors import CurrencyUnknown, RegionUnknown, SlugInvalid, ZoneUnknown
from hutong.town.regions.services.tree import TREE, settle_all, store_regions
from hutong.town.regions.types import Extent, RegionKind, RegionSpec


def check_region(*, slug: str, zone: str | None = None, currency: str | None = None) -> None:
    """Refuse what no region may have, before long work begins; what is None was not said.

    Raises `SlugInvalid`, `ZoneUnknown`, `CurrencyUnknown`.
    """
    try:
        validate_slug(slug)
    except ValidationError as error:
        raise SlugInvalid from error
    if len(slug) > 60:
        raise SlugInvalid
    if zone is not None and zone not in zoneinfo.available_timezones():
        raise ZoneUnknown(zone=zone)
    if currency is not None and currency not in list_currencies():
        raise CurrencyUnknown(currency=currency)


def upsert_region(
    *,
    slug: str,
    names: Mapping[str, str],
    extent: Extent,
    centre: tuple[float, float] | None = None,
    zone: str,
    currency: str,
    kind: RegionKind = RegionKind.CITY,
    datum: Datum | None = None,
    languages: Sequence[str] = (),
    attribution: str = "",
) -> Region:
    """Make the region `slug`, or bring it up to date; its public id, parent, outline and basemap stay.

    `centre` is the (lon, lat) from which distances count until somebody says where they are; the middle of the
    extent when left out. Without a `datum` the one it has stays; a new region has WGS-84. A region with an outline
    keeps the extent of that. Safe when called twice at once. Raises `SlugInvalid`, `ZoneUnknown`, `CurrencyUnknown`.
    """
    check_region(slug=slug, zone=zone, currency=currency)
    spec = RegionSpec(
        slug=slug,
        names=names,
        kind=kind,
        zone=zone,
        currency=currency,
        datum=datum,
        languages=tuple(languages),
        attribution=attribution,
        extent=extent,
        centre=centre or extent.centre,
        in_use=True,
    )
    store_regions(specs=[spec])
    return Region.objects.get(slug=slug)


def set_basemap(*, slug: str, filename: str) -> None:
    """Say which file under the basemaps folder draws the region and those in it that have none of their own.

    Raises `RegionUnknown`.
    """
    with transaction.atomic():
        advisory(TREE, 0)
        region = Region.objects.filter(slug=slug).first()
        if region is None:
            raise RegionUnknown(slug=slug)
        kept = [name for name in region.inherits if name not in ("basemap", "attribution")]
        if (region.basemap, region.inherits) != (filename, kept):
            Region.objects.filter(pk=region.pk).update(basemap=filename, inherits=kept)
            settle_all()


def set_shops(*, shops: Mapping[int, int]) -> int:
    """Write down how many shops each region has, by key; those not named have none. How many rows changed.

    A region with a shop is in use from then on.
    """
    return execute(_SHOPS, [list(shops.keys()), list(shops.values())])


_SHOPS = """
UPDATE regions_region r SET shops = n.shops, in_use = r.in_use OR n.shops > 0
  FROM (SELECT own.id, coalesce(c.shops, 0) AS shops FROM regions_region own
          LEFT JOIN unnest(%s::int8[], %s::int4[]) AS c(id, shops) ON c.id = own.id) n
 WHERE n.id = r.id AND r.shops <> n.shops
"""
