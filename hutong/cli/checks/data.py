"""The database and what is in it. Django is set up when these run."""

from collections.abc import Iterator

from hutong.cli.checks import Finding, broken, judged, look, well

SKEW_LOOK_S = 2.0
SKEW_BROKEN_S = 30.0
WAITING_BROKEN_S = 60.0
HEARTBEAT_S = 60.0
# Beside the pools: the live process and the worker listen on connections of their own, somebody uses psql.
SPARE_CONNECTIONS = 10


def server(production: bool) -> Iterator[Finding]:
    """Its version, its locale, and whether it lets in as many as the site may ask for."""
    from django.conf import settings

    from hutong.kernel.rows import scalar

    version = int(scalar("SELECT current_setting('server_version_num')"))
    yield judged(version >= 15_00_00, f"PostgreSQL {version // 10_000}", "use PostgreSQL 15 or newer")
    if production and settings.HUTONG_EMBEDDED:
        yield look(
            "the embedded server is used", "fine for one machine; a server of its own is easier to tend"
        )
    lower = bool(scalar("SELECT lower('ÄITI') = 'äiti'"))
    remade = "make the database anew from template0 with LC_CTYPE C.UTF-8 (`hutong migrate` does) and restore into it"
    yield judged(lower, "the database knows capitals of all scripts", remade)
    if scalar("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'"):
        grams = bool(scalar("SELECT array_length(show_trgm('面馆面馆'), 1)"))
        yield judged(grams, "search knows Chinese", remade)
    wanted = (settings.HUTONG_WORKERS + 2) * settings.HUTONG_POOL + SPARE_CONNECTIONS
    allowed = int(scalar("SELECT current_setting('max_connections')"))
    said = f"connections: the site may want {wanted}, the server allows {allowed}"
    yield judged(wanted <= allowed, said, "lower HUTONG_POOL or HUTONG_WORKERS, or raise max_connections")


def clock(_production: bool) -> Iterator[Finding]:
    """This machine and the database agree what time it is: codes, holds and vouchers go by it."""
    from hutong.kernel import clock
    from hutong.kernel.rows import scalar

    before = clock.now()
    theirs = scalar("SELECT clock_timestamp()")
    middle = before + (clock.now() - before) / 2
    skew_s = abs((theirs - middle).total_seconds())
    said = f"clocks differ by {skew_s:.1f} s"
    mend = "let both machines keep time (systemd-timesyncd, chrony)"
    if skew_s < SKEW_LOOK_S:
        yield well(said)
    else:
        yield look(said, mend) if skew_s < SKEW_BROKEN_S else broken(said, mend)


def tables(_production: bool) -> Iterator[Finding]:
    """Every migration of this version is applied, and none of a newer one."""
    from hutong.cli import upgrade

    newer, waiting = upgrade.unknown(), upgrade.waiting()
    if newer:
        yield broken(f"the tables are of a newer version ({newer[0]})", "install that version")
    else:
        yield judged(
            not waiting, f"tables are up to date ({len(waiting)} migrations wait)", "run `hutong migrate`"
        )


def contents(production: bool) -> Iterator[Finding]:
    """There is a region with a map, and somebody who runs the site."""
    from django.conf import settings

    from hutong.cli import upgrade
    from hutong.town.people.queries.operators import operators
    from hutong.town.regions import queries as regions

    if upgrade.waiting():
        return  # the tables may not be there
    found = list(settings.HUTONG_BASEMAPS.glob("*.pmtiles"))
    yield judged(bool(found), f"basemaps: {len(found)}", "run `hutong import osm FILE --region NAME`")
    if production:
        slug = settings.HUTONG_DEFAULT_REGION
        yield judged(
            regions.region_by_slug(slug) is not None,
            f"the region shown first is {slug}",
            "import it, or set HUTONG_DEFAULT_REGION",
        )
        count = len(operators())
        yield judged(count > 0, f"operators: {count}", "`hutong people grant-operator PHONE`")


def worker(production: bool) -> Iterator[Finding]:
    """The worker lives and keeps up: without it nobody is told, nothing expires, nothing is remembered."""
    from procrastinate.contrib.django.models import ProcrastinateWorker

    from hutong.cli import upgrade
    from hutong.kernel import clock, outbox

    if not production or upgrade.waiting():
        return
    at = clock.now()
    beat = (
        ProcrastinateWorker.objects.order_by("-last_heartbeat")
        .values_list("last_heartbeat", flat=True)
        .first()
    )
    alive = beat is not None and (at - beat).total_seconds() < HEARTBEAT_S
    yield judged(alive, "the worker lives", "start it: `hutong up worker`, or systemctl start hutong-worker")
    age_s = outbox.age_s(at)
    yield judged(
        age_s < WAITING_BROKEN_S, f"the oldest thing to do waits {age_s:.0f} s", "look at the worker's log"
    )
