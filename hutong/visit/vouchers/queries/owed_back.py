"""Vouchers that ended with something unused which their terms promise back, and which did not go back yet."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hutong.kernel.rows import rows
from hutong.visit.vouchers.types import ExpiredVoucher, RefundPromise

_OWED_BACK = """
SELECT v.public_id AS voucher_ref, v.order_ref, v.valid_until, array_agg(u.unit_ref ORDER BY u.use_no) AS unit_refs
FROM vouchers_voucher v JOIN vouchers_use u ON u.voucher_id = v.id AND u.state = 'ready'
WHERE v.state = 'expired' AND v.blocked_at IS NULL AND v.terms ->> 'refund' = 'any_time'
"""


def owed_back_of(order_ref: str) -> list[ExpiredVoucher]:
    """Those of an order, the oldest first; not those whose money is in dispute. One statement."""
    return _found(f"{_OWED_BACK} AND v.order_ref = %s GROUP BY v.id ORDER BY v.id", [order_ref])


def owed_back(*, ended_after: datetime, ended_before: datetime, limit: int) -> list[ExpiredVoucher]:
    """Those that ended in this time, the newest first; not those whose money is in dispute.

    One statement that reads all vouchers that ended then, so it is asked once in a while.
    """
    return _found(
        f"""{_OWED_BACK} AND v.valid_until > %s::timestamptz AND v.valid_until <= %s::timestamptz
        GROUP BY v.id ORDER BY v.valid_until DESC, v.id LIMIT %s::int4""",
        [ended_after, ended_before, limit],
    )


def _found(statement: str, values: Sequence[Any]) -> list[ExpiredVoucher]:
    return [
        ExpiredVoucher(
            **{**entry, "unit_refs": tuple(entry["unit_refs"]), "refund": RefundPromise.ANY_TIME},
        )
        for entry in rows(statement, values)
    ]
