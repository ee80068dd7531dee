"""Style that a tool can hold: sizes, names, and a docstring where each app says what it owns."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "hutong"
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "shared"}
ROOMS = ("town", "attract", "pay", "visit", "know")


def too_long(paths: list[Path], limit: int) -> list[str]:
    counted = ((path, len(path.read_text().splitlines())) for path in paths)
    return [f"{path.relative_to(ROOT)}: {lines} lines" for path, lines in counted if lines > limit]


def test_files_are_short() -> None:
    assert SOURCES
    assert too_long(SOURCES, 400) == []


def test_templates_and_scripts_are_short() -> None:
    assert too_long(sorted((PACKAGE / "templates").rglob("*.html")), 200) == []
    assert too_long(sorted((ROOT / "frontend").rglob("*.js")), 300) == []


def test_functions_are_short() -> None:
    long = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > 70:
                    long.append(f"{path.relative_to(ROOT)}: {node.name} has {lines} lines")
    assert long == []


def test_no_catch_all_modules() -> None:
    assert [path for path in SOURCES if FORBIDDEN_NAMES & set(path.with_suffix("").parts)] == []


def test_imports_inside_functions_say_why() -> None:
    """The command line is left out: there Django must be set up before anything else is imported."""
    silent = []
    for path in SOURCES:
        if path.is_relative_to(PACKAGE / "cli"):
            continue
        lines = path.read_text().splitlines()
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for inner in ast.walk(node):
                if isinstance(inner, ast.Import | ast.ImportFrom):
                    before = lines[inner.lineno - 2].strip()
                    around = lines[inner.lineno - 1 : inner.end_lineno]
                    if not before.startswith("#") and not any("#" in line for line in around):
                        block_start = before.startswith(("from ", "import "))
                        if not block_start:
                            silent.append(f"{path.relative_to(ROOT)}:{inner.lineno}")
    assert silent == []


@pytest.mark.parametrize(
    "folder",
    sorted(path.parent for room in ROOMS for path in (PACKAGE / room).glob("*/__init__.py")),
    ids=lambda folder: str(folder.relative_to(PACKAGE)),
)
def test_each_app_says_what_it_owns(folder: Path) -> None:
    docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    assert len(docstring) > 80, "say what the app owns, its invariants, and who may write it"


def test_public_functions_have_docstrings() -> None:
    bare = []
    for path in SOURCES:
        for node in ast.iter_child_nodes(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                if not node.name.startswith("_") and not ast.get_docstring(node):
                    bare.append(f"{path.relative_to(ROOT)}: {node.name}")
    assert bare == []


def _gives_away_the_token(templates: dict[str, str]) -> list[str]:
    """Includes with `only` of templates with a form: what `only` leaves out is also the token that forms are sent with."""
    included = re.compile(r'{% include "([^"]+)"([^%]*)%}')

    def has_form(name: str, above: tuple[str, ...] = ()) -> bool:
        text = templates.get(name, "")
        return "{% csrf_token %}" in text or any(
            has_form(part, (*above, name)) for part, _with in included.findall(text) if part not in above
        )

    return [
        f"{name} includes {part}"
        for name, text in templates.items()
        for part, with_what in included.findall(text)
        if re.search(r"\bonly\b", with_what) and has_form(part)
    ]


def test_forms_keep_their_token_where_they_are_included() -> None:
    folder = ROOT / "hutong" / "templates"
    assert not _gives_away_the_token(
        {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.html")}
    )
    inner = {"row.html": "<form>{% csrf_token %}", "rows.html": '{% include "row.html" with one=1 %}'}
    assert not _gives_away_the_token(inner)
    page = {**inner, "page.html": '{% include "rows.html" with all=all only %}'}
    assert _gives_away_the_token(page) == ["page.html includes rows.html"]
