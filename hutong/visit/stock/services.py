"""Writes of stock: hold, confirm, release, retake, return, capacity.

Every guard stands in the WHERE of the UPDATE that takes, so no two requests can both pass it. Offers are
taken in the order of their refs, so that two carts never wait for each other. All take `order_ref` as their
key: telling the same thing twice changes nothing (but for `return_sold`, which the refund's own row guards).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Conflict, NotFound
from hutong.kernel.rows import execute, row, rows
from hutong.visit.stock import queries
from hutong.visit.stock.models import Hold
from hutong.visit.stock.rules import next_state
from hutong.visit.stock.types import HoldEvent, HoldState, Want


class SoldOut(Conflict):
    """Fewer are left than were asked for; `left` says how many, `offer_ref` of what."""

    code = "sold_out"
    message = _("Only %(left)s left.")

    def __init__(self, *, offer_ref: str, left: int) -> None:
        super().__init__(None if left else _("This is sold out."), offer_ref=offer_ref, left=left)


class PersonLimitReached(Conflict):
    """The offer limits how many a person may have; `limit` and what the person has, `taken`."""

    code = "person_limit_reached"
    message = _("At most %(limit)s for each person; you already have %(taken)s.")


class HoldChanged(Conflict):
    """The order already holds another number of this offer."""

    code = "hold_changed"
    message = _("This order was already placed with another quantity.")


class HoldEnded(Conflict):
    """The hold was given up or is already paid; `state` says which."""

    code = "hold_ended"
    message = _("The time to pay for this order is over.")


class CapacityTooSmall(Conflict):
    """More than the new capacity are held or sold already, here or elsewhere; `taken` says how many."""

    code = "capacity_too_small"
    message = _("%(taken)s are sold or held already. The number cannot be lower.")


_HOLD = """
INSERT INTO stock_hold (order_ref, offer_ref, person_ref, quantity, returned, counted, limited, state,
  created_at, expires_at)
SELECT %(order_ref)s, %(offer_ref)s::text, %(person_ref)s, %(quantity)s::int4, 0,
  EXISTS (SELECT 1 FROM stock_stock WHERE offer_ref = %(offer_ref)s::text), %(limited)s::bool, 'held',
  %(at)s, %(expires_at)s
