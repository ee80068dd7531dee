"""`hutong people`: who runs the site."""

from typing import Annotated

import typer
from rich.table import Table

from hutong.cli import setup
from hutong.cli.screen import console, errors_as_sentences

app = typer.Typer(no_args_is_help=True, help="Who runs the site.")

Phone = Annotated[str, typer.Argument(help="Phone number, with its country code: +358401234567")]


@app.command("grant-operator")
def grant_operator(
    phone: Phone, name: Annotated[str, typer.Option(help="What the person is called")] = ""
) -> None:
    """Let somebody run the site. They sign in with a code sent to this phone, like anybody."""
    with errors_as_sentences():
        setup.django(wait_for_database=True)
        from hutong.kernel import clock
        from hutong.town.people.services.operators import grant_operator as grant

        person, changed = grant(phone=phone, name=name, by="platform", at=clock.now())
        said = "is an operator now" if changed else "is an operator already"
        console.print(f"{person.phone} {person.name} {said}.".replace("  ", " "))


@app.command("revoke-operator")
def revoke_operator(
    phone: Phone,
    force: Annotated[bool, typer.Option(help="Even when nobody is left to run the site.")] = False,
) -> None:
    """End somebody's running the site, at once. The last operator stays unless forced."""
    with errors_as_sentences():
        setup.django(wait_for_database=True)
        from hutong.kernel import clock
        from hutong.town.people.services.operators import revoke_operator as revoke

        person = revoke(phone=phone, force=force, by="platform", at=clock.now())
        console.print(f"{person.phone} is no longer an operator.")


@app.command("list-operators")
def list_operators() -> None:
    """Everybody who may enter the operator's office."""
    with errors_as_sentences():
        setup.django(wait_for_database=True)
        from hutong.town.people.queries.operators import operators

        found = operators()
        if not found:
            console.print("There is no operator yet. Make one: hutong people grant-operator PHONE")
            return
        table = Table("Phone", "Name", "Since")
        for person in found:
            table.add_row(person.phone or "", person.name, f"{person.created_at:%Y-%m-%d}")
        console.print(table)
