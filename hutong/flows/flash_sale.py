"""Flash sales over their rooms: the line in `pay`, what is left in `visit`, when the deal is on sale in `town`.

The line moves when somebody looks: who asks where they stand admits the next, themselves or others, if a place is free.
So it needs no clock of its own, stands still while nobody looks, and a look costs two statements where nothing moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial

from django.utils.translation import gettext_lazy as _

from hutong.kernel import budget, limits
from hutong.kernel.errors import Conflict, Invalid, NotFound
from hutong.kernel.secret import keyed_hex
from hutong.pay.flashsales import queries, rules, services
from hutong.pay.flashsales.types import Phase, SaleView, Standing, TicketState, TicketView, Wait
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.rules import REVISED
from hutong.town.catalog.types import OfferState
from hutong.town.people.models import Person
from hutong.visit.stock.queries import stock_of
from hutong.visit.stock.services import SoldOut
from hutong.visit.stock.types import StockView
from hutong.visit.vouchers.queries import terms_of

spacing = limits.Spacing(rules.ASK_EVERY_S)


class FlashSaleNotOpen(Conflict):
    """The sale begins at `starts_at`."""

    code = "flash_sale_not_open"
    message = _("This flash sale has not begun. Nothing was ordered; please come back when it opens.")


class FlashSaleOver(Conflict):
    """The sale ended at `ended_at`."""

    code = "flash_sale_over"
    message = _("This flash sale is over. Nothing was ordered.")


class StockMissing(Invalid):
    """A flash sale is of a number of things, and the deal has none."""

    code = "flash_sale_stock_missing"
    message = _("Say first how many there are: change the deal and give its number.")


class PersonLimitMissing(Invalid):
    """Whoever is let in first could order all of it, and the line would be for nothing."""

    code = "flash_sale_limit_missing"
    message = _(
        "Say first how many one person can have: change the deal, and give its limit for each person on the page"
        " of its price."
    )


class OutsideSale(Invalid):
    """The window does not lie within the days on which the deal is sold."""

    code = "flash_sale_outside"
    message = _(
        "The deal is not on sale all of this time. Choose times within its days of sale, or change those first."
    )


class DealNotApproved(Conflict):
    """Only a deal the platform approved can have a flash sale."""

    code = "deal_not_approved"
    message = _("The platform has to approve the deal first.")


@dataclass(frozen=True, slots=True)
class Line:
    """The line of a flash sale as one person finds it at `at`.

    `left` are those nobody has or is paying for. `sold_out`: all are paid, so the line has ended. `all_taken`: those
    that are left are being paid for; some may come back.
    """

    sale: SaleView
    ticket: TicketView | None
    at: datetime
    phase: Phase
    left: int
    sold_out: bool
    all_taken: bool
    wait: Wait

    @property
    def state(self) -> str:
        """What there is to say, in a word: `none` without a ticket, the end of the sale, else where the ticket stands."""
        ticket = self.ticket
        if ticket and ticket.state is TicketState.DONE:
            return "done"
        if ticket and ticket.state is TicketState.ORDERING and not ticket.is_over(self.at):
            return "ordering"
        if self.sold_out and self.phase is not Phase.OVER:
            return "sold_out"
        if self.phase is Phase.OVER:
            return "over"
        if ticket is None:
            return "none"
        return (
            "lapsed"
            if ticket.is_over(self.at) and ticket.state is not TicketState.LEFT
            else ticket.state.value
        )

    @property
    def settled(self) -> bool:
        """Whether nothing of it changes by waiting."""
        return self.state in ("done", "sold_out", "over", "left")

    @property
    def done_percent(self) -> int:
        """How much of the way in line is behind the person, of 100."""
        if self.ticket is None or self.ticket.ahead is None:
            return 0
        first = max(self.ticket.ahead_at_first, self.ticket.ahead)
        return 100 if first == 0 else 100 * (first - self.ticket.ahead) // first


def look(*, offer_ref: str, person: Person, at: datetime) -> Line:
    """Where a person stands, after the next were admitted if places are free. Two statements where nothing moves.

    Raises `NotFound` where the offer has no flash sale with a line.
    """
    found = queries.standing(offer_ref=offer_ref, person_id=person.pk, at=at)
    if found is None or not found.sale.has_line:
        raise NotFound
    line = _line(found, at)
    waits = line.ticket is not None and line.ticket.state is TicketState.WAITING
    if waits and line.phase is Phase.OPEN and found.free and line.left:
        if services.admit(offer_ref=offer_ref, left=partial(_left, offer_ref), at=at):
            line = _line(queries.standing(offer_ref=offer_ref, person_id=person.pk, at=at) or found, at)
    return line


def count_look(*, person: Person, address: str, at: datetime) -> None:
    """Count one more look of a person from an address. Raises `TooMany`, with the seconds to wait.

    A person may look once in `rules.ASK_EVERY_S` in each web process, which is kept in memory. Addresses have a budget in
    the database, of which a process takes some looks at once; so most looks cost no statement for it.
    """
    spacing.pass_on(person.public_id, at=at)
    key = f"flash sale.ask at:{keyed_hex('flash sale', address)}"
    limits.count_reads({key: rules.ASKS_PER_ADDRESS}, at=at, window_s=rules.ASKS_WINDOW_S)


def take(*, offer_ref: str, person: Person, address: str, at: datetime) -> Line:
    """Stand in line; where one stands then. Again: the same place.

    Never inside a transaction: what was tried has to be counted. Raises `NotFound`, `SoldOut`, `FlashSaleOver`,
    `FlashSaleNotOpen` before people gather, `TicketUsed`, and `TooMany`.
    """
    budget.spend(f"flash sale.take:{person.public_id}", limit=rules.TAKES_A_MINUTE, window_s=60, at=at)
    line = look(offer_ref=offer_ref, person=person, at=at)
    if line.phase is Phase.OVER:
        raise FlashSaleOver(ended_at=line.sale.ends_at)
    if line.phase is Phase.ANNOUNCED:
        raise FlashSaleNotOpen(starts_at=line.sale.starts_at)
    if line.state == "done":
        raise services.TicketUsed
    if line.sold_out:
        raise SoldOut(offer_ref=offer_ref, left=0)
    if line.ticket is None or line.ticket.is_over(at):
        budget.spend(
            f"flash sale.take at:{keyed_hex('flash sale', address)}",
            limit=rules.TAKES_PER_ADDRESS,
            window_s=rules.TAKES_WINDOW_S,
            at=at,
        )
        services.take(offer_ref=offer_ref, person=person, at=at)
        line = look(offer_ref=offer_ref, person=person, at=at)
    return line


def gate(*, wants: Mapping[str, int], at: datetime) -> list[SaleView]:
    """The lines through which an order for `wants` has to come; `through` lets it. One statement.

    Raises `FlashSaleNotOpen` and `FlashSaleOver`.
    """
    sales = queries.sales_of(wants)
    for _ref, sale in sorted(sales.items()):
        if at >= sale.ends_at:
            raise FlashSaleOver(offer_ref=sale.offer_ref, ended_at=sale.ends_at)
        if at < sale.starts_at:
            raise FlashSaleNotOpen(offer_ref=sale.offer_ref, starts_at=sale.starts_at)
    return [sale for _ref, sale in sorted(sales.items()) if sale.has_line]


def through(sales: list[SaleView], *, person: Person, order_ref: str, until: datetime, at: datetime) -> None:
    """Let an order through the lines of `gate`, before it holds stock. Raises `TicketNeeded`."""
    for sale in sales:
        services.use(sale=sale, person=person, order_ref=order_ref, until=until, at=at)


def set_up(
    *,
    offer_ref: str,
    merchant_ref: str,
    starts_at: datetime,
    ends_at: datetime,
    places: int | None,
    minutes: int,
    by: Person,
    at: datetime,
) -> SaleView:
    """Sell a merchant's deal as a flash sale; see `services.set_up`.

    Raises `NotFound`, `DealNotApproved`, `StockMissing`, `PersonLimitMissing`, `OutsideSale`, and what the service raises.
    """
    offer = catalog.offer_by_ref(offer_ref)
    if offer is None or offer.merchant_ref != merchant_ref:
        raise NotFound
    if offer.state not in REVISED - {OfferState.ENDED}:
        raise DealNotApproved
    wrong = rules.faults(starts_at=starts_at, ends_at=ends_at, at=at)
    if wrong:
        raise services.FlashSaleInvalid(faults=wrong)
    if starts_at < offer.starts_at or (offer.ends_at and ends_at > offer.ends_at):
        raise OutsideSale
    counted = stock_of([offer_ref]).get(offer_ref)
    if counted is None or counted.capacity is None:
        raise StockMissing
    if offer.per_person_limit is None:
        raise PersonLimitMissing
    return services.set_up(
        offer_ref=offer_ref,
        starts_at=starts_at,
        ends_at=ends_at,
        places=places,
        minutes=minutes,
        by=by,
        at=at,
    )


def _line(found: Standing, at: datetime) -> Line:
    counted = stock_of([found.sale.offer_ref]).get(found.sale.offer_ref)
    whole, held = _whole(counted), counted.held if counted else 0
    return Line(
        sale=found.sale,
        ticket=found.ticket,
        at=at,
        phase=found.sale.phase(at),
        left=whole,
        sold_out=whole == 0 and held == 0,
        all_taken=whole == 0 and held > 0,
        wait=rules.wait(found, at),
    )


def _left(offer_ref: str) -> int:
    return _whole(stock_of([offer_ref]).get(offer_ref))


def _whole(counted: StockView | None) -> int:
    """How many vouchers are left: stock counts uses. The merchant may have lifted the limit: then there is plenty."""
    if counted is None or counted.left is None:
        return 10**9
    return counted.left // _uses(counted.offer_ref)


@lru_cache(maxsize=1_000)
def _uses(offer_ref: str) -> int:
    """The uses of one voucher, which stay what they are once a deal is approved."""
    return terms_of(offer_ref).uses
