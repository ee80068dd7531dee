"""Lists of search: cursors and limits."""

import math
import re

MAX_LIMIT = 100
DEFAULT_LIMIT = 20
DEFAULT_RADIUS_M = 50_000
# With "open now", this many times the page is looked at in the one statement.
OPEN_NOW_FACTOR = 5
_REF = re.compile(r"[a-z]{2,5}_[0-9a-z]{1,34}")


def cursor_text(value: float, ref: str) -> str:
    """The cursor after a row: its exact sort value and its ref, which breaks ties."""
    return f"{value!r}~{ref}"


def read_cursor(cursor: str) -> tuple[float, str]:
    """The sort value and ref of a cursor. Raises ValueError for what is none."""
    value, separator, ref = cursor.partition("~")
    number = float(value)
    if not separator or not math.isfinite(number) or not _REF.fullmatch(ref):
        raise ValueError("not a cursor")
    return number, ref


def scale_at(lat: float) -> float:
    """How many Web Mercator metres one metre on the ground is at this latitude."""
    return 1 / math.cos(math.radians(lat))
