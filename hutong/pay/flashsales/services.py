"""Writes of flash sales: set up, call off; take a ticket, be admitted, leave; an order uses a ticket and is done with it.

How the line stays fair, whoever asks at once:
- a number is given by the UPDATE of the sale's row that counts arrivals, so PostgreSQL puts who comes together in a
  line itself; a number of somebody who has a ticket already goes back with its transaction;
- only `admit` makes a ticket admitted. It has a lock of the sale while it counts who is in checkout and admits the next,
  so of two that admit at once the second does nothing. A ticket stops counting by its own state (`lapsed`), never by
  the clock alone: one that an order uses at this very moment is locked, passed over, and still counts.

Lock order: a sale before its tickets; a ticket before stock. `admit` waits for nobody, and nobody for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.ids import new_id
from hutong.kernel.locking import advisory, advisory_if_free
from hutong.kernel.rows import execute, row, scalar
from hutong.pay.flashsales import queries
from hutong.pay.flashsales.models import FlashSale
from hutong.pay.flashsales.rules import GATHER, MINUTES, MOST_PLACES, faults
from hutong.pay.flashsales.types import SaleView
from hutong.town.people.models import Person


class FlashSaleInvalid(Invalid):
    """The window or the line cannot be; `faults` names what is wrong."""

    code = "flash_sale_invalid"
    message = _("Check when the flash sale begins and ends.")


class FlashSaleRuns(Conflict):
    """The sale has begun: its start cannot move any more."""

    code = "flash_sale_runs"
    message = _("The flash sale has begun. Its start cannot be changed any more.")


class NoLine(Conflict):
    """There is no line to stand in: it is not open yet, the sale is over, or nobody has to wait."""

    code = "no_line"
    message = _("There is no line to wait in just now.")


class TicketNeeded(Conflict):
    """The deal is sold to who waited in line and is admitted now."""

    code = "ticket_needed"
    message = _(
        "It is not your turn, or your time to order is over. Nothing was ordered. Wait in line, please."
    )


class TicketUsed(Conflict):
    """The person's ticket is used: one order for each person."""

    code = "ticket_used"
    message = _("You have your order of this flash sale already.")


_ARRIVE = """
UPDATE flashsales_flashsale SET last_number = last_number + 1
WHERE offer_ref = %(offer)s AND closed_at IS NULL AND places IS NOT NULL
  AND starts_at <= %(at)s::timestamptz + %(gather)s::interval AND ends_at > %(at)s::timestamptz
RETURNING id, last_number
"""
# A ticket that is over begins again, at the end of the line. Any other stays what it is.
_TICKET = """
INSERT INTO flashsales_ticket AS t (public_id, sale_id, person_id, number, ahead_at_first, state, arrived_at, order_ref)
SELECT %(ref)s, %(sale)s::int8, %(person)s::int8, %(number)s::int8,
  %(number)s::int8 - coalesce(min(number), %(number)s::int8), 'waiting', %(at)s::timestamptz, ''
FROM flashsales_ticket WHERE sale_id = %(sale)s::int8 AND state = 'waiting'
ON CONFLICT (sale_id, person_id) DO UPDATE SET number = excluded.number, ahead_at_first = excluded.ahead_at_first,
  state = 'waiting', arrived_at = excluded.arrived_at, admitted_at = NULL, admitted_until = NULL, order_ref = ''
WHERE t.state IN ('lapsed', 'left')
  OR (t.state IN ('admitted', 'ordering') AND t.admitted_until <= %(at)s::timestamptz)
"""
_OPEN_SALE = """
SELECT id, places, minutes, ends_at FROM flashsales_flashsale
WHERE offer_ref = %(offer)s AND closed_at IS NULL AND places IS NOT NULL
  AND starts_at <= %(at)s::timestamptz AND ends_at > %(at)s::timestamptz
"""
_LAPSE = """
UPDATE flashsales_ticket SET state = 'lapsed'
WHERE id IN (SELECT id FROM flashsales_ticket WHERE sale_id = %(sale)s::int8 AND state IN ('admitted', 'ordering')
    AND admitted_until <= %(at)s::timestamptz FOR NO KEY UPDATE SKIP LOCKED)
"""
# Nobody has longer to order than the sale lasts: its end refuses the order, whatever the ticket says.
_ADMIT = """
UPDATE flashsales_ticket SET state = 'admitted', admitted_at = %(at)s::timestamptz,
  admitted_until = least(%(at)s::timestamptz + make_interval(mins => %(minutes)s::int4), %(ends_at)s::timestamptz)
WHERE id IN (SELECT id FROM flashsales_ticket WHERE sale_id = %(sale)s::int8 AND state = 'waiting'
    ORDER BY number
    LIMIT (SELECT greatest(0, least(%(places)s::int8 - count(*), %(room)s::int8))
      FROM flashsales_ticket WHERE sale_id = %(sale)s::int8 AND state IN ('admitted', 'ordering'))
    FOR NO KEY UPDATE SKIP LOCKED)
"""
_ADMITTED = "SELECT count(*) FROM flashsales_ticket WHERE sale_id = %s::int8 AND state = 'admitted'"
_USE = """
UPDATE flashsales_ticket t SET state = 'ordering', order_ref = %(order)s, admitted_until = %(until)s::timestamptz
FROM flashsales_flashsale s
WHERE s.public_id = %(sale)s AND t.sale_id = s.id AND t.person_id = %(person)s::int8
  AND t.state = 'admitted' AND t.admitted_until > %(at)s::timestamptz
"""
_UNLIMITED = 2**31 - 1
# Who sets a sale up or calls it off has this lock of its offer: the row of a first sale is not there to be locked.
_SETTING = "flash sale set up"


