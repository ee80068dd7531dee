"""How an import tells what it is doing."""

from enum import StrEnum
from typing import Protocol


class Step(StrEnum):
    """The steps of an import in their order, as the command line shows them."""

    READ = "Reading the extract"
    STORE = "Storing the shops"
    MAP = "Drawing the map"


class Progress(Protocol):
    """Called now and then with a step, how much of it is done, and of how much; None when nobody knows."""

    def __call__(self, stage: str, done: int, total: int | None, /) -> None: ...


def silent(stage: str, done: int, total: int | None, /) -> None:
    """Progress for nobody."""
