"""Deals as shops of each group often sell them, read from `templates.toml`: something to begin with."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("templates.toml")


@dataclass(frozen=True, slots=True)
class Template:
    """A deal without prices. `contents` is (names, quantity) for each thing in it."""

    slug: str
    group_slug: str
    titles: dict[str, str]
    descriptions: dict[str, str]
    contents: tuple[tuple[dict[str, str], int], ...]
    emoji: str
    hue: int
    tags: tuple[str, ...]
    valid_days: int
    uses: int
    limit: int | None


@cache
def templates() -> dict[str, Template]:
    """All templates by slug, in the order of the file."""
    found = tomllib.loads(_FILE.read_text(encoding="utf-8"))["template"]
    return {entry["slug"]: _template(entry) for entry in found}


def templates_for(group_slug: str) -> tuple[list[Template], list[Template]]:
    """The templates of a shop's own group, and all others."""
    every = templates().values()
    own = [template for template in every if template.group_slug == group_slug]
    return own, [template for template in every if template.group_slug != group_slug]


def _template(entry: dict[str, Any]) -> Template:
    return Template(
        slug=entry["slug"],
        group_slug=entry["group"],
        titles={"en": entry["title"], "zh-Hans": entry["title_zh"]},
        descriptions={"en": entry["about"], "zh-Hans": entry["about_zh"]},
        contents=tuple(
            ({"en": en, "zh-Hans": zh_hans}, quantity) for en, zh_hans, quantity in entry["contents"]
        ),
        emoji=entry["emoji"],
        hue=entry["hue"],
        tags=tuple(entry["tags"]),
        valid_days=entry["valid_days"],
        uses=entry.get("uses", 1),
        limit=entry.get("limit"),
    )
