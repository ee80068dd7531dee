"""Regions as a tree: many at once, each with what it was said and what it takes from its parent."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from hutong.kernel.locking import advisory
from hutong.town.regions.models import Outline, Region
from hutong.town.regions.rules import SETTINGS, MissingSetting, may_hold, settled
from hutong.town.regions.rules.naming import sought
from hutong.town.regions.services.errors import (
    AdcodeTaken,
    KindOrder,
    NameMissing,
    PlaceMissing,
    RegionUnknown,
    SettingMissing,
)
from hutong.town.regions.types import RegionKind, RegionSpec, StoredRegions

# One writer of the tree at a time: what a region inherits is read above it and written below it.
TREE = "regions.tree"
BATCH = 500
_COLUMNS = (
    "names", "kind", "parent", "adcode", "lon", "lat", "west", "south", "east", "north", "inherits", "sought", "in_use",
    *SETTINGS,
)  # fmt: skip
_SIDES = ("west", "south", "east", "north")


def store_regions(*, specs: Sequence[RegionSpec], at: datetime | None = None) -> StoredRegions:
    """Make these regions, or bring them up to date, in one transaction: all of them or none.

    Parents may stand after their children. What was not said stays, and is taken from the parent in a new region;
    what a parent changes reaches every region below that did not say it itself. An outline brings its extent, and
    its middle where no other is said; `at` is when that changed, and may be left out without outlines. The same again
    changes nothing. Raises the errors of `errors.py`.
    """
    with transaction.atomic():
        advisory(TREE, 0)
        known = _known()
        before = {slug: _row(region) for slug, region in known.items()}
        codes = {region.adcode: region.slug for region in known.values() if region.adcode}
        outlines = _outlines(specs)
        for spec in sorted(specs, key=lambda spec: list(RegionKind).index(spec.kind)):
            _apply(spec, known, codes, outlines)
        changed = _settle(known, before)
        _save(changed)
        outlined = _save_outlines(specs, known, outlines, at)
    written = {region.slug for region in changed} | set(outlined)
    return StoredRegions(
        new=tuple(spec.slug for spec in specs if spec.slug not in before),
        updated=tuple(spec.slug for spec in specs if spec.slug in before and spec.slug in written),
        unchanged=tuple(spec.slug for spec in specs if spec.slug in before and spec.slug not in written),
        outlined=tuple(outlined),
    )


def settle_all() -> None:
    """Give every region what it takes from its parent; under the lock of the tree."""
    known = _known()
    _save(_settle(known, {slug: _row(region) for slug, region in known.items()}))


def _known() -> dict[str, Region]:
    """All regions by slug, each with its parent; one statement."""
    found = {region.pk: region for region in Region.objects.all()}
    for region in found.values():
        if region.parent_id is not None:
            region.parent = found[region.parent_id]
    return {region.slug: region for region in found.values()}


def _apply(
    spec: RegionSpec, known: dict[str, Region], codes: dict[str, str], outlines: dict[str, Outline]
) -> None:
    """What is said of one region, onto its row; the settings are looked at afterwards."""
    region = known.get(spec.slug)
    if region is None:
        region = known[spec.slug] = Region(
            slug=spec.slug, names={}, zone="", currency="", datum="", inherits=["*"]
        )
    region.names = {**spec.kept_names, **region.names, **spec.names}
    if not any(region.names.values()):
        raise NameMissing(slug=spec.slug)
    region.kind = spec.kind.value
    if spec.parent_slug is not None:
        parent = known.get(spec.parent_slug)
        if parent is None:
            raise RegionUnknown(slug=spec.parent_slug)
        region.parent = parent
    if spec.adcode is not None:
        owner = codes.setdefault(spec.adcode, spec.slug)
        if owner != spec.slug:
            raise AdcodeTaken(adcode=spec.adcode, slug=owner)
        region.adcode = spec.adcode
    region.sought = sought(region.names, region.slug, region.adcode)
    if spec.in_use is not None:
        region.in_use = spec.in_use or (region.pk is not None and region.in_use)
    _place(spec, region, outlines.get(spec.slug))
    _say(spec, region)


def _place(spec: RegionSpec, region: Region, outline: Outline | None) -> None:
    extent, centre = spec.extent, spec.centre
    if spec.shape is not None:
        extent = spec.shape.extent
        from hutong.town.regions.rules.geometry import geometry  # Shapely is heavy; only an outline needs it.

        point = geometry(spec.shape.coordinates).representative_point()
        if centre is None and (region.pk is None or not extent.holds(region.lon, region.lat)):
            centre = (round(point.x, 6), round(point.y, 6))
    elif outline is not None:
        extent = None
    if region.pk is None and extent is None and centre is None:
        raise PlaceMissing(slug=spec.slug)
    if extent is None and region.pk is None and centre is not None:
        region.west, region.south, region.east, region.north = (*centre, *centre)
    if extent is not None:
        region.west, region.south, region.east, region.north = (
            extent.west, extent.south, extent.east, extent.north
        )  # fmt: skip
        centre = centre or (None if region.pk else extent.centre)
    if centre is not None:
        region.lon, region.lat = centre


def _say(spec: RegionSpec, region: Region) -> None:
    """Note which settings are the region's own from now on."""
    said = {
        "zone": spec.zone,
        "currency": spec.currency,
        "datum": spec.datum.value if spec.datum else None,
        "languages": list(spec.languages),
        "attribution": spec.attribution,
        "basemap": spec.basemap,
    }
    own = {name for name, value in said.items() if value}
    for name in own:
        setattr(region, name, said[name])
    taken = SETTINGS if region.inherits == ["*"] else region.inherits
    region.inherits = [name for name in taken if name not in own]


