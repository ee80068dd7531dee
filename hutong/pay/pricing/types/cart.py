"""What somebody wants to buy, when and where, and at which prices it is offered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum

from hutong.kernel.money import Money


class LineKind(StrEnum):
    """What a line is: something bought, or bringing it. Nothing but free delivery lowers the price of the latter."""

    GOODS = "goods"
    DELIVERY = "delivery"


class PriceKind(StrEnum):
    """Which of its prices a line is sold at."""

    LIST = "list"
    DEAL = "deal"
    MEMBER = "member"
    WINDOW = "window"
    QUANTITY = "quantity"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of some days, in wall time of the shop: from `opens` up to, not including, `closes`.

    `weekdays` are 0 for Monday to 6; none named means all. Where it closes no later than it opens it runs over
    midnight and belongs to the day on which it opened, so 00:00 to 00:00 is the whole day.
    """

    weekdays: frozenset[int] = frozenset()
    opens: time = time.min
    closes: time = time.min


@dataclass(frozen=True, slots=True)
class SpecialPrice:
    """The price of each piece where all of its conditions hold.

    `from_quantity` pieces at least in the line; one of the `windows`, if any; one of the `segments`, if any: a member
    price names the segment of the members. `in_group`: it holds for whoever buys together with others; who sells knows
    that it does.
    """

    price: Money
    from_quantity: int = 1
    windows: tuple[Window, ...] = ()
    segments: frozenset[str] = frozenset()
    in_group: bool = False

    @property
    def kind(self) -> PriceKind:
        """What people call it, by its rarest condition."""
        if self.in_group:
            return PriceKind.GROUP
        if self.segments:
            return PriceKind.MEMBER
        return PriceKind.WINDOW if self.windows else PriceKind.QUANTITY


@dataclass(frozen=True, slots=True)
class CartLine:
    """What somebody wants to buy: `quantity` pieces of one offer at the offer's prices, tax included.

    Each piece has `uses` units, which share its price: what is enjoyed and given back one by one. `price` is the
    deal price, the list price where there is none; of it and the special prices that hold the lowest counts.
    With `binding_steps` a quantity price has to be earned by what is kept after a cancellation, too. `group` names what
    the line waits for, where it is bought together with others; the quote's hash names it, too.
    """

    offer_ref: str
    titles: Mapping[str, str]
    quantity: int
    list_price: Money
    price: Money
    merchant_ref: str
    tax_rate_ppm: int = 0
    uses: int = 1
    categories: frozenset[str] = frozenset()
    special_prices: tuple[SpecialPrice, ...] = ()
    binding_steps: bool = False
    kind: LineKind = LineKind.GOODS
    group: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """When, where and for whom a cart is priced.

    `zone` is the shop's (IANA). `region_refs` are the shop's region and all above it; `store_ref` is the branch, or ""
    while none is chosen. `first_*`: the person has never bought there.
    """

    at: datetime
    zone: str
    region_refs: frozenset[str] = frozenset()
    store_ref: str = ""
    segments: frozenset[str] = frozenset()
    first_at_shop: bool = False
    first_on_platform: bool = False
