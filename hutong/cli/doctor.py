"""`hutong doctor`: what is missing or misconfigured, and how to mend it."""

import os
from collections.abc import Callable, Iterable, Iterator

from rich.markup import escape

from hutong.cli.checks import Finding, Mark, broken, data, machine, network, providers
from hutong.cli.screen import console
from hutong.config import environment

Check = Callable[[bool], Iterator[Finding]]

_COLOURS = {Mark.WELL: "green", Mark.LOOK: "yellow", Mark.BROKEN: "red"}
_HERE: tuple[Check, ...] = (
    machine.settings, machine.keys, machine.home, machine.assets, machine.backups, machine.browser,
)  # fmt: skip
_DATA: tuple[Check, ...] = (data.server, data.clock, data.tables, data.contents, data.worker)
_NETWORK: tuple[Check, ...] = (
    network.senders, network.mail, network.search, providers.providers, network.front, network.live,
    network.certificate,
)  # fmt: skip


def run(*, production: bool = False) -> bool:
    """Look at everything a site needs; print a line each and how to mend it; True when nothing is broken.

    With `production`, and in the modes trial and production, also at what only a site on the open web needs.
    """
    found = list(findings(production))
    for finding in found:
        console.print(f"[{_COLOURS[finding.mark]}]{finding.mark}[/] {escape(finding.what)}", soft_wrap=True)
        if finding.mend:
            console.print(f"  → {escape(finding.mend)}", soft_wrap=True)
    counted = {mark: sum(finding.mark is mark for finding in found) for mark in Mark}
    console.print(
        f"\n{counted[Mark.WELL]} well, {counted[Mark.LOOK]} to look at, {counted[Mark.BROKEN]} broken"
    )
    return not counted[Mark.BROKEN]


def findings(production: bool) -> Iterator[Finding]:
    """Every finding in turn. What stands on something broken is not looked at."""
    settings = list(machine.settings(production))  # it reads the settings file, which may name the mode
    asked = production or environment.given(os.environ)["HUTONG_MODE"] in ("trial", "production")
    if asked and not production:
        settings = list(machine.settings(asked))
    yield from settings
    yield from _all(_HERE[1:], asked)
    if any(finding.mark is Mark.BROKEN for finding in settings) and not _starts():
        return
    trouble = _database_trouble()
    if trouble:
        yield broken(f"the database does not answer: {trouble}", "start it, or mend DATABASE_URL")
        return
    yield from _all((*_DATA, *_NETWORK), asked)


def _all(checks: Iterable[Check], production: bool) -> Iterator[Finding]:
    for check in checks:
        yield from check(production)


def _starts() -> bool:
    """Whether Django would start with these settings."""
    try:
        environment.read(os.environ)
    except environment.SettingsUnsafe:
        return False
    return True


def _database_trouble() -> str:
    from hutong.cli import setup

    try:
        setup.django(wait_for_database=True)
        from hutong.kernel.rows import scalar

        scalar("SELECT 1")
    except setup.DatabaseSilent as error:
        return str(error.details["said"])
    except Exception as error:  # whatever it is, it is the finding
        return str(error).strip() or type(error).__name__
    return ""
