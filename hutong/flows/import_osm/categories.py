"""Which tags of OpenStreetMap make a place of trade, and which category it gets.

Two levels: groups, and the categories a shopper picks from. `docs/reference/osm-categories.md` is printed
from `category_table.py` by `as_markdown`.
"""

from collections.abc import Iterable, Mapping

from hutong.flows.import_osm.category_table import CUISINES, GROUPS, KEYS, NOT_IN_USE, Entry
from hutong.town.merchants.types import CategorySpec


def category_specs() -> list[CategorySpec]:
    """All groups and categories in the order in which pages show them; a group before its categories."""
    specs: list[CategorySpec] = []
    for (slug, en, zh_hans, emoji), entries in GROUPS.items():
        specs.append(CategorySpec(slug, None, {"en": en, "zh-Hans": zh_hans}, emoji, len(specs)))
        for entry in entries:
            names = {"en": entry.en, "zh-Hans": entry.zh_hans}
            specs.append(CategorySpec(entry.slug, slug, names, entry.emoji, len(specs)))
    return specs


def _table() -> dict[tuple[str, str], str]:
    table: dict[tuple[str, str], str] = {}
    for entry in _entries():
        for key, value in _tags(entry):
            if (key, value) in table:
                raise ValueError(f"{key}={value} leads to {table[key, value]} and to {entry.slug}")
            table[key, value] = entry.slug
    return table


def _entries() -> Iterable[Entry]:
    for entries in GROUPS.values():
        yield from entries


def _tags(entry: Entry) -> Iterable[tuple[str, str]]:
    for tag in entry.tags:
        key, values = tag.split("=")
        for value in values.split("|"):
            yield key, value


_TABLE = _table()


def category_of(tags: Mapping[str, str]) -> str | None:
    """The slug of the category of a place with these tags, or None when it is no place of trade."""
    for key in KEYS:
        for value in _values(tags.get(key, "")):
            slug = _TABLE.get((key, value)) or (_TABLE.get((key, "*")) if value not in NOT_IN_USE else None)
            if slug in ("restaurant", "fast-food"):
                return _by_cuisine(tags) or slug
            if slug:
                return slug
    return None


def _by_cuisine(tags: Mapping[str, str]) -> str | None:
    for cuisine in _values(tags.get("cuisine", "")):
        if cuisine in CUISINES:
            return CUISINES[cuisine]
    return None


def _values(text: str) -> list[str]:
    """The values of one tag: `nightclub;restaurant` has two."""
    return [value for value in (part.strip().lower() for part in text.split(";")) if value]


def as_markdown() -> str:
    """The mapping as a page of the reference."""
    lines = [
        "# Categories from OpenStreetMap",
        "",
        "How `hutong import osm` sorts places of trade. Printed from",
        "`hutong/flows/import_osm/category_table.py`; a test compares the two. Keys are read in the order "
        + ", ".join(f"`{key}`" for key in KEYS)
        + "; the first value with a category wins.",
        "A restaurant or fast food place whose `cuisine` is listed below goes to that category instead.",
        "Places with other tags, places that say they are not in use, private places, and places without any",
        "name are left out.",
        "",
    ]
    for (slug, en, zh_hans, emoji), entries in GROUPS.items():
        lines += [
            f"## {en} · {zh_hans} (`{slug}`, {emoji})",
            "",
            "| category | 中文 | slug | picture | tags |",
        ]
        lines.append("| --- | --- | --- | --- | --- |")
        for entry in entries:
            tags = [f"`{key}={value}`" for key, value in _tags(entry)]
            tags += [f"`cuisine={cuisine}`" for cuisine, goal in CUISINES.items() if goal == entry.slug]
            cells = (entry.en, entry.zh_hans, f"`{entry.slug}`", entry.emoji, ", ".join(tags))
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)
