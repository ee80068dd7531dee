"""`hutong`: every command by its name."""

from pathlib import Path
from typing import Annotated

import typer

from hutong.cli import database, imports, people, search, setup
from hutong.cli import init as init_command
from hutong.cli.screen import console, errors_as_sentences, progress_bar

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Found online, paid online, enjoyed in person, remembered.",
)
books = typer.Typer(no_args_is_help=True, help="The books of the house.")
app.add_typer(imports.app, name="import")
app.add_typer(books, name="books")
app.add_typer(people.app, name="people")
app.add_typer(database.app, name="database")
app.add_typer(search.app, name="search")
app.command("init")(init_command.init)


@app.command()
def demo(
    port: Annotated[
        int, typer.Option(help="Port of the site; the next two are the live process and the sandbox.")
    ] = 8000,
    reset: Annotated[bool, typer.Option(help="Throw the demo's data away first.")] = False,
    lan: Annotated[
        bool,
        typer.Option("--lan", help="Also over HTTPS for phones in the same network; says what that opens."),
    ] = False,
    address: Annotated[
        str,
        typer.Option(help="With --lan: which address of this machine; the one of its network when left out."),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="With --lan: do not ask.")] = False,
    providers: Annotated[
        str,
        typer.Option(
            help="Who takes the money, such as sandbox,stripe,wechat,alipay; their keys are read from "
            "simulators.env in HUTONG_HOME (docs/howto/payment-provider.md)."
        ),
    ] = "",
) -> None:
    """A running site with a real city, sample offers and demo accounts. Ctrl-C stops all of it."""
    from hutong.cli import demo as command  # Only this command needs the supervisor and the seeding.

    with errors_as_sentences():
        command.run(port=port, reset=reset, lan=lan, address=address, yes=yes, providers=providers)


@app.command()
def up(
    part: Annotated[str, typer.Argument(help="all, web, live, worker or sandbox")] = "all",
    port: Annotated[
        int,
        typer.Option(
            help="Port of the site; the address's own on this machine, else 8000.", show_default=False
        ),
    ] = 0,
) -> None:
    """Run the site: all parts supervised together, or one part alone for production."""
    from hutong.cli import processes  # Starting processes is of no use to the other commands.

    with errors_as_sentences():
        setup.django(wait_for_database=True)
        processes.up(part, port=port or setup.port_of_site())


@app.command()
def migrate() -> None:
    """Make the database where it is missing and bring its tables to this version. Safe to stop and run again."""
    with errors_as_sentences():
        setup.django(wait_for_database=True)
        from hutong.cli import upgrade  # It reads Django's settings.

        applied = upgrade.run()
        console.print(f"The database is up to date ({applied} migrations applied).")


@app.command()
def backup(
    to: Annotated[str, typer.Option(help="A file, or a folder; HUTONG_HOME/backups when left out")] = "",
    keep: Annotated[int, typer.Option(help="How many backups stay in a folder; older ones are removed")] = 14,
) -> None:
    """Write everything the site is into one file, while it runs: database, pictures, maps, keys."""
    with errors_as_sentences():
        setup.django(wait_for_database=True)
        from hutong.cli import backup as command  # It reads Django's settings.
        from hutong.kernel import clock

        with progress_bar() as progress:
            made, removed = command.run(to=to, keep=keep, at=clock.now(), progress=progress)
        console.print(f"[green]✓[/] {made} ({made.stat().st_size / 1e6:.1f} MB)", soft_wrap=True)
        console.print(
            "It holds the site's keys: keep it as safe as the site, and a copy on another machine.",
            soft_wrap=True,
        )
        for path in removed:
            console.print(f"  removed, because --keep is {keep}: {path}", soft_wrap=True)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A backup made by `hutong backup`")],
    into_home: Annotated[str, typer.Option(help="HUTONG_HOME of the restored site")] = "",
    replace: Annotated[bool, typer.Option(help="Also in place of a site that has data")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
) -> None:
    """Put a site back from a backup: checked first, restored beside what is there, swapped in at the end."""
    with errors_as_sentences():
        # Its parts read Django's settings, which read what the backup brings.
        from hutong.cli import restore as command

        if not command.ask_and_run(file, into_home=into_home, replace=replace, yes=yes):
            raise typer.Exit(1)


@books.command("check")
def books_check(
    since_checkpoint: Annotated[
        bool,
        typer.Option(
            "--since-checkpoint",
            help="Of ledger, orders, vouchers only what moved since they were last right.",
        ),
    ] = False,
) -> None:
    """Add everything up again and compare; exit code 1 when anything does not hold."""
    with errors_as_sentences():
        setup.django(wait_for_database=True)
        from hutong.flows import books as flow
        from hutong.kernel import clock

        started_at = clock.now()
        with progress_bar(transient=True) as progress:
            result = flow.check(
                at=started_at,
                since_checkpoint=since_checkpoint,
                move_checkpoint=True,
                progress=lambda done, total: progress("Adding up the ledger", done, total),
            )
        took_s = (clock.now() - started_at).total_seconds()
        for line in result.checked:
            console.print(f"[green]✓[/] {line}")
        for problem in result.problems:
            console.print(f"[red]✗[/] {problem}")
        console.print(f"{result.transfers:,} transfers, {took_s:.1f} s")
        if result.problems:
            raise typer.Exit(1)


@app.command()
def tray() -> None:
    """Where the messages of a demo or trial can be read: its secret link. Who has it can sign in as anybody."""
    with errors_as_sentences():
        setup.django(wait_for_database=False)
        from hutong.web.shell import tray as page

        if not page.exists():
            console.print("Messages do not go to the tray here (HUTONG_SMS).")
            raise typer.Exit(1)
        console.print(page.link(), soft_wrap=True)


@app.command()
def doctor(
    production: Annotated[
        bool, typer.Option("--production", help="Also what a site on the open web needs; it must be running.")
    ] = False,
) -> None:
    """Say what is missing or misconfigured, and how to mend it; exit code 1 when something is broken."""
    from hutong.cli import doctor as command  # Its checks must also run where Django itself cannot start.

    if not command.run(production=production):
        raise typer.Exit(1)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def manage(context: typer.Context) -> None:
    """Django's own commands, e.g. `hutong manage createsuperuser`."""
    with errors_as_sentences():
        setup.django(wait_for_database=True)
        from django.core.management import execute_from_command_line

        execute_from_command_line(["hutong manage", *context.args])
