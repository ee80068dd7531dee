"""Which column is what, and which category a place gets: by known names, or as a file for `--columns` says."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hutong.flows.import_csv.errors import ColumnsMissing, MappingInvalid
from hutong.kernel.text import fold
from hutong.town.merchants.types import CategorySpec

# What a place can have, and other names that columns of it go by; the first one that is there is read.
FIELDS: dict[str, tuple[str, ...]] = {
    "id": ("id", "ref", "source_id", "osm_id", "编号"),
    "name": ("name", "title", "shop", "名称", "店名", "门店名称"),
    "lat": ("lat", "latitude", "y", "纬度"),
    "lon": ("lon", "lng", "long", "longitude", "x", "经度"),
    "datum": ("datum", "坐标系"),
    "category": ("category", "type", "类别", "分类"),
    "brand": ("brand", "chain", "品牌"),
    "brand:wikidata": ("brand:wikidata",),
    "address": ("address", "addr", "street", "地址"),
    "postcode": ("postcode", "postal_code", "zip", "邮编"),
    "city": ("city", "town", "城市"),
    "phone": ("phone", "telephone", "tel", "电话"),
    "website": ("website", "url", "web", "网址"),
    "email": ("email", "e_mail", "mail", "邮箱"),
    "opening_hours": ("opening_hours", "hours", "营业时间"),
    "description": ("description", "简介"),
}
NEEDED = ("name", "lat", "lon")
# These may stand in several languages: name:en, name:zh-Hans, ...
_IN_LANGUAGES = re.compile(r"(name|description|brand):([a-z]{2,3}(?:-[A-Z][a-z]{3})?)")
# Parts of one field that stand in several columns, put together like this.
_JOINED = {"category": "/"}
_COMES_ALONG = Path(__file__).parent
_BYTES_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class TableMapping:
    """What a file for `--columns` says. `columns` is the columns of each field, `categories` slugs by path."""

    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    categories: dict[str, str] = field(default_factory=dict)
    own: tuple[CategorySpec, ...] = ()
    source: str = ""
    attribution: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in a row each field stands; `unused` are the columns nobody reads."""

    places: dict[str, tuple[int, ...]]
    unused: tuple[str, ...]

    def get(self, cells: Sequence[str], name: str) -> str:
        """The text of a field in a row, "" where there is none."""
        found = [cells[place].strip() for place in self.places.get(name, ())]
        return _JOINED.get(name, " ").join(part for part in found if part)

    def languages(self, cells: Sequence[str], name: str) -> dict[str, str]:
        """A field by language, under `name` what stands in its own column; only what is not empty."""
        found = {"name": self.get(cells, name)}
        for key in self.places:
            match = _IN_LANGUAGES.fullmatch(key)
            if match and match[1] == name:
                found[match[2]] = self.get(cells, key)
        return {language: text for language, text in found.items() if text}


def mapping_of(said: str) -> TableMapping:
    """Read a file for `--columns`, or the one of that name that comes along. Raises `MappingInvalid`."""
    if not said:
        return TableMapping()
    path = _COMES_ALONG / f"{said}.toml" if re.fullmatch(r"[a-z0-9-]+", said) else Path(said)
    if not path.is_file():
        raise MappingInvalid(path=said, reason="there is no such file")
    if path.stat().st_size > _BYTES_LIMIT:
        raise MappingInvalid(path=said, reason="it is too long")
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingInvalid(path=said, reason=str(error)) from error
    return _mapping(read, said)


def _mapping(read: Mapping[str, Any], said: str) -> TableMapping:
    unknown = set(read) - {"source", "attribution", "columns", "categories", "category"}
    if unknown:
        raise MappingInvalid(path=said, reason=f"it has {', '.join(sorted(unknown))}, which nobody reads")
    columns: dict[str, tuple[str, ...]] = {}
    for name, value in _table(read, "columns", said).items():
        if name not in FIELDS and not _IN_LANGUAGES.fullmatch(name):
            raise MappingInvalid(path=said, reason=f"a place has no “{name}”")
        listed = value if isinstance(value, list) else [value]
        if not listed or not all(isinstance(column, str) for column in listed):
            raise MappingInvalid(path=said, reason=f"the column of “{name}” is no name")
        columns[name] = tuple(listed)
    categories = _table(read, "categories", said)
    if not all(isinstance(slug, str) for slug in categories.values()):
        raise MappingInvalid(path=said, reason="a category is no name")
    return TableMapping(
        columns=columns,
        categories={_path(words): str(slug) for words, slug in categories.items()},
        own=tuple(_own(read.get("category", []), said)),
        source=str(read.get("source", "")),
        attribution=str(read.get("attribution", ""))[:300],
    )


