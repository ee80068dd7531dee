"""Points for tests: a programme, and lots as they are earned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from hutong.kernel.money import Money
from hutong.know.loyalty import services
from hutong.know.loyalty.types import Programme, Rules
from hutong.pay.ledger.services import lots
from hutong.pay.orders import services as orders
from hutong.pay.orders.types import PlacedOrder, SoldUnit
from hutong.pay.pricing.rules import flat_rate, price_cart
from hutong.pay.pricing.types import Funder, Points
from hutong.town.people.models import Person
from tests.factories import merchants, people
from tests.factories.orders import cart_line

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)
UNIT = "pts_eur"
TITLES = {"en": "Town points", "zh-Hans": "城市积分"}
_sources = count(1)


def points(minor: int) -> Money:
    """So many of the programme in euros."""
    return Money(minor, UNIT)


def rules(
    *,
    earn: int = 1,
    paid: int = 100,
    each: int = 100,
    worth: int = 100,
    step: int = 100,
    share_ppm: int = 500_000,
    months: int | None = 12,
    currency: str = "EUR",
) -> Rules:
    """A point for each euro, a hundred are worth one; half of an order; a year."""
    unit = f"pts_{currency.lower()}"
    return Rules(
        earn=Money(earn, unit),
        paid=Money(paid, currency),
        each=Money(each, unit),
        worth=Money(worth, currency),
        step=Money(step, unit),
        share_ppm=share_ppm,
        months=months,
    )


def programme(
    told: Rules | None = None, *, on: bool = True, by: Person | None = None, at: datetime = NOON
) -> Programme:
    """What an operator has set."""
    return services.set_programme(
        titles=TITLES, rules=told or rules(), on=on, by=by or people.operator(), at=at
    )


def lot(
    owner: str,
    minor: int,
    *,
    source_ref: str = "",
    days: int | None = 30,
    at: datetime = NOON,
) -> str:
    """Points that somebody has earned, for so many days; what with."""
    source = source_ref or f"unt_{next(_sources)}"
    ends_at = None if days is None else at + timedelta(days=days)
    assert lots.earn(owner=owner, points=points(minor), source_ref=source, expires_at=ends_at, at=at)
    return source


def ordered(
    shopper: Person, use: int, *, quantity: int = 1, price: int = 1990, at: datetime = NOON
) -> PlacedOrder:
    """An order that waits for its money, and whose quote spends `use` points at a cent each."""
    seller = merchants.merchant()
    spend = Points(
        use=points(use), each=points(1), worth=Money(1, "EUR"), funder=Funder.PLATFORM, titles=TITLES
    )
    line = cart_line(merchant_ref=seller.public_id, quantity=quantity, price=price)
    return orders.place_order(
        person=shopper,
        merchant_ref=seller.public_id,
        store_ref=None,
        quote=price_cart([line], charge=flat_rate(100_000), points=spend),
        expires_at=at + timedelta(minutes=15),
        client_key=f"points-{next(_sources)}",
        remember_consent=False,
        at=at,
    )


def paid(order: PlacedOrder, *, at: datetime = NOON) -> tuple[SoldUnit, ...]:
    """Its units once its money came; no money is booked."""
    return orders.mark_paid(order_ref=order.order_ref, by="payments", at=at)
