"""Taking uses away for a refund: the same rows that redeeming takes, under the same locks."""

from collections.abc import Sequence

from django.db import transaction

from hutong.kernel.rows import execute, rows
from hutong.visit.vouchers.services.errors import UnitsNotRefundable
from hutong.visit.vouchers.types import Released, UseState

# The voucher first, as in redeeming, and several in the order of their keys: nobody waits in a circle.
_LOCK = """
SELECT v.id, v.public_id FROM vouchers_voucher v
WHERE v.id IN (SELECT voucher_id FROM vouchers_use WHERE unit_ref = ANY(%s::text[]))
ORDER BY v.id FOR NO KEY UPDATE
"""
# The uses are locked by their vouchers, so what `held` reads is what the update changes.
_TAKE_USES = """
WITH held AS (
  SELECT id, state FROM vouchers_use
  WHERE unit_ref = ANY(%(unit_refs)s::text[]) AND state = ANY(%(states)s::text[])
)
UPDATE vouchers_use u SET state = 'refunded' FROM held WHERE u.id = held.id
RETURNING u.unit_ref, held.state AS was
"""
# An expired voucher stays expired while a use is left; the last use decides between used and refunded.
_COUNT = """
UPDATE vouchers_voucher v SET uses_left = c.ready,
  state = CASE WHEN c.ready > 0 THEN v.state WHEN c.used > 0 THEN 'used' ELSE 'refunded' END
FROM (
  SELECT voucher_id, count(*) FILTER (WHERE state = 'ready') AS ready,
    count(*) FILTER (WHERE state = 'used') AS used
  FROM vouchers_use WHERE voucher_id = ANY(%s::int8[]) GROUP BY voucher_id
) c
WHERE v.id = c.voucher_id
"""


def release_for_refund(*, unit_refs: Sequence[str], used_too: bool = False) -> Released:
    """Take the uses of these units away so that their money may go back.

    All of them or none, and a used one with `used_too` alone: its redemption stays on record, and can no
    longer be undone. Raises `UnitsNotRefundable` with those that are in another state, also when a unit has no
    voucher. Expired vouchers may be refunded. Three statements.
    """
    wanted = sorted(set(unit_refs))
    with transaction.atomic():
        vouchers = rows(_LOCK, [wanted])
        states = [UseState.READY.value, *([UseState.USED.value] if used_too else [])]
        found = rows(_TAKE_USES, {"unit_refs": wanted, "states": states})
        taken = {entry["unit_ref"]: entry["was"] for entry in found}
        if len(taken) != len(wanted):
            raise UnitsNotRefundable(unit_refs=sorted(set(wanted) - set(taken)))
        execute(_COUNT, [[entry["id"] for entry in vouchers]])
        return Released(
            voucher_refs=tuple(entry["public_id"] for entry in vouchers),
            used=tuple(ref for ref in wanted if taken[ref] == UseState.USED.value),
        )
