"""Undoing a redemption: a slip of the hand, corrected within minutes."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from hutong.kernel.errors import NotFound
from hutong.kernel.rows import row, rows
from hutong.town.merchants.queries import has_right, staff_roles
from hutong.town.merchants.types import Right
from hutong.town.people.models import Person
from hutong.visit.vouchers import queries, rules
from hutong.visit.vouchers.services.errors import (
    RedemptionUndone,
    UndoForbidden,
    UndoTooLate,
    UndoTooOften,
    VoucherRefunded,
)
from hutong.visit.vouchers.types import UndoResult, UseState, VoucherState

# All that the scan of one redemption used, the vouchers in the order of their keys.
_FIND = """
SELECT r.id, r.public_id AS redemption_ref, r.voucher_id, r.use_no, r.unit_ref, r.actor_ref, r.at, r.position,
  r.undone_at, r.undone_by, u.state AS use_state, v.public_id AS voucher_ref, v.order_ref, v.offer_ref, v.titles, v.state,
  v.kind, p.public_id AS person_ref, s.public_id AS store_ref, m.public_id AS merchant_ref
FROM vouchers_redemption asked
JOIN vouchers_redemption r ON r.actor_ref = asked.actor_ref AND r.nonce = asked.nonce
JOIN vouchers_voucher v ON v.id = r.voucher_id
JOIN vouchers_use u ON u.voucher_id = v.id AND u.unit_ref = r.unit_ref
JOIN people_person p ON p.id = v.person_id
JOIN merchants_store s ON s.id = r.store_id
JOIN merchants_merchant m ON m.id = v.merchant_id
WHERE asked.public_id = %s ORDER BY r.position
"""
# The voucher first, as everywhere. Past its time it gets its use back, for a refund, and stays expired.
_GIVE_BACK = """
UPDATE vouchers_voucher SET undone_count = undone_count + 1,
  uses_left = uses_left + CASE WHEN kind = 'pass' AND uses_left = 1 THEN 0 ELSE %(uses)s::int4 END,
  state = CASE WHEN valid_until <= %(at)s THEN 'expired' ELSE 'ready' END
WHERE id = %(voucher_id)s::int8 AND undone_count < %(cycles)s::int4
  AND (uses_left + %(uses)s::int4 <= uses_total OR kind = 'pass')
RETURNING state
"""
# The unit of a pass stays used while another of its visits stands. A unit that was refunded meanwhile is not `used`.
_UNDO = """
WITH undone AS (
  UPDATE vouchers_redemption SET undone_at = %(at)s, undone_by = %(actor_ref)s
  WHERE id = ANY(%(ids)s::int8[]) AND undone_at IS NULL AND at >= %(since)s RETURNING id
), used AS (
  SELECT u.id, EXISTS (SELECT 1 FROM vouchers_redemption r WHERE r.voucher_id = u.voucher_id
    AND r.unit_ref = u.unit_ref AND r.undone_at IS NULL AND r.id <> ALL(%(ids)s::int8[])) AS still
  FROM vouchers_use u WHERE u.unit_ref = ANY(%(unit_refs)s::text[]) AND u.state = 'used'
), freed AS (
  UPDATE vouchers_use u SET state = 'ready' FROM used WHERE u.id = used.id AND NOT used.still RETURNING u.unit_ref
)
SELECT (SELECT count(*) FROM undone) AS undone, (SELECT count(*) FROM used) AS used,
  (SELECT array_agg(unit_ref ORDER BY unit_ref) FROM freed) AS freed
