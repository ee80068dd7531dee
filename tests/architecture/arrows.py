"""The arrows between apps, module to module: `python -m tests.architecture.arrows` writes them down."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "hutong"
ROOMS = {"town", "attract", "pay", "visit", "know"}
ARROWS = ROOT / "docs" / "reference" / "arrows.txt"


def place_of(module: str) -> tuple[str, str]:
    """('pay', 'orders') of hutong.pay.orders.models."""
    parts = module.split(".")
    return parts[1], parts[2] if len(parts) > 2 else ""


def arrows() -> str:
    """Every import between two apps, as `importer module -> imported module`, sorted."""
    found = set()
    pattern = re.compile(
        r"^\s*(?:from|import)\s+(hutong(?:\.\w+)*)(?:\s+import\s+\(?([\w, ]*))?", re.MULTILINE
    )
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if "migrations" in path.parts or place_of(module + ".x")[0] not in ROOMS:
            continue
        for target, names in pattern.findall(path.read_text()):
            for full in _modules(target, names):
                if place_of(full)[0] in ROOMS and place_of(full) != place_of(module):
                    found.add(f"{module.removeprefix('hutong.')} -> {full.removeprefix('hutong.')}")
    return "\n".join(sorted(found)) + "\n"


def _modules(target: str, names: str) -> list[str]:
    """`from hutong.town.people import models` names a module; `from ...models import Person` names one too."""
    submodules = [f"{target}.{name.strip()}" for name in names.split(",") if name.strip()]
    real = [name for name in submodules if (ROOT / (name.replace(".", "/") + ".py")).exists()]
    return real or [target]


if __name__ == "__main__":
    ARROWS.write_text(arrows())
