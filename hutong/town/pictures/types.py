"""Values of pictures that cross the boundary."""

import colorsys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self


class PictureState(StrEnum):
    """Where a picture stands: uploaded and in no published version yet, shown, or taken away."""

    WAITING = "waiting"
    SHOWN = "shown"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Variant:
    """One size of a picture, in pixels. `webp` and `jpeg` are names of files below `media/`."""

    width: int
    height: int
    webp: str
    jpeg: str


@dataclass(frozen=True, slots=True)
class Cover:
    """What a list or a page needs to show a picture. `colour` is its dominant one, such as `#a03c1e`.

    `variants` go from the narrowest to the widest; there is at least one. `alts` are its words by language.
    """

    alts: dict[str, str]
    colour: str
    variants: tuple[Variant, ...]

    @classmethod
    def read(cls, card: Mapping[str, Any] | None) -> Self | None:
        """The cover out of the JSON that search keeps, or None where there is none."""
        if not card:
            return None
        variants = tuple(Variant(**entry) for entry in card["variants"])
        return cls(alts=card["alts"], colour=card["colour"], variants=variants)

    @property
    def hue(self) -> int:
        """The hue of the dominant colour in degrees, for the ground the picture loads on."""
        red, green, blue = (int(self.colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
        return round(colorsys.rgb_to_hls(red, green, blue)[0] * 360)


@dataclass(frozen=True, slots=True)
class PictureView(Cover):
    """A picture with all its sizes. `position` is its place among those shown, 0 is the cover; None for others."""

    ref: str
    owner_ref: str
    merchant_ref: str
    state: PictureState
    position: int | None
    width: int
    height: int
    at: datetime


@dataclass(frozen=True, slots=True)
class RenderedSize:
    """One size of an uploaded picture, encoded anew in both formats."""

    width: int
    height: int
    webp: bytes
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Rendered:
    """An uploaded picture as it will be kept: upright, in sRGB, without metadata. The widest size is last."""

    width: int
    height: int
    colour: str
    sizes: tuple[RenderedSize, ...]


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection of files nobody needs any more took away."""

    files: int
    bytes: int