"""


def undo(*, redemption_ref: str, actor_ref: str, by: Person | None, at: datetime) -> UndoResult:
    """Give back what the scan of a redemption used, all of it, within 15 minutes; it stays on record as undone.

    `actor_ref` is the device or person that asks: the one that redeemed, else `by` must manage the store.
    Asking again as the same actor gives the same answer, with `replay` set. After the end of validity the
    voucher gets its use back but stays expired. Raises `NotFound` for strangers, `UndoForbidden` for other
    staff, `UndoTooLate`, `UndoTooOften` (10 times a voucher), `RedemptionUndone`, and `VoucherRefunded` for a use
    whose money went back.
    """
    found = rows(_FIND, [redemption_ref])
    if not found:
        raise NotFound
    first = found[0]
    if first["actor_ref"] != actor_ref:
        require_manager(by, first["merchant_ref"], first["store_ref"])
    if first["undone_at"]:
        return _repeated(found, actor_ref)
    if _is_refunded(found):
        raise VoucherRefunded
    if at - first["at"] > rules.UNDO_WINDOW:
        raise UndoTooLate(minutes=int(rules.UNDO_WINDOW.total_seconds()) // 60)
    with transaction.atomic():
        done = _undo(found, actor_ref, at)
        # The count is asked after the undo is known to be possible: who comes second learns that it is done.
        if done:
            return _result(found, at=at, unit_refs=done[0], state=done[1], replay=False)
        transaction.set_rollback(True)
    found = rows(_FIND, [redemption_ref])
    if found and found[0]["undone_at"]:
        return _repeated(found, actor_ref)
    if found and _is_refunded(found):
        raise VoucherRefunded  # at this very moment
    raise UndoTooOften


def _undo(
    found: Sequence[dict[str, Any]], actor_ref: str, at: datetime
) -> tuple[tuple[str, ...], VoucherState] | None:
    """The units that are unused again and the state of the voucher that was shown; None where it was not possible."""
    states = {}
    for voucher_id, uses in sorted(Counter(entry["voucher_id"] for entry in found).items()):
        given = row(
            _GIVE_BACK, {"voucher_id": voucher_id, "uses": uses, "at": at, "cycles": rules.UNDO_CYCLES}
        )
        if given is None:
            return None
        states[voucher_id] = VoucherState(given["state"])
    ids, units = [entry["id"] for entry in found], sorted({entry["unit_ref"] for entry in found})
    done = row(
        _UNDO,
        {
            "ids": ids,
            "unit_refs": units,
            "at": at,
            "actor_ref": actor_ref,
            "since": at - rules.UNDO_WINDOW,
        },
    )
    if done is None or (done["undone"], done["used"]) != (len(ids), len(units)):
        return None
    return tuple(done["freed"] or ()), states[found[0]["voucher_id"]]


def _is_refunded(found: Sequence[dict[str, Any]]) -> bool:
    return any(entry["use_state"] == UseState.REFUNDED.value for entry in found)


def require_manager(by: Person | None, merchant_ref: str, store_ref: str) -> None:
    """Pass managers of the store; tell other staff that they may not, and strangers nothing."""
    if by and has_right(by, Right.UNDO, merchant_ref, store_ref):
        return
    if by and any(role.merchant_ref == merchant_ref for role in staff_roles(by)):
        raise UndoForbidden
    raise NotFound


def _repeated(found: Sequence[dict[str, Any]], actor_ref: str) -> UndoResult:
    first = found[0]
    if first["undone_by"] != actor_ref:
        raise RedemptionUndone(undone_at=first["undone_at"])
    state = VoucherState(first["state"])
    return _result(found, at=first["undone_at"], unit_refs=(), state=state, replay=True)


def _result(
    found: Sequence[dict[str, Any]],
    *,
    at: datetime,
    unit_refs: tuple[str, ...],
    state: VoucherState,
    replay: bool,
) -> UndoResult:
    first = found[0]
    return UndoResult(
        redemption_ref=first["redemption_ref"],
        voucher_ref=first["voucher_ref"],
        order_ref=first["order_ref"],
        offer_ref=first["offer_ref"],
        unit_refs=unit_refs,
        person_ref=first["person_ref"],
        titles=queries.loaded(first["titles"]),
        store_ref=first["store_ref"],
        at=at,
        voucher_state=state,
        replay=replay,
    )
