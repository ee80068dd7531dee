"""What every test stands on: a real PostgreSQL, a fixed moment, and the books checked after money moved."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

_HERE = Path(__file__).parent

pytest_plugins = ["tests.fakes.sandbox", "tests.fakes.site", "tests.fakes.gateway", "tests.fakes.push"]
pytest_plugins += ["tests.faults.figures"]


def pytest_configure(config: pytest.Config) -> None:
    """Start the embedded PostgreSQL, unless DATABASE_URL names a server; make the template of test databases."""
    from django.conf import settings

    from hutong.kernel import database

    if not os.environ.get("DATABASE_URL"):
        database.start_embedded(settings.HUTONG_HOME)
        _spare_the_disk(database.url_of(settings.DATABASES["default"] | {"NAME": "postgres"}))
    database.ensure_template(settings.DATABASES["default"], settings.DATABASES["default"]["TEST"]["TEMPLATE"])


def _spare_the_disk(url: str) -> None:
    """No test has to survive a power cut; a server that is killed loses nothing, as the operating system has it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("ALTER SYSTEM SET full_page_writes = off")
        connection.execute("SELECT pg_reload_conf()")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Between tests with their own commits every table is emptied; append-only tables forbid that, so they let it
    happen here. The test of that guard switches its trigger on again.

    Django would also make its content types and permissions anew each time, which takes longer than the emptying;
    no test asks for them.
    """
    from django.contrib.contenttypes.management import create_contenttypes
    from django.db.models.signals import post_migrate

    from hutong.kernel.rows import execute, rows

    assert post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    assert post_migrate.disconnect(create_contenttypes)
    with django_db_blocker.unblock():
        for guard in rows(
            "SELECT tgname, tgrelid::regclass::text AS name FROM pg_trigger WHERE tgtype & 32 = 32"
        ):
            execute(f"ALTER TABLE {guard['name']} DISABLE TRIGGER {guard['tgname']}")
        for name in os.environ.get("HUTONG_WITHOUT", "").split():
            _take_away(name)


def _take_away(name: str) -> None:
    """`HUTONG_WITHOUT="name ..."` runs tests without these constraints or triggers, to see which of them notice."""
    from tests.factories import any_row
    from tools.guards import LIST, listed

    (guard,) = [guard for guard in listed(LIST.read_text()) if guard.name == name]
    any_row.drop(guard.kind, guard.table, guard.name)


@pytest.fixture(autouse=True)
def nothing_announced() -> None:
    """A process keeps the announcements for some seconds; in a test it has read that there are none.

    Tests of announcements let it read anew by `announcements.forget`.
    """
    from hutong.web.shell import announcements

    an_hour_s = 3600.0
    announcements._read["all"] = (time.monotonic() + an_hour_s, [])


@pytest.fixture
def at() -> datetime:
    """A fixed Monday, noon in Helsinki."""
    return datetime(2026, 6, 1, 9, 0, tzinfo=UTC)


# Tests of one room: what they move no other room knows of, so what is compared across rooms is not theirs to keep.
_ROOMS = {"pay", "visit", "know"}
_ACROSS_ROOMS = ("clearing:", "discrepancies:", "unredeemed:", "references:")
_OF_ROOMS = ("ledger_transaction", "orders_unit", "payments_payment", "vouchers_use", "stock_hold")


@pytest.fixture(autouse=True)
def reads_are_counted_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process takes some reads at once; tests count statements, which must not depend on the test before."""
    from hutong.kernel import limits

    limits.held.forget()
    monkeypatch.setattr(limits, "AT_ONCE", 1)


@pytest.fixture(autouse=True)
def books_hold(request: pytest.FixtureRequest, at: datetime) -> Iterator[None]:
    """After each test that moved money the books must add up (`hutong books check`), without asking providers.

    A test that breaks them on purpose says why: `@pytest.mark.unbalanced("why")`.
    """
    marked = request.node.get_closest_marker("django_db")
    uses_database = marked or {"db", "transactional_db"} & set(request.fixturenames)
    if uses_database:
        request.getfixturevalue("transactional_db" if "transactional_db" in request.fixturenames else "db")
    yield
    if uses_database and not request.node.get_closest_marker("unbalanced"):
        alone = bool(_ROOMS & set(request.node.path.relative_to(_HERE).parts))
        if _money_moved(alone=alone):
            # At the head it would be there before pytest loads it as a plugin.
            from tests.faults.figures import BOOKS

            request.node.user_properties.append(BOOKS)
            _require_balanced(at, alone=alone)


@pytest.fixture(autouse=True)
def looks_are_of_this_test() -> Iterator[None]:
    """What pages counted in memory goes with the test: its regions will be gone when somebody else writes it."""
    yield
    from hutong.attract.placements import services as placements
    from hutong.know.insight import services as insight

    insight._recorder._counts.clear()
    placements._recorder._counts.clear()


def _money_moved(*, alone: bool) -> bool:
    from django.db import connection

    from hutong.kernel.rows import scalar

    # What a transaction wrote that a refused statement has ended is not kept, and nothing more can be asked in it.
    if connection.needs_rollback:
        return False
    tables = _OF_ROOMS if alone else ("ledger_transaction",)
    return bool(scalar("SELECT " + " OR ".join(f"EXISTS (SELECT 1 FROM {table})" for table in tables)))


def _require_balanced(at: datetime, *, alone: bool) -> None:
    from hutong.flows import books

    # No worker is here to take what waits in the outbox.
    left_out = ("outbox:", *(_ACROSS_ROOMS if alone else ()))
    problems = books.check(at=at, ask_providers=False).problems
    assert [each for each in problems if not each.startswith(left_out)] == []


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data; a test that needs a file in it skips, saying so, where it is absent."""
    return Path(os.environ.get("HUTONG_TEST_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Browser tests last: they are slow, and a fault below them shows sooner elsewhere."""
    items.sort(key=lambda item: "browser" in item.keywords)