def set_up(
    *,
    offer_ref: str,
    starts_at: datetime,
    ends_at: datetime,
    places: int | None,
    minutes: int,
    by: Person,
    at: datetime,
) -> SaleView:
    """Sell an offer within [starts_at, ends_at), with a line of `places` in checkout, or none.

    A standing sale is changed, as long as it is not over; people keep their tickets. One that is over is closed, and a
    new one begins. Raises `FlashSaleInvalid`, and `FlashSaleRuns` where the start of a sale that has begun would move.
    """
    wrong = faults(starts_at=starts_at, ends_at=ends_at, at=at)
    if places is not None and not 1 <= places <= MOST_PLACES:
        wrong.append("places")
    if not MINUTES[0] <= minutes <= MINUTES[1]:
        wrong.append("minutes")
    if wrong:
        raise FlashSaleInvalid(faults=wrong)
    said = {"starts_at": starts_at, "ends_at": ends_at, "places": places, "minutes": minutes}
    with transaction.atomic():
        advisory(_SETTING, offer_ref)
        found = FlashSale.objects.filter(offer_ref=offer_ref, closed_at=None).first()
        if found and found.ends_at <= at:
            FlashSale.objects.filter(pk=found.pk).update(closed_at=at)
            found = None
        before = {name: getattr(found, name) for name in said} if found else None
        if found is None:
            FlashSale.objects.create(offer_ref=offer_ref, changed_by=by.public_id, changed_at=at, **said)
        elif found.starts_at <= at and found.starts_at != starts_at:
            raise FlashSaleRuns
        else:
            FlashSale.objects.filter(pk=found.pk).update(changed_by=by.public_id, changed_at=at, **said)
        audit.record(
            action="offer.flash_sale_set",
            subject=offer_ref,
            by=by.public_id,
            at=at,
            before=_told(before) if before else None,
            after=_told(said),
        )
    return queries.sales_of([offer_ref])[offer_ref]


def call_off(*, offer_ref: str, by: Person, at: datetime) -> None:
    """End the standing flash sale of an offer, whatever its window says; who waits is told. Again: nothing happens."""
    with transaction.atomic():
        advisory(_SETTING, offer_ref)
        if FlashSale.objects.filter(offer_ref=offer_ref, closed_at=None).update(closed_at=at):
            audit.record(action="offer.flash_sale_called_off", subject=offer_ref, by=by.public_id, at=at)


