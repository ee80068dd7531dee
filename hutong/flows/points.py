"""Points: the rules of the programme joined with the lots of the ledger and the units of orders.

What checkout, payment, the end of orders and refunds do with points joins their transaction, after order, stock, vouchers
and gift cards and before money moves between accounts. What is earned follows later from where each unit stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from hutong.flows.alarms import isolated
from hutong.kernel.locking import retrying
from hutong.kernel.money import Money
from hutong.know.loyalty import queries as loyalty
from hutong.know.loyalty import rules
from hutong.know.loyalty.types import Programme
from hutong.pay.ledger.queries import lots as lots_read
from hutong.pay.ledger.queries import movements
from hutong.pay.ledger.services import lots
from hutong.pay.ledger.types import AccountKind, LotView, Returned, TransactionKind
from hutong.pay.orders import queries as orders_read
from hutong.pay.orders import services as orders
from hutong.pay.orders.types import SoldUnit, UnitState
from hutong.pay.pricing.types import Funder, Points
from hutong.town.people.models import Person
from hutong.town.regions.queries import default_region

JOB = "follow_points"


def at_checkout(*, person: Person, currency: str, at: datetime) -> Points | None:
    """What `person` may pay with points in an order of a currency, for `price_cart`; None where it is not one step.

    The platform funds it. Where the programme is off, what was earned before may still be spent. Two statements.
    """
    programme = loyalty.programme(currency, at)
    if programme is None:
        return None
    now = programme.rules
    use = lots_read.spendable(person.public_id, now.unit, at)
    if use < now.step:
        return None
    return Points(
        use=use,
        each=now.each,
        worth=now.worth,
        funder=Funder.PLATFORM,
        titles=programme.titles,
        step=now.step,
        share_ppm=now.share_ppm,
    )


def hold(*, order_ref: str, person: Person, points: Money, at: datetime) -> None:
    """Set aside the points that the quote of an order spends (`Discount.points`), from what expires first.

    Again: nothing happens. Raises `PointsChanged` when there are fewer, and takes none.
    """
    lots.hold(owner=person.public_id, for_ref=order_ref, points=points, at=at)


def retake(*, order_ref: str, at: datetime) -> None:
    """Money came late: set aside again as many points as the order had. Raises `PointsChanged`, and takes none."""
    lots.retake(for_ref=order_ref, at=at)


def release(*, order_ref: str, at: datetime) -> None:
    """The order ended unpaid: its points are in their lots again. Nothing happens to others."""
    lots.release(for_ref=order_ref, at=at)


def spend(*, order_ref: str, units: Sequence[SoldUnit], at: datetime) -> None:
    """The order is paid: what was set aside is spent, and written down which lot paid for which unit. Again: nothing.

    Raises ValueError where the units do not bear what was set aside.
    """
    pieces = [(unit.unit_ref, unit.points) for unit in units if unit.points]
    lots.spend(for_ref=order_ref, pieces=pieces, at=at)


def give_back(*, order_ref: str, units: Sequence[SoldUnit], at: datetime) -> Returned | None:
    """What points paid for refunded units returns to the very lots; None where they bore nothing. Again: nothing."""
    bore = [unit.unit_ref for unit in units if unit.points]
    return lots.give_back(for_ref=order_ref, piece_refs=bore, at=at) if bore else None


@retrying
def follow(*, order_ref: str, at: datetime) -> None:
    """Let the points earned with an order follow where its units stand: used ones earn, all others give back.

    However often and in whatever order it is asked for, it ends with what is right now: each unit has what `earned`
    says, by the rules that hold at `at`, and a refund makes no points that were not earned.
    """
    with transaction.atomic():
        order = orders.lock_order(order_ref=order_ref)
        if order.paid_at is None:
            return
        units = orders_read.units_of(order_ref)
        earned = lots_read.earned_with([unit.unit_ref for unit in units])
        for unit in units:
            if unit.unit_ref in earned and unit.state is not UnitState.USED:
                lots.take_back(source_ref=unit.unit_ref, at=at)
        programme = loyalty.programme(order.total.unit, at)
        if programme is None or not programme.on:
            return
        shares = rules.earned([unit.paid.minor for unit in units], programme.rules)
        ends_at = rules.expires_at(at, programme.rules.months, _zone())
        for unit, minor in zip(units, shares, strict=True):
            if unit.state is UnitState.USED and minor and unit.unit_ref not in earned:
                lots.earn(
                    owner=order.person_ref,
                    points=Money(minor, programme.rules.unit),
                    source_ref=unit.unit_ref,
                    expires_at=ends_at,
                    at=at,
                )


def expire(*, at: datetime, limit: int = 100) -> int:
    """Empty the lots whose time is over; of how many people. Safe to run several at once."""
    due = lots_read.owners_to_expire(at, limit=limit)
    for owner, unit in due:
        with isolated("points", owner, at=at):
            _expire(owner, unit, at)
    return len(due)


@retrying
def _expire(owner: str, unit: str, at: datetime) -> None:
    lots.expire(owner=owner, unit=unit, at=at)


def end(*, person_ref: str, at: datetime) -> None:
    """Somebody's account ends, and the points with it. What open orders have set aside stays theirs."""
    for unit in lots_read.units_of(person_ref):
        lots.expire(owner=person_ref, unit=unit, at=at, ends=True)


