"""The reference cannot rot: each page is what the code says now, and everything has its place in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from hutong.cli.app import app
from hutong.config import environment
from tools import reference

DOCS = Path(__file__).resolve().parent.parent / "docs"


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(reference.PAGES))
def test_a_page_made_from_the_code_is_up_to_date(name: str) -> None:
    assert text(f"reference/{name}") == reference.PAGES[name](), "run python tools/reference.py"


def test_every_setting_is_documented() -> None:
    page = text("reference/settings.md")
    missing = [setting.name for setting in environment.SETTINGS if f"`{setting.name}`" not in page]
    assert missing == []


def commands() -> list[str]:
    """Every command as it is typed."""
    found = []

    def walk(command: object, words: str) -> None:
        inside = getattr(command, "commands", None)
        if inside is None:
            found.append(words)
        for name, child in (inside or {}).items():
            walk(child, f"{words} {name}")

    walk(typer.main.get_command(app), "hutong")
    return found


def test_every_command_is_documented() -> None:
    page = text("reference/commands.md")
    assert len(commands()) > 8
    assert [command for command in commands() if f"`{command}" not in page] == []


def links(page: Path) -> list[str]:
    """The links of a page to other files of the project."""
    found = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    return [link for link in found if "://" not in link and not link.startswith("mailto:")]


@pytest.mark.parametrize(
    "page",
    [DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))],
    ids=lambda page: str(page.relative_to(DOCS.parent)),
)
def test_links_lead_somewhere(page: Path) -> None:
    assert [link for link in links(page) if not (page.parent / link).exists()] == []


def test_the_pages_that_make_the_reference_are_named_in_the_readme() -> None:
    page = text("../README.md") + text("reference/README.md")
    for name in ("settings.md", "commands.md", "permissions.md", "api-errors.md", "api-scopes.md"):
        assert name in page, name
