"""Writes of regions."""

import zoneinfo
from collections.abc import Mapping, Sequence
from datetime import datetime

from babel.numbers import list_currencies
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Invalid, NotFound
from hutong.kernel.locking import advisory
from hutong.town.regions import queries
from hutong.town.regions.models import Region, RegionFeature
from hutong.town.regions.types import Datum, Extent, Feature, RegionKind


class SlugInvalid(Invalid):
    """The short name of a region is not one that can stand in an address."""

    code = "region_slug_invalid"
    message = _("A region's short name is made of letters, digits, hyphens and underscores, at most 60.")


class ZoneUnknown(Invalid):
    """There is no such time zone."""

    code = "zone_unknown"
    message = _("%(zone)s is no time zone. Use a name such as Europe/Helsinki.")


class CurrencyUnknown(Invalid):
    """There is no such currency."""

    code = "currency_unknown"
    message = _("%(currency)s is no currency. Use a code such as EUR or CNY.")


class RegionUnknown(NotFound):
    """There is no region of this name."""

    code = "region_unknown"
    message = _("There is no region “%(slug)s”.")


def check_region(*, slug: str, zone: str, currency: str) -> None:
    """Refuse what no region may have, before long work begins; raises the errors of this file."""
    try:
        validate_slug(slug)
    except ValidationError as error:
        raise SlugInvalid from error
    if len(slug) > 60:
        raise SlugInvalid
    if zone not in zoneinfo.available_timezones():
        raise ZoneUnknown(zone=zone)
    if currency not in list_currencies():
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
    """Make the region `slug`, or bring it up to date; its public id and basemap stay.

    `centre` is the (lon, lat) from which distances count until somebody says where they are; the middle of the
    extent when left out. Without a `datum` the one it has stays; a new region has WGS-84.
    Safe when called twice at once. Raises `SlugInvalid`, `ZoneUnknown`, `CurrencyUnknown`.
    """
    check_region(slug=slug, zone=zone, currency=currency)
    lon, lat = centre or extent.centre
    values = {
        "names": dict(names),
        "kind": kind.value,
        "lon": lon,
        "lat": lat,
        "west": extent.west,
        "south": extent.south,
        "east": extent.east,
        "north": extent.north,
        "zone": zone,
        "currency": currency,
        "languages": list(languages),
        "attribution": attribution,
    }
    if datum is not None:
        values["datum"] = datum.value
    with transaction.atomic():
        region, _made = Region.objects.update_or_create(slug=slug, defaults=values)
    return region


def set_basemap(*, slug: str, filename: str) -> None:
    """Say which file under the basemaps folder draws the region. Raises `RegionUnknown`."""
    if not Region.objects.filter(slug=slug).update(basemap=filename):
        raise RegionUnknown(slug=slug)


def set_feature(*, region_ref: str, feature: Feature, on: bool, by: str, at: datetime) -> None:
    """Switch a feature of a region on or off. `by` is the operator's public id; whether somebody is an
    operator is the caller's question, because people are not known here. Raises `NotFound`.
    """
    with transaction.atomic():
        region = Region.objects.filter(public_id=region_ref).first()
        if region is None:
            raise NotFound
        advisory("regions.features", region.pk)
        was = queries.feature_on(region.pk, feature)
        RegionFeature.objects.update_or_create(
            region=region, feature=feature.value, defaults={"is_on": on, "changed_at": at}
        )
        audit.record(
            action="region.feature_switched",
            subject=region_ref,
            by=by,
            at=at,
            before={feature.value: was},
            after={feature.value: on},
        )
