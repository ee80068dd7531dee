"""`hutong doctor`: what is missing or misconfigured, and how to mend it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from hutong.cli.screen import console
from hutong.config import environment

Finding = tuple[bool, str, str]  # whether it is well, what was looked at, how to mend it


def run() -> bool:
    """Look at everything a site needs; print one line each; True when nothing is broken."""
    well = True
    for check in (_settings, _assets, _database, _basemaps, _browser):
        for fine, what, mend in check():
            console.print(f"[green]✓[/] {what}" if fine else f"[red]✗[/] {what}\n  → {mend}")
            well = well and fine
    return well


def _settings() -> Iterator[Finding]:
    values = {s.name: os.environ.get(s.name, s.default) for s in environment.SETTINGS}
    problems = environment.unsafe(values)
    mode = values["HUTONG_MODE"]
    if mode == "production":
        for problem in problems:
            yield False, problem, "see docs/reference/settings.md"
    yield True, f"settings for mode {mode}", ""


def _assets() -> Iterator[Finding]:
    dist = Path(__file__).resolve().parents[1] / "static" / "dist" / "app.css"
    yield dist.exists(), "style sheets and scripts are built", "run `make assets`, or reinstall the package"


def _database() -> Iterator[Finding]:
    from hutong.cli import setup

    try:
        setup.django(wait_for_database=True)
        from hutong.kernel.rows import scalar

        version = int(scalar("SELECT current_setting('server_version_num')"))
    except Exception as error:  # whatever it is, it is the finding
        yield False, f"the database does not answer: {error}", "start it, or mend DATABASE_URL"
        return
    yield version >= 15_00_00, f"PostgreSQL {version // 10_000}", "use PostgreSQL 15 or newer"
    lower = scalar("SELECT lower('ÄITI') = 'äiti'")
    remade = "make the database anew from template0 with LC_CTYPE C.UTF-8 (`hutong migrate` does) and restore into it"
    yield bool(lower), "the database knows capitals of all scripts", remade
    yield from _tables()


def _tables() -> Iterator[Finding]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from hutong.kernel.rows import scalar

    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    yield not waiting, f"tables are up to date ({len(waiting)} migrations wait)", "run `hutong migrate`"
    extension = scalar("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")
    if extension:
        grams = scalar("SELECT array_length(show_trgm('面馆面馆'), 1)")
        yield (
            bool(grams),
            "search knows Chinese",
            "the database's locale is not UTF-8; make it anew from template0",
        )


def _basemaps() -> Iterator[Finding]:
    from django.conf import settings

    found = list(settings.HUTONG_BASEMAPS.glob("*.pmtiles"))
    yield bool(found), f"basemaps: {len(found)}", "run `hutong import osm FILE --region NAME`"
    free = shutil.disk_usage(
        settings.HUTONG_HOME.parent if not settings.HUTONG_HOME.exists() else settings.HUTONG_HOME
    )
    yield (
        free.free > 1 << 30,
        f"disk: {free.free >> 30} GiB free",
        "make room: PostgreSQL stops when the disk is full",
    )


def _browser() -> Iterator[Finding]:
    from hutong.cli.screen import console as screen

    if not shutil.which("chromium"):
        screen.print(
            "[yellow]•[/] no chromium: browser tests will be skipped (Debian: apt-get install chromium)"
        )
    yield from ()
