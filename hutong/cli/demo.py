"""`hutong demo`: from nothing to a running site with a real city."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from hutong.cli import setup
from hutong.cli.screen import console, progress_bar
from hutong.config import settings_file
from hutong.kernel.errors import Conflict

if TYPE_CHECKING:
    from hutong.cli.lan import Lan

SIMULATORS = "simulators.env"  # what `python -m tests.fakes.providers --settings` writes
LAN_PORTS = 443  # from 8000 to 8443, where one expects HTTPS
CITY = Path(__file__).resolve().parents[2] / "data" / "helsinki-centre.osm.pbf"


class RealSite(Conflict):
    """Sample offers and accounts would land in a site that somebody has set up."""

    code = "real_site"
    message = "%(home)s is a site of its own (it has %(name)s). Give the demo another folder: HUTONG_HOME=..."


def run(
    *, port: int, reset: bool, lan: bool = False, address: str = "", yes: bool = False, providers: str = ""
) -> None:
    """Start everything on `port`, `port` + 1 (live) and `port` + 2 (sandbox); stop all of it at the end.

    With `lan` also over HTTPS for phones, on three ports from `port` + 443 of `address`: see `lan.py`. With
    `providers` others than the sandbox take the money, as simulators that somebody has started beside it.
    """
    _refuse_real_site()
    os.environ.setdefault("HUTONG_MODE", "demo")
    if providers:
        _choose_providers(providers)
    opened = _opened(port, address, yes=yes) if lan else None
    if lan and opened is None:
        return
    os.environ.update(opened.environment() if opened else {})
    os.environ.setdefault("HUTONG_SITE_URL", f"http://127.0.0.1:{port}")
    os.environ.setdefault("HUTONG_LIVE_URL", f"http://127.0.0.1:{port + 1}/live")
    os.environ.setdefault("HUTONG_SANDBOX_URL", f"http://127.0.0.1:{port + 2}")
    from hutong.cli import processes  # It reads Django's settings, which read the lines above.

    processes.interruptible()
    if reset:
        throw_away()
    database_started = setup.django(wait_for_database=True)
    from django.conf import settings

    from hutong.cli import site_lock
    from hutong.kernel import database

    lock = site_lock.share(settings.HUTONG_HOME)
    try:
        known = processes.parts(port)
        wanted = [*processes.web_parts(port), *(known[name] for name in ("sandbox", "live", "worker"))]
        if opened:
            wanted += processes.lan_parts(opened, port)
        processes.require_free(wanted)
        setup.migrate()
        accounts = _seed()
        processes.run(wanted, lock, lambda: _print_welcome(settings.HUTONG_SITE_URL, accounts, opened))
    finally:
        if database_started:
            database.stop_embedded(settings.HUTONG_HOME)


def _choose_providers(providers: str) -> None:
    """Put them into the environment, with the keys that their simulators have left in the demo's folder."""
    os.environ["HUTONG_PROVIDERS"] = providers
    left = settings_file.path_of(os.environ).with_name(SIMULATORS)
    for name, value in settings_file.read(left).items():
        os.environ.setdefault(name, value)


def _opened(port: int, address: str, *, yes: bool) -> "Lan | None":
    """The addresses for phones, where somebody agreed to open them."""
    from hutong.cli import lan  # Certificates are of no use to a demo that stays on this machine.
    from hutong.kernel import clock

    home = Path(os.environ.get("HUTONG_HOME", "var")).resolve()
    prepared = lan.prepare(home=home, address=address, port=port + LAN_PORTS, at=clock.now())
    return prepared if lan.agreed(prepared, yes=yes) else None


def _refuse_real_site() -> None:
    """A demo fills its folder with samples, and `--reset` empties it: never the folder of `hutong init`."""
    path = settings_file.path_of(os.environ)
    if path.exists():
        raise RealSite(home=path.parent, name=path.name)


def throw_away() -> None:
    """Remove the demo's data: its database, basemaps, media and the sandbox's books. Raises `SiteRuns`."""
    setup.django(wait_for_database=False)
    from django.conf import settings

    from hutong.cli import site_lock

    with site_lock.alone(settings.HUTONG_HOME):
        _remove_data()
    console.print("The demo's data is gone.")


def _remove_data() -> None:
    from django.conf import settings

    from hutong.kernel import database

    if not settings.HUTONG_EMBEDDED:
        database.drop_database(settings.DATABASES["default"])
    else:
        database.stop_embedded(settings.HUTONG_HOME)
    for name in ("postgres", "basemaps", "media"):
        shutil.rmtree(settings.HUTONG_HOME / name, ignore_errors=True)
    for path in settings.HUTONG_HOME.glob("sandbox.sqlite3*"):
        path.unlink()


def _seed() -> list[tuple[str, str, str]]:
    """Import the city and make the sample offers where they are missing; who can sign in, as rows to print."""
    from django.conf import settings

    from hutong.flows.demo_city import seed_demo
    from hutong.flows.demo_city.yuan import seed_yuan
    from hutong.flows.import_osm import import_osm
    from hutong.kernel import clock
    from hutong.town.regions import queries as regions

    at = clock.now()
    with progress_bar() as progress:
        if regions.region_by_slug("helsinki") is None:
            import_osm(
                CITY, "helsinki", names={"en": "Helsinki", "zh-Hans": "赫尔辛基", "fi": "Helsinki"},
                zone="Europe/Helsinki", currency="EUR", at=at, progress=progress,
            )  # fmt: skip
        accounts = seed_demo(at=at, progress=progress)
    if {"wechat", "alipay"} & set(settings.HUTONG_PROVIDERS):
        seed_yuan(at=at)
    return [(account.role, account.phone, account.opens) for account in accounts]


def _print_welcome(url: str, accounts: list[tuple[str, str, str]], opened: "Lan | None") -> None:
    table = Table("Who", "Phone", title="Demo accounts", title_justify="left")
    table.add_column("Page", overflow="fold")
    for role, phone, path in accounts:
        table.add_row(role, phone, f"{url}{path}")
    console.print(table)
    console.print(f"Sign-in codes appear at {url}/demo/messages/")
    console.print(f"\n[bold]Hutong runs at {url}[/]   (Ctrl-C stops it)")
    if opened:
        from hutong.cli import lan

        lan.welcome(opened)
