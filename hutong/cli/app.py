"""`hutong`: every command by its name."""

from pathlib import Path
from typing import Annotated

import typer

from hutong.cli import setup
from hutong.cli.screen import console, errors_as_sentences, progress_bar

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Found online, paid online, enjoyed in person, remembered.",
)
imports = typer.Typer(no_args_is_help=True, help="Bring places in from elsewhere.")
books = typer.Typer(no_args_is_help=True, help="The books of the house.")
app.add_typer(imports, name="import")
app.add_typer(books, name="books")


@app.command()
def demo(
    port: Annotated[
        int, typer.Option(help="Port of the site; the next two are the live process and the sandbox.")
    ] = 8000,
    reset: Annotated[bool, typer.Option(help="Throw the demo's data away first.")] = False,
) -> None:
    """A running site with a real city, sample offers and demo accounts. Ctrl-C stops all of it."""
    from hutong.cli import demo as command  # Only this command needs the supervisor and the seeding.

    with errors_as_sentences():
        command.run(port=port, reset=reset)


@app.command()
def up(
    part: Annotated[str, typer.Argument(help="all, web, live, worker or sandbox")] = "all",
    port: Annotated[int, typer.Option(help="Port of the site.")] = 8000,
) -> None:
    """Run the site: all parts supervised together, or one part alone for production."""
    from hutong.cli import processes  # Starting processes is of no use to the other commands.

    with errors_as_sentences():
        setup.django(wait_for_database=True)
        processes.up(part, port=port)


@app.command()
def migrate() -> None:
    """Make the database where it is missing and bring its tables to this version. Safe to stop and run again."""
    with errors_as_sentences():
        setup.django(wait_for_database=True)
        from hutong.cli import upgrade  # It reads Django's settings.

        applied = upgrade.run()
        console.print(f"The database is up to date ({applied} migrations applied).")


@imports.command("osm")
def import_osm(
    file: Annotated[Path, typer.Argument(help="An OSM extract: .osm.pbf, .osm.gz or .osm")],
    region: Annotated[str, typer.Option(help="Short name of the region in addresses, e.g. helsinki")],
    name: Annotated[
        str, typer.Option(help="Name people read; the short name in capitals when left out")
    ] = "",
    zone: Annotated[str, typer.Option(help="Time zone, e.g. Europe/Helsinki")] = "Europe/Helsinki",
    currency: Annotated[str, typer.Option(help="ISO 4217 code")] = "EUR",
    accept_losses: Annotated[bool, typer.Option(help="Also when most known listings are not in it")] = False,
) -> None:
    """Places of trade become stores, streets become the basemap. Again: updates, and never doubles."""
    with errors_as_sentences():
        setup.django(wait_for_database=True)
        from hutong.flows.import_osm import import_osm as run  # Models load only once Django is set up.
        from hutong.kernel import clock

        with progress_bar() as progress:
            report = run(
                file, region, names={"en": name or region.title()}, zone=zone, currency=currency,
                at=clock.now(), progress=progress, accept_losses=accept_losses,
            )  # fmt: skip
        console.print(report.as_text())


@books.command("check")
def books_check() -> None:
    """Add everything up again and compare; exit code 1 when anything does not hold."""
    with errors_as_sentences():
        setup.django(wait_for_database=True)
        from hutong.flows import books as flow
        from hutong.kernel import clock

        result = flow.check(at=clock.now())
        for line in result.checked:
            console.print(f"[green]✓[/] {line}")
        for problem in result.problems:
            console.print(f"[red]✗[/] {problem}")
        if result.problems:
            raise typer.Exit(1)


@app.command()
def doctor() -> None:
    """Say what is missing or misconfigured, and how to mend it."""
    from hutong.cli import doctor as command  # Its checks must also run where Django itself cannot start.

    if not command.run():
        raise typer.Exit(1)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def manage(context: typer.Context) -> None:
    """Django's own commands, e.g. `hutong manage createsuperuser`."""
    with errors_as_sentences():
        setup.django(wait_for_database=True)
        from django.core.management import execute_from_command_line

        execute_from_command_line(["hutong manage", *context.args])
