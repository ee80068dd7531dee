"""`hutong search ...`: the rows of search are made again, or compared with the tables they are made from."""

import time
from datetime import datetime
from typing import Annotated

import typer

from hutong.attract.search.types import Checked
from hutong.cli import setup
from hutong.cli.screen import Report, console, errors_as_sentences, progress_bar

app = typer.Typer(no_args_is_help=True, help="What people find: its rows, made from the tables of town.")
EXAMPLES = 10
# What changed a moment ago is on its way; a difference counts when it is still there after this.
SECOND_LOOK_AFTER_S = 2.0


@app.command()
def rebuild() -> None:
    """Make all rows of search again, while the site runs. Safe to stop and to run again, also twice at once."""
    with errors_as_sentences():
        setup.django(wait_for_database=True)
        from hutong.attract.search.services import count_stores
        from hutong.attract.search.types import TermKind
        from hutong.flows import index_search
        from hutong.kernel import clock

        total, done, counted = count_stores(), 0, 0
        with progress_bar() as progress:

            def indexed(stores: int) -> None:
                nonlocal done
                done += stores
                progress("Stores and their deals", done, max(total, done))

            def finished(kinds: int) -> None:
                nonlocal counted
                counted += kinds
                progress("Terms", counted, len(TermKind))

            elsewhere = index_search.begin_elsewhere(clock.now())
            looked_at = index_search.rebuild(clock.now, indexed)
            gone = index_search.finish(clock.now(), finished)
            progress("The map's squares", 0, 1)
            squares = index_search.mend_squares()
            progress("The map's squares", 1, 1)
            index_search.finish_elsewhere(elsewhere)
        console.print(f"[green]✓[/] {looked_at:,} stores; rows of stores that are gone: {gone:,}")
        if squares:
            console.print(f"[green]✓[/] Squares of the map that were wrong: {squares:,}")


@app.command()
def check(
    full: Annotated[
        bool, typer.Option("--full", help="Every row, not those of 1,000 stores that are drawn.")
    ] = False,
) -> None:
    """Compare what people find with the tables it is made from; exit code 1 when it differs, and where.

    Every store is looked for in any case, and every square of the map is counted; what the row of a store says is
    compared for those that are drawn.
    """
    with errors_as_sentences():
        setup.django(wait_for_database=True)
        from hutong.flows import index_search
        from hutong.kernel import clock

        with progress_bar(transient=True) as progress:
            found = _compare(full, clock.now(), progress)
            if found.missing or found.superfluous or found.stale:
                time.sleep(SECOND_LOOK_AFTER_S)  # a person waits for it; the worker is another process
                found = index_search.check_again(found, at=clock.now())
            progress("The map's squares", 0, 1)
            squares = index_search.wrong_squares()
            progress("The map's squares", 1, 1)
        wrong = squares > 0
        if squares:
            console.print(f"[red]✗[/] squares of the map that count otherwise than their stores: {squares:,}")
        for what, names in (
            ("missing", found.missing),
            ("there and should not be", found.superfluous),
            ("stale", found.stale),
        ):
            if names:
                wrong = True
                more = f" and {len(names) - EXAMPLES:,} more" if len(names) > EXAMPLES else ""
                console.print(f"[red]✗[/] {what}: {', '.join(names[:EXAMPLES])}{more}", soft_wrap=True)
        if wrong:
            console.print("Make them again: hutong search rebuild")
            raise typer.Exit(1)
        console.print(f"[green]✓[/] What {found.stores:,} stores are found with is what the tables say.")


def _compare(full: bool, at: datetime, progress: Report) -> Checked:
    from hutong.flows import index_search

    done = 0

    def looked_at(stores: int) -> None:
        nonlocal done
        done += stores
        progress("Comparing stores and their deals", done, None)

    return index_search.check(full=full, at=at, progress=looked_at)
