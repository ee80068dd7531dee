"""A PostgreSQL that one module of tests has for itself, so that it may be killed, and Django's way to it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from django.db import connection
from psycopg import sql

from hutong.kernel import database
from tests.fakes.sandbox import wait_until
from tests.faults.upped import children

_READY = "ready"
_GIVE_UP_S = 30.0


@dataclass(frozen=True)
class Server:
    """The server in `home`. It writes to the disk as a site's does: nothing of it is spared, as for other tests."""

    home: Path

    def execute(self, statement: str) -> None:
        """Do something to the server itself, outside any transaction."""
        with psycopg.connect(self._url("postgres"), autocommit=True) as administrator:
            administrator.execute(sql.SQL(statement))

    def start(self) -> None:
        """Start it, and let it take up what it had written; returns once it answers."""
        assert database.start_embedded(self.home), "it runs already"

    def kill(self) -> None:
        """SIGKILL to all of its processes at one moment; returns once none of them is left."""
        head = int((self.home / "postgres" / "postmaster.pid").read_text().split()[0])
        # Held first, or it would put another process in the place of one that was just looked up.
        os.kill(head, signal.SIGSTOP)
        wait_until(lambda: _state(head) == "T", timeout_s=_GIVE_UP_S)
        everybody = [head, *children(head)]
        for pid in everybody:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(_state(pid) for pid in everybody), timeout_s=_GIVE_UP_S)

    def recoveries(self) -> int:
        """How often it found at its start that it had not been stopped."""
        return (self.home / "postgres" / "log").read_text().count("was not properly shut down")

    @contextmanager
    def site_database(self, name: str) -> Iterator[None]:
        """A new database of this server with the site's tables; meanwhile it is the one that Django talks to."""
        self.execute(f"CREATE DATABASE {name} TEMPLATE {_READY}")
        self.execute("CHECKPOINT")  # what a site has long on its disk is nothing to be taken up after a kill
        here = database.connection_settings(None, self.home, name)
        before = {key: connection.settings_dict[key] for key in here}
        connection.close()
        connection.settings_dict.update(here)
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict.update(before)

    def copy_tables(self) -> None:
        """Take over the tests' empty database, which is a quarter of a minute faster than to make the tables again."""
        self.execute(f"CREATE DATABASE {_READY} TEMPLATE template0")
        dump = str(self.home / "dump")
        tests = database.patient_url(connection.settings_dict)
        for command in (
            ["pg_dump", "--format=custom", f"--file={dump}", f"--dbname={tests}"],
            ["pg_restore", "--no-owner", "--exit-on-error", f"--dbname={self._url(_READY)}", dump],
        ):
            subprocess.run([database.tool(command[0]), *command[1:]], check=True)

    def _url(self, name: str) -> str:
        return database.url_of(database.connection_settings(None, self.home, name))


@contextmanager
def run_own_postgres() -> Iterator[Server]:
    """A server with the site's tables on a real disk, gone with the context.

    Its folder is not below pytest's, which pytest closes to the user that the server runs as.
    """
    with tempfile.TemporaryDirectory(prefix="hutong-killed-") as folder:
        server = Server(Path(folder))
        server.start()
        try:
            server.copy_tables()
            yield server
        finally:
            database.stop_embedded(server.home)
            shutil.rmtree(database.socket_folder(server.home))


def _state(pid: int) -> str:
    """The letter that the kernel gives a process's state; empty when there is no such process any more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
