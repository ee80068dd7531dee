"""The table of kinds in docs/concepts/notifications.md: `python -m tests.town.notifications.kinds_table` writes it."""

from pathlib import Path

from hutong.town.notifications.rules import GROUPS, KINDS
from hutong.town.notifications.types import Audience, Channel

PAGE = Path(__file__).parents[3] / "docs" / "concepts" / "notifications.md"
START, END = "<!-- kinds: made from rules.KINDS -->\n", "<!-- end of kinds -->\n"
_TO = {Audience.SHOPPER: "the person", Audience.OPERATOR: "operators"}


def as_table() -> str:
    """Every kind: whom it tells, its group, what comes by itself, and its title."""
    lines = ["| kind | tells | group | by itself | title |", "| --- | --- | --- | --- | --- |"]
    for kind, spec in KINDS.items():
        to = _TO.get(spec.audience, f"staff with `{spec.right}`")
        channels = ", ".join(channel.value for channel in Channel if channel in spec.defaults | spec.always)
        title = spec.title.replace("%(", "{").replace(")s", "}")
        lines.append(f"| `{kind}` | {to} | {GROUPS[spec.group].name} | {channels} | {title} |")
    return "\n".join(lines) + "\n"


def written() -> str:
    """The table as the page has it."""
    return PAGE.read_text(encoding="utf-8").split(START)[1].split(END)[0]


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(page.replace(written(), as_table()), encoding="utf-8")
