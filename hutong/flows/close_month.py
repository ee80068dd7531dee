"""The end of a month's books: closed when nothing of it is open any more, and opened again only with a reason."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.flows import books
from hutong.flows.statements import after, month_bounds
from hutong.kernel.clock import local
from hutong.kernel.errors import Conflict, Forbidden
from hutong.pay.payments import queries as payments
from hutong.pay.payments import services as payment_services
from hutong.pay.payments.providers.registry import bill_zone
from hutong.pay.payments.types import Explained
from hutong.pay.settlement import queries, services
from hutong.pay.settlement.types import MonthView
from hutong.town.people.models import Person
from hutong.town.regions.queries import default_region, zone_with


class Obstacle(StrEnum):
    """Why a month cannot be closed."""

    RUNS = "runs"
    BILLS = "bills"
    DIFFERENCES = "differences"
    UNKNOWN = "unknown"
    REFUNDS = "refunds"
    BOOKS = "books"


@dataclass(frozen=True, slots=True)
class Blocked:
    """One thing in the way: what, how often, and an example. Of missing bills: whose the first one is, and its day."""

    what: Obstacle
    number: int
    example: str = ""
    provider: str = ""
    day: date | None = None


class MonthBlocked(Conflict):
    """Something of the month is open; `obstacles` says what."""

    code = "month_blocked"
    message = _("Something of this month is open still. It cannot be closed before.")


class MonthClosed(Conflict):
    """What is to be opened again belongs to a month whose books are closed; `month` and `unit` name the last of them."""

    code = "month_closed"
    message = _(
        "The books of %(month)s (%(unit)s) are closed, and this had to be over before. Open that month again first."
    )


def zone_of_unit(unit: str) -> str:
    """The zone in which the months of a currency begin: that of the default region, or of the first with it."""
    default = default_region()
    if default is not None and default.currency == unit:
        return default.zone
    return zone_with(unit) or settings.TIME_ZONE


def next_to_close(*, unit: str, at: datetime) -> date:
    """The month to be closed next: the one after the last closed, else the one before this."""
    last = queries.newest_closed(unit)
    if last is not None:
        return after(last.on)
    today = local(at, zone_of_unit(unit)).date()
    return date(today.year - (today.month == 1), (today.month - 2) % 12 + 1, 1)


def obstacles(*, unit: str, on: date, at: datetime) -> list[Blocked]:
    """What is in the way of closing a month; empty when nothing is. Adds all books up."""
    starts_at, ends_at = month_bounds(on, zone_of_unit(unit))
    if at < ends_at:
        return [Blocked(Obstacle.RUNS, 1)]
    found = _open_of(on, starts_at, ends_at)
    if problems := books.check(at=at, ask_providers=False).problems:
        found.append(Blocked(Obstacle.BOOKS, len(problems), problems[0]))
    return found


def _open_of(on: date, starts_at: datetime, ends_at: datetime) -> list[Blocked]:
    found = []
    if missing := queries.missing_bills(starts_at=starts_at, ends_at=ends_at):
        provider, day = missing[0]
        found.append(Blocked(Obstacle.BILLS, len(missing), provider=provider, day=day))
    # What was done at the month's end may stand on the bill of the day after, and what is missing is found with it.
    if differences := payments.differences_not_over(until_on=after(on)):
        found.append(Blocked(Obstacle.DIFFERENCES, differences))
    if unknown := payments.unknown_since(ends_at):
        found.append(Blocked(Obstacle.UNKNOWN, len(unknown), min(unknown)))
    if refunds := payments.open_refunds(before=ends_at):
        found.append(Blocked(Obstacle.REFUNDS, len(refunds), refunds[0].ref))
    return found


def explained(*, unit: str, on: date) -> Explained:
    """How much of a month's money stands on bills, and how much on none, as two operators said that there is none."""
    starts_at, ends_at = month_bounds(on, zone_of_unit(unit))
    return payments.explained(unit=unit, starts_at=starts_at, ends_at=ends_at, zone=bill_zone)


def close(*, unit: str, on: date, by: Person, at: datetime) -> MonthView:
    """Close a month of a currency. Raises `Forbidden`, `MonthBlocked`, `MonthRuns`, `MonthOutOfOrder`."""
    _operators_only(by)
    on = on.replace(day=1)
    if known := queries.closed_month(unit, on):
        return known
    _refuse(obstacles(unit=unit, on=on, at=at))
    starts_at, ends_at = month_bounds(on, zone_of_unit(unit))
    with transaction.atomic():
        # Adding the books up takes a while, in which an operator may open something of the month again. Looked at once
        # more while nobody can.
        payment_services.hold_bills()
        _refuse(_open_of(on, starts_at, ends_at))
        return services.close_month(
            on=on, unit=unit, starts_at=starts_at, ends_at=ends_at, by=by.public_id, at=at
        )


def _refuse(blocked: list[Blocked]) -> None:
    if blocked:
        raise MonthBlocked(obstacles=[each.what.value for each in blocked])


def keep_closed(*, until_on: date, provider: str = "") -> None:
    """Refuse to open something of a bill of the day `until_on` again that a closed month had waited for.

    Without `provider` a difference, else the very bill of that provider's day. In a transaction that holds the provider's
    bills (`hold_bills`), so that no month is closed meanwhile. Raises `MonthClosed`.
    """
    for closed in queries.newest_closed_of_all():
        last = after(closed.on)
        if provider:
            last = queries.last_bill_on(ends_at=closed.ends_at, provider=provider)
        if until_on <= last:
            raise MonthClosed(month=f"{closed.on:%Y-%m}", unit=closed.unit)


def reopen(*, unit: str, on: date, reason: str, by: Person, at: datetime) -> MonthView:
    """Open the last closed month again. Raises `Forbidden`, `ReasonNeeded`, `MonthOutOfOrder`."""
    _operators_only(by)
    return services.reopen_month(on=on.replace(day=1), unit=unit, reason=reason, by=by.public_id, at=at)


def _operators_only(by: Person) -> None:
    if not by.is_operator:
        raise Forbidden
