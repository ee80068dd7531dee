"""Points of people, in lots: earned, set aside, spent, returned, taken back, expired.

Each joins the caller's transaction, which has locked the order, and first locks the balance of the person's points:
whatever happens to one's lots happens one after the other. So points come after order, stock, vouchers and gift cards,
and before the accounts that money moves between.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import rows
from hutong.kernel.errors import Conflict
from hutong.kernel.money import Money
from hutong.pay.ledger.models import Lot, LotPiece
from hutong.pay.ledger.rules import first_in_first_out, poured
from hutong.pay.ledger.services import post
from hutong.pay.ledger.types import (
    PLATFORM,
    AccountKind,
    PartState,
    Returned,
    TakenBack,
    TransactionKind,
    TransferSpec,
)

_A, _T = AccountKind, TransactionKind


class PointsChanged(Conflict):
    """Somebody has fewer points than were to be used, and none of them was taken."""

    code = "points_changed"
    message = _("Your points have changed. Please look at the new total, then pay.")


# Whoever changes somebody's lots waits here for the one before, and then reads what that one left.
_LOCK = """
SELECT b.account_id FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
WHERE a.kind = 'points' AND a.owner_ref = %s AND a.unit = %s FOR UPDATE OF b
"""
# What is used first: what expires first.
_LIVE = """
SELECT id, remaining FROM ledger_lot
WHERE owner_ref = %s AND unit = %s AND remaining > 0 AND (expires_at IS NULL OR expires_at > %s::timestamptz)
ORDER BY expires_at NULLS LAST, id
"""
# The guard is the WHERE: a lot never gives more than is left of it.
_TAKE = """
UPDATE ledger_lot l SET remaining = l.remaining - d.minor, taken_back = l.taken_back + d.minor * %s::int8
FROM unnest(%s::bigint[], %s::bigint[]) AS d (id, minor) WHERE l.id = d.id AND l.remaining >= d.minor
"""
_PUT = """
UPDATE ledger_lot l SET remaining = l.remaining + d.minor
FROM unnest(%s::bigint[], %s::bigint[]) AS d (id, minor) WHERE l.id = d.id
"""
# What could not be taken back before, and is covered by what returns.
_OWED = """
SELECT id, written_off FROM ledger_lot WHERE owner_ref = %s AND unit = %s AND written_off > 0 ORDER BY id
"""
# What of somebody's points is set aside or spent, and so may return.
_OUT = """
SELECT coalesce(sum(earned - remaining - expired - taken_back), 0) - coalesce(sum(written_off), 0)
FROM ledger_lot WHERE owner_ref = %s AND unit = %s
"""
_COVER = """
UPDATE ledger_lot l SET written_off = l.written_off - d.minor
FROM unnest(%s::bigint[], %s::bigint[]) AS d (id, minor) WHERE l.id = d.id
"""
_EXPIRE = """
UPDATE ledger_lot l SET remaining = 0, expired = l.expired + was.remaining
FROM ledger_lot was WHERE was.id = l.id AND l.owner_ref = %(owner)s AND l.unit = %(unit)s AND l.remaining > 0
    AND (l.expires_at <= %(at)s::timestamptz OR %(all)s::boolean)
RETURNING l.id, l.expired, was.remaining AS minor
"""
_OWNER_OF = """
SELECT l.owner_ref, l.unit FROM ledger_lotpart p JOIN ledger_lot l ON l.id = p.lot_id WHERE p.for_ref = %s LIMIT 1
"""
# Of what the order has set aside last.
_PARTS_OF = """
SELECT lot_id, amount, state, turn FROM ledger_lotpart p WHERE for_ref = %(ref)s
    AND turn = (SELECT max(turn) FROM ledger_lotpart WHERE for_ref = %(ref)s) ORDER BY id
"""
_HOLD_PARTS = """
INSERT INTO ledger_lotpart (lot_id, for_ref, amount, state, turn, held_at)
SELECT d.id, %(for_ref)s, d.minor, 'held', %(turn)s::smallint, %(at)s::timestamptz
FROM unnest(%(ids)s::bigint[], %(minors)s::bigint[]) WITH ORDINALITY AS d (id, minor, position) ORDER BY d.position
ON CONFLICT (for_ref, lot_id) DO UPDATE
    SET amount = EXCLUDED.amount, state = 'held', turn = EXCLUDED.turn, held_at = EXCLUDED.held_at
