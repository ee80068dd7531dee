"""The picture of where the money is: two bars of one length, what there is and whose it is."""

import json
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from hutong.kernel.money import Money, format_money
from hutong.web.shell.templatetags.hutong import locale

# Colours by the names of their tokens, each with the class of its mark in the list beside the picture.
_COLOURS = (
    ("$primary", "bg-primary"),
    ("$accent", "bg-accent"),
    ("$info", "bg-info"),
    ("$secondary", "bg-secondary"),
    ("$success", "bg-success"),
    ("$neutral", "bg-neutral"),
    ("$warning", "bg-warning"),
    ("$muted", "bg-muted"),
    ("$error", "bg-error"),
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of one of the two bars: `here` says that it is a place, else it is somebody's."""

    label: str
    amount: Money
    here: bool
    colour: str = ""
    mark: str = ""

    def turned(self) -> "Piece":
        """What is below nothing on one side is above it on the other: a fee that was paid is where money went."""
        return self if self.amount.minor > 0 else replace(self, amount=-self.amount, here=not self.here)


def coloured(pieces: list[Piece]) -> list[Piece]:
    """Each piece with its colour and the class of its mark: two pieces have one colour only where there are many."""
    found = []
    for place, piece in enumerate(sorted(pieces, key=lambda piece: not piece.here)):
        colour, mark = _COLOURS[place % len(_COLOURS)]
        found.append(replace(piece, colour=colour, mark=mark))
    return found


def where_chart(pieces: list[Piece]) -> str:
    """Options of the picture, for `<hutong-chart>`: amounts in major units, told in the reader's language."""
    series = [
        {
            "type": "bar",
            "stack": "all",
            "name": f"{piece.label}: {format_money(piece.amount, locale())}",
            "color": piece.colour,
            "barMaxWidth": 48,
            "itemStyle": {"borderRadius": 0, "borderWidth": 1, "borderColor": "$base-100"},
            "data": [None, _major(piece)] if piece.here else [_major(piece), None],
        }
        for piece in pieces
    ]
    option = {
        "grid": {"left": 4, "right": 12, "top": 4, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "item", "formatter": "{a}"},
        "xAxis": {"type": "value", "splitNumber": 3, "max": "dataMax", "axisLabel": {"showMaxLabel": False}},
        "yAxis": {"type": "category", "data": [_("Whose it is"), _("Where it is")]},
        "series": series,
    }
    return json.dumps(option)


def _major(piece: Piece) -> float:
    return float(piece.amount.major_text)
