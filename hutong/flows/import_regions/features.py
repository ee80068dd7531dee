"""Features of GeoJSON become regions; what cannot be one is refused with its reason."""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from hutong.kernel.errors import DomainError, Invalid
from hutong.kernel.geo import Datum, Place, from_datum
from hutong.kernel.text import clean
from hutong.town.regions.rules import may_hold
from hutong.town.regions.rules.geometry import share_inside
from hutong.town.regions.rules.naming import MAX_NAME, is_chinese, slug_of, sound
from hutong.town.regions.services import AdcodeTaken, KindOrder, check_region
from hutong.town.regions.services.outlines import read_outline
from hutong.town.regions.types import RegionKind, RegionSpec, RegionView, Shape

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*|name")
MOST_NAMES = 40
# This much of an outline has to lie in its parent's; borders of two sources never agree to the metre.
SHARE = 0.5


class FeatureInvalid(Invalid):
    """A property that cannot be what it says; the message says which."""

    code = "feature_invalid"


class Reading:
    """Features one after the other, against the regions that are known and those read before."""

    def __init__(self, known: Mapping[str, RegionView], outlines: Mapping[str, Any], datum: Datum) -> None:
        self.known = known
        self.datum = datum
        self.outlines = dict(outlines)
        self.specs: dict[str, RegionSpec] = {}
        self._slugs = {view.adcode: view.slug for view in known.values() if view.adcode}
        self._by_id = {view.region_id: view for view in known.values()}

    def add(self, feature: Any) -> RegionSpec:
        """The region of a feature, kept. Raises a `DomainError` for what can be none."""
        if not isinstance(feature, Mapping) or feature.get("type") != "Feature":
            raise FeatureInvalid(_("It is no Feature."))
        properties = feature.get("properties")
        if not isinstance(properties, Mapping):
            raise FeatureInvalid(_("It has no properties."))
        spec = self._spec(properties, feature.get("geometry"))
        self.specs[spec.slug] = spec
        if spec.adcode:
            self._slugs[spec.adcode] = spec.slug
        if spec.shape:
            self.outlines[spec.slug] = spec.shape.coordinates
        return spec

    def parent_of(self, spec: RegionSpec) -> str | None:
        """The slug of the region in which one lies: what the file says, else what is known."""
        view = self.known.get(spec.slug)
        above = self._by_id.get(view.parent_id) if view and view.parent_id else None
        return spec.parent_slug or (above.slug if above else None)

    def _spec(self, properties: Mapping[str, Any], geometry: Any) -> RegionSpec:
        adcode = _adcode(properties.get("adcode"))
        names = _names(properties)
        slug = _text(properties, "slug") or self._slugs.get(adcode or "") or _slug(names)
        zone, currency = _text(properties, "zone"), _text(properties, "currency")
        check_region(slug=slug, zone=zone, currency=currency)
        if slug in self.specs:
            raise FeatureInvalid(_("The region “%(slug)s” stands in the file twice.") % {"slug": slug})
        if adcode and self._slugs.get(adcode, slug) != slug:
            raise AdcodeTaken(adcode=adcode, slug=self._slugs[adcode])
        view = self.known.get(slug)
        kind = _one_of(RegionKind, properties, "kind") or (view.kind if view else None)
        if kind is None:
            raise FeatureInvalid(_("Its kind is missing: country, city, district or circle."))
        shape, centre = self._position(geometry)
        if view is None and shape is None and centre is None:
            raise FeatureInvalid(_("It is new and has no outline and no position."))
        chinese = names.get("zh-Hans")
        spec = RegionSpec(
            slug=slug,
            names=names,
            kept_names={"en": sound(chinese)} if chinese else {},
            kind=kind,
            parent_slug=self._parent(_text(properties, "parent"), adcode, view),
            adcode=adcode,
            zone=zone,
            currency=currency,
            datum=_one_of(Datum, properties, "datum"),
            languages=_languages(properties.get("languages")),
            shape=shape,
            centre=centre,
        )
        self._check_place_in_tree(spec, view)
        return spec

    def _position(self, geometry: Any) -> tuple[Shape | None, tuple[float, float] | None]:
        if geometry is None:
            return None, None
        if isinstance(geometry, Mapping) and geometry.get("type") == "Point":
            position = geometry.get("coordinates")
            if not isinstance(position, list) or len(position) < 2:
                raise FeatureInvalid(_("Its position is none."))
            try:
                place = from_datum(Place(float(position[0]), float(position[1])), self.datum)
            except (TypeError, ValueError) as error:
                raise FeatureInvalid(_("Its position is none.")) from error
            return None, (round(place.lon, 6), round(place.lat, 6))
        return read_outline(geometry, datum=self.datum), None

    def _parent(self, said: str | None, adcode: str | None, view: RegionView | None) -> str | None:
        if said:
            slug = self._slugs.get(said, said)
            if slug not in self.known and slug not in self.specs:
                raise FeatureInvalid(
                    _("Its parent “%(parent)s” is not there, or was refused.") % {"parent": said}
                )
            return slug
        if adcode and view is None:
            above = (adcode[:4] + "00", adcode[:2] + "0000", "100000")
            return next((self._slugs[code] for code in above if code != adcode and code in self._slugs), None)
        return None

    def _check_place_in_tree(self, spec: RegionSpec, view: RegionView | None) -> None:
        parent = self.parent_of(spec)
        if parent is None:
            if view is None and not (spec.zone and spec.currency):
                raise FeatureInvalid(_("It is new and has no parent: say its zone and currency."))
            return
        kind = self.specs[parent].kind if parent in self.specs else self.known[parent].kind
        if not may_hold(kind, spec.kind):
            raise KindOrder(slug=spec.slug, kind=spec.kind.value, parent=parent, parent_kind=kind.value)
        if spec.shape and parent in self.outlines:
            self._check_inside(spec.shape, parent)

    def _check_inside(self, shape: Shape, parent: str) -> None:
        if share_inside(shape, self.outlines[parent]) >= SHARE:
            return
        swapped = [[[(lat, lon) for lon, lat in ring] for ring in polygon] for polygon in shape.coordinates]
        try:
            turned = read_outline({"type": "MultiPolygon", "coordinates": swapped})
            helps = share_inside(turned, self.outlines[parent]) >= SHARE
        except DomainError:
            helps = False
        said = {"parent": parent}
        if helps:
            raise FeatureInvalid(
                _("Longitude and latitude are swapped: only so it lies in “%(parent)s”.") % said
            )
        raise FeatureInvalid(_("It does not lie in the outline of “%(parent)s”.") % said)


