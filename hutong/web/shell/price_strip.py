"""A price check as pages show it: a strip of the prices nearby with this deal's on it."""

from dataclasses import dataclass

from hutong.flows.price_check import PriceCheck

WIDTH, MARGIN = 320, 14


@dataclass(frozen=True, slots=True)
class Strip:
    """Where things stand on a strip of `WIDTH`: each price nearby, the middle half, the median, and this deal."""

    check: PriceCheck
    dots: tuple[int, ...]
    own: int
    box: tuple[int, int] | None
    """Where the middle half begins, and how wide it is."""
    median: int | None


def strip_of(check: PriceCheck | None) -> Strip | None:
    """The strip of a check; None without one, and where there is no deal nearby to show."""
    if check is None or not check.prices:
        return None
    amounts = [price.minor for price in check.prices]
    low, high = min(*amounts, check.own.price.minor), max(*amounts, check.own.price.minor)

    def place(minor: int) -> int:
        if high == low:
            return WIDTH // 2
        return MARGIN + (minor - low) * (WIDTH - 2 * MARGIN) // (high - low)

    box = None
    if check.lower_price is not None and check.upper_price is not None:
        start, end = place(check.lower_price.minor), place(check.upper_price.minor)
        box = (start, max(2, end - start))
    return Strip(
        check=check,
        dots=tuple(place(amount) for amount in amounts),
        own=place(check.own.price.minor),
        box=box,
        median=None if check.median_price is None else place(check.median_price.minor),
    )
