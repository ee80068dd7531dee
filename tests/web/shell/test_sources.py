"""What templates name is there: icons, pictures, translations."""

import re
from pathlib import Path

import pytest

from hutong.flows.import_osm.categories import category_specs

ROOT = Path(__file__).parents[3]
TEMPLATES = sorted((ROOT / "hutong/templates").rglob("*.html"))


def listed(name: str) -> set[str]:
    """The first word of each line of a list in frontend/."""
    lines = (ROOT / "frontend" / name).read_text().splitlines()
    return {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}


def test_icons_are_in_the_sprite() -> None:
    used = {
        name
        for path in TEMPLATES
        for name in re.findall(r"""\{% icon ["']([a-z0-9-]+)["']""", path.read_text())
    }
    assert used
    assert used - listed("icons.txt") == set()


def test_pictures_of_categories_are_built() -> None:
    assert {spec.emoji for spec in category_specs()} - listed("emoji.txt") == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "hutong/templates")))
def test_no_inline_style_or_script(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"\son[a-z]+=", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)


def test_every_text_is_translated() -> None:
    # tools/ is no package: it runs before anything is installed
    import importlib.util

    spec = importlib.util.spec_from_file_location("messages", ROOT / "tools/messages.py")
    assert spec
    assert spec.loader
    messages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(messages)
    assert messages.problems(ROOT) == []
