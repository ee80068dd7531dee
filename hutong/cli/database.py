"""`hutong database`: the embedded server started and stopped on its own, for a supervisor such as systemd."""

import typer

from hutong.cli import setup
from hutong.cli.screen import console, errors_as_sentences

app = typer.Typer(no_args_is_help=True, help="The embedded PostgreSQL, where the site uses it.")


@app.command()
def start() -> None:
    """Start the embedded server and leave it running; nothing to do where DATABASE_URL names another one."""
    with errors_as_sentences():
        setup.django(wait_for_database=False)
        from django.conf import settings

        from hutong.kernel import database

        if not settings.HUTONG_EMBEDDED:
            console.print("DATABASE_URL names a server of its own; there is nothing to start.")
            return
        with setup.embedded(settings.HUTONG_HOME, done="started"):
            started = database.start_embedded(settings.HUTONG_HOME)
        console.print("PostgreSQL runs." if started else "PostgreSQL runs already.")


@app.command()
def stop() -> None:
    """Stop the embedded server; whoever is connected is cut off."""
    with errors_as_sentences():
        setup.django(wait_for_database=False)
        from django.conf import settings

        from hutong.kernel import database

        if settings.HUTONG_EMBEDDED:
            with setup.embedded(settings.HUTONG_HOME, done="stopped"):
                database.stop_embedded(settings.HUTONG_HOME)
            console.print("PostgreSQL is stopped.")