ON CONFLICT (order_ref, offer_ref) DO NOTHING RETURNING counted
"""
_TAKE = """
UPDATE stock_stock SET {counter} = {counter} + %(quantity)s::int8
WHERE offer_ref = %(offer_ref)s AND (capacity IS NULL OR held + sold + elsewhere + %(quantity)s::int8 <= capacity)
"""
_TAKE_HELD, _TAKE_SOLD, _TAKE_ELSEWHERE = (
    _TAKE.format(counter=counter) for counter in ("held", "sold", "elsewhere")
)
_TAKE_LIMIT = """
INSERT INTO stock_personlimit AS l (person_ref, offer_ref, taken)
SELECT %(person_ref)s, %(offer_ref)s, %(quantity)s::int4 WHERE %(quantity)s::int4 <= %(limit)s::int4
ON CONFLICT (person_ref, offer_ref) DO UPDATE SET taken = l.taken + excluded.taken
WHERE l.taken + excluded.taken <= %(limit)s::int4
"""
_MOVE = """
UPDATE stock_hold SET state = %(to_state)s, ended_at = %(at)s
WHERE order_ref = %(order_ref)s AND state = %(from_state)s
RETURNING offer_ref, person_ref, quantity, counted, limited
"""


def set_capacity(*, offer_ref: str, capacity: int | None, by: str, at: datetime) -> None:
    """Limit how many of an offer may be sold from now on; None lifts the limit and keeps counting.

    What was sold before the offer had its first limit does not count. Raises `CapacityTooSmall`.
    """
    with transaction.atomic():
        before = queries.stock_of([offer_ref]).get(offer_ref)
        done = execute(
            """
            INSERT INTO stock_stock AS s (offer_ref, capacity, held, sold, changed_by, changed_at)
            VALUES (%(offer_ref)s, %(capacity)s::int8, 0, 0, %(by)s, %(at)s)
            ON CONFLICT (offer_ref) DO UPDATE SET capacity = excluded.capacity,
              changed_by = excluded.changed_by, changed_at = excluded.changed_at
            WHERE excluded.capacity IS NULL OR s.held + s.sold + s.elsewhere <= excluded.capacity
            """,
            {"offer_ref": offer_ref, "capacity": capacity, "by": by, "at": at},
        )
        if done:
            audit.record(
                action="offer.capacity_changed",
                subject=offer_ref,
                by=by,
                at=at,
                before={"capacity": before.capacity if before else None},
                after={"capacity": capacity},
            )
    if not done:
        stock = queries.stock_of([offer_ref])[offer_ref]
        raise CapacityTooSmall(taken=stock.taken)


def check_capacity(*, offer_ref: str, capacity: int | None) -> None:
    """Raise `CapacityTooSmall` when `capacity` is below what is sold and held now. `set_capacity` guards again."""
    found = queries.stock_of([offer_ref]).get(offer_ref)
    if found is not None and capacity is not None and found.taken > capacity:
        raise CapacityTooSmall(taken=found.taken)


def start_counting(*, offer_ref: str, by: str, at: datetime) -> None:
    """Count what is held and sold of an offer from now on, without a limit; one that is counted stays as it is."""
    execute(
        """
        INSERT INTO stock_stock (offer_ref, capacity, held, sold, changed_by, changed_at)
        VALUES (%s, NULL, 0, 0, %s, %s) ON CONFLICT (offer_ref) DO NOTHING
        """,
        [offer_ref, by, at],
    )


def take_elsewhere(*, offer_ref: str, quantity: int, by: str, at: datetime) -> None:
    """Another channel sold `quantity` of an offer: they count against its capacity. Raises `SoldOut`, then nothing is
    taken. Who calls it says it once."""
    start_counting(offer_ref=offer_ref, by=by, at=at)
    if not _take(_TAKE_ELSEWHERE, offer_ref, quantity):
        raise _sold_out(offer_ref)


def give_back_elsewhere(*, offer_ref: str, quantity: int) -> None:
    """Another channel took back `quantity` of an offer. Who calls it says it once, and of no more than were taken."""
    _give_back("elsewhere", offer_ref, quantity)


def check_left(*, offer_refs: Collection[str]) -> None:
    """Raise `SoldOut` when nothing is left of one of these. A cheap look before much is written; `hold` guards."""
    for offer_ref, found in sorted(queries.stock_of(offer_refs).items()):
        if found.left == 0:
            raise SoldOut(offer_ref=offer_ref, left=0)


def hold(
    *, order_ref: str, person_ref: str, wants: Sequence[Want], expires_at: datetime, at: datetime
) -> None:
    """Keep all wants for an order until `expires_at`, or none of them; `queries.holds_of` tells what is kept.

    The same order and wants again change nothing. Raises `SoldOut`, `PersonLimitReached`, `HoldChanged`
    (another quantity), `HoldEnded` (the order's hold was released). One to three statements a want.
    """
    with transaction.atomic():
        for want in sorted(wants, key=lambda want: want.offer_ref):
            values = {
                "order_ref": order_ref, "person_ref": person_ref, "offer_ref": want.offer_ref,
                "quantity": want.quantity, "limited": want.per_person_limit is not None,
                "expires_at": expires_at, "at": at,
            }  # fmt: skip
            made = row(_HOLD, values)
            if made is None:
                _check_repeat(order_ref, want)
                continue
            if made["counted"] and not _take(_TAKE_HELD, want.offer_ref, want.quantity):
                raise _sold_out(want.offer_ref)
            if want.per_person_limit is not None:
                _take_limit(person_ref, want.offer_ref, want.quantity, want.per_person_limit)


def confirm(*, order_ref: str, at: datetime) -> None:
    """The order is paid: what it holds is sold. Nothing happens when it was confirmed before.

    A hold whose time is over and which nobody released is still good. Raises `HoldEnded` when it was
    released (then `retake` is the question to ask), `NotFound` when the order holds nothing.
    """
    with transaction.atomic():
        if not _sell(order_ref, HoldEvent.CONFIRM, at):
            _require(order_ref, {HoldState.CONFIRMED})


def release(*, order_ref: str, at: datetime) -> None:
    """Give back what an unpaid order holds. Nothing happens when it was released before or holds nothing.

    Raises `HoldEnded` when the order is paid: only a refund gives that back.
    """
    with transaction.atomic():
        moved = _move(order_ref, HoldState.HELD, HoldEvent.RELEASE, at)
        for entry in moved:
            if entry["counted"]:
                _give_back("held", entry["offer_ref"], entry["quantity"])
            if entry["limited"]:
                _give_back_limit(entry["person_ref"], entry["offer_ref"], entry["quantity"])
        if not moved and Hold.objects.filter(order_ref=order_ref, state=HoldState.CONFIRMED.value).exists():
            raise HoldEnded(state=HoldState.CONFIRMED.value)


def retake(*, order_ref: str, at: datetime) -> None:
    """A payment came after all: sell what the order held, if all of it is still free; else change nothing.

    A released hold is taken again under the same guard as a new one; a held one is confirmed. Nothing happens
    when it was confirmed before. The limit per person is counted again but does not refuse: it was met when
    the order was placed. Raises `SoldOut`, and `NotFound` when the order never held anything. Safe to call
    and catch inside an outer transaction.
    """
    with transaction.atomic():
        if _sell(order_ref, HoldEvent.RETAKE, at):
            return
        moved = _move(order_ref, HoldState.RELEASED, HoldEvent.RETAKE, at)
        for entry in moved:
            if entry["counted"] and not _take(_TAKE_SOLD, entry["offer_ref"], entry["quantity"]):
                raise _sold_out(entry["offer_ref"])
            if entry["limited"]:
                _count_limit(entry["person_ref"], entry["offer_ref"], entry["quantity"])
        if not moved:
            _require(order_ref, {HoldState.CONFIRMED})


def return_sold(*, order_ref: str, offer_ref: str, quantity: int) -> None:
    """A refund gives `quantity` of a paid order back to the stock and to the person's limit.

    Never more than the order bought: raises `HoldEnded` then, or when the order is not paid. An order that
    holds nothing of the offer is left alone.
    """
    with transaction.atomic():
        returned = row(
            """
            UPDATE stock_hold SET returned = returned + %(quantity)s::int4
            WHERE order_ref = %(order_ref)s AND offer_ref = %(offer_ref)s AND state = 'confirmed'
              AND returned + %(quantity)s::int4 <= quantity
            RETURNING person_ref, counted, limited
            """,
            {"order_ref": order_ref, "offer_ref": offer_ref, "quantity": quantity},
        )
        if returned is None:
            found = Hold.objects.filter(order_ref=order_ref, offer_ref=offer_ref).first()
            if found:
                raise HoldEnded(_("This was given back already."), state=found.state)
            return
        if returned["counted"]:
            _give_back("sold", offer_ref, quantity)
        if returned["limited"]:
            _give_back_limit(returned["person_ref"], offer_ref, quantity)


def call_off(*, order_ref: str, at: datetime) -> None:
    """A paid order comes to nothing before anything was made of it: what it holds, or was sold to it, is free again.

    Nothing happens the second time, nor to an order that holds nothing.
    """
    with transaction.atomic():
        sold = Hold.objects.filter(order_ref=order_ref, state=HoldState.CONFIRMED.value).order_by("offer_ref")
        for hold in sold:
            if hold.quantity > hold.returned:
                return_sold(
                    order_ref=order_ref, offer_ref=hold.offer_ref, quantity=hold.quantity - hold.returned
                )
        if not sold:
            release(order_ref=order_ref, at=at)


def _check_repeat(order_ref: str, want: Want) -> None:
    """The order already has this hold: fine when it is the same and still stands."""
    found = Hold.objects.get(order_ref=order_ref, offer_ref=want.offer_ref)
    if found.quantity != want.quantity:
        raise HoldChanged(offer_ref=want.offer_ref, quantity=found.quantity)
    if found.state == HoldState.RELEASED.value:
        raise HoldEnded(state=found.state)


def _take(statement: str, offer_ref: str, quantity: int) -> bool:
    return execute(statement, {"offer_ref": offer_ref, "quantity": quantity}) == 1


def _sold_out(offer_ref: str) -> SoldOut:
    return SoldOut(offer_ref=offer_ref, left=queries.stock_of([offer_ref])[offer_ref].left or 0)


def _take_limit(person_ref: str, offer_ref: str, quantity: int, limit: int) -> None:
    values = {"person_ref": person_ref, "offer_ref": offer_ref, "quantity": quantity, "limit": limit}
    if execute(_TAKE_LIMIT, values) == 0:
        raise PersonLimitReached(
            offer_ref=offer_ref, limit=limit, taken=queries.taken_by(person_ref, offer_ref)
        )


def _sell(order_ref: str, event: HoldEvent, at: datetime) -> bool:
    """Move what is held to sold; whether anything was held."""
    moved = _move(order_ref, HoldState.HELD, event, at)
    for entry in moved:
        if entry["counted"]:
            execute(
                "UPDATE stock_stock SET held = held - %(quantity)s::int8, sold = sold + %(quantity)s::int8 "
                "WHERE offer_ref = %(offer_ref)s",
                {"offer_ref": entry["offer_ref"], "quantity": entry["quantity"]},
            )
    return bool(moved)


def _move(order_ref: str, from_state: HoldState, event: HoldEvent, at: datetime) -> list[dict[str, Any]]:
    """Move the order's holds of one state along the table; the moved ones in the order of their offers."""
    to_state = next_state(from_state, event)
    if to_state is None:
        raise HoldEnded(state=from_state.value)
    values = {"order_ref": order_ref, "from_state": from_state.value, "to_state": to_state.value, "at": at}
    return sorted(rows(_MOVE, values), key=lambda entry: entry["offer_ref"])


def _require(order_ref: str, states: set[HoldState]) -> None:
    found = set(Hold.objects.filter(order_ref=order_ref).values_list("state", flat=True))
    if not found:
        raise NotFound
    other = found - {state.value for state in states}
    if other:
        raise HoldEnded(state=other.pop())


def _give_back(counter: str, offer_ref: str, quantity: int) -> None:
    statement = f"UPDATE stock_stock SET {counter} = {counter} - %s::int8 WHERE offer_ref = %s"  # noqa: S608
    execute(statement, [quantity, offer_ref])


def _give_back_limit(person_ref: str, offer_ref: str, quantity: int) -> None:
    execute(
        "UPDATE stock_personlimit SET taken = taken - %s::int4 WHERE person_ref = %s AND offer_ref = %s",
        [quantity, person_ref, offer_ref],
    )


def _count_limit(person_ref: str, offer_ref: str, quantity: int) -> None:
    execute(
        "UPDATE stock_personlimit SET taken = taken + %s::int4 WHERE person_ref = %s AND offer_ref = %s",
        [quantity, person_ref, offer_ref],
    )
