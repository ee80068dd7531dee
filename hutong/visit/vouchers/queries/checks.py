"""Whether the counters of vouchers, their uses and redemptions agree; asked by the books."""

from collections.abc import Iterable

from hutong.kernel.rows import rows
from hutong.visit.vouchers.types import VoucherProblem

_PROBLEMS = """
WITH uses AS (
  SELECT u.voucher_id, count(*) AS total, count(*) FILTER (WHERE u.state = 'ready') AS ready,
    count(*) FILTER (WHERE u.state = 'used') AS used,
    -- what was used and then refunded keeps its redemption
    count(*) FILTER (WHERE u.state <> 'refunded' AND (u.state = 'used') <> EXISTS (
      SELECT 1 FROM vouchers_redemption r WHERE r.voucher_id = u.voucher_id AND r.unit_ref = u.unit_ref
        AND r.undone_at IS NULL)) AS unmatched
  FROM {uses}
  GROUP BY u.voucher_id
)
SELECT v.public_id, what FROM {vouchers} LEFT JOIN uses c ON c.voucher_id = v.id
CROSS JOIN LATERAL (VALUES
  (coalesce(c.total, 0) <> v.uses_total, 'the number of uses is not uses_total'),
  -- a pass that was shown keeps its one use until it ends
  (coalesce(c.ready, 0) <> v.uses_left AND NOT (v.kind = 'pass' AND v.uses_left = 1 AND c.used = 1),
    'uses_left is not the number of ready uses'),
  (coalesce(c.unmatched, 0) <> 0, 'a use and its redemption disagree'),
  (v.state = 'used' AND coalesce(c.used, 0) = 0, 'used, but no use was redeemed'),
  (v.state = 'refunded' AND coalesce(c.used, 0) <> 0, 'refunded, but a use was redeemed')
) AS rule (broken, what)
WHERE broken ORDER BY v.id
"""


_OF_CHANNELS = """
SELECT v.public_id, 'is ' || v.state || ', and ' || count(r.id) || ' redemptions of it stand' AS what
FROM vouchers_channelvoucher v LEFT JOIN vouchers_channelredemption r ON r.voucher_id = v.id AND r.undone_at IS NULL
GROUP BY v.id HAVING count(r.id) <> CASE v.state WHEN 'used' THEN 1 ELSE 0 END ORDER BY v.id LIMIT 100
"""
_EVERY = {"uses": "vouchers_use u", "vouchers": "vouchers_voucher v"}
_OF_ORDERS = (
    "unnest(%(order_refs)s::text[]) AS asked (ref) JOIN vouchers_voucher v ON v.order_ref = asked.ref"
)
_THESE = {"uses": f"{_OF_ORDERS} JOIN vouchers_use u ON u.voucher_id = v.id", "vouchers": _OF_ORDERS}


def problems(order_refs: Iterable[str] | None = None) -> list[VoucherProblem]:
    """Every voucher, or those of these orders, whose counter, uses and redemptions disagree; those of channels always.

    Two statements; empty when all is well.
    """
    if order_refs is None:
        found = rows(_PROBLEMS.format(**_EVERY))
    else:
        found = rows(_PROBLEMS.format(**_THESE), {"order_refs": sorted(set(order_refs))})
    found += rows(_OF_CHANNELS)
    return [VoucherProblem(ref=entry["public_id"], what=entry["what"]) for entry in found]