def _settle(known: dict[str, Region], before: dict[str, Any]) -> list[Region]:
    """Resolve from the largest kind to the smallest; the regions whose row is another than before."""
    kinds = [kind.value for kind in RegionKind]
    changed = []
    for region in sorted(known.values(), key=lambda one: kinds.index(one.kind)):
        parent = region.parent
        if parent is not None:
            if not may_hold(RegionKind(parent.kind), RegionKind(region.kind)):
                raise KindOrder(
                    slug=region.slug, kind=region.kind, parent=parent.slug, parent_kind=parent.kind
                )
        said = {name: getattr(region, name) for name in SETTINGS if name not in region.inherits}
        above = {name: getattr(parent, name) for name in SETTINGS} if parent else None
        try:
            values, inherits = settled(said, above)
        except MissingSetting as error:
            raise SettingMissing(slug=region.slug, setting=str(error)) from error
        for name, value in values.items():
            setattr(region, name, value)
        region.inherits = inherits
        if before.get(region.slug) != _row(region):
            changed.append(region)
    return changed


def _row(region: Region) -> tuple[Any, ...]:
    return tuple(
        region.parent.slug if column == "parent" and region.parent else getattr(region, column)
        for column in _COLUMNS
    )


def _save(changed: Iterable[Region]) -> None:
    """Level by level, since a child needs the key of its parent."""
    levels: dict[str, list[Region]] = {kind.value: [] for kind in RegionKind}
    for region in changed:
        levels[region.kind].append(region)
    for level in levels.values():
        for region in level:
            region.parent = region.parent  # takes over the key that the parent has got meanwhile
        new = [region for region in level if region.pk is None]
        old = [region for region in level if region.pk is not None]
        Region.objects.bulk_create(new, batch_size=BATCH)
        Region.objects.bulk_update(old, _COLUMNS, batch_size=BATCH)


def _outlines(specs: Sequence[RegionSpec]) -> dict[str, Outline]:
    slugs = [spec.slug for spec in specs]
    found = Outline.objects.filter(region__slug__in=slugs).select_related("region")
    return {outline.region.slug: outline for outline in found}


def _save_outlines(
    specs: Sequence[RegionSpec], known: dict[str, Region], outlines: dict[str, Outline], at: datetime | None
) -> list[str]:
    """Write the outlines that are other than before; the slugs of their regions."""
    written: list[Outline] = []
    for spec in specs:
        if spec.shape is None:
            continue
        assert at is not None, "an outline changes at some time"
        coordinates = _plain(spec.shape.coordinates)
        outline = outlines.get(spec.slug) or Outline(region=known[spec.slug])
        if outline.pk and outline.coordinates == coordinates:
            continue
        outline.coordinates, outline.points, outline.changed_at = coordinates, spec.shape.points, at
        for side in _SIDES:
            setattr(outline, side, getattr(spec.shape.extent, side))
        written.append(outline)
    fields = ["coordinates", "points", "changed_at", *_SIDES]
    Outline.objects.bulk_create([one for one in written if one.pk is None], batch_size=50)
    Outline.objects.bulk_update([one for one in written if one.pk], fields, batch_size=50)
    return [outline.region.slug for outline in written]


def _plain(value: Any) -> Any:
    """Lists all the way down, as JSON gives them back."""
    return [_plain(each) for each in value] if isinstance(value, tuple | list) else value
