"""What the command line shows: one console, progress bars, errors as sentences."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
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
def progress_bar() -> Iterator[Report]:
    """A bar for each stage of long work; the work calls it as `progress(stage, done, total)`."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
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
        console.print(f"[red]✗[/] {escape(str(error))}")
        raise typer.Exit(1) from error