def _zone() -> str:
    """Whose midnights end points: people have theirs from many shops, so the site's."""
    region = default_region()
    return region.zone if region else settings.TIME_ZONE


@dataclass(frozen=True, slots=True)
class Step:
    """One line of somebody's history: plus what came, minus what went; "" where no order is concerned."""

    kind: TransactionKind
    points: Money
    at: datetime
    order_ref: str


@dataclass(frozen=True, slots=True)
class Ending:
    """Points that end at one moment: the midnight after `last_moment`, a moment of their last day; None for never."""

    points: Money
    ends_at: datetime | None

    @property
    def last_moment(self) -> datetime | None:
        """A moment of their last day."""
        return self.ends_at - timedelta(seconds=1) if self.ends_at else None


@dataclass(frozen=True, slots=True)
class Had:
    """Somebody's points of one programme: what may be spent, what it is worth, when what ends, what came and went."""

    programme: Programme
    points: Money
    worth: Money
    endings: tuple[Ending, ...]
    steps: tuple[Step, ...]


def points_of(*, person_ref: str, at: datetime, steps: int = 50) -> list[Had]:
    """Somebody's points by programme: those that are on, and those of which there are any. Reads only.

    With the last `steps` of its history.
    """
    live = lots_read.live_lots(person_ref, at)
    found = []
    for unit, programme in loyalty.programmes(at).items():
        mine = [lot for lot in live if lot.remaining.unit == unit]
        points = sum((lot.remaining for lot in mine), Money(0, unit))
        if programme.on or points:
            history = _steps(person_ref, unit, steps) if steps else ()
            worth = programme.rules.worth_of(points)
            found.append(Had(programme, points, worth, _endings(mine), history))
    return found


def _endings(mine: Sequence[LotView]) -> tuple[Ending, ...]:
    """What ends together in one line, what ends first before the others."""
    ends: dict[datetime | None, Money] = {}
    for lot in mine:
        ends[lot.expires_at] = ends.get(lot.expires_at, Money(0, lot.remaining.unit)) + lot.remaining
    return tuple(Ending(points, ends_at) for ends_at, points in ends.items())


def _steps(person_ref: str, unit: str, limit: int) -> tuple[Step, ...]:
    """The newest first; references name the unit or the order that each was about."""
    moved = movements(AccountKind.POINTS, person_ref, unit, limit=limit) or []
    named = [
        next((part for part in one.reference.split(":") if part[:4] in ("ord_", "unt_")), "") for one in moved
    ]
    sold = orders_read.units([ref for ref in named if ref.startswith("unt_")])
    orders_of = {unit.unit_ref: unit.order_ref for unit in sold}
    return tuple(
        Step(one.kind, one.amount, one.at, orders_of.get(ref, ref if ref.startswith("ord_") else ""))
        for one, ref in zip(moved, named, strict=True)
    )


def earned_with_order(order_ref: str) -> Money | None:
    """The points that an order has earned so far; None for none. Two statements."""
    units = [unit.unit_ref for unit in orders_read.units_of(order_ref)]
    earned = [lot.earned for lot in lots_read.earned_with(units).values()]
    return sum(earned[1:], earned[0]) if earned else None


def to_earn(*, paid: Money, at: datetime) -> Money | None:
    """The points that an order earns for which so much is paid; None where none are to be had."""
    programme = loyalty.programme(paid.unit, at)
    if programme is None or not programme.on:
        return None
    return programme.rules.earned_for(paid) or None


@dataclass(frozen=True, slots=True)
class Owed:
    """What the platform owes in points of one programme, and what that is worth by the rules of now."""

    unit: str
    points: Money
    held: Money
    worth: Money
    written_off: Money
    """Spent before what they were earned with was refunded; nobody owes them."""


def owed(at: datetime) -> list[Owed]:
    """What is owed in points, by programme. One statement a programme, and two."""
    found = []
    for unit, programme in loyalty.programmes(at).items():
        has, held = lots_read.owed(unit)
        worth = programme.rules.worth_of(has + held)
        found.append(Owed(unit, has, held, worth, lots_read.written_off(unit)))
    return found
