"""The house as import-linter, the models and the SQL text see it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps

from tests.architecture.arrows import ARROWS, PACKAGE, ROOMS, ROOT, arrows, place_of

FLOORS = {
    "town": {"people": 0, "regions": 0, "contents": 1, "notifications": 1, "pictures": 1, "merchants": 2, "catalog": 3},
    "attract": {"channels": 0, "placements": 0, "reviews": 0, "saved": 0, "search": 1},
    "pay": {"fees": 0, "flashsales": 0, "ledger": 0, "payments": 0, "pricing": 0}
    | {"giftcards": 1, "groups": 1, "orders": 1, "settlement": 1},
}  # fmt: skip


def may_see(seer: tuple[str, str], seen: tuple[str, str]) -> bool:
    """Whether tables of `seen` lie in the same app as `seer` or on a floor below it; flows lie above all rooms."""
    if seer == seen or seen[0] == "kernel" or seer[0] == "flows":
        return True
    if seen[0] == seer[0] and seen[0] in FLOORS:
        return FLOORS[seen[0]][seen[1]] < FLOORS[seer[0]][seer[1]]
    return seen[0] == "town" and seer[0] != "kernel"


def our_models() -> list[type]:
    return [model for model in apps.get_models() if model.__module__.startswith("hutong.")]


def test_import_linter_contracts_hold() -> None:
    lint = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [lint, "--config", ".importlinter.toml"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize("model", our_models(), ids=lambda model: model.__name__)
def test_foreign_keys_point_down(model: type) -> None:
    """String foreign keys are invisible to import-linter."""
    wrong = []
    for field in model._meta.get_fields():  # type: ignore[attr-defined]
        target = getattr(field, "related_model", None)
        if target is None or field.auto_created or not target.__module__.startswith("hutong."):
            continue
        if not may_see(place_of(model.__module__), place_of(target.__module__)):
            wrong.append(f"{model.__name__}.{field.name} -> {target.__name__}")
    assert wrong == []


def test_models_are_not_fetched_by_name() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in PACKAGE.rglob("*.py")
        if "migrations" not in path.parts and "get_model(" in path.read_text()
    ]
    assert found == []


def tables() -> dict[str, tuple[str, str]]:
    return {model._meta.db_table: place_of(model.__module__) for model in our_models()}  # type: ignore[attr-defined]


def test_sql_names_only_tables_it_may_see() -> None:
    wrong = []
    known = tables()
    pattern = re.compile(
        r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE)\s+(?:ONLY\s+)?\"?([a-z]+_[a-z_]+)\b", re.IGNORECASE
    )
    for path in PACKAGE.rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if "migrations" in path.parts or place_of(module)[0] not in ROOMS | {"flows", "web", "api", "kernel"}:
            continue
        for table in pattern.findall(path.read_text()):
            if table in known and not may_see(place_of(module), known[table]):
                wrong.append(f"{path.relative_to(ROOT)}: {table}")
    assert wrong == []


def test_sql_rule_sees_a_violation() -> None:
    """The control: a statement of one room over another room's table is caught."""
    assert not may_see(("pay", "orders"), ("visit", "vouchers"))
    assert not may_see(("town", "merchants"), ("town", "catalog"))
    assert not may_see(("pay", "ledger"), ("pay", "giftcards"))
    assert not may_see(("pay", "orders"), ("pay", "giftcards"))
    assert may_see(("pay", "giftcards"), ("pay", "ledger"))
    assert may_see(("attract", "search"), ("town", "catalog"))


def test_arrows_between_apps_are_written_down() -> None:
    """A new arrow is a visible line in the diff: `python -m tests.architecture.arrows` writes the file."""
    assert arrows() == ARROWS.read_text()
