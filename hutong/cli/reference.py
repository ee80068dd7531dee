"""The command line as a Markdown page, made of the commands themselves: docs/reference/commands.md."""

from typing import Any

import typer

_HEAD = """\
# Commands

Everything `hutong` can do. `hutong COMMAND --help` says the same. Every command reads the settings of the site in
`HUTONG_HOME` (see [settings](settings.md)); an error that people can mend is one sentence and exit code 1.

Written by `python tools/reference.py` from the code; a test compares it.
"""


def commands_page() -> str:
    """Every command with its arguments and options."""
    from hutong.cli.app import app  # It imports every command; whoever wants no page need not.

    root = typer.main.get_command(app)
    parts = [_HEAD, *_sections(root, "hutong")]
    return "\n".join(parts)


def _sections(command: Any, name: str) -> list[str]:
    """The section of a command, or those of a group's commands. Typer brings a click of its own, without types."""
    children = getattr(command, "commands", None)
    if children is not None:
        return [part for child in children.values() for part in _sections(child, f"{name} {child.name}")]
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and one.name != "help"]
    usage = " ".join([name, *(_argument(one) for one in arguments)])
    lines = [f"## `{usage}`", "", " ".join((command.help or "").split()), ""]
    rows = [f"| `{_argument(one)}` | {_text(getattr(one, 'help', ''))} |" for one in arguments]
    rows += [f"| {_names(one)} | {_text(one.help)}{_default(one)} |" for one in options]
    if rows:
        lines += ["| | |", "| --- | --- |", *rows, ""]
    return ["\n".join(lines)]


def _argument(argument: Any) -> str:
    name = (argument.name or "").upper()
    return name if argument.required else f"[{name}]"


def _names(option: Any) -> str:
    named = "`, `".join([*option.opts, *option.secondary_opts])
    return f"`{named}`" if option.is_flag else f"`{named} …`"


def _default(option: Any) -> str:
    shown = option.default not in (None, "", False) and option.show_default is not False
    return f" (usually `{option.default}`)" if shown and not callable(option.default) else ""


def _text(said: str | None) -> str:
    return " ".join((said or "").split()).replace("|", "\\|")
