"""What the command line shows: one console, progress bars, errors as sentences."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import typer
from django.db import Error as DatabaseTrouble
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

console = Console(highlight=False)

# What long work reports: (what is being done, how many are done, how many there are or None).
Report = Callable[[str, int, int | None], None]


@contextmanager
def progress_bar(*, transient: bool = False) -> Iterator[Report]:
    """A bar for each stage of long work; the work calls it as `progress(stage, done, total)`.

    A `transient` one goes when the work is done, for work that says a line of its own at the end.
    """
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=transient) as progress:
        tasks = {}

        def report(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total)
            progress.update(tasks[stage], completed=done, total=total)

        yield report


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """Errors people can mend are shown as their sentence with exit code 1; anything else is a fault and is raised."""
    from hutong.config.environment import SettingsUnsafe
    from hutong.config.settings_file import SettingsFileBroken
    from hutong.kernel.errors import DomainError

    try:
        yield
    except (DomainError, SettingsUnsafe, SettingsFileBroken) as error:
        console.print(f"[red]✗[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(1) from error
    except (DatabaseTrouble, psycopg.Error) as error:
        said = sentence_of_database(error)
        if not said:
            raise
        console.print(f"[red]✗[/] {escape(said)}", soft_wrap=True)
        raise typer.Exit(1) from error


def sentence_of_database(error: BaseException) -> str:
    """What to do about an error that the database has in the middle of work; "" for one that is a fault of ours."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if not isinstance(cause, psycopg.Error):
        return ""
    said = cause.diag.message_primary or " ".join(str(cause).split())
    if isinstance(cause, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
        return f"The tables are not those of this version: {said}. Run `hutong migrate`, then this again."
    if not isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return ""
    state = cause.sqlstate or "08"
    if state.startswith(("08", "57P")):
        return (
            f"The database went away: {said}. Look with `hutong doctor` what is wrong, then run this again."
        )
    return f"The database could not do it: {said}. Mend that (`hutong doctor` may know more), then run this again."
