"""Why a voucher is not good, where the statement that takes it found none."""

from collections.abc import Mapping
from typing import Any, NoReturn

from hutong.kernel.rows import row
from hutong.visit.vouchers import queries
from hutong.visit.vouchers.services.errors import (
    VoucherAlreadyUsed,
    VoucherBlocked,
    VoucherChanged,
    VoucherExpired,
    VoucherNotYetValid,
    VoucherRefunded,
    VoucherUnknown,
    WrongStore,
)
from hutong.visit.vouchers.types import VoucherState

_REASON = """
SELECT v.state, v.uses_left, v.valid_from, v.valid_until, v.blocked_at,
  v.store_ids @> ARRAY[%(store_id)s::int8] AS in_store,
  (SELECT json_agg(s.names ORDER BY s.id) FROM merchants_store s WHERE s.id = ANY(v.store_ids)) AS stores,
  r.at AS used_at, s.public_id AS store_ref, s.names AS store_names
FROM vouchers_voucher v
LEFT JOIN LATERAL (SELECT * FROM vouchers_redemption WHERE voucher_id = v.id AND undone_at IS NULL
  ORDER BY id DESC LIMIT 1) r ON true
LEFT JOIN merchants_store s ON s.id = r.store_id
WHERE v.code_hmac = %(code_hmac)s AND v.merchant_id = %(merchant_id)s::int8
"""


def say_why_not(guard: Mapping[str, Any]) -> NoReturn:
    """The reason, for vouchers of the actor's own merchant alone; a foreign one looks like none."""
    found = row(_REASON, dict(guard))
    if found is None:
        raise VoucherUnknown
    if found["state"] == VoucherState.REFUNDED.value:
        raise VoucherRefunded
    if found["state"] == VoucherState.USED.value:
        raise VoucherAlreadyUsed(
            used_at=found["used_at"],
            store_ref=found["store_ref"],
            store_names=queries.loaded(found["store_names"]),
        )
    if found["blocked_at"] is not None:
        raise VoucherBlocked
    if found["state"] == VoucherState.EXPIRED.value or found["valid_until"] <= guard["at"]:
        raise VoucherExpired(valid_until=found["valid_until"])
    if not found["in_store"]:
        raise WrongStore(stores=queries.loaded(found["stores"]))
    if found["valid_from"] > guard["at"]:
        raise VoucherNotYetValid(valid_from=found["valid_from"])
    raise VoucherChanged
