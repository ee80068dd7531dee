"""The parts of a running site as processes: web, live, worker, and in the demo the sandbox provider."""

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlparse

from django.conf import settings

from hutong.cli import site_lock, upgrade
from hutong.cli.lan import Lan
from hutong.cli.screen import console
from hutong.cli.supervisor import Part, Supervisor
from hutong.kernel import database
from hutong.kernel.errors import DomainError


class PartUnknown(DomainError):
    """There is no such part."""

    code = "part_unknown"
    message = "There is no part named %(part)s. The parts are: all, web, live, worker, sandbox."


class PortTaken(DomainError):
    """Somebody else listens there already, perhaps another site of ours."""

    code = "port_taken"
    message = (
        "Port %(port)s is taken. Stop what listens there, or choose another with --port; a site whose own address "
        "names the port gets a new one by `hutong init --force --site-url ...`."
    )


def parts(port: int) -> dict[str, Part]:
    """The parts of this site when its web process listens on `port` of 127.0.0.1."""
    python = sys.executable
    sandbox_port = str(urlparse(settings.HUTONG_SANDBOX_URL).port or 8002)
    sandbox = [python, "-m", "hutong.pay.payments.providers.sandbox.server", "--port", sandbox_port]
    sandbox += ["--books", str(settings.HUTONG_HOME / "sandbox.sqlite3")]
    sandbox += ["--webhook-url", f"http://127.0.0.1:{port}/api/v1/webhooks/sandbox"]
    sandbox += ["--public-url", settings.HUTONG_SANDBOX_PAGES_URL]
    secret = {"HUTONG_SANDBOX_SECRET": settings.HUTONG_SANDBOX_SECRET}
    return {
        "web": web_part("web", port=port, workers=os.environ.get("HUTONG_WORKERS", "2")),
        "live": Part(
            "live",
            [*_granian("asgi", "127.0.0.1", port + 1), "--workers", "1", "hutong.config.live:application"],
            f"http://127.0.0.1:{port + 1}/healthz",
            overlaps=True,
        ),
        "worker": Part("worker", [python, "-m", "hutong.cli.worker"], environment=secret),
        "sandbox": Part("sandbox", sandbox, f"http://127.0.0.1:{sandbox_port}/healthz", environment=secret),
    }


def web_parts(port: int) -> list[Part]:
    """The web as several parts on one port, so that whatever becomes of one of them the others serve on."""
    count = int(os.environ.get("HUTONG_WORKERS", "2"))
    return [web_part(f"web {number}", port=port, workers="1") for number in range(1, count + 1)]


def web_part(
    name: str,
    *,
    port: int,
    workers: str,
    address: str = "127.0.0.1",
    extra: Sequence[str] = (),
    authorities: str = "",
) -> Part:
    """A web process on `address`; with `extra` options of the server, such as those of TLS."""
    command = [*_granian("wsgi", address, port), "--workers", workers, *extra]
    command += ["--blocking-threads", "4", "--backlog", "1024", "hutong.config.wsgi:application"]
    scheme = "https" if authorities else "http"
    return Part(
        name,
        command,
        f"{scheme}://{address}:{port}/healthz",
        environment={"HUTONG_SANDBOX_SECRET": settings.HUTONG_SANDBOX_SECRET},
        authorities=authorities,
        overlaps=True,
    )


def lan_parts(lan: Lan, port: int) -> list[Part]:
    """What phones reach: the site once more with TLS, and a door with TLS before the live process and the sandbox.

    The site speaks TLS itself, because it has to know from which address somebody comes.
    """
    sandbox_port = urlparse(settings.HUTONG_SANDBOX_URL).port or 8002
    authority = str(lan.authority)
    ready_url = f"https://{lan.address}:{lan.port + 1}/healthz"
    door = lan.door(live_port=port + 1, sandbox_port=sandbox_port)
    return [
        web_part(
            "web for phones",
            port=lan.port,
            workers="1",
            address=lan.address,
            extra=lan.tls(),
            authorities=authority,
        ),
        Part("door for phones", door, ready_url, authorities=authority),
    ]


def _granian(interface: str, address: str, port: int) -> list[str]:
    """The server's command. It starts a killed worker process again by itself; the supervisor does so for the rest."""
    command = [
        sys.executable,
        "-m",
        "granian",
        "--host",
        address,
        "--port",
        str(port),
        "--interface",
        interface,
    ]
    return [
        *command,
        "--no-ws",
        "--log-level",
        "warning",
        "--respawn-failed-workers",
        "--workers-kill-timeout",
        "5",
        "--respawn-interval",
        "0.1",
    ]


def require_free(wanted: Iterable[Part]) -> None:
    """Raise `PortTaken` when somebody listens where one of these parts would."""
    for where in (urlparse(part.ready_url) for part in wanted if part.ready_url):
        with socket.socket() as probe:
            # As the server will do it: a port whose last connections are still winding down is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((where.hostname or "", where.port or 0))
            except OSError as error:
                raise PortTaken(port=where.port) from error


def interruptible() -> None:
    """Let SIGTERM end this process the way Ctrl-C does, so that what it started is stopped.

    Not by sending SIGINT: a shell that starts it in the background has that ignored.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def up(part: str, *, port: int) -> None:
    """Run all parts supervised together, or replace this process by one part.

    Raises `MigrationsWait` and `DatabaseNewer` where code and tables do not belong together, and
    `RestoreUnderWay`.
    """
    known = parts(port)
    if part != "all" and part not in known:
        raise PartUnknown(part=part)
    upgrade.require_current()
    lock = site_lock.share(settings.HUTONG_HOME)
    if part != "all":
        os.set_inheritable(lock, True)  # kept for as long as the part lives
        os.environ.update(known[part].environment)
        os.execv(known[part].command[0], known[part].command)  # noqa: S606
    interruptible()
    names = ["live", "worker"]
    if "sandbox" in settings.HUTONG_PROVIDERS:
        names.append("sandbox")  # nobody else would run it
    run(
        [*web_parts(port), *(known[name] for name in names)],
        lock,
        lambda: console.print(f"The site runs at {settings.HUTONG_SITE_URL}. Ctrl-C stops it."),
    )


def run(wanted: Sequence[Part], lock: int, welcome: Callable[[], None]) -> None:
    """Start the parts, call `welcome` once all answer, and keep them running until Ctrl-C or SIGTERM."""
    supervisor = Supervisor(keeper=_keep_database, passed=[lock])
    try:
        require_free(wanted)
        for part in wanted:
            supervisor.start(part)
        for part in wanted:
            supervisor.wait_ready(part)
        welcome()
        supervisor.watch()
    except KeyboardInterrupt:
        console.print("Stopping ...")
    finally:
        supervisor.stop()


def _keep_database() -> None:
    """Start the embedded server again should it have ended; a server of somebody else's is theirs to keep."""
    if settings.HUTONG_EMBEDDED and database.start_embedded(settings.HUTONG_HOME):
        logging.getLogger("hutong.supervisor").error("PostgreSQL had ended; it was started again")
