"""Write the reference pages that are made from the code: `python tools/reference.py`.

openapi.json     the OpenAPI document
api-scopes.md    every route of the API with the scope it asks for
api-errors.md    every error by its code
permissions.md   who may do what at a merchant, and whom every page is for
commands.md      the command line
ledger.md        accounts, kinds of transaction and the movements they may make

`tests/test_docs.py` compares each with the code.
"""

import ast
import importlib
import json
import os
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
MADE = "Written by `python tools/reference.py` from the code; a test compares it."


def openapi() -> str:
    """The OpenAPI document as JSON with sorted keys."""
    from hutong.api.v1 import api  # Routes load models, which need Django set up.

    # Twice, because the document has numbers for status codes, which do not sort among words.
    document = json.loads(json.dumps(api.get_openapi_schema()))
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def scopes() -> str:
    """Every scope, who may hold it, and every route with its scope."""
    from hutong.api.v1 import api, scopes_table  # As above.

    return scopes_table(api)


def errors() -> str:
    """Every error of the house by its code: its HTTP status, what it means and what people are told."""
    from django.utils import translation  # Needs Django set up.

    from hutong.kernel.errors import DomainError  # As above.

    load_everything()
    lines = [
        "# Errors",
        "",
        MADE,
        "",
        "The API answers an error as problem+json (RFC 9457): `code` is stable and for programs, `detail` is for "
        "people and in their language, `request_id` names the request in the logs, and what else the error knows "
        "stands beside them (`retry_after_s`, `tries_left`, ...). Pages show the same message.",
        "",
        "| code | status | raised by | meaning | what people read |",
        "| --- | --- | --- | --- | --- |",
    ]
    with translation.override("en"):
        found = {
            (error.code, error.__module__, error.__name__): (
                f"| `{error.code}` | {error.status} | {_place(error)} | {_first_line(error)} | {error.message} |"
            )
            for error in _below(DomainError)
            if error.__module__.startswith("hutong.")
        }
    return "\n".join([*lines, *(found[key] for key in sorted(found))]) + "\n"


def permissions() -> str:
    """The rights of each role at a merchant, and whom each page is for."""
    from hutong.town.merchants.rules import ACTING_RIGHTS, RIGHTS  # Needs Django set up.
    from hutong.town.merchants.types import Right, Role  # As above.
    from hutong.web.shell.access import Door, declared  # As above.
    from tests.web.routes import page_routes  # As above.

    lines = [
        "# Permissions",
        "",
        MADE,
        "",
        "## Rights at a merchant",
        "",
        "A role holds for the whole merchant or for one store of it; in one store it gives the same rights there, "
        "and none over the whole merchant. An operator who acts for a merchant has the rights of the last column; "
        "what is done so is marked in the audit log and shown to the merchant.",
        "",
        f"| right | {' | '.join(role.value for role in Role)} | operator acting |",
        f"| --- |{' :-: |' * (len(Role) + 1)}",
    ]
    for right in Right:
        marks = ["●" if right in RIGHTS[role] else "" for role in Role]
        marks.append("●" if right in ACTING_RIGHTS else "")
        lines.append(f"| `{right.value}` | {' | '.join(marks)} |")
    lines += [
        "",
        "## Pages",
        "",
        "Whoever may not open a page is asked to sign in (nobody), told so (403), or told that there is nothing "
        "(404), where the thing named in the address is another's. The routes of the API and their scopes are in "
        "[api-scopes.md](api-scopes.md); the back office below `/admin/` is for superusers.",
        "",
        "| page | for | right | in |",
        "| --- | --- | --- | --- |",
    ]
    for route in sorted(page_routes(), key=lambda route: (route.pattern.count("/"), route.pattern)):
        permission = declared(route.view)
        assert permission is not None, f"{route.name} declares no permission"
        where = "every store" if permission.everywhere else "the store"
        door = permission.door.value + (", or a paired phone" if permission.device else "")
        named = f"`{permission.right}`" if permission.right else ""
        scope = where if permission.right and permission.door is Door.STAFF else ""
        lines.append(f"| `/{route.pattern}` | {door} | {named} | {scope} |")
    return "\n".join(lines) + "\n"


