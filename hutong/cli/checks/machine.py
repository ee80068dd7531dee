"""Settings, files and room on this machine. These checks run also where Django cannot start."""

import os
import shutil
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from hutong.cli.checks import Finding, broken, judged, look, well
from hutong.config import environment, settings_file

LEAST_FREE_BYTES = 1 << 30
LITTLE_FREE_BYTES = 5 << 30
OLDEST_BACKUP_S = 26 * 3600
_SEE = "see docs/reference/settings.md"


def settings(production: bool) -> Iterator[Finding]:
    """The settings file and every setting; in production also what must not meet the open web."""
    path = settings_file.path_of(os.environ)
    try:
        in_file = settings_file.read(path)
    except settings_file.SettingsFileBroken as error:
        yield broken(str(error), "mend the line")
        return
    settings_file.adopt(os.environ)
    values = environment.given(os.environ)
    mode = values["HUTONG_MODE"]
    problems = environment.wrong(values)
    if production:
        trial = "trial" if mode == "trial" else "production"
        problems += environment.unsafe({**values, "HUTONG_MODE": trial})
    for problem in problems:
        yield broken(problem, _SEE)
    if not problems:
        yield well(f"settings for mode {mode}")
    known = {setting.name for setting in environment.SETTINGS}
    for name in sorted(set(in_file) - known):
        yield look(f"{path} has {name}, which is no setting", f"a typing error? {_SEE}")
    if in_file:
        yield _private(path)
    elif production:
        yield look(
            f"no settings file at {path}", "`hutong init` writes one; else every process needs them all"
        )
    if production:
        for name in ("HUTONG_OPERATOR_NAME", "HUTONG_OPERATOR_EMAIL"):
            if not values[name]:
                yield look(f"{name} is empty", "the imprint has to name who runs the site")
        if mode == "demo":
            yield look("the mode is demo", "HUTONG_MODE=trial or production when people come from outside")


def keys(_production: bool) -> Iterator[Finding]:
    """The root secret: long enough, and readable by its owner alone."""
    values = environment.given(os.environ)
    path = Path(values["HUTONG_HOME"]) / "secret-key"
    if values["HUTONG_SECRET_KEY"]:
        long = len(values["HUTONG_SECRET_KEY"]) >= 32
        yield judged(long, "secret key of 32 characters or more", "make one: `openssl rand -base64 48`")
    elif path.exists():
        yield _private(path)


def home(_production: bool) -> Iterator[Finding]:
    """The site's folder can be written, and the disk has room."""
    folder = Path(environment.given(os.environ)["HUTONG_HOME"])
    probe = folder / ".doctor"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_text("")
        probe.unlink()
        yield well(f"{folder} can be written")
    except OSError as error:
        yield broken(f"{folder} cannot be written: {error.strerror}", "give it to the user the site runs as")
        return
    free = shutil.disk_usage(folder).free
    said, mend = f"disk: {free >> 30} GiB free", "make room: PostgreSQL stops when the disk is full"
    if free >= LITTLE_FREE_BYTES:
        yield well(said)
    else:
        yield look(said, mend) if free >= LEAST_FREE_BYTES else broken(said, mend)


def assets(_production: bool) -> Iterator[Finding]:
    """Style sheets and scripts are there."""
    dist = Path(__file__).resolve().parents[2] / "static" / "dist" / "app.css"
    yield judged(
        dist.exists(), "style sheets and scripts are built", "run `make assets`, or reinstall the package"
    )


def backups(production: bool) -> Iterator[Finding]:
    """The newest backup in HUTONG_HOME/backups is of yesterday or today."""
    if not production:
        return
    folder = Path(environment.given(os.environ)["HUTONG_HOME"]) / "backups"
    moments = [path.stat().st_mtime for path in folder.glob("*") if path.is_file()] if folder.exists() else []
    mend = "run `hutong backup` every day (deploy/systemd/hutong-backup.timer), and keep copies elsewhere"
    if not moments:
        yield broken(f"no backup in {folder}", mend)
        return
    # The clock of the machine, as the files' own times are.
    age_s = datetime.now().astimezone().timestamp() - max(moments)
    yield judged(age_s < OLDEST_BACKUP_S, f"the newest backup is {age_s / 3600:.0f} h old", mend)


def browser(production: bool) -> Iterator[Finding]:
    """Chromium, for whoever works on Hutong itself."""
    if not production and not shutil.which("chromium"):
        yield look("no chromium: browser tests are skipped", "on Debian: apt-get install chromium")


def _private(path: Path) -> Finding:
    mode = stat.S_IMODE(path.stat().st_mode)
    return judged(
        not mode & 0o077, f"{path.name} is readable by its owner alone ({mode:o})", f"chmod 600 {path}"
    )
