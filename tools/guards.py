"""Every guard of pay/, and whether a test notices when it is gone.

python -m tools.guards list      writes tests/pay/guards.txt from the migrations
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
LIST = ROOT / "tests" / "pay" / "guards.txt"


@dataclass(frozen=True, order=True)
class Guard:
    """A constraint, unique index or trigger. `kind` is check, unique, index, key or trigger."""

    kind: str
    table: str
    name: str
    definition: str

    @property
    def columns(self) -> str:
        """The columns of a unique guard or a key, as they stand in its definition."""
        found = re.search(r"(?:UNIQUE|FOREIGN KEY|PRIMARY KEY|btree)[^(]*\(([^)]*)\)", self.definition)
        return found[1] if found else ""


def listed(text: str) -> list[Guard]:
    """The guards of a list as `python -m tools.guards list` writes it."""
    return [Guard(*line.split(" | ", 3)) for line in text.splitlines() if line and not line.startswith("#")]


_STANDING = """
SELECT CASE c.contype WHEN 'c' THEN 'check' WHEN 'f' THEN 'key' WHEN 'x' THEN 'exclusion' ELSE 'unique' END AS kind,
       r.relname AS of, c.conname AS name, pg_get_constraintdef(c.oid) AS definition
FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
WHERE c.contype IN ('c', 'f', 'u', 'x') OR c.contype = 'p' AND NOT EXISTS (
    SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) AND a.attidentity <> '')
UNION ALL
SELECT 'index', r.relname, n.relname, pg_get_indexdef(i.indexrelid)
FROM pg_index i JOIN pg_class r ON r.oid = i.indrelid JOIN pg_class n ON n.oid = i.indexrelid
WHERE i.indisunique AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)
UNION ALL
SELECT 'trigger', r.relname, t.tgname, pg_get_triggerdef(t.oid)
FROM pg_trigger t JOIN pg_class r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
"""


def standing() -> list[Guard]:
    """The guards that the database Django is connected to has on tables of pay/, in order."""
    from django.apps import apps

    from hutong.kernel.rows import rows

    tables = {
        model._meta.db_table
        for app in apps.get_app_configs()
        if app.name.startswith("hutong.pay.")
        for model in app.get_models(include_auto_created=True)
    }
    found = (Guard(each["kind"], each["of"], each["name"], each["definition"]) for each in rows(_STANDING))
    return sorted(guard for guard in found if guard.table in tables)


def write_list() -> None:
    """Write the list from a database made by the migrations."""
    os.environ.setdefault("HUTONG_MODE", "test")
    os.environ.setdefault("HUTONG_HOME", str(ROOT / "var" / "test"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hutong.config.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.test.runner import DiscoverRunner

    from hutong.kernel import database

    if not os.environ.get("DATABASE_URL"):
        database.start_embedded(settings.HUTONG_HOME)
    database.ensure_template(settings.DATABASES["default"], settings.DATABASES["default"]["TEST"]["TEMPLATE"])
    runner = DiscoverRunner(interactive=False, verbosity=0)
    databases = runner.setup_databases()
    try:
        lines = [" | ".join((each.kind, each.table, each.name, each.definition)) for each in standing()]
    finally:
        runner.teardown_databases(databases)
    heading = "# What the database refuses in pay/. Made by `python -m tools.guards list`; do not edit."
    LIST.write_text("\n".join([heading, *lines]) + "\n")
    print(f"{len(lines)} guards in {LIST.relative_to(ROOT)}")


if __name__ == "__main__":
    if sys.argv[1:] != ["list"]:
        sys.exit(__doc__)
    write_list()