def take(*, offer_ref: str, person: Person, at: datetime) -> None:
    """Stand in line, at its end; `queries.standing` tells where. Who has a ticket keeps it, and its number.

    Raises `NoLine`, and `TicketUsed` for who has an order already.
    """
    before = queries.standing(offer_ref=offer_ref, person_id=person.pk, at=at)
    if before and before.ticket and before.ticket.state.value == "done":
        raise TicketUsed
    if before and before.ticket and not before.ticket.is_over(at):
        return
    with transaction.atomic():
        arrived = row(_ARRIVE, {"offer": offer_ref, "at": at, "gather": GATHER})
        if arrived is None:
            raise NoLine
        taken = execute(
            _TICKET,
            {
                "ref": new_id("tkt"),
                "sale": arrived["id"],
                "person": person.pk,
                "number": arrived["last_number"],
                "at": at,
            },
        )
        if not taken:
            # Another tab was faster: that ticket holds, and this number was never given.
            transaction.set_rollback(True)


def admit(*, offer_ref: str, left: Callable[[], int | None], at: datetime) -> int:
    """Admit the next in line as far as there are places; how many. Five statements, and no waiting for anybody.

    `left` says how many nobody has or is paying for, None without a limit: nobody is admitted whom nothing is left for.
    Where somebody else admits at this moment nothing happens.
    """
    with transaction.atomic():
        if not advisory_if_free("flash sale", offer_ref):
            return 0
        sale = row(_OPEN_SALE, {"offer": offer_ref, "at": at})
        if sale is None:
            return 0
        execute(_LAPSE, {"sale": sale["id"], "at": at})
        # Those who were admitted before will want theirs. They are counted before `left` is read: who orders in between is
        # counted twice, and somebody is admitted a moment later; the other way round one would be admitted too many.
        admitted = int(scalar(_ADMITTED, [sale["id"]]))
        number = left()
        return execute(
            _ADMIT,
            {
                "sale": sale["id"],
                "places": sale["places"],
                "minutes": sale["minutes"],
                "ends_at": sale["ends_at"],
                "room": _UNLIMITED if number is None else number - admitted,
                "at": at,
            },
        )


def leave(*, offer_ref: str, person: Person) -> bool:
    """Give the place in line up, or the admission; whether there was one. Whoever orders keeps it."""
    return bool(
        execute(
            "UPDATE flashsales_ticket t SET state = 'left' FROM flashsales_flashsale s"
            " WHERE s.offer_ref = %s AND s.closed_at IS NULL AND t.sale_id = s.id AND t.person_id = %s::int8"
            " AND t.state IN ('waiting', 'admitted')",
            [offer_ref, person.pk],
        )
    )


def use(*, sale: SaleView, person: Person, order_ref: str, until: datetime, at: datetime) -> None:
    """An order uses the person's admission, in the transaction that places it; the place is kept `until` it is paid.

    Raises `TicketNeeded` when there is none, or its time is over.
    """
    used = execute(
        _USE, {"sale": sale.ref, "person": person.pk, "order": order_ref, "until": until, "at": at}
    )
    if not used:
        raise TicketNeeded(offer_ref=sale.offer_ref)


def done(*, order_ref: str) -> bool:
    """The order is paid: its ticket is done, and the place free; whether it had one. One statement."""
    return bool(
        execute(
            "UPDATE flashsales_ticket SET state = 'done'"
            " WHERE order_ref = %s AND order_ref <> '' AND state IN ('ordering', 'lapsed')",
            [order_ref],
        )
    )


def end(*, order_ref: str) -> bool:
    """The order ended unpaid: the place is free; whether it had one. One statement."""
    return bool(
        execute(
            "UPDATE flashsales_ticket SET state = 'lapsed'"
            " WHERE order_ref = %s AND order_ref <> '' AND state = 'ordering'",
            [order_ref],
        )
    )


def forget_person(*, person: Person) -> None:
    """The account ends: tickets that led to no order are gone; the others are a number and an order."""
    execute(
        "DELETE FROM flashsales_ticket WHERE person_id = %s::int8 AND order_ref = ''",
        [person.pk],
    )


def _told(said: Mapping[str, object]) -> dict[str, object]:
    """As the audit log holds it."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in said.items()}