"""
_MOVE_PARTS = """
WITH moved AS (
    UPDATE ledger_lotpart SET state = %s WHERE for_ref = %s AND state = 'held' RETURNING id, lot_id, amount, turn
)
SELECT id, lot_id, amount, turn FROM moved ORDER BY id
"""
# A piece that returned does not return again.
_RETURN_PIECES = """
WITH moved AS (
    UPDATE ledger_lotpiece c SET returned_at = %(at)s::timestamptz FROM ledger_lotpart p
    WHERE p.id = c.part_id AND p.for_ref = %(for_ref)s AND c.piece_ref = ANY (%(pieces)s::text[])
        AND c.returned_at IS NULL
    RETURNING p.lot_id, c.amount, c.piece_ref
)
SELECT lot_id, sum(amount)::int8 AS amount, min(piece_ref) AS first FROM moved GROUP BY lot_id ORDER BY lot_id
"""


def earn(*, owner: str, points: Money, source_ref: str, expires_at: datetime | None, at: datetime) -> bool:
    """Give somebody points in a lot of their own, for what `source_ref` names; whether they are new.

    One source counts once: again, while its points were not taken back, nothing happens.
    """
    if points.minor <= 0:
        raise ValueError(f"{source_ref}: nothing is earned with nothing")
    with transaction.atomic(savepoint=False):
        _lock(owner, points.unit)
        earlier = list(
            Lot.objects.filter(unit=points.unit, source_ref=source_ref).values_list("revoked_at", flat=True)
        )
        if None in earlier:
            return False
        posted = _moved_points(
            _T.POINTS_EARNED,
            f"points_earned:{source_ref}:{len(earlier) + 1}",
            (_A.POINTS_ISSUED, PLATFORM),
            (_A.POINTS, owner),
            points,
            at,
        )
        if posted:
            Lot.objects.create(
                owner_ref=owner,
                unit=points.unit,
                source_ref=source_ref,
                earned=points.minor,
                remaining=points.minor,
                earned_at=at,
                expires_at=expires_at,
            )
    return posted


def take_back(*, source_ref: str, at: datetime) -> TakenBack | None:
    """What was earned with `source_ref` is taken back: out of its own lot, then out of the others of its owner.

    Never below nothing: what was spent meanwhile is written off, until it returns from a refund. What expired is lost
    already, and not owed. None where nothing was earned, or it was taken back before.
    """
    found = Lot.objects.filter(source_ref=source_ref, revoked_at__isnull=True).first()
    if found is None:
        return None
    with transaction.atomic(savepoint=False):
        _lock(found.owner_ref, found.unit)
        _expire(found.owner_ref, found.unit, at)
        lot = Lot.objects.filter(pk=found.pk, revoked_at__isnull=True).first()
        if lot is None:
            return None
        owed = lot.earned - lot.expired
        live = rows.rows(_LIVE, [lot.owner_ref, lot.unit, at])
        own_first = sorted(live, key=lambda one: one["id"] != lot.pk)
        able = min(owed, sum(one["remaining"] for one in own_first))
        parts = first_in_first_out([(one["id"], one["remaining"]) for one in own_first], able) or []
        _take(parts, taken_back=True)
        missing = min(owed - able, int(rows.scalar(_OUT, [lot.owner_ref, lot.unit])))
        Lot.objects.filter(pk=lot.pk).update(revoked_at=at, written_off=missing)
        taken = Money(able, lot.unit)
        _moved_points(
            _T.POINTS_TAKEN_BACK,
            f"points_taken_back:{lot.pk}",
            (_A.POINTS, lot.owner_ref),
            (_A.POINTS_ISSUED, PLATFORM),
            taken,
            at,
        )
    return TakenBack(taken, Money(missing, lot.unit))


def hold(*, owner: str, for_ref: str, points: Money, at: datetime) -> None:
    """Set points aside for an order, from what expires first; all of it or nothing. Again: nothing happens.

    Raises PointsChanged when the person has fewer, or the order has others set aside; ValueError for none or less.
    """
    if points.minor <= 0 or not points.unit.startswith("pts_"):
        raise ValueError(f"{for_ref}: {points} cannot be set aside")
    with transaction.atomic(savepoint=False):
        _lock(owner, points.unit)
        parts = rows.rows(_PARTS_OF, {"ref": for_ref})
        if parts:
            _require_same(parts, for_ref, owner, points)
            return
        _hold(owner, for_ref, points, 1, at)


def retake(*, for_ref: str, at: datetime) -> None:
    """Money came late for an order: set aside again as many points as it had, of what the person has now.

    Nothing happens where it had none, or still has them. Raises PointsChanged when there are fewer, and takes none.
    """
    with transaction.atomic(savepoint=False):
        owner, unit = _owner_of(for_ref)
        if not owner:
            return
        _lock(owner, unit)
        parts = rows.rows(_PARTS_OF, {"ref": for_ref})
        if all(part["state"] == PartState.RELEASED for part in parts):
            points = Money(sum(part["amount"] for part in parts), unit)
            _hold(owner, for_ref, points, parts[0]["turn"] + 1, at)


def release(*, for_ref: str, at: datetime) -> Returned | None:
    """The order ended unpaid: what it had set aside is in its lots again; None where it has nothing set aside."""
    with transaction.atomic(savepoint=False):
        owner, unit = _owner_of(for_ref)
        if not owner:
            return None
        _lock(owner, unit)
        parts = rows.rows(_MOVE_PARTS, [PartState.RELEASED.value, for_ref])
        if not parts:
            return None
        points = Money(sum(part["amount"] for part in parts), unit)
        _moved_points(
            _T.POINTS_RELEASE,
            f"points_release:{for_ref}:{parts[0]['turn']}",
            (_A.POINTS_HELD, owner),
            (_A.POINTS, owner),
            points,
            at,
        )
        back = [(part["lot_id"], part["amount"]) for part in parts]
        return _into_lots(owner, back, points, at, because=f"{for_ref}:{parts[0]['turn']}")


def spend(*, for_ref: str, pieces: Sequence[tuple[str, Money]], at: datetime) -> Money | None:
    """The order is paid: what was set aside is spent; how many points, None where none were set aside. Again: nothing.

    `pieces` are the order's units with the points that pay for each; which lot pays for which is written down here.
    Raises ValueError where they are not what was set aside.
    """
    with transaction.atomic(savepoint=False):
        owner, unit = _owner_of(for_ref)
        wanted = [(ref, points.minor) for ref, points in pieces]
        if any(
            minor < 0 or points.unit != unit
            for (_ref, minor), (_name, points) in zip(wanted, pieces, strict=True)
        ):
            raise ValueError(f"{for_ref}: its units are not paid with what was set aside")
        if not owner:
            return None
        _lock(owner, unit)
        parts = rows.rows(_MOVE_PARTS, [PartState.SPENT.value, for_ref])
        if not parts:
            return None
        shared = poured([(part["id"], part["amount"]) for part in parts], wanted)
        LotPiece.objects.bulk_create(
            LotPiece(part_id=part_id, piece_ref=ref, amount=minor) for part_id, ref, minor in shared
        )
        points = Money(sum(part["amount"] for part in parts), unit)
        _moved_points(
            _T.POINTS_SPENT,
            f"points_spent:{for_ref}",
            (_A.POINTS_HELD, owner),
            (_A.POINTS_SPENT, PLATFORM),
            points,
            at,
        )
    return points


def give_back(*, for_ref: str, piece_refs: Sequence[str], at: datetime) -> Returned | None:
    """What points paid for these units of an order returns to the very lots; None where they bore nothing, or returned.

    A lot whose time is over stays over: what returns to it expires at once. What was earned with something that was
    refunded since, and spent before, is taken back now. So no refund makes points that nobody earned.
    """
    with transaction.atomic(savepoint=False):
        owner, unit = _owner_of(for_ref)
        if not owner:
            return None
        _lock(owner, unit)
        found = rows.rows(_RETURN_PIECES, {"for_ref": for_ref, "pieces": list(piece_refs), "at": at})
        if not found:
            return None
        points = Money(sum(each["amount"] for each in found), unit)
        _moved_points(
            _T.POINTS_RETURNED,
            f"points_returned:{min(each['first'] for each in found)}",
            (_A.POINTS_SPENT, PLATFORM),
            (_A.POINTS, owner),
            points,
            at,
        )
        back = [(each["lot_id"], each["amount"]) for each in found]
        return _into_lots(owner, back, points, at, because=min(each["first"] for each in found))


def expire(*, owner: str, unit: str, at: datetime, ends: bool = False) -> Money:
    """Lots of somebody whose time is over at `at` are empty; how many points that were. With `ends` all lots are."""
    with transaction.atomic(savepoint=False):
        _lock(owner, unit)
        return _expire(owner, unit, at, ends=ends)


def _lock(owner: str, unit: str) -> None:
    """Without an account there are no lots either, and nothing to wait for."""
    rows.rows(_LOCK, [owner, unit])


def _owner_of(for_ref: str) -> tuple[str, str]:
    found = rows.row(_OWNER_OF, [for_ref])
    return (found["owner_ref"], found["unit"]) if found else ("", "")


def _require_same(parts: Sequence[dict[str, Any]], for_ref: str, owner: str, points: Money) -> None:
    ended = all(part["state"] == PartState.RELEASED for part in parts)
    told = sum(part["amount"] for part in parts), *_owner_of(for_ref)
    if ended or told != (points.minor, owner, points.unit):
        raise PointsChanged


def _hold(owner: str, for_ref: str, points: Money, turn: int, at: datetime) -> None:
    live = rows.rows(_LIVE, [owner, points.unit, at])
    parts = first_in_first_out([(one["id"], one["remaining"]) for one in live], points.minor)
    if parts is None:
        raise PointsChanged
    _take(parts)
    ids, minors = _columns(parts)
    rows.execute(_HOLD_PARTS, {"for_ref": for_ref, "turn": turn, "at": at, "ids": ids, "minors": minors})
    reference = f"points_hold:{for_ref}:{turn}"
    _moved_points(_T.POINTS_HOLD, reference, (_A.POINTS, owner), (_A.POINTS_HELD, owner), points, at)


def _take(parts: Sequence[tuple[int, int]], *, taken_back: bool = False) -> None:
    if parts and rows.execute(_TAKE, [int(taken_back), *_columns(parts)]) != len(parts):
        raise PointsChanged


def _into_lots(
    owner: str, parts: Sequence[tuple[int, int]], points: Money, at: datetime, *, because: str
) -> Returned:
    """Put points back into their lots; what its owner could not give back before is taken, what came too late expires.

    It is taken whichever lot it returns to: had it returned before, it would have been taken then.
    """
    _expire(owner, points.unit, at)  # what was over before is not of what returns
    rows.execute(_PUT, _columns(parts))
    debts = [(each["id"], each["written_off"]) for each in rows.rows(_OWED, [owner, points.unit])]
    covered = min(points.minor, sum(minor for _lot, minor in debts))
    if covered:
        _take(first_in_first_out(parts, covered) or [], taken_back=True)
        rows.execute(_COVER, _columns(first_in_first_out(debts, covered) or []))
    taken = Money(covered, points.unit)
    _moved_points(
        _T.POINTS_TAKEN_BACK,
        f"points_taken_back:{because}",
        (_A.POINTS, owner),
        (_A.POINTS_ISSUED, PLATFORM),
        taken,
        at,
    )
    return Returned(points, _expire(owner, points.unit, at), taken)


def _columns(parts: Sequence[tuple[int, int]]) -> list[list[int]]:
    return [[lot for lot, _minor in parts], [minor for _lot, minor in parts]]


def _expire(owner: str, unit: str, at: datetime, *, ends: bool = False) -> Money:
    ended = rows.rows(_EXPIRE, {"owner": owner, "unit": unit, "at": at, "all": ends})
    for each in sorted(ended, key=lambda one: int(one["id"])):
        _moved_points(
            _T.POINTS_EXPIRED,
            f"points_expired:{each['id']}:{each['expired']}",
            (_A.POINTS, owner),
            (_A.POINTS_EXPIRED, PLATFORM),
            Money(each["minor"], unit),
            at,
        )
    return Money(sum(each["minor"] for each in ended), unit)


def _moved_points(
    kind: TransactionKind,
    reference: str,
    source: tuple[AccountKind, str],
    target: tuple[AccountKind, str],
    points: Money,
    at: datetime,
) -> bool:
    """Post one movement, of nothing none; False where it was in the books before."""
    if not points:
        return False
    posted = post(kind=kind, reference=reference, transfers=[TransferSpec(*source, *target, points)], at=at)
    return not posted.replayed
