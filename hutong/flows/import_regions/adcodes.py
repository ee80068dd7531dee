"""The table of China's administrative codes becomes a country, its cities and their districts.

Six digits say where a place belongs: two for the province, two for the city in it, two for the district in that.
A province is no region here, so cities lie in the country. The four municipalities and the two special regions are
cities themselves, and so are counties that a province governs directly (codes ..90..).

The table's positions are GCJ-02, as the maps are that it was read from: over the 1,007 places that GeoNames knows
by the same name, the median of what GeoNames (WGS-84) differs by is 470 m to the east; read as GCJ-02 it is 20 m.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from hutong.flows.import_regions.report import Refused
from hutong.kernel.geo import Datum, Place, PlaceInvalid, distance_m, from_datum
from hutong.kernel.text import clean
from hutong.town.regions.rules.naming import MAX_NAME, MAX_SLUG, slug_of, sound
from hutong.town.regions.types import Extent, RegionKind, RegionSpec, RegionView

COUNTRY = "100000"
_MUNICIPALITIES = ("11", "12", "31", "50")
# Special regions have money of their own, a clock of their own name, and maps that are not shifted.
_SPECIAL = {"81": ("Asia/Hong_Kong", "HKD"), "82": ("Asia/Macau", "MOP")}
# Rows that only hold others together.
_PLACEHOLDERS = ("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划")
# A region of that short name this near is the same city, imported from a map before.
SAME_WITHIN_M = 100_000
_CHINA = Place(104.0, 35.5)


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    code: str
    name: str
    place: Place

    @property
    def city(self) -> str:
        """The code of the city it is or lies in."""
        if self.code[:2] in _MUNICIPALITIES or self.code[:2] in _SPECIAL:
            return self.code[:2] + "0000"
        return self.code if self.code[2:4] == "90" else self.code[:4] + "00"

    @property
    def is_city(self) -> bool:
        """Whether it is one itself."""
        return self.city == self.code


def read_adcodes(
    table: list[dict[str, str]], known: Mapping[str, RegionView], datum: Datum
) -> tuple[list[RegionSpec], list[Refused]]:
    """The regions of a table whose positions are in `datum`, and the rows that are none, each with its reason."""
    rows: dict[str, _Row] = {}
    refused: list[Refused] = []
    for number, raw in enumerate(table, start=1):
        try:
            row = _row(number, raw, datum)
            if row.code in rows:
                raise ValueError(_("the code stands in the table twice"))
        except ValueError as error:
            refused.append(Refused(number, raw["name"], str(error)))
        else:
            rows[row.code] = row
    for row in list(rows.values()):
        if not row.is_city and row.city not in rows:
            refused.append(Refused(row.number, row.name, _("its city is not in the table, or was refused")))
            del rows[row.code]
    return _specs(rows, known), sorted(refused, key=lambda one: one.number)


def _row(number: int, raw: Mapping[str, str], datum: Datum) -> _Row:
    """Raises ValueError with the reason for a row that is no region."""
    code, name = raw["adcode"], clean(raw["name"], limit=MAX_NAME)
    if len(code) == 12 and code.endswith("000000"):
        code = code[:6]
    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        raise ValueError(_("the adcode is not six digits"))
    if not name:
        raise ValueError(_("the name is missing"))
    if name in _PLACEHOLDERS:
        raise ValueError(_("it holds others together and is no place"))
    if code.endswith("0000") and code[:2] not in (*_MUNICIPALITIES, *_SPECIAL):
        raise ValueError(_("a province is no region here; its cities are"))
    if not raw["longitude"] or not raw["latitude"]:
        raise ValueError(_("it has no position"))
    try:
        place = from_datum(Place(float(raw["longitude"]), float(raw["latitude"])), datum)
    except PlaceInvalid as error:
        raise ValueError(str(error)) from error
    except ValueError as error:
        raise ValueError(_("its position is no number")) from error
    if not (math.isfinite(place.lon) and 73 < place.lon < 136 and 3 < place.lat < 54):
        raise ValueError(_("its position is not in China"))
    return _Row(number, code, name, Place(round(place.lon, 6), round(place.lat, 6)))


def _specs(rows: Mapping[str, _Row], known: Mapping[str, RegionView]) -> list[RegionSpec]:
    slugs = _slugs(rows, known)
    by_code = {view.adcode: view for view in known.values() if view.adcode}
    country = by_code.get(COUNTRY) or known.get("china")
    specs = [
        RegionSpec(
            slug=country.slug if country else "china",
            names={},
            kept_names={"en": "China", "zh-Hans": "中国"},
            kind=RegionKind.COUNTRY,
            adcode=COUNTRY,
            in_use=None if country else False,
            **({} if country else _CHINA_SAYS),  # type: ignore[arg-type]
        )
    ]
    members: dict[str, list[Place]] = {}
    for row in rows.values():
        members.setdefault(row.city, []).append(row.place)
    for row in rows.values():
        there = known.get(slugs[row.code])
        zone, currency = _SPECIAL.get(row.code[:2], (None, None)) if row.is_city else (None, None)
        specs.append(
            RegionSpec(
                slug=slugs[row.code],
                names={},
                kept_names={"zh-Hans": row.name, "en": sound(row.name)},
                kind=RegionKind.CITY if row.is_city else RegionKind.DISTRICT,
                parent_slug=specs[0].slug if row.is_city else slugs[row.city],
                adcode=row.code,
                zone=None if there else zone,
                currency=None if there else currency,
                datum=Datum.WGS84 if zone and not there else None,
                centre=None if there else (row.place.lon, row.place.lat),
                extent=_box(members[row.city]) if row.is_city and not there else None,
                in_use=None if there else False,
            )
        )
    return specs


_CHINA_SAYS = {
    "zone": "Asia/Shanghai", "currency": "CNY", "datum": Datum.GCJ02, "languages": ("zh",),
    "centre": (_CHINA.lon, _CHINA.lat),
}  # fmt: skip


def _slugs(rows: Mapping[str, _Row], known: Mapping[str, RegionView]) -> dict[str, str]:
    """A short name for each code: the one it has, else the sound of its name, and its code where two sound alike."""
    by_code = {view.adcode: view.slug for view in known.values() if view.adcode}
    plain = {code: slug_of(row.name) or code for code, row in rows.items()}
    for code, row in rows.items():
        if not row.is_city:
            plain[code] = f"{plain[row.city]}-{plain[code]}"[:MAX_SLUG]
    alike = Counter(plain.values())
    slugs: dict[str, str] = {}
    for code, row in rows.items():
        slug = plain[code] if alike[plain[code]] == 1 else f"{plain[code][: MAX_SLUG - 7]}-{code}"
        there = known.get(slug)
        if code not in by_code and there is not None and not _same(there, row):
            slug = f"{slug[: MAX_SLUG - 7]}-{code}"
        slugs[code] = by_code.get(code) or slug
    return slugs


def _same(there: RegionView, row: _Row) -> bool:
    """Whether a region of that name, made by hand or out of a map, is this place."""
    kind = RegionKind.CITY if row.is_city else RegionKind.DISTRICT
    near = distance_m(Place(there.lon, there.lat), row.place) < SAME_WITHIN_M
    return there.adcode is None and there.kind is kind and near


def _box(places: list[Place]) -> Extent | None:
    """The box around a city's districts, until somebody says better; None where it would be a point."""
    if len(places) < 2:
        return None
    lons, lats = [place.lon for place in places], [place.lat for place in places]
    return Extent(min(lons), min(lats), max(lons), max(lats))
