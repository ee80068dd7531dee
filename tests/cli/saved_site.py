"""A small site of its own for tests of backups: run as a program, it makes the scene in the database it is given.

Prints as JSON what the tests look for afterwards.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class SavedSite:
    """Where a site lives, and what was in it."""

    home: Path
    database: str
    facts: dict[str, Any]

    @property
    def settings(self) -> dict[str, Any]:
        """The DATABASES entry of its database."""
        from django.db import connection

        return {**connection.settings_dict, "NAME": self.database}

    def run(
        self, *arguments: str, home: Path | None = None, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """`hutong ...` of this site."""
        command = [sys.executable, "-m", "hutong", *arguments]
        return run(command, environment_of(home or self.home, self.database), **options)


def run(command: list[str], environment: dict[str, str], **options: Any) -> subprocess.CompletedProcess[str]:
    """A command to its end; what it said is kept."""
    return subprocess.run(
        command,
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
        **options,
    )


def environment_of(home: Path, database: str) -> dict[str, str]:
    """The environment of a site in `home` on the tests' server, with nothing of the tests' own settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HUTONG_")}
    return {
        **inherited,
        "HUTONG_MODE": "demo",
        "HUTONG_HOME": str(home),
        "DATABASE_URL": url_of(database),
        "COLUMNS": "300",
    }


def url_of(database: str) -> str:
    """The address of a database on the tests' server."""
    from django.db import connection

    settings = connection.settings_dict
    user, password, host = quote(settings["USER"]), quote(settings["PASSWORD"] or ""), settings["HOST"]
    if host.startswith("/"):
        return f"postgresql://{user}@/{database}?host={quote(host)}"
    port = f":{settings['PORT']}" if settings["PORT"] else ""
    return f"postgresql://{user}:{password}@{host}{port}/{database}"


def make(home: Path, database: str) -> SavedSite:
    """A new site with a scene in it."""
    done = run([sys.executable, "-m", "tests.cli.saved_site"], environment_of(home, database))
    assert done.returncode == 0, done.stdout + done.stderr
    return SavedSite(home, database, json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Bought, used, given back and not yet used: a little of everything that has to survive."""
    from hutong.cli import setup

    setup.django(wait_for_database=True)
    setup.migrate()
    from django.conf import settings

    from hutong.flows import books, jobs
    from hutong.kernel import clock
    from hutong.kernel.rows import scalar
    from hutong.visit.vouchers import queries as vouchers
    from tests.factories.loop import scene

    at = clock.now()
    shop = scene(at=at, capacity=50)
    used, unused = shop.bought(quantity=2)
    shop.scan(used.code)
    shop.bought()
    shop.order()
    jobs.drain()
    picture = settings.MEDIA_ROOT / "ab" / "abcdef.webp"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"a picture" * 1000)
    assert books.check(at=at, ask_providers=False).problems == ()
    code = vouchers.vouchers_of_order(unused.order_ref, at=at)[-1].code
    facts = {
        "code": code,
        "device": shop.device.public_id,
        "orders": scalar("SELECT count(*) FROM orders_order"),
        "picture": str(picture.relative_to(settings.HUTONG_HOME)),
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
