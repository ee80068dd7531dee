"""One lock a site: its running parts share it, and whoever replaces its data wants it alone.

A file lock in HUTONG_HOME: the kernel gives it up with the process, however that ends.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from hutong.kernel.errors import Conflict


class SiteRuns(Conflict):
    """Something would be replaced under a running site."""

    code = "site_runs"
    message = "The site in %(home)s is running. Stop it first, then try again; nothing was changed."


class RestoreUnderWay(Conflict):
    """A site is started while its data is being replaced."""

    code = "restore_under_way"
    message = "The data in %(home)s is being replaced right now. Start the site when that is over."


def share(home: Path) -> int:
    """Take the lock as a running part; the open file, to be kept and passed to what is started.

    Raises `RestoreUnderWay`.
    """
    home.mkdir(parents=True, exist_ok=True)
    handle = os.open(home / "site.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise RestoreUnderWay(home=home) from error
    return handle


@contextlib.contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the lock alone, so that no part runs or starts. Raises `SiteRuns`."""
    home.mkdir(parents=True, exist_ok=True)
    handle = os.open(home / "site.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SiteRuns(home=home) from error
        yield
    finally:
        os.close(handle)
