"""Giving uses back for a refund: the same rows that redeeming takes, under the same locks."""

from collections.abc import Sequence

from django.db import transaction

from hutong.kernel.rows import execute, rows
from hutong.visit.vouchers.services.errors import UnitsNotRefundable

# The voucher first, as in redeeming, and several in the order of their keys: nobody waits in a circle.
_LOCK = """
SELECT v.id, v.public_id FROM vouchers_voucher v
WHERE v.id IN (SELECT voucher_id FROM vouchers_use WHERE unit_ref = ANY(%s::text[]))
ORDER BY v.id FOR NO KEY UPDATE
"""
_TAKE_USES = """
UPDATE vouchers_use SET state = 'refunded' WHERE unit_ref = ANY(%s::text[]) AND state = 'ready'
RETURNING unit_ref
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


def release_for_refund(*, unit_refs: Sequence[str]) -> list[str]:
    """Take the uses of these units away so that their money may go back; the vouchers concerned.

    All of them or none, and never one that is used: raises `UnitsNotRefundable` with those that are not
    ready, also when a unit has no voucher. Expired vouchers may be refunded. Three statements.
    """
    wanted = sorted(set(unit_refs))
    with transaction.atomic():
        vouchers = rows(_LOCK, [wanted])
        taken = {entry["unit_ref"] for entry in rows(_TAKE_USES, [wanted])}
        if len(taken) != len(wanted):
            raise UnitsNotRefundable(unit_refs=sorted(set(wanted) - taken))
        execute(_COUNT, [[entry["id"] for entry in vouchers]])
        return [entry["public_id"] for entry in vouchers]
