"""Pure decisions about pictures: how large they may be, and the sizes that are made of them."""

from datetime import timedelta

MAX_UPLOAD_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 50_000_000
MIN_SIDE = 200
# A picture three times as wide as it is high is a banner already; beyond that nothing of it can be seen.
MAX_RATIO = 3.0
MAX_PICTURES = 20
MAX_ALT = 200
LANGUAGES = ("en", "zh-Hans")
# CSS pixels of a card, of a phone, of a tablet, of a page, times the pixels such screens have for each.
WIDTHS = (320, 640, 1280, 1920)
# What is shown nowhere is kept this long, so that taking a picture away can be undone.
KEPT_FOR = timedelta(days=7)


def widths_of(width: int) -> tuple[int, ...]:
    """The widths made of a picture this wide: never wider than it is, and its own where it falls between two."""
    smaller = tuple(step for step in WIDTHS if step < width)
    return smaller if width > WIDTHS[-1] else (*smaller, width)


def height_at(width: int, *, of: tuple[int, int]) -> int:
    """The height that goes with a width when a picture of size `of` is made that wide."""
    return max(1, round(of[1] * width / of[0]))
