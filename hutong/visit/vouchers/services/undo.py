"""Undoing a redemption: a slip of the hand, corrected within minutes."""

from datetime import datetime
from typing import Any

from django.db import transaction

from hutong.kernel.errors import NotFound
from hutong.kernel.rows import execute, row
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

_FIND = """
SELECT r.id, r.public_id AS redemption_ref, r.voucher_id, r.use_no, r.unit_ref, r.actor_ref, r.at,
  r.undone_at, r.undone_by, u.state AS use_state, v.public_id AS voucher_ref, v.order_ref, v.offer_ref, v.titles, v.state,
  p.public_id AS person_ref, s.public_id AS store_ref, m.public_id AS merchant_ref
FROM vouchers_redemption r
JOIN vouchers_voucher v ON v.id = r.voucher_id
JOIN vouchers_use u ON u.voucher_id = v.id AND u.use_no = r.use_no
JOIN people_person p ON p.id = v.person_id
JOIN merchants_store s ON s.id = r.store_id
JOIN merchants_merchant m ON m.id = v.merchant_id
WHERE r.public_id = %s
"""
# The voucher first, as everywhere. Past its time it gets its use back, for a refund, and stays expired.
_GIVE_BACK = """
UPDATE vouchers_voucher SET uses_left = uses_left + 1, undone_count = undone_count + 1,
  state = CASE WHEN valid_until <= %(at)s THEN 'expired' ELSE 'ready' END
WHERE id = %(voucher_id)s::int8 AND undone_count < %(cycles)s::int4 AND uses_left < uses_total
RETURNING state
"""
_UNDO = """
WITH undone AS (
  UPDATE vouchers_redemption SET undone_at = %(at)s, undone_by = %(actor_ref)s
  WHERE id = %(id)s::int8 AND undone_at IS NULL AND at >= %(since)s RETURNING voucher_id, use_no
)
UPDATE vouchers_use u SET state = 'ready' FROM undone
WHERE u.voucher_id = undone.voucher_id AND u.use_no = undone.use_no AND u.state = 'used'
"""


def undo(*, redemption_ref: str, actor_ref: str, by: Person | None, at: datetime) -> UndoResult:
    """Give the use of a redemption back within 15 minutes; the redemption stays on record as undone.

    `actor_ref` is the device or person that asks: the one that redeemed, else `by` must manage the store.
    Asking again as the same actor gives the same answer, with `replay` set. After the end of validity the
    voucher gets its use back but stays expired. Raises `NotFound` for strangers, `UndoForbidden` for other
    staff, `UndoTooLate`, `UndoTooOften` (10 times a voucher), `RedemptionUndone`, and `VoucherRefunded` for a use
    whose money went back.
    """
    found = row(_FIND, [redemption_ref])
    if found is None:
        raise NotFound
    if found["actor_ref"] != actor_ref:
        _require_manager(by, found["merchant_ref"], found["store_ref"])
    if found["undone_at"]:
        return _repeated(found, actor_ref)
    if found["use_state"] == UseState.REFUNDED.value:
        raise VoucherRefunded
    if at - found["at"] > rules.UNDO_WINDOW:
        raise UndoTooLate(minutes=int(rules.UNDO_WINDOW.total_seconds()) // 60)
    with transaction.atomic():
        given = row(_GIVE_BACK, {"voucher_id": found["voucher_id"], "at": at, "cycles": rules.UNDO_CYCLES})
        values = {"id": found["id"], "at": at, "actor_ref": actor_ref, "since": at - rules.UNDO_WINDOW}
        # The count is asked after the undo is known to be possible: who comes second learns that it is done.
        if given and execute(_UNDO, values) == 1:
            return _result(found, at=at, state=VoucherState(given["state"]), replay=False)
        transaction.set_rollback(True)
    found = row(_FIND, [redemption_ref])
    if found and found["undone_at"]:
        return _repeated(found, actor_ref)
    if found and found["use_state"] == UseState.REFUNDED.value:
        raise VoucherRefunded  # at this very moment
    raise UndoTooOften


def _require_manager(by: Person | None, merchant_ref: str, store_ref: str) -> None:
    """Pass managers of the store; tell other staff that they may not, and strangers nothing."""
    if by and has_right(by, Right.UNDO, merchant_ref, store_ref):
        return
    if by and any(role.merchant_ref == merchant_ref for role in staff_roles(by)):
        raise UndoForbidden
    raise NotFound


def _repeated(found: dict[str, Any], actor_ref: str) -> UndoResult:
    if found["undone_by"] != actor_ref:
        raise RedemptionUndone(undone_at=found["undone_at"])
    return _result(found, at=found["undone_at"], state=VoucherState(found["state"]), replay=True)


def _result(found: dict[str, Any], *, at: datetime, state: VoucherState, replay: bool) -> UndoResult:
    return UndoResult(
        redemption_ref=found["redemption_ref"],
        voucher_ref=found["voucher_ref"],
        order_ref=found["order_ref"],
        offer_ref=found["offer_ref"],
        unit_ref=found["unit_ref"],
        person_ref=found["person_ref"],
        titles=queries.loaded(found["titles"]),
        store_ref=found["store_ref"],
        at=at,
        voucher_state=state,
        replay=replay,
    )