def commands() -> str:
    """Every command with its arguments and options."""
    from hutong.cli.reference import commands_page  # It imports every command.

    return commands_page()


def ledger() -> str:
    """The chart of accounts, and for each kind of transaction the movements it may make, as tables and a drawing."""
    from hutong.pay.ledger import rules, types  # Needs Django set up.

    meanings = _meanings(Path(types.__file__))
    lines = [
        "# Ledger",
        "",
        MADE,
        "",
        "[Money](../concepts/money.md) tells how they work together.",
        "",
        "## Accounts",
        "",
        "Debts are positive, what we have is negative. A floor is kept by the database; accounts without one are hot "
        "and have no balance row.",
        "",
        "| account | owner | floor | holds |",
        "| --- | --- | :-: | --- |",
    ]
    for account in types.AccountKind:
        floor = rules.FLOORS.get(account)
        meaning = meanings[account.name].split(" Owner:")[0]
        owner = rules.OWNER_TYPES[account].value
        lines.append(f"| `{account}` | {owner} | {'' if floor is None else floor} | {meaning} |")
    lines += ["", "## Transactions", "", "| kind | moves | when |", "| --- | --- | --- |"]
    drawn: dict[tuple[str, str], list[str]] = {}
    for kind in types.TransactionKind:
        pairs = sorted(rules.DECLARED[kind])
        moves = ", ".join(f"`{source}` → `{to}`" for source, to in pairs)
        lines.append(f"| `{kind}` | {moves} | {meanings[kind.name]} |")
        for pair in pairs:
            drawn.setdefault(pair, []).append(kind.value)
    lines += ["", "## All movements", "", "```mermaid", "flowchart LR"]
    lines += [f"  {source} -- {', '.join(kinds)} --> {to}" for (source, to), kinds in sorted(drawn.items())]
    return "\n".join([*lines, "```"]) + "\n"


def _meanings(source: Path) -> dict[str, str]:
    """What stands below each member of the enumerations of a module; Python itself keeps no docstring of them."""
    found = {}
    for enumeration in (
        each for each in ast.parse(source.read_text()).body if isinstance(each, ast.ClassDef)
    ):
        for member, below in zip(enumeration.body, enumeration.body[1:], strict=False):
            if (
                isinstance(member, ast.Assign)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
            ):
                assert isinstance(member.targets[0], ast.Name)
                found[member.targets[0].id] = str(below.value.value)
    return found


def load_everything() -> None:
    """Import every module of the house, so that every error is known."""
    import hutong  # Only now, because its parts need Django set up.

    for module in pkgutil.walk_packages(hutong.__path__, "hutong."):
        if "migrations" not in module.name and module.name not in ("hutong.__main__", "hutong.config.live"):
            importlib.import_module(module.name)


def _below(error: type[Any]) -> Iterator[type[Any]]:
    for child in error.__subclasses__():
        yield child
        yield from _below(child)


def _place(error: type[Any]) -> str:
    return ".".join(error.__module__.split(".")[1:4])


def _first_line(error: type[Any]) -> str:
    return (error.__doc__ or "").strip().split("\n")[0].replace("|", "\\|")


PAGES: dict[str, Callable[[], str]] = {
    "openapi.json": openapi,
    "api-scopes.md": scopes,
    "api-errors.md": errors,
    "permissions.md": permissions,
    "commands.md": commands,
    "ledger.md": ledger,
}


def set_up() -> None:
    """Django with the settings of the house."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hutong.config.settings")
    import django  # The settings have to be named before Django is loaded.

    django.setup()


def main() -> None:
    """Write every page anew."""
    set_up()
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