def _text(properties: Mapping[str, Any], key: str) -> str | None:
    value = properties.get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str | int):
        raise FeatureInvalid(_("Its %(key)s is no text.") % {"key": key})
    return clean(str(value), limit=MAX_NAME)


def _adcode(value: Any) -> str | None:
    if value is None or value == "":
        return None
    code = str(value)
    if len(code) == 12 and code.endswith("000000"):
        code = code[:6]
    if not re.fullmatch(r"[0-9]{6}", code, re.ASCII):
        raise FeatureInvalid(_("Its adcode is not six digits."))
    return code


def _names(properties: Mapping[str, Any]) -> dict[str, str]:
    given = properties.get("names") or {}
    if not isinstance(given, Mapping) or len(given) > MOST_NAMES:
        raise FeatureInvalid(_("Its names are no table of languages and names."))
    names: dict[str, str] = {}
    for language, text in given.items():
        if not isinstance(text, str) or not _LANGUAGE.fullmatch(str(language)):
            raise FeatureInvalid(_("Its names are no table of languages and names."))
        names[str(language)] = clean(text, limit=MAX_NAME)
    name = _text(properties, "name")
    if name:
        names.setdefault("zh-Hans" if is_chinese(name) else "name", name)
    return {language: text for language, text in names.items() if text}


def _slug(names: Mapping[str, str]) -> str:
    wanted = [names[key] for key in ("en", "name", "zh-Hans") if key in names]
    slug = next((slug for name in (*wanted, *names.values()) if (slug := slug_of(name))), "")
    if not slug:
        raise FeatureInvalid(_("It has no slug, and no name one can be made of."))
    return slug


def _one_of(kinds: Any, properties: Mapping[str, Any], key: str) -> Any:
    value = _text(properties, key)
    if value is None:
        return None
    if value not in set(kinds):
        allowed = ", ".join(kind.value for kind in kinds)
        raise FeatureInvalid(_("Its %(key)s is none of %(allowed)s.") % {"key": key, "allowed": allowed})
    return kinds(value)


def _languages(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > 10:
        raise FeatureInvalid(_("Its languages are no list of codes."))
    if not all(isinstance(code, str) and _LANGUAGE.fullmatch(code) for code in value):
        raise FeatureInvalid(_("Its languages are no list of codes."))
    return tuple(value)