def _table(read: Mapping[str, Any], name: str, said: str) -> dict[str, Any]:
    table = read.get(name, {})
    if not isinstance(table, dict):
        raise MappingInvalid(path=said, reason=f"“{name}” is no table")
    return table


def _own(listed: Any, said: str) -> Iterable[CategorySpec]:
    """Categories that the house does not have: `[[category]]` with slug, emoji, names, and group where it has one."""
    for position, entry in enumerate(listed if isinstance(listed, list) else [None], start=1_000):
        try:
            names = {str(language): str(name) for language, name in entry["names"].items()}
            spec = CategorySpec(entry["slug"], entry.get("group"), names, entry["emoji"], position)
        except (TypeError, KeyError, AttributeError) as error:
            raise MappingInvalid(
                path=said, reason="a [[category]] needs a slug, names and an emoji"
            ) from error
        if not re.fullmatch(r"[a-z0-9-]{1,60}", str(spec.slug)) or "en" not in names:
            raise MappingInvalid(
                path=said, reason=f"the category “{spec.slug}” needs a short name and names.en"
            )
        yield spec


def columns_of(header: Sequence[str], mapping: TableMapping, *, path: str) -> Columns:
    """Find each field's column. Raises `ColumnsMissing`, also for a column that the mapping names in vain."""
    plain = {_plain(name): place for place, name in reversed(list(enumerate(header)))}
    places: dict[str, tuple[int, ...]] = {}
    for name, wanted in mapping.columns.items():
        lacking = [column for column in wanted if _plain(column) not in plain]
        if lacking:
            raise ColumnsMissing(path=path, missing=", ".join(lacking), columns=_listed(header))
        places[name] = tuple(plain[_plain(column)] for column in wanted)
    taken = {place for found in places.values() for place in found}
    for name, aliases in FIELDS.items():
        place = next((plain[alias] for alias in aliases if alias in plain), None)
        if name not in places and place is not None and place not in taken:
            places[name] = (place,)
    for place, name in enumerate(header):
        if _IN_LANGUAGES.fullmatch(name) and name not in places:
            places[name] = (place,)
    named = "name" in places or any(key.startswith("name:") for key in places)
    missing = [name for name in NEEDED if name not in places and not (name == "name" and named)]
    if missing:
        raise ColumnsMissing(path=path, missing=", ".join(missing), columns=_listed(header))
    used = {place for found in places.values() for place in found}
    return Columns(places, tuple(name for place, name in enumerate(header) if place not in used and name))


def _listed(header: Sequence[str]) -> str:
    return ", ".join(name[:40] for name in header[:30]) or "none"


def _plain(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().casefold())


class Categories:
    """Finds the slug of what a table calls a category."""

    def __init__(
        self,
        specs: Iterable[CategorySpec],
        shown: Mapping[str, Mapping[str, str]],
        mapping: TableMapping,
    ) -> None:
        """`shown` are the names by slug as the operator has them now; they count beside the house's own."""
        self.default = ""
        self._mapped = mapping.categories
        self._slugs = set(shown)
        self._by_name: dict[str, str] = {}
        # A category before its group, where both have one name.
        for spec in sorted(specs, key=lambda spec: spec.parent_slug is None):
            self._slugs.add(spec.slug)
            for name in spec.names.values():
                self._by_name.setdefault(fold(name), spec.slug)
        for slug, names in shown.items():
            for name in names.values():
                self._by_name.setdefault(fold(name), slug)

    def knows(self, slug: str) -> bool:
        """Whether there is a category of this slug."""
        return slug in self._slugs

    def find(self, written: str) -> str | None:
        """By the mapping (its longest beginning), by slug, by a name in any language, else the default."""
        parts = _path(written).split("/")
        for length in range(len(parts), 0, -1):
            if slug := self._mapped.get("/".join(parts[:length])):
                return slug
        plain = fold(written)
        return (plain if plain in self._slugs else self._by_name.get(plain)) or self.default or None


def _path(words: str) -> str:
    return "/".join(fold(part) for part in words.split("/"))
